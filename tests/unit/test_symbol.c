/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of symbol/ that need no child: tables, names, messages, paths. */
#include "support/cmocka_all.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/symbol.h"
#include "adder/types.h"
#include "symbol/debug_files.h"
#include "symbol/table.h"
#include "symbol/wire.h"

/* --- kallsyms --- */

static const char kernel_text[] =
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T startup_64\n"
	"ffffffff81000100 t local_one\n"
	"ffffffff81000200 W weak_one\n"
	"this is no symbol\n"
	"ffffffff81000300 D some_data\n"
	"ffffffff81000400 t late.cold\n"
	"ffffffff81000500 T _etext\n"
	"ffffffffc0001000 t init_module\t[nf_tables]\n"
	"ffffffffc0000800 t before\t[nf_tables]";

static void kallsyms_names_each_address(void **state)
{
	static const struct {
		uint64_t addr;
		const char *name, *module;
	} cases[] = {
		{ 0xffffffff80ffffff, NULL, NULL },
		{ 0xffffffff81000000, "_text", "" },
		{ 0xffffffff810000ff, "_text", "" },
		{ 0xffffffff81000100, "local_one", "" },
		{ 0xffffffff810002ff, "weak_one", "" },
		{ 0xffffffff81000350, NULL, NULL },	/* data */
		{ 0xffffffff81000450, "late.cold", "" },
		{ 0xffffffff81000500, NULL, NULL },	/* an end marker */
		{ 0xffffffffc00009ff, "before", "nf_tables" },
		{ 0xffffffffc0001010, "init_module", "nf_tables" },
		{ 0xffffffffffffffff, NULL, NULL },	/* far behind all */
	};
	struct err err = { 0 };
	struct kallsyms *k = kallsyms_parse(kernel_text,
					    strlen(kernel_text), &err);
	const char *name, *module;
	uint64_t start;
	size_t i;
	bool found;

	(void)state;
	assert_non_null(k);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		found = kallsyms_find(k, cases[i].addr, &name, &module, &start);
		assert_int_equal(found, cases[i].name != NULL);
		if (!found)
			continue;
		assert_string_equal(name, cases[i].name);
		assert_string_equal(module, cases[i].module);
		assert_true(start <= cases[i].addr);
	}
	kallsyms_free(k);
}

static void hidden_kernel_addresses_are_an_error_with_a_remedy(void **state)
{
	static const char hidden[] = "0000000000000000 T _text\n"
				     "0000000000000000 t other\n";
	struct err err = { 0 };

	(void)state;
	assert_null(kallsyms_parse(hidden, strlen(hidden), &err));
	assert_int_equal(err.code, ERR_PERM);
	assert_non_null(strstr(err.message, "kptr_restrict"));
	assert_null(kallsyms_parse("", 0, &err));
	assert_non_null(strstr(err.message, "no symbols"));
}

static void every_prefix_of_kallsyms_is_read_without_harm(void **state)
{
	size_t len;

	(void)state;
	for (len = 0; len < strlen(kernel_text); len++) {
		/* Exactly as long, so that a sanitizer sees a read behind. */
		char *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, kernel_text, len);
		kallsyms_free(kallsyms_parse(copy, len, NULL));
		free(copy);
	}
}

/* --- names --- */

static void names_are_demangled(void **state)
{
	static const struct { const char *mangled, *want; } cases[] = {
		{ "main", "main" },
		{ "", "" },
		{ "_start", "_start" },
		{ "_Z3fooi", "foo(int)" },
		{ "_ZNKSt6vectorIiSaIiEE4sizeEv",
		  "std::vector<int, std::allocator<int> >::size() const" },
		{ "_Znwm@plt", "operator new(unsigned long)@plt" },
		{ "_ZSt4cout@@GLIBCXX_3.4", "std::cout" },
		{ "_Z3fooi.part.0", "foo(int) [clone .part.0]" },
		{ "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE",
		  "core::fmt::Formatter::pad" },
		{ "_RNvC6_123foo3bar", "123foo::bar" },
		{ "_Zbroken", "_Zbroken" },
		{ "__libc_start_main@@GLIBC_2.34", "__libc_start_main" },
		{ "printf@plt", "printf@plt" },
		{ "@", "@" },
		{ "_Z", "_Z" },
	};
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		symbol_demangle(&b, cases[i].mangled);
		assert_string_equal(buf_cstr(&b), cases[i].want);
	}
	buf_release(&b);
}

