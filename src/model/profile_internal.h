/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What profile.c, sums.c, select.c and tree.c of the model share. */
#ifndef MODEL_PROFILE_INTERNAL_H
#define MODEL_PROFILE_INTERNAL_H

#include "adder/profile.h"
#include "model/internal.h"

struct event_sum {
	struct model_cost total;
	uint64_t ends[MODEL_ENDS];
};

struct profile {
	struct model *m;
	struct selection sel;
	struct event_id event;	/* of the selection, 0 = all */
	bool *threads;		/* by thread id: wanted */
	bool *stacks;		/* by stack id: wanted; NULL = all */
	VEC(struct event_sum) events;	/* by event id */
	bool has_rows;
	VEC(struct profile_row) rows;
	VEC(struct profile_thread) thread_rows;
};

/*
 * Costs by stack id for one event: `self` of the stacks that end there (of
 * frames that are hidden: added to the nearest caller that is seen; [0] takes
 * what has none), `total` with everything called from there.
 */
struct stack_sums {
	struct model_cost *self, *total;
};

/* --- select.c --- */
int profile_select(struct profile *p, struct err *err);
bool profile_wants(const struct profile *p, const struct model_cell *cell);

/* --- sums.c --- */
void stack_sums_init(struct stack_sums *s, const struct profile *p,
		     struct event_id event);
void stack_sums_release(struct stack_sums *s);
void profile_sum_functions(struct profile *p);
/* First callee and next sibling by stack id; [0]'s callees are the roots. */
struct stack_links {
	uint32_t *child, *sibling;
};
void stack_links_init(struct stack_links *l, const struct model *m);
void stack_links_release(struct stack_links *l);

static inline void cost_add(struct model_cost *a, const struct model_cost *b)
{
	a->weight += b->weight;
	a->running_ns += b->running_ns;
	a->samples += b->samples;
}

static inline bool stack_is_shown(const struct profile *p, uint32_t stack)
{
	const struct model *m = p->m;

	return profile_shows(p->sel.show,
		&m->frames.data[m->stack_frames.data[stack].v]);
}

#endif
