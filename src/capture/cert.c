/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/cert.h"

#include <stdlib.h>
#include <string.h>

#include "adder/hmap.h"
#include "adder/mem.h"
#include "adder/vec.h"

/*
 * The reader's wakeup preempts within some 5 to 30 us. A preemption that
 * comes later has another cause, and user code ran before it.
 */
#define SWITCH_OUT_NS UINT64_C(60000)

struct sw {
	uint64_t t_mono_ns;
	uint32_t order;		/* of arrival, where times are equal */
	bool out, preempt;
};

struct history {
	VEC(struct sw) sw;	/* ascending, once sort_history() was here */
	uint32_t next_order;
	bool mixed;
};

struct span {
	uint64_t from_ns, until_ns;
};

struct cert {
	struct hmap by_tid;	/* tid -> struct history * */
	VEC(struct span) lost;
};

struct cert *cert_new(void)
{
	struct cert *c = mem_calloc(1, sizeof(*c));

	hmap_init(&c->by_tid);
	return c;
}

static void history_free(struct history *h)
{
	vec_release(&h->sw);
	mem_free(h);
}

void cert_free(struct cert *c)
{
	uint64_t key, value;
	size_t pos = 0;

	if (!c)
		return;
	while (hmap_next(&c->by_tid, &pos, &key, &value))
		history_free((void *)(uintptr_t)value);
	hmap_release(&c->by_tid);
	vec_release(&c->lost);
	mem_free(c);
}

static struct history *history_of(struct cert *c, int32_t tid, bool make)
{
	uint64_t *v = hmap_find(&c->by_tid, (uint32_t)tid);

	if (!v && make) {
		v = hmap_put(&c->by_tid, (uint32_t)tid, NULL);
		*v = (uintptr_t)mem_calloc(1, sizeof(struct history));
	}
	return v ? (struct history *)(uintptr_t)*v : NULL;
}

static int by_time(const void *pa, const void *pb)
{
	const struct sw *a = pa, *b = pb;

	if (a->t_mono_ns != b->t_mono_ns)
		return a->t_mono_ns < b->t_mono_ns ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/*
 * Of one CPU they come in order, and CPU by CPU: a thread that hops between
 * them all the time has many to be put between others, so they are sorted at
 * once when somebody asks.
 */
static void sort_history(struct history *h)
{
	if (h->mixed)
		qsort(h->sw.data, h->sw.count, sizeof(*h->sw.data), by_time);
	h->mixed = false;
}

void cert_switch(struct cert *c, int32_t tid, uint64_t t_mono_ns, bool out,
		 bool preempt)
{
	struct history *h = history_of(c, tid, true);

	if (h->sw.count &&
	    h->sw.data[h->sw.count - 1].t_mono_ns > t_mono_ns)
		h->mixed = true;
	*vec_push(&h->sw) = (struct sw){
		.t_mono_ns = t_mono_ns, .order = h->next_order++,
		.out = out, .preempt = preempt,
	};
}

void cert_lost(struct cert *c, uint64_t from_ns, uint64_t until_ns)
{
	*vec_push(&c->lost) = (struct span){ from_ns, until_ns };
}

/* The first switch at or after t. */
static size_t first_from(const struct history *h, uint64_t t)
{
	size_t lo = 0, hi = h->sw.count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (h->sw.data[mid].t_mono_ns < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_lost(const struct cert *c, uint64_t from_ns, uint64_t until_ns)
{
	size_t i;

	for (i = 0; i < c->lost.count; i++)
		if (c->lost.data[i].from_ns <= until_ns &&
		    c->lost.data[i].until_ns >= from_ns)
			return true;
	return false;
}

bool cert_unmoved(struct cert *c, int32_t tid, uint64_t sample_ns,
		  uint64_t until_ns)
{
	struct history *h = history_of(c, tid, false);
	size_t i;

	if (is_lost(c, sample_ns, until_ns))
		return false;
	if (!h)
		return true;
	sort_history(h);
	for (i = first_from(h, sample_ns); i < h->sw.count; i++) {
		if (h->sw.data[i].t_mono_ns > until_ns)
			break;
		if (!h->sw.data[i].out)
			return false;
	}
	return true;
}

bool cert_held(struct cert *c, int32_t tid, uint64_t sample_ns,
	       uint64_t until_ns)
{
	struct history *h = history_of(c, tid, false);
	const struct sw *s;
	size_t i;

	if (!h || !until_ns || is_lost(c, sample_ns, until_ns))
		return false;
	sort_history(h);
	i = first_from(h, sample_ns);
	if (i == h->sw.count)
		return false;
	s = &h->sw.data[i];
	if (!s->out || !s->preempt || s->t_mono_ns > until_ns ||
	    s->t_mono_ns - sample_ns > SWITCH_OUT_NS)
		return false;
	/* the next one, whatever it is, is the end of the standstill */
	return i + 1 == h->sw.count || s[1].t_mono_ns > until_ns;
}

void cert_forget(struct cert *c, int32_t tid)
{
	struct history *h = history_of(c, tid, false);

	if (!h)
		return;
	history_free(h);
	hmap_remove(&c->by_tid, (uint32_t)tid);
}

static size_t drop_before(struct history *h, uint64_t before_ns)
{
	size_t n;

	sort_history(h);
	n = first_from(h, before_ns);
	h->sw.count -= n;
	memmove(h->sw.data, h->sw.data + n, h->sw.count * sizeof(*h->sw.data));
	return h->sw.count;
}

void cert_prune(struct cert *c, uint64_t before_ns)
{
	uint64_t key, value;
	size_t pos = 0, i, n = 0;

	while (hmap_next(&c->by_tid, &pos, &key, &value))
		if (!drop_before((void *)(uintptr_t)value, before_ns))
			cert_forget(c, (int32_t)(uint32_t)key);
	for (i = 0; i < c->lost.count; i++)
		if (c->lost.data[i].until_ns >= before_ns)
			c->lost.data[n++] = c->lost.data[i];
	c->lost.count = n;
}
