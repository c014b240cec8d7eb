/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <string.h>

#include "python/python_priv.h"

static void take(struct map_table *t, const char *text)
{
	static uint64_t off;
	size_t len = strlen(text);

	assert_int_equal(map_text_take(t, text, len, off), len);
	off += len;
}

static void names_are_split_where_a_file_begins(void **state)
{
	static const struct { const char *text, *name, *file; } cases[] = {
		{ "f:/usr/x.py", "f", "/usr/x.py" },
		{ "C.m.<locals>.<lambda>:x.py", "C.m.<locals>.<lambda>",
		  "x.py" },
		{ "<module>:<string>", "<module>", "<string>" },
		{ "_f:<frozen importlib._bootstrap>", "_f",
		  "<frozen importlib._bootstrap>" },
		{ "a b c:/d e/f.py", "a b c", "/d e/f.py" },
		{ "odd:name:/x.py", "odd:name", "/x.py" },
		{ "odd:<b>:/x.py", "odd:<b>", "/x.py" },
		{ "odd:name:x.py", "odd:name", "x.py" },
		{ "f:/with:colon.py", "f", "/with:colon.py" },
		{ "f:./rel:x.py", "f", "./rel:x.py" },
		{ "nofile", "nofile", "" },
		{ "empty:", "empty", "" },
		{ ":/x.py", "", "/x.py" },
		{ "", "", "" },
	};
	size_t i, name_len, file_len;
	const char *file;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		map_text_split(cases[i].text, strlen(cases[i].text),
			       &name_len, &file, &file_len);
		if (name_len != strlen(cases[i].name) ||
		    memcmp(cases[i].text, cases[i].name, name_len) ||
		    file_len != strlen(cases[i].file) ||
		    memcmp(file, cases[i].file, file_len))
			fail_msg("'%s'", cases[i].text);
	}
}

static void lines_are_taken_and_garbage_is_counted(void **state)
{
	const struct map_entry *e;
	struct map_table t;

	(void)state;
	map_table_init(&t);
	take(&t, "7f0000001000 b py::f:/x.py\n"
		 "0x7f000000100b 0B node_function with blanks\n"
		 "zz 10 bad\n10 zz bad\n10 0 empty range\n10 5\n10 5 \n\n"
		 "ffffffffffffffff 2 overflow\n"
		 "11112222333344445 1 seventeen digits\n"
		 "second line of a name:/y.py\n"
		 "20 10 py::\xff\xfe:/\x1b[31m.py\n");
	assert_int_equal(t.malformed, 9);
	assert_int_equal(t.entry_count, 3);
	e = map_table_find(&t, 0x7f000000100a);
	assert_non_null(e);
	assert_true(e->is_python);
	assert_string_equal(e->text, "f");
	assert_string_equal(e->text + e->name_len + 1, "/x.py");
	e = map_table_find(&t, 0x7f000000100b);
	assert_false(e->is_python);
	assert_string_equal(e->text, "node_function with blanks");
	assert_int_equal(e->file_len, 0);
	assert_null(map_table_find(&t, 0x7f0000001016));
	assert_non_null(map_table_find(&t, 0x20));
	map_table_release(&t);
}

static void a_half_written_line_waits(void **state)
{
	static const char text[] = "1000 10 py::f:/x.py\n2000 10 py::g:/y.py\n";
	struct map_table t;
	size_t cut, used, len = sizeof(text) - 1;

	(void)state;
	for (cut = 0; cut <= len; cut++) {
		map_table_init(&t);
		used = map_text_take(&t, text, cut, 0);
		assert_true(used <= cut);
		used += map_text_take(&t, text + used, len - used, used);
		assert_int_equal(used, len);
		assert_int_equal(t.entry_count, 2);
		assert_int_equal(t.malformed, 0);
		assert_string_equal(map_table_find(&t, 0x2005)->text, "g");
		assert_string_equal(map_table_find(&t, 0x1005)->text, "f");
		map_table_release(&t);
	}
}

static void an_endless_line_is_skipped(void **state)
{
	static char text[200000];
	struct map_table t;

	(void)state;
	map_table_init(&t);
	memset(text, '1', sizeof(text));
	assert_int_equal(map_text_take(&t, text, sizeof(text), 0),
			 sizeof(text));
	assert_int_equal(t.malformed, 1);
	take(&t, "\n10 10 f\n");
	assert_int_equal(t.entry_count, 1);
	map_table_release(&t);
}

static void the_later_line_wins(void **state)
{
	struct map_table t;

	(void)state;
	map_table_init(&t);
	take(&t, "1000 100 old\n5000 10 other\n");
	assert_string_equal(map_table_find(&t, 0x1050)->text, "old");
	take(&t, "1040 20 new\n");
	assert_string_equal(map_table_find(&t, 0x103f)->text, "old");
	assert_string_equal(map_table_find(&t, 0x1040)->text, "new");
	assert_string_equal(map_table_find(&t, 0x105f)->text, "new");
	assert_string_equal(map_table_find(&t, 0x1060)->text, "old");
	take(&t, "0 10000 all\n1 1 one\n");
	assert_string_equal(map_table_find(&t, 0x1040)->text, "all");
	assert_string_equal(map_table_find(&t, 1)->text, "one");
	assert_string_equal(map_table_find(&t, 0x5005)->text, "all");
	map_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_split_where_a_file_begins),
		cmocka_unit_test(lines_are_taken_and_garbage_is_counted),
		cmocka_unit_test(a_half_written_line_waits),
		cmocka_unit_test(an_endless_line_is_skipped),
		cmocka_unit_test(the_later_line_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
