/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass of the consumer: what the readers brought since the last one is
 * looked through once, unordered (first sight, switches, who lives), and the
 * watermark is moved, below which everything has arrived.
 */
#include "capture/session.h"

#include <string.h>

#include "adder/mem.h"
#include "adder/sys.h"

/*
 * Places of the time in a record of ours: behind header, IDENTIFIER, IP and
 * TID in a sample; before CPU and IDENTIFIER at any other record's end.
 */
#define TIME_OFF 32
#define TIME_OFF_END 24

void pass_task(struct capture *c, int32_t tid, uint64_t t_mono_ns, bool lives)
{
	bool is_new;
	uint64_t *v = hmap_put(&c->tasks, (uint32_t)tid, &is_new);

	if (!is_new && t_mono_ns < *v >> 1)
		return;
	c->live_tasks -= !is_new && (*v & 1);
	c->live_tasks += lives;
	*v = t_mono_ns << 1 | lives;
}

/* Unless it has events of its own, its creator's count for a new thread. */
static void inherit_owner(struct capture *c, const struct perf_rec *rec)
{
	uint64_t *from, owner;
	bool is_new;

	if (!c->raced)
		return;
	from = hmap_find(&c->owners, (uint32_t)rec->fork.ptid);
	if (!from || hmap_find(&c->owners, (uint32_t)rec->tid))
		return;
	owner = *from;
	*hmap_put(&c->owners, (uint32_t)rec->tid, &is_new) = owner;
}

static void scan_record(struct capture *c, struct scan *s,
			const struct perf_rec *rec)
{
	switch (rec->kind) {
	case PERF_REC_SAMPLE:	/* begins to run on another CPU */
		if (c->cert)
			cert_switch(c->cert, rec->tid, rec->t_mono_ns, false,
				    false);
		return;
	case PERF_REC_SWITCH:
		if (c->cert)
			cert_switch(c->cert, rec->tid, rec->t_mono_ns,
				    rec->sw.out, rec->sw.preempt);
		return;
	case PERF_REC_LOST:
		if (c->cert)
			cert_lost(c->cert, s->last_ns, rec->t_mono_ns);
		break;
	case PERF_REC_FORK:
		pass_task(c, rec->tid, rec->t_mono_ns, true);
		inherit_owner(c, rec);
		break;
	case PERF_REC_EXIT:
		hints_set(c->shared.hints, rec->tid, 0);
		pass_task(c, rec->tid, rec->t_mono_ns, false);
		break;
	case PERF_REC_COMM:
		if (rec->comm.exec)
			hints_set(c->shared.hints, rec->tid, 0);
		break;
	default:
		break;
	}
	if (c->hooks.side_band)
		c->hooks.side_band(c->hooks.ctx, rec);
}

void pass_scan_side(struct capture *c)
{
	const struct queue_entry *e;
	struct perf_rec rec;
	struct scan *s;
	size_t i;

	for (i = 0; i < c->reader_count; i++) {
		s = &c->scans[i];
		while ((e = queue_peek(&c->readers[i].side_queue, &s->pos))) {
			if (!perf_rec_decode(&c->shared.side_layout,
					     queue_rec(e), e->rec_bytes, &rec,
					     NULL)) {
				scan_record(c, s, &rec);
				s->last_ns = rec.t_mono_ns;
			}
			queue_skip(&s->pos, e);
		}
	}
}

/* A ring that is not drained yet holds the watermark back. */
static uint64_t oldest_in(struct capture *c, struct reader *r)
{
	uint64_t oldest = UINT64_MAX, t;
	bool waiting = false;

	if (ring_oldest(&r->ring, TIME_OFF, TIME_OFF_END, &t)) {
		oldest = t;
		waiting = true;
	}
	if (ring_oldest(&r->side, TIME_OFF, TIME_OFF_END, &t)) {
		oldest = t < oldest ? t : oldest;
		waiting = true;
	}
	/* side records alone wake nobody until they are many */
	if (waiting && !c->finished)
		reader_kick(r);
	return oldest;
}

/*
 * Everything that happened before the previous pass began has been written by
 * now, and stands in a queue unless a reader is behind.
 */
uint64_t pass_watermark(struct capture *c, uint64_t now_ns)
{
	uint64_t mark = c->pass_ns, t;
	size_t i;

	for (i = 0; i < c->reader_count; i++) {
		t = oldest_in(c, &c->readers[i]);
		if (t < mark)
			mark = t;
	}
	c->pass_ns = now_ns;
	return mark > c->watermark_ns ? mark : c->watermark_ns;
}
