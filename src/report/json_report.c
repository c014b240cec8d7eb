/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report for programs. Fields are added, never renamed; what this version
 * does not measure (waits, time off the CPU) is null or an empty list.
 *
 * The tree is a flat list of nodes in preorder, each with the index of its
 * parent: stacks are thousands deep, and parsers are not.
 *
 * It streams: json-c, which holds the whole document as objects, took 556 MB
 * and 0.56 s for a tree of 100,000 nodes.
 */
#include <stdlib.h>
#include <string.h>

#include "adder/vec.h"
#include "report/internal.h"
#include "report/jsonw.h"

struct group {
	size_t first, count;	/* rows of one function */
	struct model_cost self, total;
	enum report_sort by;
};

struct level {
	struct call_node *nodes;
	size_t count, next;
	uint64_t parent;	/* index of the node that calls these */
};

static void put_id(struct jsonw *j, const struct report *r, const char *key,
		   struct str_id id)
{
	struct model_text text = model_string(r->m, id);

	if (text.len)
		jsonw_text(j, key, text.bytes, text.len);
	else
		jsonw_null(j, key);
}

static void put_events(struct jsonw *j, struct report *r)
{
	uint32_t i;

	jsonw_open(j, "events", '[');
	for (i = 1; i < model_event_count(r->m); i++) {
		const struct rec_event *e;
		struct model_cost c;

		e = model_event(r->m, (struct event_id){ i });
		c = profile_total(r->p, (struct event_id){ i });
		jsonw_open(j, NULL, '{');
		put_id(j, r, "name", e->name);
		jsonw_str(j, "unit", e->unit == UNIT_NS ? "ns" : "count");
		jsonw_u64(j, "samples", c.samples);
		jsonw_bool(j, "scaled", false);
		jsonw_u64(j, "weight", c.weight);
		jsonw_u64(j, "frequency_hz", e->frequency_hz);
		jsonw_u64(j, "period", e->period);
		jsonw_bool(j, "user_only", e->user_only);
		jsonw_close(j, '}');
	}
	jsonw_close(j, ']');
	jsonw_line(j);
}

static void put_stacks(struct jsonw *j, struct report *r, uint64_t samples)
{
	uint64_t ends[MODEL_ENDS] = { 0 }, with_user;
	uint32_t e;
	size_t i;

	for (e = 1; e < model_event_count(r->m); e++) {
		for (i = 0; i < MODEL_ENDS; i++)
			ends[i] += profile_ends(r->p,
						(struct event_id){ e })[i];
	}
	with_user = samples - ends[END_NO_USER];
	jsonw_open(j, "stacks", '{');
	jsonw_u64(j, "complete", ends[END_COMPLETE]);
	jsonw_u64(j, "cut", ends[END_CUT]);
	jsonw_u64(j, "no_rule", ends[END_NO_RULE]);
	jsonw_u64(j, "other", samples - ends[END_COMPLETE] - ends[END_CUT] -
		 ends[END_NO_RULE]);
	if (with_user)
		jsonw_double(j, "complete_share",
			    (double)ends[END_COMPLETE] / (double)with_user);
	else
		jsonw_null(j, "complete_share");
	for (i = END_NO_PROGRESS; i < MODEL_ENDS; i++)
		jsonw_u64(j, model_end_name((unsigned int)i), ends[i]);
	jsonw_close(j, '}');
	jsonw_line(j);
}

static void put_steps(struct jsonw *j, struct report *r)
{
	size_t count, i;
	const struct model_step *steps = model_steps(r->m, &count);

	jsonw_open(j, "ladder", '[');
	for (i = 0; i < count; i++) {
		if (!steps[i].is_warning)
			put_id(j, r, NULL, steps[i].text);
	}
	jsonw_close(j, ']');
	jsonw_line(j);
	jsonw_open(j, "warnings", '[');
	for (i = 0; i < count; i++) {
		if (!steps[i].is_warning)
			continue;
		jsonw_open(j, NULL, '{');
		put_id(j, r, "text", steps[i].text);
		jsonw_u64(j, "count", steps[i].count);
		jsonw_close(j, '}');
	}
	if (r->opts->state) {
		jsonw_open(j, NULL, '{');
		jsonw_str(j, "text", r->opts->state);
		jsonw_u64(j, "count", 1);
		jsonw_close(j, '}');
	}
	jsonw_close(j, ']');
	jsonw_line(j);
}

static uint64_t thread_wall_ns(struct report *r, const struct model_thread *t)
{
	const struct model_totals *all = model_totals(r->m);
	uint64_t start = t->start_mono_ns, end = t->end_mono_ns;

	if (start < all->start_mono_ns)
		start = all->start_mono_ns;
	if (!end)
		end = all->end_mono_ns;
	return end > start ? end - start : 0;
}

static void put_parts(struct jsonw *j, uint64_t wall_ns, uint64_t running_ns)
{
	jsonw_u64(j, "wall_ns", wall_ns);
	jsonw_u64(j, "running_ns", running_ns);
	jsonw_null(j, "runnable_ns");
	jsonw_null(j, "blocked_ns");
	jsonw_null(j, "unknown_ns");
}

