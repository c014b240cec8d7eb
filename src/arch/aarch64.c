/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aarch64. DWARF numbers: DWARF for the Arm 64-bit Architecture, section 4.1
 * (0..30 x0..x30, 31 sp, 32 pc); perf has the same order
 * (arch/arm64/include/uapi/asm/perf_regs.h). x30 is the return column, and
 * in a leaf function the return address is nowhere else; the pc has a place
 * of its own.
 *
 * Pointer authentication puts a code into the bits of an address above the
 * virtual address space: bits 48..63 of a user address, but for bit 55, are 0
 * in Linux (Documentation/arch/arm64/pointer-authentication.rst). 52-bit
 * user addresses are given out on request only, and never for code.
 *
 * CPython's perf trampoline:
 *
 *	stp x29,x30,[sp,-16]!; mov x29,sp; blr x3; ldp x29,x30,[sp],16; ret
 *
 * with hint 25/29 (paciasp, autiasp), 27/31 (pacibsp, autibsp) or 34 (bti c)
 * around it, as it was compiled.
 */
#include <elf.h>
#include <string.h>

#include "adder/arch.h"
#include "adder/cfi_rule.h"
#include "adder/types.h"
#include "archs.h"

enum { FP = 29, LR = 30, SP = 31, PC = 32 };

static const uint8_t perf_to_dwarf[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, FP, LR, SP, PC,
};

#define HINT(n) 0x1f | (((n) & 7) << 5), 0x20 | ((n) >> 3), 0x03, 0xd5
#define STP 0xfd, 0x7b, 0xbf, 0xa9
#define MOV 0xfd, 0x03, 0x00, 0x91
#define BLR 0x60, 0x00, 0x3f, 0xd6
#define LDP 0xfd, 0x7b, 0xc1, 0xa8
#define RET 0xc0, 0x03, 0x5f, 0xd6

static const uint8_t bti_pac_a[] = {
	HINT(34), HINT(25), STP, MOV, BLR, LDP, HINT(29), RET };
static const uint8_t bti_pac_b[] = {
	HINT(34), HINT(27), STP, MOV, BLR, LDP, HINT(31), RET };
static const uint8_t pac_a[] = { HINT(25), STP, MOV, BLR, LDP, HINT(29), RET };
static const uint8_t pac_b[] = { HINT(27), STP, MOV, BLR, LDP, HINT(31), RET };
static const uint8_t bti[] = { HINT(34), STP, MOV, BLR, LDP, RET };
static const uint8_t plain[] = { STP, MOV, BLR, LDP, RET };

static const struct arch_tramp tramps[] = {
	{ "bti-pac-a", bti_pac_a, sizeof(bti_pac_a), 20 },
	{ "bti-pac-b", bti_pac_b, sizeof(bti_pac_b), 20 },
	{ "pac-a", pac_a, sizeof(pac_a), 16 },
	{ "pac-b", pac_b, sizeof(pac_b), 16 },
	{ "bti", bti, sizeof(bti), 16 },
	{ "plain", plain, sizeof(plain), 12 },
};

static bool tramp_rule(const struct arch_tramp *t, size_t offset,
		       struct cfi_rule *rule)
{
	size_t stp = t->return_offset - 12, ldp = t->return_offset;

	if (offset >= t->len)
		return false;
	memset(rule, 0, sizeof(*rule));
	rule->cfa_kind = CFI_CFA_REG;
	rule->cfa_reg = SP;
	rule->ra = (struct cfi_reg){ .reg = LR, .kind = CFI_SAME };
	if (offset < stp + 4 || offset >= ldp + 4)
		return true;	/* nothing is pushed: x30 holds the address */
	rule->cfa_off = 16;
	rule->ra = (struct cfi_reg){ .reg = LR, .kind = CFI_OFFSET, .off = -8 };
	rule->regs[rule->reg_count++] = (struct cfi_reg){
		.reg = FP, .kind = CFI_OFFSET, .off = -16 };
	return true;
}

const struct arch arch_aarch64 = {
	.name = "aarch64",
	.elf_machine = EM_AARCH64,
	.reg_count = PC + 1,
	.reg_sp = SP,
	.reg_fp = FP,
	.reg_ra = PC,
	.ra_column = LR,
	.saved_regs = UINT64_C(0x7ff) << 19,	/* x19..x29 */
	.pac_mask = UINT64_C(0xffff) << 48,
	.perf_regs_mask = (UINT64_C(1) << 33) - 1,
	.perf_regs_dwarf = perf_to_dwarf,
	.perf_abi = 2,
	.tramps = tramps,
	.tramp_count = ARRAY_LEN(tramps),
	.tramp_rule = tramp_rule,
};
