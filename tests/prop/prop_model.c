/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up sessions, summed by the model and again sample by sample in the
 * plainest way: every function's self and total agree, in each view and in
 * any order of the samples; the tree holds the same. PROP_SEED replays one
 * seed, PROP_RUNS sets how many are tried.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/prng.h"
#include "../support/session.h"
#include "adder/buf.h"
#include "adder/hmap.h"
#include "adder/profile.h"
#include "adder/vec.h"

#define MAX_FRAMES 24
#define MAX_STACKS 200
#define MAX_SAMPLES 400

struct made_sample {
	uint32_t thread, event, stack;
	uint64_t weight;
};

struct made {
	struct model *m;
	struct session s;
	uint32_t frames[MAX_FRAMES], frame_count, modules[2];
	uint32_t threads[3];
	VEC(struct made_sample) samples;
};

static uint32_t make_frame(struct made *g, struct prng *prng, uint32_t i)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	const char *name = names[prng_below(prng, ARRAY_LEN(names))];
	uint32_t module = g->modules[prng_below(prng, 2)];
	uint64_t addr = 0x1000 + i * 0x40;

	switch (prng_below(prng, 8)) {
	case 0:
	case 1:
		return session_python(&g->s, name, "/x.py",
				      prng_below(prng, 2));
	case 2: return session_native(&g->s, module, addr, name);
	case 3: return session_native(&g->s, module, addr, NULL);
	case 4: return session_evaluator(&g->s, module, addr, name);
	case 5: return session_kernel(&g->s, module, name);
	case 6:
		return session_inlined(&g->s, module, addr, name,
				       names[prng_below(prng, 4)]);
	default:
		return session_cut(&g->s, prng_below(prng, END_COUNT));
	}
}

static void make_definitions(struct made *g, struct prng *prng)
{
	uint32_t i, n, process;

	session_event(&g->s, "clock", UNIT_NS, 999);
	session_event(&g->s, "faults", UNIT_COUNT, 0);
	g->modules[0] = session_module(&g->s, "/m", MODULE_FILE);
	g->modules[1] = session_module(&g->s, "/n", MODULE_FILE);
	process = session_process(&g->s, 1, "/bin/x");
	for (i = 0; i < ARRAY_LEN(g->threads); i++)
		g->threads[i] = session_thread(&g->s, process,
					       (int32_t)i + 1, "t");
	g->frame_count = 1 + prng_below(prng, MAX_FRAMES);
	for (i = 0; i < g->frame_count; i++)
		g->frames[i] = make_frame(g, prng, i);
	n = 1 + prng_below(prng, MAX_STACKS);
	for (i = 0; i < n; i++)
		session_push_stack(&g->s, prng_below(prng, g->s.stacks + 1),
			g->frames[prng_below(prng, g->frame_count)]);
}

static void make_samples(struct made *g, struct prng *prng)
{
	uint32_t i, n = prng_below(prng, MAX_SAMPLES);

	for (i = 0; i < n; i++)
		*vec_push(&g->samples) = (struct made_sample){
			.thread = g->threads[prng_below(prng, 3)],
			.event = 1 + prng_below(prng, 2),
			.stack = prng_below(prng, g->s.stacks + 1),
			.weight = prng_below(prng, 1000),
		};
}

/* The same definitions for the same seed; the samples in another order. */
static void make(struct made *g, uint64_t seed, uint64_t shuffle)
{
	struct prng prng = { seed }, order = { shuffle };
	struct made_sample swap, *s;
	struct sink sink;
	size_t i, j;

	memset(g, 0, sizeof(*g));
	g->m = model_new();
	sink = model_sink(g->m);
	session_init(&g->s, &sink);
	make_definitions(g, &prng);
	make_samples(g, &prng);
	s = g->samples.data;
	for (i = g->samples.count; shuffle && i > 1; i--) {
		j = prng_below(&order, (uint32_t)i);
		swap = s[i - 1];
		s[i - 1] = s[j];
		s[j] = swap;
	}
	for (i = 0; i < g->samples.count; i++)
		session_samples(&g->s, s[i].thread, s[i].event, s[i].stack, 1,
				s[i].weight);
	session_end(&g->s);
}

static void made_release(struct made *g)
{
	vec_release(&g->samples);
	model_free(g->m);
}

/* By (function, event): samples in self and total, and their weights. */
struct plain {
	struct hmap self, total, self_weight, total_weight;
};

static void add(struct hmap *m, uint32_t function, uint32_t event, uint64_t n)
{
	*hmap_put(m, (uint64_t)function << 32 | event, NULL) += n;
}

static uint64_t value(const struct hmap *m, const struct profile_row *row)
{
	uint64_t *v = hmap_find(m, (uint64_t)row->function << 32 |
				row->event.v);

	return v ? *v : 0;
}