static void put_threads(struct jsonw *j, struct report *r)
{
	size_t count, at = 0, i;
	const struct profile_thread *rows = profile_threads(r->p, &count);

	jsonw_open(j, "threads", '[');
	for (i = 1; i < model_thread_count(r->m); i++) {
		const struct model_thread *t;
		struct model_cost c = { 0 };
		uint64_t complete = 0;

		t = model_thread(r->m, (struct thread_id){ (uint32_t)i });
		for (; at < count && rows[at].thread.v == i; at++) {
			c.running_ns += rows[at].cost.running_ns;
			c.samples += rows[at].cost.samples;
			complete += rows[at].complete;
		}
		if (!profile_wants_thread(r->p,
					  (struct thread_id){ (uint32_t)i }))
			continue;
		jsonw_line(j);
		jsonw_open(j, NULL, '{');
		jsonw_u64(j, "pid", (uint64_t)(t->pid < 0 ? 0 : t->pid));
		jsonw_u64(j, "tid", (uint64_t)(t->tid < 0 ? 0 : t->tid));
		put_id(j, r, "name", t->name);
		put_parts(j, thread_wall_ns(r, t), c.running_ns);
		jsonw_u64(j, "samples", c.samples);
		jsonw_u64(j, "complete", complete);
		jsonw_close(j, '}');
		out_check(r->o);
	}
	jsonw_close(j, ']');
	jsonw_line(j);
}

static void put_time(struct jsonw *j, struct report *r)
{
	uint64_t wall_ns = 0, running_ns = 0, unsampled_ns;
	struct thread_id id;
	uint32_t e;

	for (id.v = 1; id.v < model_thread_count(r->m); id.v++) {
		if (profile_wants_thread(r->p, id))
			wall_ns += thread_wall_ns(r, model_thread(r->m, id));
	}
	for (e = 1; e < model_event_count(r->m); e++)
		running_ns += profile_total(r->p,
					    (struct event_id){ e }).running_ns;
	jsonw_open(j, "time", '{');
	put_parts(j, wall_ns, running_ns);
	if (report_unsampled(r, &unsampled_ns))
		jsonw_u64(j, "unsampled_ns", unsampled_ns);
	else
		jsonw_null(j, "unsampled_ns");
	jsonw_close(j, '}');
	jsonw_line(j);
}

static void put_function(struct jsonw *j, struct report *r, uint32_t function)
{
	static const char *const kinds[] = {
		[FUNCTION_PYTHON] = "python", [FUNCTION_NATIVE] = "native",
		[FUNCTION_KERNEL] = "kernel", [FUNCTION_PSEUDO] = "pseudo",
	};
	const struct model_function *f = model_function(r->m, function);
	struct buf name = { 0 };

	profile_function_name(r->p, function, &name);
	jsonw_text(j, "name", name.data, name.len);
	buf_release(&name);
	put_id(j, r, "file", f->file);
	if (f->line)
		jsonw_u64(j, "line", f->line);
	else
		jsonw_null(j, "line");
	jsonw_str(j, "kind", kinds[f->kind]);
	put_id(j, r, "module", model_module(r->m, f->module)->path);
}

static void open_cost(struct jsonw *j, const char *key,
		      const struct model_cost *c)
{
	jsonw_open(j, key, '{');
	jsonw_u64(j, "running_ns", c->running_ns);
	jsonw_null(j, "runnable_ns");
	jsonw_null(j, "blocked_ns");
	jsonw_u64(j, "samples", c->samples);
	jsonw_open(j, "events", '{');
}

static void put_event_cost(struct jsonw *j, struct report *r,
			   struct event_id event, const struct model_cost *c)
{
	struct model_text name;

	name = model_string(r->m, model_event(r->m, event)->name);
	jsonw_u64_at(j, name.bytes, name.len, c->weight);
}

static void close_cost(struct jsonw *j)
{
	jsonw_close(j, '}');
	jsonw_close(j, '}');
}

static void put_group(struct jsonw *j, struct report *r, const struct group *g,
		      const struct profile_row *rows)
{
	size_t i;

	jsonw_line(j);
	jsonw_open(j, NULL, '{');
	put_function(j, r, rows[g->first].function);
	open_cost(j, "self", &g->self);
	for (i = g->first; i < g->first + g->count; i++) {
		if (rows[i].self.samples)
			put_event_cost(j, r, rows[i].event, &rows[i].self);
	}
	close_cost(j);
	open_cost(j, "total", &g->total);
	for (i = g->first; i < g->first + g->count; i++)
		put_event_cost(j, r, rows[i].event, &rows[i].total);
	close_cost(j);
	jsonw_close(j, '}');
}