/* Each pair<S_, S_> doubles: 2^40 characters if it were printed in full. */
static void a_name_that_explodes_is_cut(void **state)
{
	struct buf in = { 0 }, out = { 0 };
	int i;

	(void)state;
	buf_puts(&in, "_Z1fSt4pairIiiE");
	for (i = 0; i < 12; i++)
		buf_printf(&in, "St4pairIS%c_S%c_E", "0123456789A"[i % 11],
			   "0123456789A"[i % 11]);
	symbol_demangle(&out, buf_cstr(&in));
	assert_true(out.len > 0 && out.len <= 8192 + in.len);
	buf_clear(&in);
	buf_clear(&out);
	buf_puts(&in, "_Z1f");
	for (i = 0; i < 60000; i++)
		buf_puts(&in, "PK");
	symbol_demangle(&out, buf_cstr(&in));
	assert_int_equal(out.len, in.len);
	buf_release(&in);
	buf_release(&out);
}

/* --- the choice of a symbol --- */

static void add(struct symbol_table *t, uint64_t start, uint64_t size,
		uint8_t bind, bool is_func, const char *name)
{
	struct table_symbol s = {
		.start_svma = start, .size_bytes = size, .bind = bind,
		.limit_svma = 0x10000, .is_func = is_func, .name = name,
	};

	table_add(t, &s);
}

static void symbols_cover_what_their_size_says(void **state)
{
	static const struct { uint64_t svma; const char *name; } cases[] = {
		{ 0xfff, NULL },
		{ 0x1000, "outer" }, { 0x100f, "outer" },
		{ 0x1010, "inner" }, { 0x1017, "inner" },
		{ 0x1018, "outer" }, { 0x10ff, "outer" },
		{ 0x1100, NULL },		/* behind its end */
		{ 0x2000, "_start" }, { 0x2fff, "_start" },
		{ 0x3000, "sized" }, { 0x3008, "sized" },
		{ 0x3010, NULL },
		{ 0x4000, "last" }, { 0xffff, "last" },
		{ 0x10000, NULL },		/* the section's end */
		{ UINT64_MAX - 1, "top" },
	};
	struct symbol_table t = { 0 };
	const struct table_symbol *s;
	size_t i;

	(void)state;
	assert_null(table_find(&t, 0));
	add(&t, 0x4000, 0, STB_LOCAL, false, "last");
	add(&t, 0x1000, 0x100, STB_GLOBAL, true, "outer");
	add(&t, 0x1010, 8, STB_LOCAL, true, "inner");
	add(&t, 0x1080, 0, STB_LOCAL, false, "a_label_in_outer");
	add(&t, 0x2000, 0, STB_GLOBAL, false, "_start");
	add(&t, 0x3000, 0x10, STB_GLOBAL, true, "sized");
	add(&t, UINT64_MAX - 1, 100, STB_GLOBAL, true, "top");
	table_seal(&t);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		s = table_find(&t, cases[i].svma);
		if (cases[i].name) {
			assert_non_null(s);
			assert_string_equal(s->name, cases[i].name);
		} else {
			assert_null(s);
		}
	}
	table_release(&t);
}

