/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to hold. A reader that is woken for each sample costs it some 4 to 10
 * us and the target as much again; a 16 KiB dump by the kernel costs the
 * target 2 us and is of the very moment of the sample. So while dumps
 * hold all of the stacks that are seen, readers sleep through samples, and
 * copy them some milliseconds later. They hold at first, as long as nothing
 * is known of the program; and again with the first stack that goes beyond
 * its dump, for a time that doubles from one such turn to the next: a program
 * that is deep now and then costs few cut stacks, and one that is deep often
 * is held throughout.
 */
#include "capture/session.h"

#include <string.h>

#include "adder/sys.h"

#define COVERED_SAMPLES 64
#define HOLD_FIRST_NS UINT64_C(5000000000)
#define HOLD_MAX_NS UINT64_C(320000000000)
#define LAZY_MAX_MS 10

/* How long until half a ring is full, from the rate that was asked for. */
static int time_to_half(const struct capture *c)
{
	uint64_t bytes = UINT64_MAX, per_s = 0;
	size_t i;

	for (i = 0; i < c->reader_count; i++)
		if (c->readers[i].ring.data_bytes < bytes)
			bytes = c->readers[i].ring.data_bytes;
	for (i = 0; i < c->target.attrs.count; i++) {
		if (!c->target.attrs.data[i].freq)
			return 0;	/* a period may come at any rate */
		per_s += c->target.attrs.data[i].sample_freq;
	}
	per_s *= c->target.dump_bytes + 1024;
	return per_s ? (int)(bytes / 2 * 1000 / per_s) : 0;
}

void lazy_init(struct capture *c)
{
	int ms = time_to_half(c);

	c->hold_ns = c->opts.hold_ns ? c->opts.hold_ns : HOLD_FIRST_NS;
	c->hold_until_ns = sys_mono_ns() + c->hold_ns;
	c->shared.lazy_ms = c->opts.always_hold || !c->target.dump_bytes ? 0 :
			    ms < LAZY_MAX_MS ? ms : LAZY_MAX_MS;
}

static bool is_covered(struct capture *c, const struct perf_rec *rec)
{
	const struct perf_sample *s = &rec->sample;
	uint64_t sp;

	if (!s->reg_count || c->shared.sp_index >= s->reg_count)
		return true;
	memcpy(&sp, s->regs + 8 * (size_t)c->shared.sp_index, 8);
	return hints_covers(c->shared.hints, rec->tid, sp, s->stack_bytes,
			    s->stack_bytes < c->target.dump_bytes);
}

static void set_lazy(struct capture *c, bool on)
{
	c->is_lazy = on;
	atomic_store_explicit(&c->shared.lazy, on, memory_order_relaxed);
}

/*
 * Every sample as the kernel gave it, in order. A reader that meets a stack
 * beyond its dump ends the sleep of all by itself, some passes before us.
 */
void lazy_see(struct capture *c, const struct perf_rec *rec)
{
	if (!c->shared.lazy_ms)
		return;
	if (!is_covered(c, rec)) {
		c->covered_run = 0;
		if (!c->is_lazy)
			return;
		set_lazy(c, false);
		c->hold_until_ns = rec->t_mono_ns + c->hold_ns;
		if (c->hold_ns < HOLD_MAX_NS)
			c->hold_ns *= 2;
		return;
	}
	c->covered_run++;
	if (!c->is_lazy && c->covered_run >= COVERED_SAMPLES &&
	    rec->t_mono_ns >= c->hold_until_ns)
		set_lazy(c, true);
}
