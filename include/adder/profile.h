/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: a model seen through a selection (which threads, functions,
 * event; which frames to show), with its sums by function, by thread and as
 * a call tree. It borrows the model, which must not change meanwhile.
 *
 * What holds for every event: the selves of all functions add up to the
 * total, and so do the roots of the tree. A function that stands in a stack
 * several times is counted once in its total.
 */
#ifndef ADDER_PROFILE_H
#define ADDER_PROFILE_H

#include "adder/model.h"

struct profile;

enum show {
	SHOW_BOTH = 0,	/* Python and native, evaluators hidden */
	SHOW_PYTHON,
	SHOW_NATIVE,	/* native and kernel, evaluators included */
};

/* NULL = all. Names are glob patterns, digits alone are a pid or tid. */
struct selection {
	const char *event, *thread, *process;
	const char *function;	/* extended regular expression */
	const char *module;	/* glob on the file's name, or on its path */
	enum show show;
};

struct profile_row {
	uint32_t function;	/* of the model */
	struct event_id event;
	struct model_cost self, total;
};

struct profile_thread {
	struct thread_id thread;
	struct event_id event;
	struct model_cost cost;
	uint64_t complete, no_user;	/* samples */
};

int profile_new(struct profile **out, struct model *m,
		const struct selection *sel, struct err *err);
void profile_free(struct profile *p);

struct model *profile_model(const struct profile *p);
const struct selection *profile_selection(const struct profile *p);
/* The one event of the selection, else the first that has samples. */
struct event_id profile_event(const struct profile *p);
/* Whether the selection holds samples of that event at all. */
bool profile_has_event(const struct profile *p, struct event_id event);
struct model_cost profile_total(const struct profile *p, struct event_id event);
/* Samples by how their stack ended, [MODEL_ENDS], of one event. */
const uint64_t *profile_ends(const struct profile *p, struct event_id event);
/* Sorted by function, then event; rows without samples are left out. */
const struct profile_row *profile_rows(struct profile *p, size_t *count);
/* Sorted by thread, then event. */
const struct profile_thread *profile_threads(const struct profile *p,
					     size_t *count);
/* The name of "nothing of this stack is shown", a row with this function. */
#define PROFILE_FUNCTION_NONE 0u
const char *profile_none_name(const struct profile *p);
/* Appends the name of a row's function, that one included; not escaped. */
void profile_function_name(const struct profile *p, uint32_t function,
			   struct buf *out);
bool profile_wants_thread(const struct profile *p, struct thread_id thread);
/* Whether a sample of the model is of the selection. */
bool profile_wants_sample(const struct profile *p,
			  const struct model_sample *s);
/* Whether frames of this kind and flags are seen. */
bool profile_shows(enum show show, const struct rec_frame *frame);

/*
 * The call tree of one event, from the root down, merged by function. Nodes
 * are expanded on demand, so that what is not shown costs nothing.
 */
struct call_tree;

struct call_node {
	uint32_t function;
	bool is_inlined;
	struct model_cost self, total;
	/* Private: which stacks stand behind it. */
	size_t first_item, item_count;
};

struct call_tree *call_tree_new(const struct profile *p, struct event_id event);
void call_tree_free(struct call_tree *t);
struct call_node call_tree_root(const struct call_tree *t);
/*
 * The callees of a node, heaviest first, then by name order of definition.
 * The caller frees *nodes with mem_free(). Nodes that stay below min_weight
 * are left out (the root's "nothing shown" included).
 */
void call_tree_expand(struct call_tree *t, const struct call_node *node,
		      uint64_t min_weight, struct call_node **nodes,
		      size_t *count);

#endif
