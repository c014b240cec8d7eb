/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The next record in order, and which stack of a sample counts: the kernel's
 * dump, or what the reader held, see settle_read().
 */
#include "capture/session.h"

#include <string.h>

static bool is_proved(struct capture *c, const struct queue_entry *e,
		      const struct perf_rec *rec)
{
	if (c->cls != CAPTURE_RT)
		return cert_held(c->cert, rec->tid, rec->t_mono_ns,
				 e->held_until_ns);
	return e->held == HELD_CERTAIN &&
	       cert_unmoved(c->cert, rec->tid, rec->t_mono_ns,
			    e->held_until_ns);
}

/*
 * Where there is a dump it is right as far as it goes, and the read must
 * agree with it byte for byte: all of it, and then it was the same moment; or
 * its deeper half, and then no frame from there on was left meanwhile, and
 * the read goes on where the dump ends.
 */
static void settle_read(struct capture *c, const struct queue_entry *e,
			struct perf_rec *rec)
{
	struct perf_sample *s = &rec->sample;
	size_t dump = s->stack_bytes, half = dump / 2;
	bool proved = is_proved(c, e, rec);
	uint8_t *read = queue_stack(e);

	if (proved && c->cls == CAPTURE_RT)
		dump = 0;	/* no doubt, nothing to compare */
	if (dump && (e->stack_bytes < dump ||
		     memcmp(read + half, s->stack + half, dump - half))) {
		c->stats.unproved++;
		return;		/* HELD_NONE, and the dump */
	}
	s->held = HELD_CERTAIN;
	if (dump && (!proved || memcmp(read, s->stack, half))) {
		memcpy(read, s->stack, half);
		s->held = HELD_OVERLAP;
		c->stats.overlap++;
	} else if (!proved) {
		s->held = HELD_UNPROVED;
		c->stats.unproved++;
	} else {
		c->stats.held++;
	}
	s->stack = read;
	s->stack_bytes = e->stack_bytes;
}

static void settle_stack(struct capture *c, const struct queue_entry *e,
			 struct perf_rec *rec)
{
	struct perf_sample *s = &rec->sample;

	s->held_until_ns = e->held_until_ns;
	switch ((enum held_state)e->held) {
	case HELD_CERTAIN:
	case HELD_UNPROVED:
		settle_read(c, e, rec);
		break;
	case HELD_FAULT:
		c->stats.fault++;
		s->held = s->stack_bytes ? HELD_NONE : HELD_FAULT;
		break;
	case HELD_PRESSURE:
		c->stats.pressure++;
		s->held = s->stack_bytes ? HELD_NONE : HELD_PRESSURE;
		break;
	default:
		c->stats.dumped += s->stack_bytes > 0;
		break;
	}
}

/* The same moment by an event that the thread has twice. */
static bool is_double(struct capture *c, const struct perf_rec *rec)
{
	const uint64_t *owner;

	if (!c->raced || !c->sample_owner)
		return false;
	owner = hmap_find(&c->owners, (uint32_t)rec->tid);
	return owner && *owner != c->sample_owner;
}

const struct perf_rec *capture_next(struct capture *c)
{
	const struct queue_entry *e;
	bool side;

	while ((e = merge_next(&c->merge, c->watermark_ns, &side))) {
		if (perf_rec_decode(side ? &c->shared.side_layout : &c->layout,
				    queue_rec(e), e->rec_bytes, &c->rec,
				    NULL)) {
			c->stats.undecodable++;
			continue;
		}
		if (c->rec.kind == PERF_REC_SWITCH ||
		    (side && c->rec.kind == PERF_REC_SAMPLE))
			continue;	/* looked at already, see pass.c */
		if (c->rec.kind == PERF_REC_SAMPLE && is_double(c, &c->rec))
			continue;
		if (c->rec.kind == PERF_REC_SAMPLE) {
			c->stats.samples++;
			lazy_see(c, &c->rec);
			settle_stack(c, e, &c->rec);
		} else if (c->rec.kind == PERF_REC_LOST && !side) {
			c->lost_records += c->rec.lost.count;
		}
		return &c->rec;
	}
	return NULL;
}
