/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk, on made-up code: each pc has a rule from a table, the stack is an
 * array of words. And the trampolines: every form, every offset.
 */
#include "../support/cmocka_all.h"

#include <elf.h>
#include <string.h>

#include "adder/cfi_rule.h"
#include "adder/types.h"
#include "adder/unwind.h"

#define STACK UINT64_C(0x7ffd00000000)
#define CODE UINT64_C(0x400000)

enum { RBX = 3, RBP = 6, RSP = 7, RIP = 16 };
enum { A64_FP = 29, A64_LR = 30, A64_SP = 31, A64_PC = 32 };

static struct {
	struct unwinder *u;
	struct unwind_memo *memo;
	struct unwind_regs regs;
	struct unwind_stack stack;
	struct unwind_walk out;
	/* rules[i] is that of CODE + i * 16 .. + 15; kind NONE: none */
	struct cfi_rule rules[16];
	struct unwind_space space;
	uint64_t words[512];
} t;

static bool find(void *ctx, uint64_t avma, struct unwind_region *out)
{
	(void)ctx;
	if (avma < CODE || avma >= CODE + sizeof(t.rules))
		return false;
	*out = (struct unwind_region){ .kind = CODE_JIT, .lo_avma = CODE,
				       .hi_avma = CODE + sizeof(t.rules) };
	return true;
}

static bool jit_rule(void *ctx, uint64_t avma, struct cfi_rule *rule)
{
	size_t i = (avma - CODE) / 16;

	(void)ctx;
	if (i >= ARRAY_LEN(t.rules) || t.rules[i].cfa_kind == CFI_CFA_NONE)
		return false;
	*rule = t.rules[i];
	return true;
}

static int setup_for(uint16_t machine)
{
	memset(&t, 0, sizeof(t));
	t.u = unwinder_new(arch_by_machine(machine));
	t.memo = unwind_memo_new();
	t.space = (struct unwind_space){ 1, find, jit_rule, NULL };
	t.stack = (struct unwind_stack){ (const uint8_t *)t.words, STACK,
					 sizeof(t.words), END_CUT };
	t.regs.known = UINT64_MAX;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	setup_for(EM_X86_64);
	t.regs.v[RSP] = STACK;
	t.regs.v[RIP] = CODE;
	return 0;
}

static int setup_aarch64(void **state)
{
	(void)state;
	setup_for(EM_AARCH64);
	t.regs.v[A64_SP] = STACK;
	t.regs.v[A64_PC] = CODE;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unwinder_free(t.u);
	unwind_memo_free(t.memo);
	return 0;
}

static uint64_t pc_of(unsigned int i)
{
	return CODE + 16 * i + 8;
}

static struct cfi_rule *sp_rule(unsigned int i, int32_t cfa_off)
{
	struct cfi_rule *r = &t.rules[i];

	memset(r, 0, sizeof(*r));
	r->cfa_kind = CFI_CFA_REG;
	r->cfa_reg = RSP;
	r->cfa_off = cfa_off;
	r->ra = (struct cfi_reg){ .reg = RIP, .kind = CFI_OFFSET, .off = -8 };
	return r;
}

static void add_reg(struct cfi_rule *r, uint8_t reg, uint8_t kind, int32_t off,
		    uint16_t arg)
{
	r->regs[r->reg_count++] = (struct cfi_reg){
		.reg = reg, .kind = kind, .off = off, .arg = arg };
}

static void root_rule(unsigned int i)
{
	sp_rule(i, 8)->ra.kind = CFI_UNDEFINED;
}

static void walk(void)
{
	unwind_walk(t.u, t.memo, &t.space, &t.regs, &t.stack, &t.out);
}

static void undefined_return_address_is_complete(void **state)
{
	(void)state;
	sp_rule(0, 16);
	root_rule(1);
	t.words[1] = pc_of(1);
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 2);
	assert_int_equal(t.out.frames[0].pc_avma, pc_of(1));
	assert_int_equal(t.out.frames[0].flags, 0);
	assert_int_equal(t.out.frames[1].pc_avma, CODE);
	assert_int_equal(t.out.frames[1].flags, FRAME_F_LEAF);
	assert_int_equal(t.out.frames[1].cfa, STACK + 16);
	assert_int_equal(t.out.root_cfa, STACK + 24);
}

