/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "../support/session.h"
#include "adder/buf.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/profile.h"

#define A_PY "/a.py"

static struct model *example(void)
{
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	struct session s;

	session_init(&s, &sink);
	session_example(&s);
	assert_int_equal(session_end(&s), 0);
	return m;
}

static struct profile *profile(struct model *m, const struct selection *sel)
{
	struct err err = { 0 };
	struct profile *p;

	if (profile_new(&p, m, sel, &err))
		fail_msg("%s", err.message);
	return p;
}

/* The row of a function by name, of event 1; zeros if there is none. */
static struct profile_row row_of(struct profile *p, const char *name)
{
	struct profile_row found = { 0 };
	struct buf b = { 0 };
	const struct profile_row *rows;
	size_t count, i;

	rows = profile_rows(p, &count);
	for (i = 0; i < count; i++) {
		buf_clear(&b);
		profile_function_name(p, rows[i].function, &b);
		if (rows[i].event.v == 1 && !strcmp(buf_cstr(&b), name))
			found = rows[i];
	}
	buf_release(&b);
	return found;
}

static struct model_cost sum_of_selves(struct profile *p, uint32_t event)
{
	struct model_cost sum = { 0 };
	const struct profile_row *rows;
	size_t count, i;

	rows = profile_rows(p, &count);
	for (i = 0; i < count; i++) {
		if (rows[i].event.v != event)
			continue;
		sum.weight += rows[i].self.weight;
		sum.running_ns += rows[i].self.running_ns;
		sum.samples += rows[i].self.samples;
	}
	return sum;
}

static void assert_cost(struct model_cost a, struct model_cost b)
{
	assert_int_equal(a.weight, b.weight);
	assert_int_equal(a.running_ns, b.running_ns);
	assert_int_equal(a.samples, b.samples);
}

/* Walks the whole tree: every node is its self and its callees. */
static struct model_cost check_tree(struct call_tree *t,
				    const struct call_node *node, bool is_root)
{
	struct model_cost sum = { 0 }, selves = { 0 }, below;
	struct call_node *nodes;
	size_t count, i;

	call_tree_expand(t, node, 0, &nodes, &count);
	for (i = 0; i < count; i++) {
		sum.samples += nodes[i].total.samples;
		sum.weight += nodes[i].total.weight;
		if (i)
			assert_true(nodes[i].total.weight <=
				    nodes[i - 1].total.weight);
		below = check_tree(t, &nodes[i], false);
		selves.samples += below.samples;
		selves.weight += below.weight;
	}
	mem_free(nodes);
	if (!is_root) {
		sum.samples += node->self.samples;
		sum.weight += node->self.weight;
		selves.samples += node->self.samples;
		selves.weight += node->self.weight;
	}
	assert_int_equal(sum.samples, node->total.samples);
	assert_int_equal(sum.weight, node->total.weight);
	return selves;
}

static void selves_add_up_to_the_total_in_every_view(void **state)
{
	static const struct selection views[] = {
		{ .show = SHOW_BOTH }, { .show = SHOW_PYTHON },
		{ .show = SHOW_NATIVE }, { .thread = "1201" },
		{ .process = "sort" }, { .function = "fib|sha" },
		{ .module = "libcrypto*", .show = SHOW_PYTHON },
	};
	struct model *m = example();
	struct model_cost total, selves;
	struct call_node root;
	struct call_tree *t;
	struct profile *p;
	uint32_t event;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(views); i++) {
		p = profile(m, &views[i]);
		for (event = 1; event <= 2; event++) {
			total = profile_total(p, (struct event_id){ event });
			assert_cost(sum_of_selves(p, event), total);
			t = call_tree_new(p, (struct event_id){ event });
			root = call_tree_root(t);
			assert_cost(root.total, total);
			selves = check_tree(t, &root, true);
			assert_int_equal(selves.samples, total.samples);
			call_tree_free(t);
		}
		profile_free(p);
	}
	model_free(m);
}

static void a_recursive_function_counts_once_per_sample(void **state)
{
	struct model *m = example();
	struct profile *p = profile(m, NULL);
	struct profile_row fib = row_of(p, "fib");

	(void)state;
	assert_int_equal(fib.self.samples, 20);
	assert_int_equal(fib.total.samples, 20);
	assert_int_equal(fib.total.weight, 20 * 1001001);
	assert_int_equal(row_of(p, "<module>").total.samples, 80);
	assert_int_equal(row_of(p, "<module>").self.samples, 0);
	profile_free(p);
	model_free(m);
}

