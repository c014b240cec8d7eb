/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind tables, on small crafted ones: every instruction, every shape of
 * expression, every way of finding an FDE, and what corruption costs.
 */
#include "../support/cmocka_all.h"

#include <elf.h>
#include <string.h>

#include "../support/tiny_elf.h"
#include "adder/cfi_rule.h"
#include "adder/elf_image.h"
#include "adder/types.h"
#include "adder/unwind.h"
#include "unwind/cfi.h"

#define CODE_SVMA 0x2000
#define CODE_LEN 0x100
#define FRAME_AVMA TINY_FIRST

enum { RBX = 3, RBP = 6, RSP = 7, R9 = 9, RIP = 16 };

struct table {
	struct buf frame, image_bytes;
	struct elf_image *image;
	struct cfi_table *cfi;
};

static void put_entry(struct buf *b, const struct buf *body)
{
	buf_put_u32(b, (uint32_t)body->len);
	buf_put(b, body->data, body->len);
}

/* "zR" (or "zRS"), pc-relative 4-byte pointers; CFA = rsp+8, RA at CFA-8. */
static void put_cie(struct buf *b, bool is_eh, const char *aug, uint8_t ra)
{
	const uint8_t insns[] = { 0x0c, RSP, 8, 0x80 | RIP, 1 };
	struct buf body = { 0 };

	buf_put_u32(&body, is_eh ? 0 : UINT32_MAX);
	buf_putc(&body, 1);
	buf_put(&body, aug, strlen(aug) + 1);
	buf_put_uleb(&body, 1);
	buf_put_sleb(&body, -8);
	buf_putc(&body, (char)ra);
	if (*aug == 'z') {
		buf_put_uleb(&body, 1);
		buf_putc(&body, 0x1b);
	}
	buf_put(&body, insns, ra == RIP ? sizeof(insns) : 3);
	put_entry(b, &body);
	buf_release(&body);
}

static void put_fde(struct buf *b, size_t at, uint64_t lo, uint32_t len,
		    const void *insns, size_t insns_len)
{
	struct buf body = { 0 };

	buf_put_u32(&body, (uint32_t)b->len + 4);	/* the CIE at 0 */
	buf_put_u32(&body, (uint32_t)(lo - (at + b->len + 8)));
	buf_put_u32(&body, len);
	buf_put_uleb(&body, 0);
	buf_put(&body, insns, insns_len);
	put_entry(b, &body);
	buf_release(&body);
}

static void open_table(struct table *t, const struct tiny_section *s, size_t n,
		       uint16_t machine)
{
	tiny_elf(&t->image_bytes, machine, s, n);
	t->image = elf_image_from_memory(t->image_bytes.data,
					 t->image_bytes.len, NULL);
	assert_non_null(t->image);
	t->cfi = cfi_table_new(t->image, arch_by_machine(machine), NULL);
	assert_non_null(t->cfi);
}

static void close_table(struct table *t)
{
	cfi_table_free(t->cfi);
	elf_image_free(t->image);
	buf_release(&t->frame);
	buf_release(&t->image_bytes);
	memset(t, 0, sizeof(*t));
}

/* One FDE over the code with these instructions. */
static void one_fde(struct table *t, const char *aug, const void *insns,
		    size_t len)
{
	struct tiny_section s = { .name = ".eh_frame" };

	memset(t, 0, sizeof(*t));
	put_cie(&t->frame, true, aug, RIP);
	put_fde(&t->frame, FRAME_AVMA, CODE_SVMA, CODE_LEN, insns, len);
	s.bytes = t->frame.data;
	s.len = t->frame.len;
	open_table(t, &s, 1, EM_X86_64);
}

static struct cfi_reg reg_of(const struct cfi_rule *r, uint8_t reg)
{
	uint8_t i;

