/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/blocked.h"

#include <stdbool.h>
#include <string.h>

#include "adder/arch.h"
#include "adder/decode.h"
#include "adder/mem.h"
#include "adder/pipeline.h"
#include "adder/sys.h"

/* The main thread's stack may be as large as RLIMIT_STACK; this is plenty. */
#define STACK_LIMIT_BYTES ((size_t)8 << 20)
#define STACK_FIRST_BYTES ((size_t)128 << 10)

/* Registers in perf's order, of which SP and PC are known. */
static uint64_t known_regs(const struct arch *a, const struct sys_where *w,
			   uint64_t *regs, uint32_t *count)
{
	uint64_t known = 0;
	uint32_t i, n = (uint32_t)__builtin_popcountll(a->perf_regs_mask);

	for (i = 0; i < n; i++) {
		regs[i] = 0;
		if (a->perf_regs_dwarf[i] == a->reg_sp)
			regs[i] = w->sp_avma;
		else if (a->perf_regs_dwarf[i] == a->reg_ra)
			regs[i] = w->pc_avma;
		else
			continue;
		known |= UINT64_C(1) << i;
	}
	*count = n;
	return known;
}

static int64_t read_stack(pid_t pid, uint64_t sp_avma, size_t bytes,
			  uint8_t **out)
{
	*out = mem_try_array(bytes, 1, STACK_LIMIT_BYTES);
	if (!*out)
		return -1;
	return sys_mem_read(pid, sp_avma, *out, bytes);
}

static bool same_place(const struct sys_where *a, const struct sys_where *b)
{
	return a->sp_avma == b->sp_avma && a->pc_avma == b->pc_avma &&
		a->syscall == b->syscall && !a->running && !b->running;
}

/* One try with so many bytes; *end tells whether more would help. */
static enum blocked_result feed_once(struct pipeline *pl, pid_t pid, pid_t tid,
				     size_t bytes, bool *was_cut)
{
	uint64_t regs[ARCH_REGS], before, after;
	struct perf_rec rec = { .kind = PERF_REC_SAMPLE, .pid = pid,
				.tid = tid };
	struct perf_sample *s = &rec.sample;
	enum blocked_result result = BLOCKED_FED;
	const struct arch *a = arch_native();
	struct sys_where w, again;
	uint64_t cut_before;
	uint8_t *stack = NULL;
	int64_t got;
	int rc;

	rc = sys_thread_switches(pid, tid, &before);
	if (rc < 0)
		return BLOCKED_GONE;
	rc = sys_thread_where(pid, tid, &w);
	if (rc < 0)
		return BLOCKED_REFUSED;
	if (w.running)
		return BLOCKED_RUNS;
	s->regs_known = known_regs(a, &w, regs, &s->reg_count);
	got = read_stack(pid, w.sp_avma, bytes, &stack);
	if (sys_thread_where(pid, tid, &again) < 0 ||
	    sys_thread_switches(pid, tid, &after) < 0)
		result = BLOCKED_GONE;
	else if (before != after || !same_place(&w, &again))
		result = BLOCKED_MOVED;
	else if (got < 0)
		result = BLOCKED_REFUSED;
	if (result != BLOCKED_FED)
		goto out;
	rec.t_mono_ns = sys_mono_ns();
	s->ip = w.pc_avma;
	s->user_mode = true;
	s->regs = (const uint8_t *)regs;
	s->regs_abi = a->perf_abi;
	s->stack = stack;
	s->stack_bytes = (size_t)got;
	s->held = HELD_CERTAIN;
	cut_before = pipeline_stats(pl)->end[END_CUT];
	pipeline_feed(pl, &rec);
	*was_cut = pipeline_stats(pl)->end[END_CUT] > cut_before &&
		(size_t)got == bytes;
out:
	mem_free(stack);
	return result;
}

enum blocked_result blocked_feed(struct pipeline *pl, pid_t pid, pid_t tid)
{
	enum blocked_result r;
	size_t bytes = STACK_FIRST_BYTES;
	bool was_cut = false;

	r = feed_once(pl, pid, tid, bytes, &was_cut);
	if (r == BLOCKED_FED && was_cut)
		r = feed_once(pl, pid, tid, STACK_LIMIT_BYTES, &was_cut);
	return r;
}