static void a_hidden_frame_gives_its_time_to_its_caller(void **state)
{
	struct selection python = { .show = SHOW_PYTHON };
	struct selection native = { .show = SHOW_NATIVE };
	const char *eval = "_PyEval_EvalFrameDefault";
	const char *parse = "Parser.<locals>.parse_a_rather_long_name_that_"
			    "no_line_can_hold_whole";
	struct model *m = example();
	struct profile *p = profile(m, NULL);

	(void)state;
	assert_int_equal(row_of(p, parse).self.samples, 20);
	assert_int_equal(row_of(p, eval).total.samples, 0);
	assert_int_equal(row_of(p, "rotate").self.samples, 40);
	assert_int_equal(row_of(p, "sha256_block_data_order").self.samples, 0);
	assert_int_equal(row_of(p, "sha256_block_data_order").total.samples,
			 40);
	profile_free(p);

	p = profile(m, &python);
	assert_int_equal(row_of(p, parse).self.samples, 65);
	assert_int_equal(row_of(p, "rotate").total.samples, 0);
	/* the sample without any stack */
	assert_int_equal(row_of(p, "[no Python frame]").self.samples, 1);
	profile_free(p);

	p = profile(m, &native);
	assert_int_equal(row_of(p, eval).self.samples, 40);
	assert_int_equal(row_of(p, eval).total.samples, 80);
	assert_int_equal(row_of(p, "fib").total.samples, 0);
	profile_free(p);
	model_free(m);
}

static void a_cut_stack_stays_below_its_reason(void **state)
{
	struct model *m = example();
	struct profile *p = profile(m, NULL);
	struct call_tree *t = call_tree_new(p, (struct event_id){ 1 });
	struct call_node root = call_tree_root(t), *nodes;
	const uint64_t *ends = profile_ends(p, (struct event_id){ 1 });
	struct buf b = { 0 };
	size_t count, i, cut = 0;

	(void)state;
	assert_int_equal(ends[END_COMPLETE], 90);
	assert_int_equal(ends[END_CUT], 5);
	assert_int_equal(ends[END_NO_USER], 4);
	assert_int_equal(ends[MODEL_END_NO_STACK], 1);
	call_tree_expand(t, &root, 0, &nodes, &count);
	for (i = 0; i < count; i++) {
		buf_clear(&b);
		profile_function_name(p, nodes[i].function, &b);
		if (strstr(buf_cstr(&b), "[cut: ")) {
			assert_int_equal(nodes[i].total.samples, 5);
			cut++;
		}
	}
	assert_int_equal(cut, 1);
	mem_free(nodes);
	buf_release(&b);
	call_tree_free(t);
	profile_free(p);
	model_free(m);
}

static void a_selection_keeps_what_it_names(void **state)
{
	static const struct {
		struct selection sel;
		uint64_t samples;
	} cases[] = {
		{ { 0 }, 100 },
		{ { .thread = "1201" }, 15 },
		{ { .thread = "pool*" }, 15 },
		{ { .thread = "7" }, 0 },	/* a tid that is not there */
		{ { .process = "1300" }, 5 },
		{ { .process = "python*" }, 95 },
		{ { .process = "/usr/bin/sort" }, 5 },
		{ { .function = "^fib$" }, 20 },
		{ { .function = "^rotate$|^do_sys" }, 54 },
		{ { .module = "libcrypto*" }, 45 },
		{ { .module = "libcrypto*", .function = "^rotate$" }, 40 },
		{ { .event = "cpu-clock", .thread = "1200" }, 80 },
	};
	struct model *m = example();
	struct profile *p;
	struct err err;
	size_t i;
	int ret;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		ret = profile_new(&p, m, &cases[i].sel, &err);
		if (!cases[i].samples) {
			assert_int_equal(ret, -ERR_NOTFOUND);
			continue;
		}
		assert_int_equal(ret, 0);
		assert_int_equal(profile_total(p, (struct event_id){ 1 }).samples,
				 cases[i].samples);
		profile_free(p);
	}
	model_free(m);
}

static void a_selection_that_means_nothing_is_an_error(void **state)
{
	static const struct {
		struct selection sel;
		int code;
		const char *says;
	} cases[] = {
		{ { .event = "cycles" }, ERR_NOTFOUND,
		  "cpu-clock, page-faults" },
		{ { .thread = "nobody" }, ERR_NOTFOUND, "'nobody'" },
		{ { .process = "99" }, ERR_NOTFOUND, "process '99'" },
		{ { .function = "a(" }, ERR_USAGE, "regular expression" },
	};
	struct model *m = example();
	struct profile *p;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(profile_new(&p, m, &cases[i].sel, &err),
				 -cases[i].code);
		assert_null(p);
		assert_non_null(strstr(err.message, cases[i].says));
	}
	model_free(m);
}