static void one_name_of_aliases_is_chosen_whatever_their_order(void **state)
{
	static const struct {
		uint8_t bind;
		bool is_func;
		uint64_t size;
		const char *name;
	} best_first[] = {
		{ STB_WEAK, true, 8, "read" },
		{ STB_GLOBAL, true, 8, "__libc_read" },
		{ STB_GLOBAL, true, 8, "__read" },
		{ STB_WEAK, true, 8, "__also_read_by_name" },
		{ STB_LOCAL, true, 8, "internal_read" },
		{ STB_LOCAL, true, 8, "__GI___libc_read" },
		{ STB_GLOBAL, false, 8, "untyped" },
		{ STB_GLOBAL, true, 0, "sizeless" },
	};
	const size_t n = ARRAY_LEN(best_first);
	struct symbol_table t = { 0 };
	size_t first, i, j;

	(void)state;
	for (first = 0; first < n; first++) {
		for (i = 0; i < n - first; i++) {	/* each rotation */
			for (j = 0; j < n - first; j++) {
				size_t at = first + (i + j) % (n - first);

				add(&t, 0x1000, best_first[at].size,
				    best_first[at].bind, best_first[at].is_func,
				    best_first[at].name);
			}
			table_seal(&t);
			assert_string_equal(table_find(&t, 0x1000)->name,
					    best_first[first].name);
			table_release(&t);
		}
	}
}

/* --- messages --- */

struct seen {
	size_t calls, lines;
	char text[512];
};

static void note(void *ctx, size_t index, const struct symbol_result *r)
{
	struct seen *s = ctx;
	size_t len = strlen(s->text), i;

	s->calls++;
	for (i = 0; i < r->count; i++, s->lines++)
		len += (size_t)snprintf(
			s->text + len, sizeof(s->text) - len, "%zu:%s@%s:%u ",
			index, r->lines[i].name,
			r->lines[i].file ? r->lines[i].file : "-",
			r->lines[i].line);
}

static void write_answer(struct buf *out)
{
	struct wire_writer w = { 0 };
	uint32_t a, f;

	buf_put_u32(&w.buf, 3);
	buf_put_uleb(&w.buf, 2);
	buf_put_uleb(&w.buf, 0x1000);
	a = wire_put_string(&w, 0, "inner");
	f = wire_put_string(&w, 0, "/x.c");
	buf_put_uleb(&w.buf, 7);
	wire_put_string(&w, 0, "outer");
	wire_put_string(&w, f, "/x.c");
	buf_put_uleb(&w.buf, 300);
	buf_put_uleb(&w.buf, 0);
	buf_put_uleb(&w.buf, 1);
	buf_put_uleb(&w.buf, UINT64_MAX);
	wire_put_string(&w, a, "inner");
	wire_put_string(&w, 0, NULL);
	buf_put_uleb(&w.buf, 0);
	*out = w.buf;
}

static void an_answer_says_what_was_written(void **state)
{
	struct seen s = { 0 };
	struct buf b;

	(void)state;
	write_answer(&b);
	assert_int_equal(wire_results(&b, 3, 10, note, &s, NULL), 3);
	assert_int_equal(s.calls, 3);
	assert_string_equal(s.text, "10:inner@/x.c:7 10:outer@/x.c:300 "
			    "12:inner@-:0 ");
	buf_release(&b);
}

static void an_answer_that_is_cut_or_too_long_is_refused_whole(void **state)
{
	struct seen s = { 0 };
	struct err err = { 0 };
	struct buf b, cut;
	size_t len;

	(void)state;
	write_answer(&b);
	for (len = 0; len < b.len; len++) {
		memset(&cut, 0, sizeof(cut));
		cut.data = malloc(len + 1);
		assert_non_null(cut.data);
		memcpy(cut.data, b.data, len);
		cut.len = len;
		assert_true(wire_results(&cut, 3, 0, note, &s, &err) < 0);
		free(cut.data);
	}
	buf_putc(&b, 0);	/* one byte more */
	assert_true(wire_results(&b, 3, 0, note, &s, &err) < 0);
	b.len--;
	/* More results than asked for, none at all. */
	assert_true(wire_results(&b, 2, 0, note, &s, &err) < 0);
	memset(b.data, 0, 4);
	assert_true(wire_results(&b, 3, 0, note, &s, &err) < 0);
	assert_int_equal(s.calls, 0);
	buf_release(&b);
}

