/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "adder/arena.h"
#include "adder/buf.h"
#include "adder/cursor.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/intern.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/text.h"
#include "adder/types.h"
#include "adder/vec.h"

static void error_keeps_message_and_prefix(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_IO, "cannot read '%s'", "x"), -ERR_IO);
	err_prefix(&e, "module %d", 3);
	assert_string_equal(e.message, "module 3: cannot read 'x'");
	assert_int_equal(err_set(NULL, ERR_IO, "nobody listens"), -ERR_IO);
	err_set_errno(&e, ERR_IO, 2, "open");
	assert_string_equal(e.message, "open: No such file or directory");
}

static void try_array_refuses_overflow_and_limit(void **state)
{
	void *p;

	(void)state;
	assert_null(mem_try_array(SIZE_MAX, 16, SIZE_MAX));
	assert_null(mem_try_array(100, 16, 1599));
	p = mem_try_array(100, 16, 1600);
	assert_non_null(p);
	mem_free(p);
}

static void map_keeps_every_key_through_growth_and_removal(void **state)
{
	struct hmap m;
	uint64_t i, *v, k, val, seen = 0;
	size_t pos = 0;
	bool is_new;

	(void)state;
	hmap_init(&m);
	for (i = 0; i < 10000; i++) {
		v = hmap_put(&m, i * 4096, &is_new);
		assert_true(is_new);
		*v = i;
	}
	for (i = 0; i < 10000; i += 2)
		assert_true(hmap_remove(&m, i * 4096));
	for (i = 0; i < 10000; i++) {
		v = hmap_find(&m, i * 4096);
		if (i % 2)
			assert_int_equal(*v, i);
		else
			assert_null(v);
	}
	while (hmap_next(&m, &pos, &k, &val))
		seen++;
	assert_int_equal(seen, 5000);
	assert_int_equal(m.count, 5000);
	for (i = 0; i < 100000; i++) {	/* tombs must not pile up */
		hmap_put(&m, UINT64_MAX - i, NULL);
		hmap_remove(&m, UINT64_MAX - i);
	}
	assert_int_equal(m.count, 5000);
	hmap_release(&m);
}

static void wide_map_tells_halves_apart(void **state)
{
	struct hmap128 m;
	uint64_t i;
	bool is_new;

	(void)state;
	hmap128_init(&m);
	for (i = 0; i < 5000; i++)
		*hmap128_put(&m, i, 7, NULL) = i;
	for (i = 0; i < 5000; i++)
		*hmap128_put(&m, 7, i, &is_new) = i + 1;
	assert_int_equal(*hmap128_find(&m, 41, 7), 41);
	assert_int_equal(*hmap128_find(&m, 7, 41), 42);
	assert_int_equal(m.count, 9999);	/* (7, 7) is one */
	assert_null(hmap128_find(&m, 8, 8));
	hmap128_release(&m);
}

static void interning_is_by_bytes_not_by_text(void **state)
{
	struct intern in;
	struct str_id a, b;
	size_t len;
	int i;

	(void)state;
	intern_init(&in);
	a = intern_put(&in, "a\0b", 3, NULL);
	b = intern_put(&in, "a\0c", 3, NULL);
	assert_int_not_equal(a.v, b.v);
	assert_int_equal(intern_put(&in, "", 0, NULL).v, 0);
	for (i = 0; i < 1000; i++) {
		char s[16];

		snprintf(s, sizeof(s), "n%d", i);
		intern_put(&in, s, strlen(s), NULL);
	}
	assert_int_equal(intern_put(&in, "a\0b", 3, NULL).v, a.v);
	assert_memory_equal(intern_at(&in, b, &len), "a\0c", 4);
	assert_int_equal(len, 3);
	assert_string_equal(intern_at(&in, (struct str_id){ 99999 }, NULL), "");
	intern_release(&in);
}

static void cursor_never_reads_beyond(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 0x80 };
	struct cursor c = cursor_of(bytes, 3);

	(void)state;
	assert_int_equal(cursor_u16(&c), 0x201);
	assert_int_equal(cursor_u16(&c), 0);
	assert_true(c.bad);
	c = cursor_of(bytes + 3, 1);
	assert_int_equal(cursor_uleb(&c), 0);
	assert_true(c.bad);
	c = cursor_of("abc", 3);
	assert_null(cursor_str(&c));
	assert_true(c.bad);
}