	for (i = 0; i < r->reg_count; i++)
		if (r->regs[i].reg == reg)
			return r->regs[i];
	return (struct cfi_reg){ .reg = reg, .kind = CFI_SAME };
}

#define I(...) (const uint8_t[]){ __VA_ARGS__ }, \
	       sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct insn_case {
	const char *name;
	const uint8_t *insns;
	size_t len;
	uint32_t at;		/* offset in the code */
	uint8_t cfa_kind, cfa_reg;
	int32_t cfa_off;
	uint8_t rbx_kind;
	int32_t rbx_off;
} insn_cases[] = {
	{ "nothing", I(0), 5, CFI_CFA_REG, RSP, 8, CFI_SAME, 0 },
	{ "def_cfa", I(0x0c, RBP, 16), 0, CFI_CFA_REG, RBP, 16, CFI_SAME, 0 },
	{ "def_cfa_sf", I(0x12, RBP, 0x7e), 0, CFI_CFA_REG, RBP, 16, CFI_SAME,
	  0 },
	{ "def_cfa_register", I(0x0d, RBP), 0, CFI_CFA_REG, RBP, 8, CFI_SAME,
	  0 },
	{ "def_cfa_offset", I(0x0e, 0x80, 1), 0, CFI_CFA_REG, RSP, 128,
	  CFI_SAME, 0 },
	{ "def_cfa_offset_sf", I(0x13, 0x7d), 0, CFI_CFA_REG, RSP, 24,
	  CFI_SAME, 0 },
	{ "before an advance", I(0x44, 0x0e, 16), 3, CFI_CFA_REG, RSP, 8,
	  CFI_SAME, 0 },
	{ "after an advance", I(0x44, 0x0e, 16), 4, CFI_CFA_REG, RSP, 16,
	  CFI_SAME, 0 },
	{ "advance1", I(0x02, 9, 0x0e, 16), 9, CFI_CFA_REG, RSP, 16, CFI_SAME,
	  0 },
	{ "advance2", I(0x03, 9, 0, 0x0e, 16), 9, CFI_CFA_REG, RSP, 16,
	  CFI_SAME, 0 },
	{ "advance4", I(0x04, 9, 0, 0, 0, 0x0e, 16), 8, CFI_CFA_REG, RSP, 8,
	  CFI_SAME, 0 },
	{ "advance beyond the end", I(0x04, 0, 0, 1, 0, 0x0e, 16), 200,
	  CFI_CFA_REG, RSP, 8, CFI_SAME, 0 },
	{ "offset", I(0x80 | RBX, 2), 0, CFI_CFA_REG, RSP, 8, CFI_OFFSET, -16 },
	{ "offset_extended", I(0x05, RBX, 3), 0, CFI_CFA_REG, RSP, 8,
	  CFI_OFFSET, -24 },
	{ "offset_extended_sf", I(0x11, RBX, 0x7f), 0, CFI_CFA_REG, RSP, 8,
	  CFI_OFFSET, 8 },
	{ "GNU_negative_offset_extended", I(0x2f, RBX, 2), 0, CFI_CFA_REG, RSP,
	  8, CFI_OFFSET, 16 },
	{ "val_offset", I(0x14, RBX, 2), 0, CFI_CFA_REG, RSP, 8,
	  CFI_VAL_OFFSET, -16 },
	{ "val_offset_sf", I(0x15, RBX, 0x7e), 0, CFI_CFA_REG, RSP, 8,
	  CFI_VAL_OFFSET, 16 },
	{ "register", I(0x09, RBX, R9), 0, CFI_CFA_REG, RSP, 8, CFI_REGISTER,
	  0 },
	{ "undefined", I(0x07, RBX), 0, CFI_CFA_REG, RSP, 8, CFI_UNDEFINED, 0 },
	{ "same", I(0x80 | RBX, 2, 0x08, RBX), 0, CFI_CFA_REG, RSP, 8,
	  CFI_SAME, 0 },
	{ "restore", I(0x80 | RBX, 2, 0xc0 | RBX), 0, CFI_CFA_REG, RSP, 8,
	  CFI_SAME, 0 },
	{ "restore_extended", I(0x80 | RBX, 2, 0x06, RBX), 0, CFI_CFA_REG, RSP,
	  8, CFI_SAME, 0 },
	{ "remembered", I(0x0a, 0x0e, 64, 0x80 | RBX, 2, 0x44, 0x0b), 2,
	  CFI_CFA_REG, RSP, 64, CFI_OFFSET, -16 },
	{ "restored", I(0x0a, 0x0e, 64, 0x80 | RBX, 2, 0x44, 0x0b), 4,
	  CFI_CFA_REG, RSP, 8, CFI_SAME, 0 },
	{ "GNU_args_size", I(0x2e, 0x90, 1, 0x0e, 16), 0, CFI_CFA_REG, RSP, 16,
	  CFI_SAME, 0 },
	{ "vector registers are read over", I(0x05, 33, 9, 0x0e, 16), 0,
	  CFI_CFA_REG, RSP, 16, CFI_SAME, 0 },
	{ "expression: breg", I(0x10, RBX, 2, 0x77, 40), 0, CFI_CFA_REG, RSP, 8,
	  CFI_AT_REG, 40 },
	{ "CFA expression: breg", I(0x0f, 2, 0x76, 24), 0, CFI_CFA_REG, RBP, 24,
	  CFI_SAME, 0 },
	{ "CFA expression: deref, plus", I(0x0f, 6, 0x77, 0xf8, 0, 6, 0x23, 8),
	  0, CFI_CFA_DEREF, RSP, 120, CFI_SAME, 0 },
	{ "CFA expression: deref", I(0x0f, 3, 0x77, 0x78, 6), 0, CFI_CFA_DEREF,
	  RSP, -8, CFI_SAME, 0 },
	{ "CFA expression: index",
	  I(0x0f, 10, 0x77, 8, 0x79, 1, 0x38, 0x1e, 0x22, 6, 0x23, 8), 0,
	  CFI_CFA_INDEX, RSP, 16, CFI_SAME, 0 },
	{ "PLT, before the push", I(0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a,
	  0x3b, 0x2a, 0x33, 0x24, 0x22), 10, CFI_CFA_REG, RSP, 8, CFI_SAME, 0 },
	{ "PLT, after the push", I(0x0f, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a,
	  0x3b, 0x2a, 0x33, 0x24, 0x22), 11, CFI_CFA_REG, RSP, 16, CFI_SAME,
	  0 },
	{ "another expression", I(0x0f, 4, 0x77, 8, 0x12, 0x22), 0,
	  CFI_CFA_EXPR, 0, 0, CFI_SAME, 0 },
};

