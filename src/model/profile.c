/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile's life cycle, and the sums that need no call paths. */
#include "adder/profile.h"

#include <stdlib.h>

#include "adder/buf.h"

#include "model/profile_internal.h"

static int thread_row_order(const void *pa, const void *pb)
{
	const struct profile_thread *a = pa, *b = pb;

	if (a->thread.v != b->thread.v)
		return a->thread.v < b->thread.v ? -1 : 1;
	return a->event.v < b->event.v ? -1 : a->event.v > b->event.v;
}

static struct profile_thread *thread_row(struct profile *p, struct hmap *index,
					 const struct model_cell *cell)
{
	uint64_t *at;
	bool is_new;

	at = hmap_put(index, (uint64_t)cell->thread.v << 32 | cell->event.v,
		      &is_new);
	if (is_new) {
		*at = p->thread_rows.count;
		*vec_push(&p->thread_rows) = (struct profile_thread){
			.thread = cell->thread, .event = cell->event,
		};
	}
	return &p->thread_rows.data[*at];
}

static unsigned int cell_end(const struct model *m,
			     const struct model_cell *cell)
{
	return cell->stack.v ? m->stack_ends.data[cell->stack.v] :
	       MODEL_END_NO_STACK;
}

static void sum_cells(struct profile *p)
{
	const struct model *m = p->m;
	struct profile_thread *row;
	struct event_sum *event;
	struct hmap index;
	unsigned int end;
	size_t i;

	for (i = 0; i < m->events.count; i++)
		*vec_push(&p->events) = (struct event_sum){ 0 };
	hmap_init(&index);
	for (i = 0; i < m->cells.count; i++) {
		const struct model_cell *cell = &m->cells.data[i];

		if (!profile_wants(p, cell))
			continue;
		end = cell_end(m, cell);
		event = &p->events.data[cell->event.v];
		cost_add(&event->total, &cell->cost);
		event->ends[end] += cell->cost.samples;
		row = thread_row(p, &index, cell);
		cost_add(&row->cost, &cell->cost);
		if (end == END_COMPLETE)
			row->complete += cell->cost.samples;
		else if (end == END_NO_USER)
			row->no_user += cell->cost.samples;
	}
	hmap_release(&index);
	if (p->thread_rows.count)
		qsort(p->thread_rows.data, p->thread_rows.count,
		      sizeof(*p->thread_rows.data), thread_row_order);
}

int profile_new(struct profile **out, struct model *m,
		const struct selection *sel, struct err *err)
{
	struct profile *p = mem_calloc(1, sizeof(*p));
	int ret;

	*out = NULL;
	p->m = m;
	if (sel)
		p->sel = *sel;
	model_functions_make(m);
	ret = profile_select(p, err);
	if (ret) {
		profile_free(p);
		return ret;
	}
	sum_cells(p);
	*out = p;
	return 0;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	vec_release(&p->thread_rows);
	vec_release(&p->rows);
	vec_release(&p->events);
	mem_free(p->stacks);
	mem_free(p->threads);
	mem_free(p);
}

struct model *profile_model(const struct profile *p)
{
	return p->m;
}

const struct selection *profile_selection(const struct profile *p)
{
	return &p->sel;
}

struct event_id profile_event(const struct profile *p)
{
	uint32_t i;

	if (p->event.v)
		return p->event;
	for (i = 1; i < p->events.count; i++) {
		if (p->events.data[i].total.samples)
			return (struct event_id){ i };
	}
	return (struct event_id){ p->events.count > 1 ? 1 : 0 };
}

bool profile_has_event(const struct profile *p, struct event_id event)
{
	return event.v < p->events.count &&
	       p->events.data[event.v].total.samples;
}

struct model_cost profile_total(const struct profile *p, struct event_id event)
{
	if (event.v >= p->events.count)
		return (struct model_cost){ 0 };
	return p->events.data[event.v].total;
}

const uint64_t *profile_ends(const struct profile *p, struct event_id event)
{
	static const uint64_t none[MODEL_ENDS];

	return event.v < p->events.count ? p->events.data[event.v].ends : none;
}

const struct profile_row *profile_rows(struct profile *p, size_t *count)
{
	if (!p->has_rows)
		profile_sum_functions(p);
	p->has_rows = true;
	*count = p->rows.count;
	return p->rows.data;
}

const struct profile_thread *profile_threads(const struct profile *p,
					     size_t *count)
{
	*count = p->thread_rows.count;
	return p->thread_rows.data;
}

const char *profile_none_name(const struct profile *p)
{
	switch (p->sel.show) {
	case SHOW_PYTHON: return "[no Python frame]";
	case SHOW_NATIVE: return "[no native frame]";
	default: return "[no stack]";
	}
}

void profile_function_name(const struct profile *p, uint32_t function,
			   struct buf *out)
{
	if (function == PROFILE_FUNCTION_NONE)
		buf_puts(out, profile_none_name(p));
	else
		model_function_name(p->m, function, out);
}
