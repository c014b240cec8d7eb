/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums over the stacks. A stack's callers have smaller ids, so totals are one
 * loop from the highest id down; a walk over the calls with a count of what
 * is open on the path finds each function's topmost place, which is what its
 * total counts.
 */
#include <stdlib.h>
#include <string.h>

#include "model/profile_internal.h"

static void add_cells(struct stack_sums *s, const struct profile *p,
		      struct event_id event)
{
	const struct model *m = p->m;
	size_t i;

	for (i = 0; i < m->cells.count; i++) {
		const struct model_cell *cell = &m->cells.data[i];

		if (cell->event.v == event.v && profile_wants(p, cell))
			cost_add(&s->self[cell->stack.v], &cell->cost);
	}
}

void stack_sums_init(struct stack_sums *s, const struct profile *p,
		     struct event_id event)
{
	const struct model *m = p->m;
	size_t count = m->stack_frames.count ? m->stack_frames.count : 1, i;
	uint32_t parent;

	s->self = mem_calloc(count, sizeof(*s->self));
	s->total = mem_calloc(count, sizeof(*s->total));
	add_cells(s, p, event);
	for (i = count - 1; i > 0; i--) {
		cost_add(&s->total[i], &s->self[i]);
		cost_add(&s->total[m->stack_parents.data[i].v], &s->total[i]);
	}
	cost_add(&s->total[0], &s->self[0]);
	for (i = count - 1; i > 0; i--) {
		if (!s->self[i].samples || stack_is_shown(p, (uint32_t)i))
			continue;
		parent = m->stack_parents.data[i].v;
		cost_add(&s->self[parent], &s->self[i]);
		memset(&s->self[i], 0, sizeof(s->self[i]));
	}
}

void stack_sums_release(struct stack_sums *s)
{
	mem_free(s->self);
	mem_free(s->total);
	s->self = s->total = NULL;
}

void stack_links_init(struct stack_links *l, const struct model *m)
{
	size_t count = m->stack_frames.count ? m->stack_frames.count : 1, i;
	uint32_t parent;

	l->child = mem_calloc(count, sizeof(*l->child));
	l->sibling = mem_calloc(count, sizeof(*l->sibling));
	for (i = count - 1; i > 0; i--) {
		parent = m->stack_parents.data[i].v;
		l->sibling[i] = l->child[parent];
		l->child[parent] = (uint32_t)i;
	}
}

void stack_links_release(struct stack_links *l)
{
	mem_free(l->child);
	mem_free(l->sibling);
	l->child = l->sibling = NULL;
}

struct function_sums {
	struct model_cost *self, *total;
	uint32_t *open;		/* how often it stands on the path */
};

static void enter_stack(struct function_sums *f, const struct profile *p,
			const struct stack_sums *s, uint32_t stack)
{
	const struct model_place *places;
	size_t count, i;

	places = model_places(p->m, p->m->stack_frames.data[stack], &count);
	if (count)
		cost_add(&f->self[places[0].function], &s->self[stack]);
	for (i = 0; i < count; i++) {
		if (!f->open[places[i].function]++)
			cost_add(&f->total[places[i].function],
				 &s->total[stack]);
	}
}

static void leave_stack(struct function_sums *f, const struct profile *p,
			uint32_t stack)
{
	const struct model_place *places;
	size_t count, i;

	places = model_places(p->m, p->m->stack_frames.data[stack], &count);
	for (i = 0; i < count; i++)
		f->open[places[i].function]--;
}

/* The next sibling from here on that has samples; 0 = none. */
static uint32_t first_used(const struct stack_links *l,
			   const struct stack_sums *s, uint32_t stack)
{
	while (stack && !s->total[stack].samples)
		stack = l->sibling[stack];
	return stack;
}

/* Depth first without recursion: stacks are as deep as their makers please. */
static void walk_stacks(struct function_sums *f, const struct profile *p,
			const struct stack_sums *s,
			const struct stack_links *l)
{
	uint32_t at = first_used(l, s, l->child[0]), next;

	while (at) {
		if (stack_is_shown(p, at))
			enter_stack(f, p, s, at);
		next = first_used(l, s, l->child[at]);
		while (!next && at) {
			if (stack_is_shown(p, at))
				leave_stack(f, p, at);
			next = first_used(l, s, l->sibling[at]);
			at = p->m->stack_parents.data[at].v;
		}
		at = next;
	}
	cost_add(&f->self[PROFILE_FUNCTION_NONE], &s->self[0]);
	cost_add(&f->total[PROFILE_FUNCTION_NONE], &s->self[0]);
}

static void take_rows(struct profile *p, struct function_sums *f,
		      struct event_id event, size_t functions)
{
	size_t i;

	for (i = 0; i < functions; i++) {
		if (!f->total[i].samples)
			continue;
		*vec_push(&p->rows) = (struct profile_row){
			.function = (uint32_t)i, .event = event,
			.self = f->self[i], .total = f->total[i],
		};
	}
}

static int row_order(const void *pa, const void *pb)
{
	const struct profile_row *a = pa, *b = pb;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	return a->event.v < b->event.v ? -1 : a->event.v > b->event.v;
}

static void sum_event(struct profile *p, struct event_id event,
		      const struct stack_links *links)
{
	size_t functions = model_function_count(p->m);
	struct function_sums f;
	struct stack_sums s;

	f.self = mem_calloc(functions, sizeof(*f.self));
	f.total = mem_calloc(functions, sizeof(*f.total));
	f.open = mem_calloc(functions, sizeof(*f.open));
	stack_sums_init(&s, p, event);
	walk_stacks(&f, p, &s, links);
	take_rows(p, &f, event, functions);
	stack_sums_release(&s);
	mem_free(f.open);
	mem_free(f.total);
	mem_free(f.self);
}

void profile_sum_functions(struct profile *p)
{
	struct stack_links links;
	uint32_t i;

	stack_links_init(&links, p->m);
	for (i = 1; i < p->events.count; i++) {
		if (p->events.data[i].total.samples)
			sum_event(p, (struct event_id){ i }, &links);
	}
	stack_links_release(&links);
	if (p->rows.count)
		qsort(p->rows.data, p->rows.count,
		      sizeof(*p->rows.data), row_order);
}