static void every_instruction_gives_its_rule(void **state)
{
	const struct insn_case *c;
	struct cfi_rule rule;
	struct table t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(insn_cases); i++) {
		c = &insn_cases[i];
		one_fde(&t, "zR", c->insns, c->len);
		print_message("%s\n", c->name);
		assert_true(cfi_table_rule(t.cfi, CODE_SVMA + c->at, &rule));
		assert_int_equal(rule.cfa_kind, c->cfa_kind);
		if (c->cfa_kind != CFI_CFA_EXPR) {
			assert_int_equal(rule.cfa_reg, c->cfa_reg);
			assert_int_equal(rule.cfa_off, c->cfa_off);
		}
		assert_int_equal(rule.ra.kind, CFI_OFFSET);
		assert_int_equal(rule.ra.off, -8);
		assert_false(rule.signal);
		assert_int_equal(reg_of(&rule, RBX).kind, c->rbx_kind);
		assert_int_equal(reg_of(&rule, RBX).off, c->rbx_off);
		close_table(&t);
	}
}

static const struct {
	const char *name;
	const uint8_t *insns;
	size_t len;
	uint32_t good, bad;	/* offsets: a rule here, none there */
} broken_cases[] = {
	{ "unknown instruction", I(0x44, 0x3f, 0x0e, 16), 3, 4 },
	{ "cut operand", I(0x44, 0x0e, 0x80), 3, 4 },
	{ "restore without remember", I(0x44, 0x0b), 3, 4 },
	{ "expression longer than the FDE", I(0x44, 0x0f, 0x50, 0x77), 3, 4 },
	{ "offset that does not fit", I(0x44, 0x0e, 0xff, 0xff, 0xff, 0xff,
	  0x7f), 3, 4 },
	{ "offset without a register", I(0x44, 0x0f, 3, 0x77, 0x78, 6, 0x0e, 8),
	  3, 4 },
};

