/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../support/session.h"
#include "adder/mem.h"
#include "adder/out.h"
#include "adder/profile.h"
#include "adder/report.h"
#include "adder/text.h"
#include "report/internal.h"
#include "report/jsonw.h"

struct collected {
	struct buf text;
	size_t fail_after;	/* bytes; 0 = never */
};

static int collect(void *self, const void *bytes, size_t len)
{
	struct collected *c = self;

	if (c->fail_after && c->text.len + len > c->fail_after)
		return -ENOSPC;
	buf_put(&c->text, bytes, len);
	return 0;
}

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

static int render(struct collected *c, struct model *m,
		  const struct selection *sel, const struct report_opts *opts,
		  bool json)
{
	struct profile *p;
	struct out o;

	assert_int_equal(profile_new(&p, m, sel, NULL), 0);
	out_init(&o, collect, c);
	if (json)
		report_json(&o, p, opts);
	else
		report_text(&o, p, opts);
	profile_free(p);
	return out_close(&o);
}

static void json_strings_are_valid_whatever_the_bytes(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "plain", "\"plain\"" },
		{ "q\"b\\", "\"q\\\"b\\\\\"" },
		{ "\x01\n\x7f", "\"\\u0001\\u000a\\u007f\"" },
		{ "\xff\xc3", "\"\\\\xff\\\\xc3\"" },
		{ "\xc2\x9b" "x", "\"\\u009bx\"" },
		{ "\xe2\x80\xae", "\"\\u202e\"" },
		{ "caf\xc3\xa9 \xf0\x9f\x90\x8d",
		  "\"caf\xc3\xa9 \xf0\x9f\x90\x8d\"" },
		{ "\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\"" },
	};
	struct buf b = { 0 };
	struct jsonw j = { .b = &b };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		j.has_before = false;
		jsonw_str(&j, NULL, cases[i].in);
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	buf_release(&b);
}

static void names_are_cut_in_the_middle_to_the_column(void **state)
{
	static const struct {
		const char *in;
		size_t columns;
		bool utf8;
		const char *out;
	} cases[] = {
		{ "abcdef", 6, true, "abcdef" },
		{ "abcdefg", 6, true, "abc\xe2\x80\xa6" "fg" },
		{ "abcdefg", 6, false, "ab..fg" },
		{ "abcdefg", 2, false, "ab" },
		{ "abcdefg", 1, true, "a" },
		{ "abcdefg", 0, true, "" },
		/* two columns each: no half of one is shown */
		{ "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87", 6, true,
		  "\xe4\xb8\xad\xe2\x80\xa6\xe6\x96\x87" },
	};
	struct buf in = { 0 }, out = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&in);
		buf_clear(&out);
		buf_puts(&in, cases[i].in);
		cell_put_cut(&out, &in, cases[i].columns, cases[i].utf8);
		assert_string_equal(buf_cstr(&out), cases[i].out);
	}
	buf_release(&in);
	buf_release(&out);
}

static void assert_lines_fit(const struct buf *text, size_t columns)
{
	const char *at = text->data, *end;
	size_t left = text->len;

	while (left) {
		end = memchr(at, '\n', left);
		assert_non_null(end);
		if (text_columns(at, (size_t)(end - at)) > columns)
			fail_msg("more than %zu columns: %.*s", columns,
				 (int)(end - at), at);
		left -= (size_t)(end + 1 - at);
		at = end + 1;
	}
}

static void no_line_is_wider_than_asked_for(void **state)
{
	struct report_opts opts = { .limit = 1, .min_percent = 0 };
	struct model *m = example();
	struct collected c = { 0 };
	size_t columns;

	(void)state;
	for (columns = 80; columns < 132; columns += 3) {
		for (opts.by = REPORT_FUNCTIONS; opts.by <= REPORT_TREE;
		     opts.by++) {
			opts.columns = columns;
			opts.limit = 0;
			opts.utf8 = columns % 2;
			buf_clear(&c.text);
			assert_int_equal(render(&c, m, NULL, &opts, false), 0);
			assert_lines_fit(&c.text, columns);
		}
	}
	buf_release(&c.text);
	model_free(m);
}

static void no_control_byte_reaches_the_text(void **state)
{
	struct report_opts opts = { .utf8 = true };
	struct model *m = example();
	struct collected c = { 0 };
	unsigned char byte;
	size_t i;

	(void)state;
	for (opts.by = REPORT_FUNCTIONS; opts.by <= REPORT_THREADS; opts.by++)
		assert_int_equal(render(&c, m, NULL, &opts, false), 0);
	for (i = 0; i < c.text.len; i++) {
		byte = (unsigned char)c.text.data[i];
		assert_true(byte == '\n' || (byte >= 0x20 && byte != 0x7f));
	}
	assert_int_equal(text_columns(c.text.data, c.text.len) > 0, 1);
	buf_release(&c.text);
	model_free(m);
}

/* One path of so many functions: a single line of the tree. */
static struct model *long_chain(uint32_t depth)
{
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	uint32_t stack = 0, i, thread;
	struct session s;
	char name[32];

	session_init(&s, &sink);
	session_event(&s, "cpu-clock", UNIT_NS, 999);
	thread = session_thread(&s, session_process(&s, 7, "x"), 7, "x");
	for (i = 0; i < depth; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		stack = session_push_stack(&s, stack,
			session_python(&s, name, "/a.py", i + 1));
	}
	session_samples(&s, thread, 1, stack, 3, 1000);
	assert_int_equal(session_end(&s), 0);
	return m;
}

static void long_chains_are_cut_in_one_look(void **state)
{
	static const struct {
		uint32_t depth;
		const char *line;
	} cases[] = {
		{ 3, "f0 > f1 > f2 (a.py:3)" },
		{ 60, "f0 > (47 more) > f48 > f49 > f50 > f51 > f52 > f53 > "
		  "f54 > f55 > f56 > f57 > f58 > f59 (a.py:60)" },
		{ 60000, "f0 > (59992 more) > f59993 > f59994 > f59995 > "
		  "f59996 > f59997 > f59998 > f59999 (a.py:60000)" },
	};
	struct report_opts opts = { .by = REPORT_TREE, .columns = 120 };
	struct collected c;
	struct model *m;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		c = (struct collected){ 0 };
		m = long_chain(cases[i].depth);
		assert_int_equal(render(&c, m, NULL, &opts, false), 0);
		if (!strstr(buf_cstr(&c.text), cases[i].line))
			fail_msg("%s", buf_cstr(&c.text));
		buf_release(&c.text);
		model_free(m);
	}
}

static void a_full_disk_is_told(void **state)
{
	struct collected c = { .fail_after = 100 };
	struct report_opts opts = { 0 };
	struct model *m = example();

	(void)state;
	assert_int_equal(render(&c, m, NULL, &opts, true), -ENOSPC);
	assert_int_equal(render(&c, m, NULL, &opts, false), -ENOSPC);
	buf_release(&c.text);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_strings_are_valid_whatever_the_bytes),
		cmocka_unit_test(names_are_cut_in_the_middle_to_the_column),
		cmocka_unit_test(no_line_is_wider_than_asked_for),
		cmocka_unit_test(no_control_byte_reaches_the_text),
		cmocka_unit_test(long_chains_are_cut_in_one_look),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