static void return_address_0_is_complete(void **state)
{
	(void)state;
	sp_rule(0, 16);
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 1);
}

static void missing_bytes_cut_and_say_where(void **state)
{
	(void)state;
	sp_rule(0, 4096 + 64);
	t.stack.beyond = END_NOT_HELD;
	walk();
	assert_int_equal(t.out.end, END_NOT_HELD);
	assert_int_equal(t.out.needed_avma, STACK + 4096 + 56);
	assert_int_equal(t.out.count, 1);
	t.stack.size_bytes = 7;		/* not one word */
	sp_rule(1, 16);
	t.regs.v[RIP] = pc_of(1);
	walk();
	assert_int_equal(t.out.needed_avma, STACK + 8);
}

static void stack_must_grow(void **state)
{
	struct cfi_rule *r = sp_rule(0, 16);

	(void)state;
	t.words[1] = pc_of(1);
	r = sp_rule(1, 0);
	walk();
	assert_int_equal(t.out.end, END_NO_PROGRESS);
	assert_int_equal(t.out.count, 2);
	r->cfa_off = -64;
	t.space.generation++;
	walk();
	assert_int_equal(t.out.end, END_NO_PROGRESS);
}

static void slot_below_the_sp_keeps_its_register(void **state)
{
	(void)state;
	/* pop %rbx has run, ret has not: the slot lies below the SP. */
	add_reg(sp_rule(0, 8), RBX, CFI_OFFSET, -16, 0);
	sp_rule(1, 16)->cfa_reg = RBX;
	root_rule(2);
	t.words[0] = pc_of(1);
	t.words[5] = pc_of(2);
	t.regs.v[RBX] = STACK + 32;
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 3);
	assert_int_equal(t.out.frames[1].cfa, STACK + 48);
}

static void saved_registers_come_back(void **state)
{
	struct cfi_rule *r = sp_rule(0, 32);

	(void)state;
	add_reg(r, RBX, CFI_OFFSET, -32, 0);
	add_reg(r, RBP, CFI_OFFSET, -24, 0);
	sp_rule(1, 8)->cfa_reg = RBP;
	sp_rule(2, 8)->cfa_reg = RBX;
	root_rule(4);
	t.words[0] = STACK + 160;	/* rbx */
	t.words[1] = STACK + 80;	/* rbp */
	t.words[3] = pc_of(1);
	t.words[10] = pc_of(2);
	t.words[20] = pc_of(4);
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 4);
	assert_int_equal(t.out.frames[1].cfa, STACK + 168);
}

static void unknown_registers_end_with_cut(void **state)
{
	(void)state;
	sp_rule(0, 16);
	sp_rule(1, 16)->cfa_reg = RBP;
	t.words[1] = pc_of(1);
	t.regs.v[RBP] = STACK + 64;
	t.words[9] = 0;
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	t.regs.known = UINT64_C(1) << RSP | UINT64_C(1) << RIP;
	walk();
	assert_int_equal(t.out.end, END_CUT);
	assert_int_equal(t.out.needed_avma, 0);
	assert_int_equal(t.out.count, 2);
	t.regs.known = UINT64_C(1) << RSP;
	walk();
	assert_int_equal(t.out.end, END_NO_USER);
	assert_int_equal(t.out.count, 0);
}

static void calls_do_not_keep_scratch_registers(void **state)
{
	(void)state;
	sp_rule(0, 16);
	sp_rule(1, 16)->cfa_reg = 0;		/* rax, in a caller */
	t.words[1] = pc_of(1);
	t.regs.v[0] = STACK + 64;
	walk();
	assert_int_equal(t.out.end, END_CUT);
	/* but a leaf may hang on any */
	t.regs.v[RIP] = pc_of(1);
	t.words[9] = 0;
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
}