static void any_flipped_byte_is_read_without_harm(void **state)
{
	struct seen s;
	struct buf b;
	size_t i;
	int v;

	(void)state;
	write_answer(&b);
	for (i = 0; i < b.len; i++) {
		char was = b.data[i];

		for (v = 0; v < 256; v++) {
			b.data[i] = (char)v;
			memset(&s, 0, sizeof(s));
			wire_results(&b, 3, 0, note, &s, NULL);
		}
		b.data[i] = was;
	}
	buf_release(&b);
}

/* --- separate debug files --- */

static void only_harmless_paths_are_opened(void **state)
{
	static const struct {
		enum need_kind kind;
		uint8_t attempt;
		const char *module, *bytes, *want;
	} cases[] = {
		{ NEED_BUILD_ID, 0, "/x", "\xab\xcd\x01",
		  "/usr/lib/debug/.build-id/ab/cd01.debug" },
		{ NEED_BUILD_ID, 0, "/x", "\xab", NULL },
		{ NEED_LINK, 0, "/opt/lib/a.so", "a.debug",
		  "/opt/lib/a.debug" },
		{ NEED_LINK, 1, "/opt/lib/a.so", "a.debug",
		  "/opt/lib/.debug/a.debug" },
		{ NEED_LINK, 2, "/opt/lib/a.so", "a.debug",
		  "/usr/lib/debug//opt/lib/a.debug" },
		{ NEED_LINK, 3, "/opt/lib/a.so", "a.debug", NULL },
		{ NEED_LINK, 0, "/opt/lib/a.so", "../a.debug", NULL },
		{ NEED_LINK, 0, "/opt/lib/a.so", "/etc/shadow", NULL },
		{ NEED_LINK, 0, "/opt/lib/a.so", "..", NULL },
		{ NEED_LINK, 0, "relative/a.so", "a.debug", NULL },
		{ NEED_LINK, 0, "[vdso]", "a.debug", NULL },
		{ NEED_ALT, 0, "/x", "/usr/lib/debug/.dwz/a.debug",
		  "/usr/lib/debug/.dwz/a.debug" },
		{ NEED_ALT, 0, "/x", "../../.dwz/a.debug",
		  "/usr/lib/debug/.dwz/a.debug" },
		{ NEED_ALT, 0, "/x", "/usr/lib/debug/../../../etc/shadow",
		  NULL },
		{ NEED_ALT, 0, "/x", "/usr/lib/debugger/x", NULL },
		{ NEED_ALT, 0, "/x", "../../../../../../../../etc/shadow",
		  NULL },
		{ NEED_ALT, 0, "/x", "/etc/shadow", NULL },
		{ NEED_ALT, 0, "/x", "", NULL },
		{ (enum need_kind)9, 0, "/x", "a", NULL },
	};
	struct buf b = { 0 };
	size_t i;
	bool may;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		may = debug_file_path(&b, cases[i].module, cases[i].kind,
				      cases[i].attempt,
				      (const uint8_t *)cases[i].bytes,
				      strlen(cases[i].bytes));
		assert_int_equal(may, cases[i].want != NULL);
		if (may)
			assert_string_equal(buf_cstr(&b), cases[i].want);
	}
	buf_release(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kallsyms_names_each_address),
		cmocka_unit_test(
			hidden_kernel_addresses_are_an_error_with_a_remedy),
		cmocka_unit_test(
			every_prefix_of_kallsyms_is_read_without_harm),
		cmocka_unit_test(names_are_demangled),
		cmocka_unit_test(a_name_that_explodes_is_cut),
		cmocka_unit_test(symbols_cover_what_their_size_says),
		cmocka_unit_test(
			one_name_of_aliases_is_chosen_whatever_their_order),
		cmocka_unit_test(an_answer_says_what_was_written),
		cmocka_unit_test(
			an_answer_that_is_cut_or_too_long_is_refused_whole),
		cmocka_unit_test(any_flipped_byte_is_read_without_harm),
		cmocka_unit_test(only_harmless_paths_are_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