static int group_order(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;
	const struct model_cost *ca = a->by == REPORT_SELF ? &a->self :
				      &a->total;
	const struct model_cost *cb = b->by == REPORT_SELF ? &b->self :
				      &b->total;

	if (ca->running_ns != cb->running_ns)
		return ca->running_ns > cb->running_ns ? -1 : 1;
	if (ca->samples != cb->samples)
		return ca->samples > cb->samples ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

static void add_cost(struct model_cost *a, const struct model_cost *b)
{
	a->running_ns += b->running_ns;
	a->samples += b->samples;
	a->weight += b->weight;
}

static struct group *group_rows(struct report *r,
				const struct profile_row *rows, size_t count,
				size_t *groups)
{
	struct group *g = mem_calloc(count + 1, sizeof(*g));
	size_t i, n = 0;

	for (i = 0; i < count; i++) {
		if (!i || rows[i].function != rows[i - 1].function) {
			g[n].first = i;
			g[n++].by = r->opts->sort;
		}
		g[n - 1].count++;
		add_cost(&g[n - 1].self, &rows[i].self);
		add_cost(&g[n - 1].total, &rows[i].total);
	}
	qsort(g, n, sizeof(*g), group_order);
	*groups = n;
	return g;
}

static void put_functions(struct jsonw *j, struct report *r)
{
	size_t count, groups, i;
	const struct profile_row *rows = profile_rows(r->p, &count);
	struct group *g = group_rows(r, rows, count, &groups);

	jsonw_open(j, "functions", '[');
	for (i = 0; i < groups && !out_check(r->o); i++) {
		if (r->opts->limit && i == r->opts->limit)
			break;
		put_group(j, r, &g[i], rows);
	}
	jsonw_close(j, ']');
	jsonw_line(j);
	mem_free(g);
}

static void put_node(struct jsonw *j, struct report *r,
		     const struct call_node *n, const struct level *l)
{
	jsonw_line(j);
	jsonw_open(j, NULL, '{');
	if (l->parent == UINT64_MAX)
		jsonw_null(j, "parent");
	else
		jsonw_u64(j, "parent", l->parent);
	put_function(j, r, n->function);
	jsonw_bool(j, "inlined", n->is_inlined);
	open_cost(j, "self", &n->self);
	put_event_cost(j, r, r->event, &n->self);
	close_cost(j);
	open_cost(j, "total", &n->total);
	put_event_cost(j, r, r->event, &n->total);
	close_cost(j);
	jsonw_close(j, '}');
}

static void put_tree(struct jsonw *j, struct report *r)
{
	double min = r->opts->min_percent / 100 * (double)r->total.weight;
	uint64_t min_weight = min < 1 ? 0 : (uint64_t)min, index = 0;
	struct call_tree *tree = call_tree_new(r->p, r->event);
	struct call_node node = call_tree_root(tree);
	VEC(struct level) levels = { 0 };
	struct level next = { .parent = UINT64_MAX }, *l;

	jsonw_open(j, "tree", '[');
	call_tree_expand(tree, &node, min_weight, &next.nodes, &next.count);
	*vec_push(&levels) = next;
	while (levels.count) {
		l = &levels.data[levels.count - 1];
		if (l->next == l->count || out_check(r->o)) {
			mem_free(l->nodes);
			levels.count--;
			continue;
		}
		node = l->nodes[l->next++];
		put_node(j, r, &node, l);
		next = (struct level){ .parent = index++ };
		call_tree_expand(tree, &node, min_weight, &next.nodes,
				 &next.count);
		*vec_push(&levels) = next;
	}
	jsonw_close(j, ']');
	vec_release(&levels);
	call_tree_free(tree);
}

int report_json(struct out *o, struct profile *p,
		const struct report_opts *opts)
{
	struct report r = {
		.o = o, .p = p, .m = profile_model(p), .opts = opts,
		.event = profile_event(p),
	};
	const struct model_totals *t = model_totals(r.m);
	struct jsonw j = { .b = &o->buf };
	uint64_t samples = 0;
	uint32_t e;

	r.total = profile_total(p, r.event);
	for (e = 1; e < model_event_count(r.m); e++)
		samples += profile_total(p, (struct event_id){ e }).samples;
	jsonw_open(&j, NULL, '{');
	jsonw_str(&j, "format", "adder-report");
	jsonw_u64(&j, "version", 1);
	jsonw_u64(&j, "duration_ns", t->end_mono_ns > t->start_mono_ns ?
		 t->end_mono_ns - t->start_mono_ns : 0);
	jsonw_line(&j);
	put_events(&j, &r);
	jsonw_u64(&j, "samples", samples);
	jsonw_u64(&j, "lost", t->lost);
	jsonw_u64(&j, "late", t->late);
	jsonw_u64(&j, "throttled_ns", t->throttled_ns);
	jsonw_bool(&j, "whole", !opts->state && t->is_finished);
	put_stacks(&j, &r, samples);
	put_steps(&j, &r);
	put_time(&j, &r);
	put_threads(&j, &r);
	put_functions(&j, &r);
	jsonw_open(&j, "waits", '[');
	jsonw_close(&j, ']');
	if (opts->by == REPORT_TREE && r.event.v) {
		jsonw_line(&j);
		put_tree(&j, &r);
	}
	jsonw_close(&j, '}');
	buf_putc(&o->buf, '\n');
	return out_check(o);
}