static void sum_plainly(struct plain *all, struct made *g,
			const struct made_sample *s, enum show show)
{
	uint32_t stack = s->stack, seen[MAX_STACKS * 2], count = 0, i;
	const struct model_place *places;
	const struct rec_frame *frame;
	size_t n, k;

	for (; stack; stack = model_stack_parents(g->m)[stack].v) {
		frame = model_frame(g->m, model_stack_frames(g->m)[stack]);
		if (!profile_shows(show, frame))
			continue;
		places = model_places(g->m, model_stack_frames(g->m)[stack],
				      &n);
		for (k = 0; k < n; k++) {
			for (i = 0; i < count; i++) {
				if (seen[i] == places[k].function)
					break;
			}
			if (i == count)
				seen[count++] = places[k].function;
		}
	}
	if (!count)
		seen[count++] = PROFILE_FUNCTION_NONE;
	/* the innermost function shown was met first */
	add(&all->self, seen[0], s->event, 1);
	add(&all->self_weight, seen[0], s->event, s->weight);
	for (i = 0; i < count; i++) {
		add(&all->total, seen[i], s->event, 1);
		add(&all->total_weight, seen[i], s->event, s->weight);
	}
}

static int check_rows(struct made *g, struct profile *p, enum show show)
{
	const struct profile_row *rows;
	struct plain all = { 0 };
	int wrong = 0;
	size_t count, i;

	for (i = 0; i < g->samples.count; i++)
		sum_plainly(&all, g, &g->samples.data[i], show);
	rows = profile_rows(p, &count);
	wrong += count != all.total.count;
	for (i = 0; i < count; i++) {
		wrong += rows[i].self.samples != value(&all.self, &rows[i]);
		wrong += rows[i].total.samples != value(&all.total, &rows[i]);
		wrong += rows[i].self.weight !=
			 value(&all.self_weight, &rows[i]);
		wrong += rows[i].total.weight !=
			 value(&all.total_weight, &rows[i]);
	}
	hmap_release(&all.self);
	hmap_release(&all.total);
	hmap_release(&all.self_weight);
	hmap_release(&all.total_weight);
	return wrong;
}

/* Selves of the tree's nodes by function are the table's selves. */
static int check_tree(struct profile *p, struct event_id event)
{
	struct call_tree *t = call_tree_new(p, event);
	VEC(struct call_node) todo = { 0 };
	struct call_node *nodes, node;
	const struct profile_row *rows;
	struct hmap selves = { 0 };
	size_t count, i;
	int wrong = 0;

	*vec_push(&todo) = call_tree_root(t);
	while (todo.count) {
		node = todo.data[--todo.count];
		call_tree_expand(t, &node, 0, &nodes, &count);
		for (i = 0; i < count; i++) {
			add(&selves, nodes[i].function, event.v,
			    nodes[i].self.samples);
			*vec_push(&todo) = nodes[i];
		}
		mem_free(nodes);
	}
	rows = profile_rows(p, &count);
	for (i = 0; i < count; i++) {
		if (rows[i].event.v == event.v)
			wrong += rows[i].self.samples !=
				 value(&selves, &rows[i]);
	}
	hmap_release(&selves);
	vec_release(&todo);
	call_tree_free(t);
	return wrong;
}

static int same_rows(struct profile *a, struct profile *b)
{
	const struct profile_row *ra, *rb;
	size_t na, nb;

	ra = profile_rows(a, &na);
	rb = profile_rows(b, &nb);
	return na == nb && (!na || !memcmp(ra, rb, na * sizeof(*ra)));
}

static int try_view(struct made *g, struct made *other, enum show show)
{
	struct selection sel = { .show = show };
	struct profile *p, *q;
	int wrong = 0;

	if (profile_new(&p, g->m, &sel, NULL))
		return 1;
	if (profile_new(&q, other->m, &sel, NULL)) {
		profile_free(p);
		return 1;
	}
	wrong += check_rows(g, p, show);
	wrong += check_tree(p, (struct event_id){ 1 });
	wrong += check_tree(p, (struct event_id){ 2 });
	wrong += !same_rows(p, q);
	profile_free(q);
	profile_free(p);
	return wrong;
}

static int try_seed(uint64_t seed)
{
	struct made g, other;
	int wrong;

	make(&g, seed, 0);
	make(&other, seed, seed ^ 0x5eed);
	wrong = try_view(&g, &other, SHOW_BOTH) +
		try_view(&g, &other, SHOW_PYTHON) +
		try_view(&g, &other, SHOW_NATIVE);
	made_release(&other);
	made_release(&g);
	if (wrong)
		printf("PROP_SEED=%llu: %d sums differ\n",
		       (unsigned long long)seed, wrong);
	return wrong != 0;
}

int main(void)
{
	const char *one = getenv("PROP_SEED"), *runs = getenv("PROP_RUNS");
	uint64_t seed, count = runs ? strtoull(runs, NULL, 0) : 500;
	int failed = 0;

	if (one)
		failed = try_seed(strtoull(one, NULL, 0));
	for (seed = 1; !one && seed <= count; seed++)
		failed += try_seed(seed);
	printf("%llu sessions, %d wrong\n",
	       (unsigned long long)(one ? 1 : count), failed);
	return failed != 0;
}
