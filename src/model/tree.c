/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The call tree, from the root down. Behind a node stands a list of items: a
 * stack and how many inlined functions of its frame are still to come. Its
 * callees' items are gathered, sorted by function and cut into runs, so that
 * only what is asked for is ever merged, and nothing recurses.
 */
#include <stdlib.h>
#include <string.h>

#include "model/profile_internal.h"

struct item {
	uint32_t stack;
	uint32_t inner;		/* inlined functions further in */
};

struct candidate {
	struct item item;
	uint32_t function;
	bool is_inlined;
};

struct call_tree {
	const struct profile *p;
	struct event_id event;
	struct stack_sums sums;
	struct stack_links links;
	VEC(struct item) items;
	VEC(struct candidate) found;
	VEC(uint32_t) hidden;	/* stacks whose callees count as ours */
};

struct call_tree *call_tree_new(const struct profile *p, struct event_id event)
{
	struct call_tree *t = mem_calloc(1, sizeof(*t));

	t->p = p;
	t->event = event;
	stack_sums_init(&t->sums, p, event);
	stack_links_init(&t->links, p->m);
	*vec_push(&t->items) = (struct item){ 0 };
	return t;
}

void call_tree_free(struct call_tree *t)
{
	if (!t)
		return;
	vec_release(&t->hidden);
	vec_release(&t->found);
	vec_release(&t->items);
	stack_links_release(&t->links);
	stack_sums_release(&t->sums);
	mem_free(t);
}

struct call_node call_tree_root(const struct call_tree *t)
{
	return (struct call_node){
		.function = PROFILE_FUNCTION_NONE, .self = t->sums.self[0],
		.total = t->sums.total[0], .first_item = 0, .item_count = 1,
	};
}

static void add_candidate(struct call_tree *t, uint32_t stack, uint32_t inner)
{
	const struct model_place *places;
	size_t count;

	places = model_places(t->p->m, t->p->m->stack_frames.data[stack],
			      &count);
	*vec_push(&t->found) = (struct candidate){
		.item = { .stack = stack, .inner = inner },
		.function = places[inner].function,
		.is_inlined = places[inner].is_inlined,
	};
}

static void add_callees(struct call_tree *t, uint32_t stack)
{
	uint32_t at;
	size_t count;

	vec_clear(&t->hidden);
	*vec_push(&t->hidden) = stack;
	while (t->hidden.count) {
		at = t->links.child[t->hidden.data[--t->hidden.count]];
		for (; at; at = t->links.sibling[at]) {
			if (!t->sums.total[at].samples)
				continue;
			if (!stack_is_shown(t->p, at)) {
				*vec_push(&t->hidden) = at;
				continue;
			}
			model_places(t->p->m,
				     t->p->m->stack_frames.data[at], &count);
			add_candidate(t, at, (uint32_t)count - 1);
		}
	}
}

static int candidate_order(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->item.stack != b->item.stack)
		return a->item.stack < b->item.stack ? -1 : 1;
	return 0;
}

static int node_order(const void *pa, const void *pb)
{
	const struct call_node *a = pa, *b = pb;

	if (a->total.weight != b->total.weight)
		return a->total.weight > b->total.weight ? -1 : 1;
	if (a->total.samples != b->total.samples)
		return a->total.samples > b->total.samples ? -1 : 1;
	return a->function < b->function ? -1 : a->function > b->function;
}

static struct call_node node_of_run(struct call_tree *t, size_t from, size_t to)
{
	struct call_node node = {
		.function = t->found.data[from].function, .is_inlined = true,
		.first_item = t->items.count, .item_count = to - from,
	};
	size_t i;

	for (i = from; i < to; i++) {
		const struct candidate *c = &t->found.data[i];

		node.is_inlined = node.is_inlined && c->is_inlined;
		cost_add(&node.total, &t->sums.total[c->item.stack]);
		if (!c->item.inner)
			cost_add(&node.self, &t->sums.self[c->item.stack]);
	}
	return node;
}

static void keep_items(struct call_tree *t, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		*vec_push(&t->items) = t->found.data[i].item;
}

static size_t cut_into_nodes(struct call_tree *t, uint64_t min_weight,
			     struct call_node *nodes)
{
	size_t from, to, count = 0;

	for (from = 0; from < t->found.count; from = to) {
		for (to = from + 1; to < t->found.count; to++) {
			if (t->found.data[to].function !=
			    t->found.data[from].function)
				break;
		}
		nodes[count] = node_of_run(t, from, to);
		if (nodes[count].total.weight < min_weight)
			continue;
		keep_items(t, from, to);
		count++;
	}
	return count;
}

void call_tree_expand(struct call_tree *t, const struct call_node *node,
		      uint64_t min_weight, struct call_node **nodes,
		      size_t *count)
{
	bool is_root = !node->first_item;
	struct item item;
	size_t i;

	vec_clear(&t->found);
	for (i = 0; i < node->item_count; i++) {
		item = t->items.data[node->first_item + i];
		if (item.inner)
			add_candidate(t, item.stack, item.inner - 1);
		else
			add_callees(t, item.stack);
	}
	if (t->found.count)
		qsort(t->found.data, t->found.count, sizeof(*t->found.data),
		      candidate_order);
	*nodes = mem_alloc((t->found.count + 1) * sizeof(**nodes));
	*count = cut_into_nodes(t, min_weight, *nodes);
	if (is_root && node->self.samples && node->self.weight >= min_weight)
		(*nodes)[(*count)++] = (struct call_node){
			.function = PROFILE_FUNCTION_NONE,
			.self = node->self, .total = node->self,
			.first_item = t->items.count,
		};
	qsort(*nodes, *count, sizeof(**nodes), node_order);
}