static void frame_pointers_serve_where_there_is_no_rule(void **state)
{
	(void)state;
	root_rule(2);
	t.regs.v[RBP] = STACK + 32;
	t.words[4] = STACK + 96;
	t.words[5] = pc_of(1);
	t.words[12] = 0;
	t.words[13] = pc_of(2);
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 3);
	assert_true(t.out.frames[0].from_fp);
	assert_true(t.out.frames[1].from_fp);
	assert_false(t.out.frames[2].from_fp);
	assert_int_equal(unwinder_stats(t.u)->fp_frames, 2);
}

static void implausible_frame_pointers_are_no_rule(void **state)
{
	(void)state;
	t.regs.v[RBP] = STACK - 32;		/* below the SP */
	walk();
	assert_int_equal(t.out.end, END_NO_RULE);
	assert_int_equal(t.out.count, 1);
	t.regs.v[RBP] = STACK + 32;		/* returns to a string */
	t.words[5] = UINT64_C(0x6c2f6372732f656d);
	walk();
	assert_int_equal(t.out.end, END_NO_RULE);
	assert_int_equal(t.out.count, 1);	/* garbage is not shown */
}

static void leaf_in_no_mapping_is_shown_alone(void **state)
{
	(void)state;
	t.regs.v[RIP] = 0x10;
	walk();
	assert_int_equal(t.out.end, END_NO_RULE);
	assert_int_equal(t.out.count, 1);
	assert_int_equal(t.out.frames[0].code, CODE_NONE);
	*t.out.frames[0].cookie = 5;
	walk();
	assert_int_equal(*t.out.frames[0].cookie, 0);
}

static void signal_frame_restores_what_it_interrupted(void **state)
{
	struct cfi_rule *r;

	(void)state;
	sp_rule(0, 8);
	t.words[0] = pc_of(1);
	r = sp_rule(1, 0);		/* like libc's __restore_rt */
	r->cfa_kind = CFI_CFA_DEREF;
	r->cfa_off = 16;
	r->signal = true;
	r->ra = (struct cfi_reg){ .reg = RIP, .kind = CFI_AT_REG, .arg = RSP,
				  .off = 24 };
	add_reg(r, 0, CFI_AT_REG, 8, RSP);
	add_reg(r, RSP, CFI_AT_REG, 16, RSP);
	t.words[1 + 1] = STACK + 512;		/* rax */
	t.words[1 + 2] = STACK + 256;		/* rsp */
	t.words[1 + 3] = CODE + 16 * 2;		/* rip: exact */
	sp_rule(2, 16)->cfa_reg = 0;
	root_rule(3);
	t.words[65] = pc_of(3);
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 4);
	assert_int_equal(t.out.frames[2].flags, FRAME_F_SIGNAL);
	assert_int_equal(t.out.frames[1].flags, FRAME_F_LEAF);
	assert_false(t.out.slow);
}

static void saved_sp_below_the_sp_is_searched_for(void **state)
{
	struct cfi_rule *r = sp_rule(0, -8);

	(void)state;
	r->cfa_kind = CFI_CFA_DEREF;
	r->cfa_off2 = 8;
	root_rule(1);
	t.words[3] = 0x1234567;			/* message words */
	t.words[7] = STACK + 8 * 90;		/* not before a return address */
	t.words[19] = STACK + 8 * 100;		/* the saved SP */
	t.words[100] = pc_of(1);
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 2);
	assert_true(t.out.frames[0].from_fp);
	/* with the bytes below the SP there is nothing to search */
	t.words[15] = STACK + 8 * 60;
	t.words[60] = pc_of(1);
	t.regs.v[RSP] = STACK + 8 * 16;
	walk();
	assert_int_equal(t.out.frames[1].cfa, STACK + 8 * 61);
	assert_false(t.out.frames[0].from_fp);
}

static void endless_stack_ends_somewhere(void **state)
{
	(void)state;
	/* A signal frame that returns to itself. */
	sp_rule(0, 8)->signal = true;
	add_reg(&t.rules[0], RSP, CFI_SAME, 0, 0);
	t.words[0] = CODE;
	walk();
	assert_int_equal(t.out.end, END_TOO_DEEP);
	assert_int_equal(t.out.count, UNWIND_MAX_FRAMES);
	walk();
	assert_int_equal(t.out.end, END_TOO_DEEP);
}

