/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between processors, as data and pure functions. Both
 * architectures are compiled on every host and chosen at run time by EM_*.
 * Registers have DWARF numbers.
 */
#ifndef ADDER_ARCH_H
#define ADDER_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCH_REGS 34	/* the most any of ours needs; the last slots unused */

struct unwind_regs {
	uint64_t v[ARCH_REGS];
	uint64_t known;		/* bit r set: v[r] is known */
};

struct cfi_rule;

/*
 * One form of CPython's perf trampoline; tramp_rule has the unwind rule for
 * every offset in it. The forms stand in src/arch/x86_64.c and aarch64.c.
 */
struct arch_tramp {
	const char *name;
	const uint8_t *bytes;
	size_t len;
	size_t return_offset;	/* of the instruction after the call */
};

struct arch {
	const char *name;	/* "x86_64", "aarch64" as uname says */
	uint16_t elf_machine;
	uint8_t reg_count;
	uint8_t reg_sp, reg_fp;
	uint8_t reg_ra;		/* the pc's place in unwind_regs */
	uint8_t ra_column;	/* DWARF return column: x86-64 the pc itself,
				 * aarch64 the link register */
	uint64_t saved_regs;	/* bit r: r survives calls (SP not counted) */
	uint64_t pac_mask;	/* bits to clear in a return address */
	/* perf's PERF_SAMPLE_REGS_USER mask, and its order to DWARF numbers. */
	uint64_t perf_regs_mask;
	const uint8_t *perf_regs_dwarf;	/* [i] for the i-th set bit */
	uint32_t perf_abi;	/* PERF_SAMPLE_REGS_ABI_64 */
	const struct arch_tramp *tramps;
	size_t tramp_count;
	/* The rule at `offset` of form t; false where there is none. */
	bool (*tramp_rule)(const struct arch_tramp *t, size_t offset,
			   struct cfi_rule *rule);
};

const struct arch *arch_by_machine(uint16_t elf_machine);	/* or NULL */
const struct arch *arch_native(void);

/*
 * Finds a trampoline around a pc: window holds `len` bytes of code, the pc
 * stands at window[at]. Returns the form and the pc's offset in it, or NULL.
 * The window may begin and end anywhere (32 bytes on each side are enough).
 */
const struct arch_tramp *arch_find_tramp(const struct arch *a,
					 const uint8_t *window, size_t len,
					 size_t at, size_t *offset);

#endif
