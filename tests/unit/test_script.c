/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <string.h>
#include <sys/resource.h>

#include "../support/session.h"
#include "adder/export.h"
#include "adder/mem.h"
#include "adder/out.h"
#include "adder/profile.h"
#include "export/script_names.h"

static int collect(void *self, const void *bytes, size_t len)
{
	buf_put(self, bytes, len);
	return 0;
}

static void script(struct buf *text, struct model *m,
		   const struct script_opts *opts)
{
	struct script_stats stats;
	struct profile *p;
	struct out o;

	assert_int_equal(profile_new(&p, m, NULL, NULL), 0);
	out_init(&o, collect, text);
	script_write(&o, p, opts, &stats);
	assert_int_equal(out_close(&o), 0);
	profile_free(p);
	buf_cstr(text);
}

static void every_name_is_made_safe(void **state)
{
	typedef void put_fn(struct buf *, const char *, size_t, bool);
	static const struct {
		put_fn *put;
		const char *in, *out;
	} cases[] = {
		{ script_put_comm, "python3", "python3" },
		{ script_put_comm, "Worker 7", "Worker_7" },
		{ script_put_comm, "", "[unnamed]" },
		{ script_put_comm, "a", "a_" },
		{ script_put_comm, "77", "_77" },
		{ script_put_comm, "1/2", "_1/2" },
		{ script_put_comm, "#x", "_x" },
		{ script_put_comm, "#", "__" },
		{ script_put_comm, "a;b\tc\nd", "a:b_c_d" },
		{ script_put_comm, "\xc2\xa0\xe3\x80\x80", "__" },
		{ script_put_comm, "\033[2J\xff", "\\x1b[2J\\xff" },
		{ script_put_event, "cycles:u", "cycles:u" },
		{ script_put_event, "my event", "my_event" },
		{ script_put_symbol, "f(int, char)", "f(int, char)" },
		{ script_put_symbol, "(anonymous namespace)::f(int)",
		  "{anonymous namespace}::f(int)" },
		{ script_put_symbol, "((a)b)c", "{(a)b}c" },
		{ script_put_symbol, "(open", "{open" },
		{ script_put_symbol, "f (x)", "f_(x)" },
		{ script_put_symbol, " f  g ", "_f_ g_" },
		{ script_put_symbol, "a;b\nc", "a:b_c" },
		{ script_put_symbol, "operator->", "operator_>" },
		{ script_put_symbol, "x+0x10 (y)", "x+0x10_(y)" },
		{ script_put_dso, "/lib/a b.so", "/lib/a_b.so" },
		{ script_put_dso, "/x (deleted)", "/x" },
		{ script_put_dso, "/x (1)", "/x_{1}" },
		{ script_put_dso, " (deleted)", "_{deleted}" },
	};
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		cases[i].put(&b, cases[i].in, strlen(cases[i].in), false);
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	buf_release(&b);
}

static struct model *two_samples(uint64_t first_ns, uint64_t second_ns)
{
	struct record rec = { .type = REC_SAMPLE };
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	struct session s;

	model_keep_samples(m);
	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	rec.sample.thread.v = session_thread(&s, session_process(&s, 7, "x"),
					     12, "py");
	rec.sample.event.v = 1;
	rec.sample.stack.v = session_stack(&s,
		session_python(&s, "f", "/a.py", 1), 0u);
	rec.sample.weight = 5;
	rec.sample.t_mono_ns = first_ns;
	sink_push(&sink, &rec);
	rec.sample.t_mono_ns = second_ns;
	sink_push(&sink, &rec);
	session_end(&s);
	return m;
}

static void samples_come_in_order_of_time(void **state)
{
	struct script_opts opts = { 0 };
	struct model *m = two_samples(5000009000, 5000002999);
	struct buf text = { 0 };

	(void)state;
	script(&text, m, &opts);
	assert_string_equal(text.data,
		"py    12     5.000002:          5 cpu-clock: \n"
		"\t    7f0000001000 f+0x0 (/a.py)\n\n"
		"py    12     5.000009:          5 cpu-clock: \n"
		"\t    7f0000001000 f+0x0 (/a.py)\n\n");
	buf_release(&text);
	model_free(m);
}

static void fields_are_laid_out_as_perf_does(void **state)
{
	static const struct {
		struct script_opts opts;
		const char *line;
	} cases[] = {
		{ { .nanoseconds = true },
		  "py    12     5.000001002:          5 cpu-clock: \n" },
		{ { .with_pid = true },
		  "py 7/12     5.000001:          5 cpu-clock: \n" },
		{ { .with_pid = true, .exact = true },
		  "py     7/12        5.000001:          5 cpu-clock: \n" },
		{ { .with_cpu = true },
		  "py    12 [000]     5.000001:          5 cpu-clock: \n" },
	};
	struct buf text = { 0 };
	struct model *m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		m = two_samples(5000001002, 5000001002);
		buf_clear(&text);
		script(&text, m, &cases[i].opts);
		assert_int_equal(strncmp(text.data, cases[i].line,
					 strlen(cases[i].line)), 0);
		model_free(m);
	}
	buf_release(&text);
}

static int count_bytes(void *self, const void *bytes, size_t len)
{
	(void)bytes;
	*(size_t *)self += len;
	return 0;
}

/*
 * Many things that are named by one long string, which a recording holds
 * once: the output is as long as that makes it, our memory is not.
 */
static void long_names_are_not_kept_for_each_use(void **state)
{
	const struct script_opts opts = { 0 };
	const uint32_t name_bytes = 1 << 20, uses = 100;
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	char *name = mem_alloc(name_bytes + 1);
	struct script_stats stats;
	uint32_t thread, stack = 0, i;
	struct rusage before, after;
	struct profile *p;
	size_t bytes = 0;
	struct session s;
	struct out o;

	(void)state;
	memset(name, 'x', name_bytes);
	name[name_bytes] = '\0';
	model_keep_samples(m);
	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	thread = session_thread(&s, session_process(&s, 7, "x"), 7, "x");
	for (i = 0; i < uses; i++) {
		session_rename(&s, thread, i & 1 ? name : name + 1);
		stack = session_push_stack(&s, stack,
			session_python(&s, name, "/a.py", i + 1));
	}
	session_samples(&s, thread, 1, stack, 1, 1000);
	assert_int_equal(session_end(&s), 0);
	assert_int_equal(profile_new(&p, m, NULL, NULL), 0);
	out_init(&o, count_bytes, &bytes);
	getrusage(RUSAGE_SELF, &before);
	script_write(&o, p, &opts, &stats);
	assert_int_equal(out_close(&o), 0);
	getrusage(RUSAGE_SELF, &after);
	assert_true(bytes > (size_t)uses * name_bytes);
	assert_true(after.ru_maxrss - before.ru_maxrss < 200 << 10);
	profile_free(p);
	model_free(m);
	mem_free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_made_safe),
		cmocka_unit_test(samples_come_in_order_of_time),
		cmocka_unit_test(fields_are_laid_out_as_perf_does),
		cmocka_unit_test(long_names_are_not_kept_for_each_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