static void what_is_broken_costs_its_row_only(void **state)
{
	struct cfi_rule rule;
	struct table t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(broken_cases); i++) {
		one_fde(&t, "zR", broken_cases[i].insns, broken_cases[i].len);
		print_message("%s\n", broken_cases[i].name);
		assert_true(cfi_table_rule(t.cfi, CODE_SVMA +
					   broken_cases[i].good, &rule));
		assert_false(cfi_table_rule(t.cfi, CODE_SVMA +
					    broken_cases[i].bad, &rule));
		close_table(&t);
	}
}

static void bounds_and_signal_frames_are_known(void **state)
{
	const uint8_t undefined_ra[] = { 0x07, RIP };
	struct cfi_rule rule;
	uint64_t lo, hi;
	struct table t;

	(void)state;
	one_fde(&t, "zRS", undefined_ra, sizeof(undefined_ra));
	assert_true(cfi_table_fde(t.cfi, CODE_SVMA + 7, &lo, &hi));
	assert_int_equal(lo, CODE_SVMA);
	assert_int_equal(hi, CODE_SVMA + CODE_LEN);
	assert_false(cfi_table_fde(t.cfi, CODE_SVMA - 1, &lo, &hi));
	assert_false(cfi_table_fde(t.cfi, hi, &lo, &hi));
	assert_true(cfi_table_rule(t.cfi, CODE_SVMA, &rule));
	assert_true(rule.signal);
	assert_int_equal(rule.ra.kind, CFI_UNDEFINED);
	close_table(&t);
}

/* Two FDEs, behind a search table whose entries may be wrong. */
static void with_search_table(struct table *t, uint32_t first, uint32_t second,
			      uint32_t count)
{
	const uint8_t two[] = { 0x0e, 48 };
	struct tiny_section s[2] = { { .name = ".eh_frame_hdr", .len = 28 },
				     { .name = ".eh_frame" } };
	size_t frame_at = TINY_FIRST + 32, fde[2];
	struct buf hdr = { 0 };

	memset(t, 0, sizeof(*t));
	put_cie(&t->frame, true, "zR", RIP);
	fde[0] = t->frame.len;
	put_fde(&t->frame, frame_at, CODE_SVMA, 0x100, NULL, 0);
	fde[1] = t->frame.len;
	put_fde(&t->frame, frame_at, CODE_SVMA + 0x200, 0x100, two, 2);
	buf_put(&hdr, "\x01\x1b\x03\x3b", 4);
	buf_put_u32(&hdr, (uint32_t)(frame_at - (TINY_FIRST + 4)));
	buf_put_u32(&hdr, count);
	buf_put_u32(&hdr, (uint32_t)(CODE_SVMA - TINY_FIRST));
	buf_put_u32(&hdr, (uint32_t)(32 + fde[first]));
	buf_put_u32(&hdr, (uint32_t)(CODE_SVMA + 0x200 - TINY_FIRST));
	buf_put_u32(&hdr, (uint32_t)(32 + fde[second]));
	s[0].bytes = hdr.data;
	s[1].bytes = t->frame.data;
	s[1].len = t->frame.len;
	open_table(t, s, 2, EM_X86_64);
	buf_release(&hdr);
}

