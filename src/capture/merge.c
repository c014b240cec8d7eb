/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/merge.h"

#include <string.h>

#include "adder/mem.h"

void merge_init(struct merge *m, size_t source_count)
{
	memset(m, 0, sizeof(*m));
	m->sources = mem_calloc(source_count, sizeof(*m->sources));
}

void merge_add(struct merge *m, struct queue *q, bool side)
{
	m->sources[m->count++] = (struct merge_source){
		.queue = q, .side = side,
	};
}

void merge_release(struct merge *m)
{
	mem_free(m->sources);
	memset(m, 0, sizeof(*m));
}

static bool is_before(const struct merge_source *a,
		      const struct merge_source *b)
{
	if (a->head->t_mono_ns != b->head->t_mono_ns)
		return a->head->t_mono_ns < b->head->t_mono_ns;
	return a->side && !b->side;
}

/* CPUs are few, and most sources empty: a look at each is cheap enough. */
static struct merge_source *first_source(struct merge *m)
{
	struct merge_source *best = NULL, *s;
	size_t i;

	for (i = 0; i < m->count; i++) {
		s = &m->sources[i];
		if (!s->head)
			s->head = queue_peek(s->queue, &s->pos);
		if (s->head && (!best || is_before(s, best)))
			best = s;
	}
	return best;
}

static void give_back(struct merge *m)
{
	struct merge_source *s = m->current;

	if (!s)
		return;
	queue_skip(&s->pos, s->head);
	s->head = NULL;
	queue_free_until(s->queue, s->pos);
	m->current = NULL;
}

const struct queue_entry *merge_next(struct merge *m, uint64_t watermark_ns,
				     bool *side)
{
	struct merge_source *s;
	uint64_t until;

	give_back(m);
	s = first_source(m);
	if (!s)
		return NULL;
	/* a read that had not ended by then cannot be judged yet */
	until = s->head->held_until_ns > s->head->t_mono_ns ?
		s->head->held_until_ns : s->head->t_mono_ns;
	if (until >= watermark_ns)
		return NULL;
	if (s->head->t_mono_ns < m->last_ns)
		m->late++;
	else
		m->last_ns = s->head->t_mono_ns;
	m->current = s;
	*side = s->side;
	return s->head;
}