static void leb128_round_trips(void **state)
{
	static const int64_t values[] = {
		0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192,
		INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,
	};
	struct buf b = { 0 };
	struct cursor c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(values); i++) {
		buf_put_sleb(&b, values[i]);
		buf_put_uleb(&b, (uint64_t)values[i]);
	}
	c = cursor_of(b.data, b.len);
	for (i = 0; i < ARRAY_LEN(values); i++) {
		assert_true(cursor_sleb(&c) == values[i]);
		assert_true(cursor_uleb(&c) == (uint64_t)values[i]);
	}
	assert_false(c.bad);
	assert_int_equal(cursor_left(&c), 0);
	buf_release(&b);
}

static void escaping_lets_no_control_byte_through(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "plain", "plain" },
		{ "a\033[2Jb", "a\\x1b[2Jb" },
		{ "new\nline\ttab", "new\\x0aline\\x09tab" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "gr\xc3\xb6\xc3\x9f" "e", "gr\xc3\xb6\xc3\x9f" "e" },
		{ "\xc2\x9b" "31m", "\\u{9b}31m" },
		{ "\xe2\x80\xae" "abc", "\\u{202e}abc" },
		{ "\xc0\x80\xed\xa0\x80", "\\xc0\\x80\\xed\\xa0\\x80" },
	};
	struct buf b = { 0 };
	char small[6];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		text_escape(&b, cases[i].in, strlen(cases[i].in));
		assert_string_equal(buf_cstr(&b), cases[i].out);
	}
	buf_release(&b);
	text_escape_to(small, sizeof(small), "abcd\xc3\xb6x", 7);
	assert_string_equal(small, "abcd");
}

static void durations_have_three_digits(void **state)
{
	char s[32];

	(void)state;
	assert_string_equal(text_duration(s, sizeof(s), 12), "12 ns");
	assert_string_equal(text_duration(s, sizeof(s), 1500), "1.50 us");
	assert_string_equal(text_duration(s, sizeof(s), 48123456), "48.1 ms");
	assert_string_equal(text_duration(s, sizeof(s), 312000000000), "312 s");
}

static void vectors_and_arenas_keep_what_they_were_given(void **state)
{
	VEC(int) v = { 0 };
	struct arena a;
	char *s;
	int i;

	(void)state;
	arena_init(&a);
	s = arena_strndup(&a, "hello", 4);
	for (i = 0; i < 10000; i++) {
		*vec_push(&v) = i;
		arena_alloc(&a, 100);
	}
	for (i = 0; i < 10000; i++)
		assert_int_equal(v.data[i], i);
	assert_string_equal(s, "hell");
	vec_release(&v);
	arena_release(&a);
}

static void take_line(void *ctx, enum log_level level, const char *line)
{
	if (level == LOG_WARNING)
		snprintf(ctx, 64, "%s", line);
}

static void log_lines_are_escaped(void **state)
{
	char got[64] = "";

	(void)state;
	log_set_sink(take_line, got);
	log_warning("bad name '%s'", "x\033]0;t\a");
	log_debug("not shown");
	log_set_sink(NULL, NULL);
	assert_string_equal(got, "bad name 'x\\x1b]0;t\\x07'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_keeps_message_and_prefix),
		cmocka_unit_test(try_array_refuses_overflow_and_limit),
		cmocka_unit_test(map_keeps_every_key_through_growth_and_removal),
		cmocka_unit_test(wide_map_tells_halves_apart),
		cmocka_unit_test(interning_is_by_bytes_not_by_text),
		cmocka_unit_test(cursor_never_reads_beyond),
		cmocka_unit_test(leb128_round_trips),
		cmocka_unit_test(escaping_lets_no_control_byte_through),
		cmocka_unit_test(durations_have_three_digits),
		cmocka_unit_test(vectors_and_arenas_keep_what_they_were_given),
		cmocka_unit_test(log_lines_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
