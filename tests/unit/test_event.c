/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/cmocka_all.h"

#include <linux/perf_event.h>
#include <string.h>

#include "adder/err.h"
#include "adder/event.h"

static void names_have_their_codes(void **state)
{
	static const struct {
		const char *text;
		uint32_t type;
		uint64_t config;
		bool no_user, no_kernel, is_clock;
	} cases[] = {
		{ "cycles", 0, 0, false, false, false },
		{ "cpu-cycles:u", 0, 0, false, true, false },
		{ "cycles:k", 0, 0, true, false, false },
		{ "cycles:uk", 0, 0, false, false, false },
		{ "instructions", 0, 1, false, false, false },
		{ "cpu-clock", 1, 0, false, false, true },
		{ "task-clock:u", 1, 1, false, true, true },
		{ "page-faults", 1, 2, false, false, false },
		{ "cs", 1, 3, false, false, false },
		{ "r01c2", 4, 0x1c2, false, false, false },
		{ "rffffffffffffffff:u", 4, UINT64_MAX, false, true, false },
		{ "PERF_COUNT_SW_PAGE_FAULTS_MIN", 1, 5, false, false, false },
	};
	struct event_spec *s;
	struct err err = { 0 };
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(event_parse(cases[i].text, &s, &n, &err), 0);
		assert_int_equal(n, 1);
		assert_string_equal(s->text, cases[i].text);
		assert_int_equal(s->type, cases[i].type);
		assert_true(s->config == cases[i].config);
		assert_int_equal(s->exclude_user, cases[i].no_user);
		assert_int_equal(s->exclude_kernel, cases[i].no_kernel);
		assert_int_equal(s->is_clock, cases[i].is_clock);
		event_specs_free(s, n);
	}
}

static void a_list_keeps_its_order(void **state)
{
	struct event_spec *s;
	size_t n;

	(void)state;
	assert_int_equal(event_parse("faults,cycles:u,r1", &s, &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_string_equal(s[0].text, "faults");
	assert_string_equal(s[1].text, "cycles:u");
	assert_int_equal(s[2].type, PERF_TYPE_RAW);
	event_specs_free(s, n);
}

static void wrong_text_is_refused_with_a_remedy(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "cycels", "did you mean 'cycles'" },
		{ "cpu-clok:u", "did you mean 'cpu-clock'" },
		{ "page_faults", "did you mean 'page-faults'" },
		{ "cycles,", "empty" },
		{ ",cycles", "empty" },
		{ "", "empty" },
		{ "r", "no event 'r'" },
		{ "r12345678901234567", "no event" },
		{ "rapl::RAPL_ENERGY_PKG", "does not count for a process" },
		{ "\033[31mred", "no event" },
		{ ":u", "no event" },
	};
	struct event_spec *s;
	struct err err;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&err, 0, sizeof(err));
		assert_true(event_parse(cases[i].text, &s, &n, &err) < 0);
		assert_null(s);
		assert_int_equal(n, 0);
		assert_non_null(strstr(err.message, cases[i].says));
	}
}

static void an_overlong_name_is_refused(void **state)
{
	static char text[70000];
	struct event_spec *s;
	size_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(event_parse(text, &s, &n, NULL), -ERR_USAGE);
	text[600] = '\0';
	assert_int_equal(event_parse(text, &s, &n, NULL), -ERR_USAGE);
	text[500] = '\0';
	assert_int_equal(event_parse(text, &s, &n, NULL), -ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_their_codes),
		cmocka_unit_test(a_list_keeps_its_order),
		cmocka_unit_test(wrong_text_is_refused_with_a_remedy),
		cmocka_unit_test(an_overlong_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