static void a_part_of_the_time_is_half_open(void **state)
{
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	struct session s;
	uint32_t t, stack;

	(void)state;
	/* samples stand at 1 ms, 2 ms, ... 10 ms */
	model_limit_time(m, 3000000, 7000000);
	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	t = session_thread(&s, session_process(&s, 1, "x"), 1, "x");
	stack = session_stack(&s, session_python(&s, "f", A_PY, 1), 0u);
	session_samples(&s, t, 1, stack, 10, 1);
	assert_int_equal(session_end(&s), 0);
	assert_int_equal(model_totals(m)->samples, 10);
	assert_int_equal(model_totals(m)->kept, 4);
	model_free(m);
}

static void better_names_replace_what_was_there(void **state)
{
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	struct record rec = { .type = REC_SYMBOL };
	struct session s;
	struct profile *p;
	uint32_t t, frame;

	(void)state;
	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	t = session_thread(&s, session_process(&s, 1, "x"), 1, "x");
	frame = session_inlined(&s, session_module(&s, "/m", MODULE_FILE), 64,
				"guess", "outer guess");
	session_samples(&s, t, 1, session_stack(&s, frame, 0u), 3, 1);
	rec.symbol.frame.v = frame;
	rec.symbol.is_outer = true;
	rec.symbol.name = session_string(&s, "truth");
	sink_push(&sink, &rec);
	session_end(&s);
	p = profile(m, NULL);
	assert_int_equal(row_of(p, "truth").self.samples, 3);
	assert_int_equal(row_of(p, "guess").total.samples, 0);
	assert_int_equal(row_of(p, "outer guess").total.samples, 0);
	profile_free(p);
	model_free(m);
}

static void equal_names_of_two_modules_are_two_functions(void **state)
{
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	struct session s;
	struct profile *p;
	uint32_t t, a, b;
	size_t count;

	(void)state;
	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	t = session_thread(&s, session_process(&s, 1, "x"), 1, "x");
	a = session_module(&s, "/a", MODULE_FILE);
	b = session_module(&s, "/b", MODULE_FILE);
	session_samples(&s, t, 1, session_stack(&s,
			session_native(&s, a, 64, "f"), 0u), 1, 1);
	session_samples(&s, t, 1, session_stack(&s,
			session_native(&s, a, 72, "f"), 0u), 1, 1);
	session_samples(&s, t, 1, session_stack(&s,
			session_native(&s, b, 64, "f"), 0u), 1, 1);
	session_samples(&s, t, 1, session_stack(&s,
			session_python(&s, "f", A_PY, 1), 0u), 1, 1);
	session_samples(&s, t, 1, session_stack(&s,
			session_python(&s, "f", "/b.py", 1), 0u), 1, 1);
	session_end(&s);
	p = profile(m, NULL);
	profile_rows(p, &count);
	assert_int_equal(count, 4);
	profile_free(p);
	model_free(m);
}

static int push_one(struct model *m, const struct record *rec)
{
	struct sink sink = model_sink(m);

	return sink_push(&sink, rec);
}

static void what_was_not_defined_is_refused(void **state)
{
	static const struct record cases[] = {
		{ .type = REC_STRING, .string = { .id = { 0 }, .bytes = "" } },
		{ .type = REC_STRING, .string = { .id = { UINT32_MAX },
						  .bytes = "" } },
		{ .type = REC_MODULE, .module = { .id = { 1 },
						  .path = { 9 } } },
		{ .type = REC_THREAD, .thread = { .id = { 9 },
						  .process = { 1 } } },
		{ .type = REC_THREAD_NAME, .thread_name = { .thread = { 1 } } },
		{ .type = REC_THREAD_EXIT, .thread_exit = { .thread = { 1 } } },
		{ .type = REC_EVENT, .event = { .id = { 257 } } },
		{ .type = REC_FRAME, .frame = { .id = { 5000000 } } },
		{ .type = REC_FRAME, .frame = { .id = { 1 },
						.module = { 1 } } },
		{ .type = REC_STACK, .stack = { .id = { 1 },
						.frame = { 1 } } },
		{ .type = REC_SYMBOL, .symbol = { .frame = { 1 } } },
		{ .type = REC_SAMPLE, .sample = { .thread = { 1 },
						  .event = { 1 } } },
		{ .type = REC_STEP, .step = { .text = { 3 } } },
		{ .type = REC_META, .meta = { .key = { 3 } } },
	};
	struct model *m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		m = model_new();
		assert_true(push_one(m, &cases[i]) < 0);
		assert_true(model_err(m)->code > 0);
		model_free(m);
	}
}