static void fde_is_found_though_the_search_table_lies(void **state)
{
	static const uint32_t tables[][3] = {
		{ 0, 1, 2 },		/* true */
		{ 1, 0, 2 },		/* exchanged */
		{ 0, 0, 2 },
		{ 0, 1, 100000 },	/* longer than it is */
		{ 0, 1, 0 },		/* empty */
	};
	struct cfi_rule rule;
	struct table t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(tables); i++) {
		with_search_table(&t, tables[i][0], tables[i][1], tables[i][2]);
		assert_true(cfi_table_rule(t.cfi, CODE_SVMA + 0x2ff, &rule));
		assert_int_equal(rule.cfa_off, 48);
		assert_true(cfi_table_rule(t.cfi, CODE_SVMA + 0xff, &rule));
		assert_int_equal(rule.cfa_off, 8);
		assert_false(cfi_table_rule(t.cfi, CODE_SVMA + 0x100, &rule));
		close_table(&t);
	}
}

static void debug_frame_serves_without_eh_frame(void **state)
{
	const uint8_t insns[] = { 0x0e, 32 };
	struct tiny_section s = { .name = ".debug_frame" };
	struct buf body = { 0 };
	struct cfi_rule rule;
	struct table t;

	(void)state;
	memset(&t, 0, sizeof(t));
	put_cie(&t.frame, false, "", RIP);
	buf_put_u32(&body, 0);		/* the CIE's offset */
	buf_put_u64(&body, CODE_SVMA);
	buf_put_u64(&body, CODE_LEN);
	buf_put(&body, insns, sizeof(insns));
	put_entry(&t.frame, &body);
	buf_release(&body);
	s.bytes = t.frame.data;
	s.len = t.frame.len;
	open_table(&t, &s, 1, EM_X86_64);
	assert_true(cfi_table_rule(t.cfi, CODE_SVMA + 1, &rule));
	assert_int_equal(rule.cfa_off, 32);
	close_table(&t);
}

static void aarch64_leaf_has_its_return_address_in_x30(void **state)
{
	/* paciasp; stp x29,x30,[sp,-32]!: negate, def_cfa_offset, offsets */
	const uint8_t insns[] = { 0x44, 0x2d, 0x44, 0x0e, 32, 0x80 | 29, 4,
				  0x80 | 30, 3 };
	struct tiny_section s = { .name = ".eh_frame" };
	struct cfi_rule rule;
	struct table t;

	(void)state;
	memset(&t, 0, sizeof(t));
	put_cie(&t.frame, true, "zR", 30);
	t.frame.data[18] = 31;		/* CFA = sp */
	t.frame.data[19] = 0;
	put_fde(&t.frame, FRAME_AVMA, CODE_SVMA, CODE_LEN, insns,
		sizeof(insns));
	s.bytes = t.frame.data;
	s.len = t.frame.len;
	open_table(&t, &s, 1, EM_AARCH64);
	assert_true(cfi_table_rule(t.cfi, CODE_SVMA + 4, &rule));
	assert_int_equal(rule.cfa_reg, 31);
	assert_int_equal(rule.cfa_off, 0);
	assert_int_equal(rule.ra.kind, CFI_SAME);
	assert_int_equal(rule.ra.reg, 30);
	assert_true(cfi_table_rule(t.cfi, CODE_SVMA + 8, &rule));
	assert_int_equal(rule.cfa_off, 32);
	assert_int_equal(rule.ra.kind, CFI_OFFSET);
	assert_int_equal(rule.ra.off, -24);
	assert_int_equal(reg_of(&rule, 29).off, -32);
	close_table(&t);
}

/* --- the interpreter --- */
static bool read_twice(void *ctx, uint64_t avma, uint64_t *value)
{
	(void)ctx;
	*value = 2 * avma;
	return avma < 0x10000;
}