static void old_rules_do_not_survive_a_new_generation(void **state)
{
	(void)state;
	sp_rule(0, 16);
	root_rule(1);
	t.words[1] = pc_of(1);
	t.words[3] = pc_of(1);
	walk();
	assert_int_equal(t.out.frames[1].cfa, STACK + 16);
	*t.out.frames[1].cookie = 7;
	sp_rule(0, 32);
	t.space.generation++;
	walk();
	assert_int_equal(t.out.shared, 0);
	assert_int_equal(t.out.frames[1].cfa, STACK + 32);
	assert_int_equal(*t.out.frames[1].cookie, 0);
}

static void aarch64_leaf_and_signed_address(void **state)
{
	struct cfi_rule *r = sp_rule(0, 0);

	(void)state;
	r->cfa_reg = A64_SP;
	r->ra = (struct cfi_reg){ .reg = A64_LR, .kind = CFI_SAME };
	t.regs.v[A64_LR] = pc_of(1);
	r = sp_rule(1, 32);
	r->cfa_reg = A64_SP;
	r->ra.reg = A64_LR;
	r->ra.off = -24;
	add_reg(r, A64_FP, CFI_OFFSET, -32, 0);
	t.words[1] = pc_of(2) | UINT64_C(0x7f2a) << 48;
	r = sp_rule(2, 16);
	r->cfa_reg = A64_SP;
	r->ra = (struct cfi_reg){ .reg = A64_LR, .kind = CFI_UNDEFINED };
	walk();
	assert_int_equal(t.out.end, END_COMPLETE);
	assert_int_equal(t.out.count, 3);
	assert_int_equal(t.out.frames[0].pc_avma, pc_of(2));
	/* a caller whose return address is in a register that the call broke */
	t.rules[1] = t.rules[0];
	t.space.generation++;
	walk();
	assert_int_equal(t.out.end, END_CUT);
	assert_int_equal(t.out.count, 2);
}

/* --- trampolines --- */
/* For each form, the CFA's distance from the SP at each instruction. */
static const struct {
	uint16_t machine;
	const char *name;
	struct { size_t at; int32_t cfa_off; } steps[9];
} forms[] = {
	{ EM_X86_64, "sub", { { 0, 8 }, { 4, 16 }, { 6, 16 }, { 10, 8 } } },
	{ EM_X86_64, "sub-cet", { { 0, 8 }, { 4, 8 }, { 8, 16 }, { 10, 16 },
				  { 14, 8 } } },
	{ EM_X86_64, "push", { { 0, 8 }, { 1, 16 }, { 4, 16 }, { 6, 16 },
			       { 7, 8 } } },
	{ EM_X86_64, "push-cet", { { 0, 8 }, { 4, 8 }, { 5, 16 }, { 8, 16 },
				   { 10, 16 }, { 11, 8 } } },
	{ EM_AARCH64, "plain", { { 0, 0 }, { 4, 16 }, { 8, 16 }, { 12, 16 },
				 { 16, 0 } } },
	{ EM_AARCH64, "bti", { { 0, 0 }, { 4, 0 }, { 8, 16 }, { 12, 16 },
			       { 16, 16 }, { 20, 0 } } },
	{ EM_AARCH64, "pac-a", { { 0, 0 }, { 4, 0 }, { 8, 16 }, { 12, 16 },
				 { 16, 16 }, { 20, 0 }, { 24, 0 } } },
	{ EM_AARCH64, "pac-b", { { 0, 0 }, { 4, 0 }, { 8, 16 }, { 12, 16 },
				 { 16, 16 }, { 20, 0 }, { 24, 0 } } },
	{ EM_AARCH64, "bti-pac-a", { { 0, 0 }, { 8, 0 }, { 12, 16 },
				     { 20, 16 }, { 24, 0 }, { 28, 0 } } },
	{ EM_AARCH64, "bti-pac-b", { { 0, 0 }, { 8, 0 }, { 12, 16 },
				     { 20, 16 }, { 24, 0 }, { 28, 0 } } },
};

