/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An unwind rule: how to get from the registers in a function, at one
 * address, to those of its caller. What the DWARF tables, the trampoline
 * templates and frame pointers have in common; registers have DWARF numbers.
 */
#ifndef ADDER_CFI_RULE_H
#define ADDER_CFI_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "adder/arch.h"

enum cfi_cfa {
	CFI_CFA_NONE = 0,	/* no rule */
	CFI_CFA_REG,		/* reg + off */
	CFI_CFA_DEREF,		/* *(reg + off) + off2 */
	CFI_CFA_INDEX,		/* *(reg + off + reg2 * 8) + off2 */
	CFI_CFA_EXPR,		/* expression: off = its place, off2 = bytes */
	CFI_CFA_PLT,		/* reg + off + 8 where (pc & 15) >= off2; turned
				 * into CFI_CFA_REG once the pc is known */
};

enum cfi_kind {
	CFI_SAME = 0,
	CFI_UNDEFINED,		/* as a return address: there is no caller */
	CFI_OFFSET,		/* saved at CFA + off */
	CFI_VAL_OFFSET,		/* is CFA + off */
	CFI_REGISTER,		/* is register arg */
	CFI_AT_REG,		/* saved at register arg + off */
	CFI_EXPR,		/* saved at: expression of arg bytes at off */
	CFI_VAL_EXPR,		/* is: expression */
};

struct cfi_reg {
	int32_t off;
	uint16_t arg;
	uint8_t reg;
	uint8_t kind;		/* enum cfi_kind */
};

struct cfi_rule {
	uint8_t cfa_kind;	/* enum cfi_cfa */
	uint8_t cfa_reg, cfa_reg2;
	bool signal;		/* a signal frame: its caller was interrupted */
	bool by_fp;		/* a guess: frame pointers */
	int32_t cfa_off, cfa_off2;
	struct cfi_reg ra;
	/*
	 * The other registers, ascending; those not listed keep their value
	 * if the architecture saves them over calls, else become unknown.
	 */
	uint8_t reg_count;
	struct cfi_reg regs[ARCH_REGS];
};

#endif