static const struct {
	const char *name;
	const uint8_t *bytes;
	size_t len;
	bool ok;
	uint64_t value;
} expr_cases[] = {
	{ "literal", I(0x35), true, 5 },
	{ "constants", I(0x0b, 0xfe, 0xff, 0x08, 3, 0x22), true, 1 },
	{ "register", I(0x77, 8), true, 0x1008 },
	{ "unknown register", I(0x70, 8), false, 0 },
	{ "dereference", I(0x77, 0, 6), true, 0x2000 },
	{ "dereference of 2 bytes", I(0x0a, 0xff, 0xff, 0x94, 1), true, 0xfe },
	{ "unreadable", I(0x0c, 0, 0, 2, 0, 6), false, 0 },
	{ "dup, mul", I(0x33, 0x12, 0x1e), true, 9 },
	{ "swap, minus", I(0x33, 0x35, 0x16, 0x1c), true, 2 },
	{ "over", I(0x33, 0x35, 0x14), true, 3 },
	{ "rot", I(0x31, 0x32, 0x33, 0x17, 0x13, 0x13), true, 3 },
	{ "pick", I(0x31, 0x32, 0x33, 0x15, 2), true, 1 },
	{ "signed compare", I(0x09, 0xff, 0x31, 0x2d), true, 1 },
	{ "division by 0", I(0x31, 0x30, 0x1b), false, 0 },
	{ "remainder by 0", I(0x31, 0x30, 0x1d), false, 0 },
	{ "least / -1", I(0x31, 0x08, 63, 0x24, 0x09, 0xff, 0x1b), true,
	  UINT64_C(1) << 63 },
	{ "shift by 64", I(0x31, 0x08, 64, 0x24), true, 0 },
	{ "arithmetic shift", I(0x09, 0xf0, 0x32, 0x26), true, UINT64_MAX - 3 },
	{ "branch taken", I(0x31, 0x31, 0x28, 1, 0, 0x35), true, 1 },
	{ "branch not taken", I(0x31, 0x30, 0x28, 1, 0, 0x35), true, 5 },
	{ "skip outside", I(0x2f, 9, 0), false, 0 },
	{ "loop for ever", I(0x2f, 0xfd, 0xff), false, 0 },
	{ "stack underflow", I(0x22), false, 0 },
	{ "push for ever", I(0x31, 0x2f, 0xfc, 0xff), false, 0 },
	{ "unknown operation", I(0x31, 0xe1), false, 0 },
	{ "nothing", I(0x96), false, 0 },
	{ "cut operand", I(0x0c, 1), false, 0 },
};

static void expressions_are_evaluated_within_bounds(void **state)
{
	struct unwind_regs regs = { .known = UINT64_C(1) << RSP };
	struct cfi_expr_env env;
	uint64_t value;
	size_t i;

	(void)state;
	regs.v[RSP] = 0x1000;
	for (i = 0; i < ARRAY_LEN(expr_cases); i++) {
		print_message("%s\n", expr_cases[i].name);
		env = (struct cfi_expr_env){ .v = regs.v, .known = regs.known,
					     .read = read_twice };
		assert_int_equal(cfi_expr_eval(cursor_of(expr_cases[i].bytes,
							 expr_cases[i].len),
					       NULL, &env, &value),
				 expr_cases[i].ok);
		if (expr_cases[i].ok)
			assert_int_equal(value, expr_cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_instruction_gives_its_rule),
		cmocka_unit_test(what_is_broken_costs_its_row_only),
		cmocka_unit_test(bounds_and_signal_frames_are_known),
		cmocka_unit_test(fde_is_found_though_the_search_table_lies),
		cmocka_unit_test(debug_frame_serves_without_eh_frame),
		cmocka_unit_test(aarch64_leaf_has_its_return_address_in_x30),
		cmocka_unit_test(expressions_are_evaluated_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