static const struct arch_tramp *form_of(const struct arch *a, const char *name)
{
	size_t i;

	for (i = 0; i < a->tramp_count; i++)
		if (!strcmp(a->tramps[i].name, name))
			return &a->tramps[i];
	fail_msg("no form '%s'", name);
	return NULL;
}

static void every_offset_of_every_trampoline_has_its_rule(void **state)
{
	const struct arch_tramp *form;
	const struct arch *a;
	struct cfi_rule rule;
	size_t i, k, offset;

	(void)state;
	assert_int_equal(ARRAY_LEN(forms),
			 arch_by_machine(EM_X86_64)->tramp_count +
			 arch_by_machine(EM_AARCH64)->tramp_count);
	for (i = 0; i < ARRAY_LEN(forms); i++) {
		a = arch_by_machine(forms[i].machine);
		form = form_of(a, forms[i].name);
		for (offset = 0, k = 0; offset < form->len; offset++) {
			if (k + 1 < 9 && forms[i].steps[k + 1].at &&
			    forms[i].steps[k + 1].at <= offset)
				k++;
			assert_true(a->tramp_rule(form, offset, &rule));
			assert_int_equal(rule.cfa_reg, a->reg_sp);
			assert_int_equal(rule.cfa_off,
					 forms[i].steps[k].cfa_off);
			assert_int_equal(rule.ra.reg, a->ra_column);
		}
		assert_false(a->tramp_rule(form, form->len, &rule));
		assert_true(a->tramp_rule(form, form->return_offset, &rule));
		assert_int_equal(rule.cfa_off, 16);
	}
}

static void trampoline_is_found_in_a_window(void **state)
{
	const struct arch *a = arch_by_machine(EM_X86_64);
	const struct arch_tramp *form = form_of(a, "push-cet");
	uint8_t window[64];
	size_t at, offset, len;

	(void)state;
	memset(window, 0xcc, sizeof(window));
	memcpy(window + 20, form->bytes, form->len);
	for (at = 0; at < sizeof(window); at++) {
		if (at < 20 || at >= 20 + form->len) {
			assert_null(arch_find_tramp(a, window, 64, at, &offset));
			continue;
		}
		assert_ptr_equal(arch_find_tramp(a, window, 64, at, &offset),
				 form);
		assert_int_equal(offset, at - 20);
	}
	/* cut windows: no reading beyond, no false find */
	for (len = 0; len < 20 + form->len; len++)
		assert_null(arch_find_tramp(a, window, len, 26, &offset));
	/* packed ones, as 3.12 has them */
	form = form_of(a, "sub");
	memcpy(window, form->bytes, 11);
	memcpy(window + 11, form->bytes, 11);
	assert_ptr_equal(arch_find_tramp(a, window, 22, 17, &offset), form);
	assert_int_equal(offset, 6);
}

#define X86(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define A64(f) cmocka_unit_test_setup_teardown(f, setup_aarch64, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		X86(undefined_return_address_is_complete),
		X86(return_address_0_is_complete),
		X86(missing_bytes_cut_and_say_where),
		X86(stack_must_grow),
		X86(slot_below_the_sp_keeps_its_register),
		X86(saved_registers_come_back),
		X86(unknown_registers_end_with_cut),
		X86(calls_do_not_keep_scratch_registers),
		X86(frame_pointers_serve_where_there_is_no_rule),
		X86(implausible_frame_pointers_are_no_rule),
		X86(leaf_in_no_mapping_is_shown_alone),
		X86(signal_frame_restores_what_it_interrupted),
		X86(saved_sp_below_the_sp_is_searched_for),
		X86(endless_stack_ends_somewhere),
		X86(old_rules_do_not_survive_a_new_generation),
		A64(aarch64_leaf_and_signed_address),
		cmocka_unit_test(every_offset_of_every_trampoline_has_its_rule),
		cmocka_unit_test(trampoline_is_found_in_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
