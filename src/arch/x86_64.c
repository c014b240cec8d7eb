/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86-64. DWARF numbers: System V psABI, figure 3.36 (0 rax, 1 rdx, 2 rcx,
 * 3 rbx, 4 rsi, 5 rdi, 6 rbp, 7 rsp, 8..15, 16 return address); perf's order:
 * arch/x86/include/uapi/asm/perf_regs.h, without flags and segments (bits
 * 9..15), which no unwind rule reads.
 *
 * CPython's perf trampoline, one copy per code object, packed (3.12) or
 * aligned to 16 or 32 bytes:
 *
 *	3.12, 3.13.0	sub $8,%rsp; call *%rcx; add $8,%rsp; ret
 *	later		push %rbp; mov %rsp,%rbp; call *%rcx; pop %rbp; ret
 *
 * each with an endbr64 in front where CPython was built for CET. A form with
 * endbr64 stands before the one without, whose bytes it contains.
 */
#include <elf.h>
#include <string.h>

#include "adder/arch.h"
#include "adder/cfi_rule.h"
#include "adder/types.h"
#include "archs.h"

enum { RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13,
       R14, R15, RIP };

static const uint8_t perf_to_dwarf[] = {
	RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, RIP,
	R8, R9, R10, R11, R12, R13, R14, R15,
};

#define ENDBR64 0xf3, 0x0f, 0x1e, 0xfa
#define BYTES_SUB 0x48, 0x83, 0xec, 0x08, 0xff, 0xd1, 0x48, 0x83, 0xc4, 0x08, \
		  0xc3
#define BYTES_PUSH 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd1, 0x5d, 0xc3

static const uint8_t sub_cet[] = { ENDBR64, BYTES_SUB };
static const uint8_t sub_plain[] = { BYTES_SUB };
static const uint8_t push_cet[] = { ENDBR64, BYTES_PUSH };
static const uint8_t push_plain[] = { BYTES_PUSH };

static const struct arch_tramp tramps[] = {
	{ "sub-cet", sub_cet, sizeof(sub_cet), 10 },
	{ "push-cet", push_cet, sizeof(push_cet), 10 },
	{ "sub", sub_plain, sizeof(sub_plain), 6 },
	{ "push", push_plain, sizeof(push_plain), 6 },
};

static bool tramp_rule(const struct arch_tramp *t, size_t offset,
		       struct cfi_rule *rule)
{
	size_t body = t->bytes[0] == 0xf3 ? 4 : 0;	/* behind endbr64 */
	bool pushes = t->bytes[body] == 0x55;
	size_t inside = body + (pushes ? 1 : 4);	/* rsp has moved */
	bool moved = offset >= inside && offset < t->len - 1;

	if (offset >= t->len)
		return false;
	memset(rule, 0, sizeof(*rule));
	rule->cfa_kind = CFI_CFA_REG;
	rule->cfa_reg = RSP;
	rule->cfa_off = moved ? 16 : 8;
	rule->ra = (struct cfi_reg){ .reg = RIP, .kind = CFI_OFFSET, .off = -8 };
	if (pushes && moved)
		rule->regs[rule->reg_count++] = (struct cfi_reg){
			.reg = RBP, .kind = CFI_OFFSET, .off = -16 };
	return true;
}

#define BIT(r) (UINT64_C(1) << (r))

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.elf_machine = EM_X86_64,
	.reg_count = RIP + 1,
	.reg_sp = RSP,
	.reg_fp = RBP,
	.reg_ra = RIP,
	.ra_column = RIP,
	.saved_regs = BIT(RBX) | BIT(RBP) | BIT(R12) | BIT(R13) | BIT(R14) |
		      BIT(R15),
	.pac_mask = 0,
	.perf_regs_mask = 0xff01ff,
	.perf_regs_dwarf = perf_to_dwarf,
	.perf_abi = 2,
	.tramps = tramps,
	.tramp_count = ARRAY_LEN(tramps),
	.tramp_rule = tramp_rule,
};