static void a_stack_cannot_be_its_own_caller(void **state)
{
	struct record frame = { .type = REC_FRAME,
				.frame = { .id = { 1 },
					   .kind = FRAME_PYTHON } };
	struct record stack = { .type = REC_STACK,
				.stack = { .id = { 2 }, .parent = { 2 },
					   .frame = { 1 } } };
	struct model *m = model_new();

	(void)state;
	assert_int_equal(push_one(m, &frame), 0);
	assert_true(push_one(m, &stack) < 0);
	stack.stack.parent.v = 3;
	assert_true(push_one(m, &stack) < 0);
	model_free(m);
}

static void an_empty_model_has_an_empty_profile(void **state)
{
	struct model *m = model_new();
	struct profile *p = profile(m, NULL);
	struct call_tree *t = call_tree_new(p, profile_event(p));
	struct call_node root = call_tree_root(t), *nodes;
	size_t count;

	(void)state;
	assert_int_equal(profile_event(p).v, 0);
	profile_rows(p, &count);
	assert_int_equal(count, 0);
	call_tree_expand(t, &root, 0, &nodes, &count);
	assert_int_equal(count, 0);
	mem_free(nodes);
	call_tree_free(t);
	profile_free(p);
	model_free(m);
}

/* 200,000 frames deep: nothing may recurse on it. */
static void depth_has_no_limit(void **state)
{
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	uint32_t t, stack = 0, f, g, i;
	struct session s;
	struct profile *p;

	(void)state;
	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	t = session_thread(&s, session_process(&s, 1, "x"), 1, "x");
	f = session_python(&s, "f", A_PY, 1);
	g = session_python(&s, "g", A_PY, 5);
	for (i = 0; i < 200000; i++)
		stack = session_push_stack(&s, stack, i % 2 ? f : g);
	session_samples(&s, t, 1, stack, 2, 1);
	session_end(&s);
	p = profile(m, NULL);
	assert_int_equal(row_of(p, "f").total.samples, 2);
	assert_int_equal(row_of(p, "g").total.samples, 2);
	assert_int_equal(row_of(p, "g").self.samples, 0);
	profile_free(p);
	model_free(m);
}

/* Otherwise a few megabytes could ask for 10^12 additions. */
static void inlined_functions_are_bounded(void **state)
{
	struct record rec = { .type = REC_SYMBOL };
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	struct session s;
	uint32_t i;

	(void)state;
	session_init(&s, &sink);
	rec.symbol.frame.v = session_native(&s,
		session_module(&s, "/x", MODULE_FILE), 0x1000, NULL);
	rec.symbol.name = session_string(&s, "f");
	for (i = 0; i < 256; i++) {
		rec.symbol.depth = i;
		assert_int_equal(sink_push(&sink, &rec), 0);
	}
	rec.symbol.depth = 0;	/* a better list */
	assert_int_equal(sink_push(&sink, &rec), 0);
	for (i = 1; i < 256; i++) {
		rec.symbol.depth = 1;
		assert_int_equal(sink_push(&sink, &rec), 0);
	}
	assert_int_equal(sink_push(&sink, &rec), -ERR_FORMAT);
	session_end(&s);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selves_add_up_to_the_total_in_every_view),
		cmocka_unit_test(a_recursive_function_counts_once_per_sample),
		cmocka_unit_test(a_hidden_frame_gives_its_time_to_its_caller),
		cmocka_unit_test(a_cut_stack_stays_below_its_reason),
		cmocka_unit_test(a_selection_keeps_what_it_names),
		cmocka_unit_test(a_selection_that_means_nothing_is_an_error),
		cmocka_unit_test(a_part_of_the_time_is_half_open),
		cmocka_unit_test(better_names_replace_what_was_there),
		cmocka_unit_test(equal_names_of_two_modules_are_two_functions),
		cmocka_unit_test(what_was_not_defined_is_refused),
		cmocka_unit_test(a_stack_cannot_be_its_own_caller),
		cmocka_unit_test(an_empty_model_has_an_empty_profile),
		cmocka_unit_test(depth_has_no_limit),
		cmocka_unit_test(inlined_functions_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
