/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to unwind/: the parts that turn a CFI section into rows.
 *
 *	cfi_parse.c	bytes to CIE and FDE
 *	cfi_compile.c	one FDE's instructions to rows
 *	cfi_expr.c	expressions: the known shapes, and an interpreter
 *	cfi_regs.c	interned lists of register rules
 *	cfi_table.c	finds the FDE, keeps what was compiled
 */
#ifndef ADDER_SRC_UNWIND_CFI_H
#define ADDER_SRC_UNWIND_CFI_H

#include "adder/arena.h"
#include "adder/cfi_rule.h"
#include "adder/cursor.h"
#include "adder/hmap.h"
#include "adder/unwind.h"

/* --- lists of register rules, shared by all rows that have the same --- */
struct cfi_regs {
	struct cfi_regs *next;	/* same hash */
	uint64_t mask;		/* registers that have a value afterwards */
	int32_t lo_off, hi_off;	/* plain: slots lie in CFA + [lo, hi) */
	uint8_t count;
	bool plain;		/* nothing but CFI_OFFSET */
	struct cfi_reg r[];
};

struct cfi_pool {
	struct arena arena;
	struct hmap by_hash;
};

void cfi_pool_init(struct cfi_pool *p);
void cfi_pool_release(struct cfi_pool *p);
const struct cfi_regs *cfi_pool_put(struct cfi_pool *p,
				    const struct cfi_reg *r, uint8_t count);

/* A rule in its compact form; 32 bytes. */
#define CFI_ROW_SIGNAL	1
#define CFI_ROW_FP	2
struct cfi_row {
	uint8_t cfa_kind, cfa_reg, cfa_reg2, flags;
	int32_t cfa_off, cfa_off2;
	struct cfi_reg ra;
	const struct cfi_regs *regs;
};

void cfi_row_of_rule(struct cfi_pool *p, const struct cfi_rule *rule,
		     struct cfi_row *row);

/* --- parsing --- */
struct cfi_section {
	uint8_t *bytes;
	size_t len;
	uint64_t svma;
	bool is_eh;		/* .eh_frame; otherwise .debug_frame */
};

struct cfi_cie {
	uint64_t code_align;
	int64_t data_align;
	uint32_t ra_column;
	uint8_t pointer_encoding, address_bytes;
	bool augmented, signal;
	struct cursor insns;
};

struct cfi_fde {
	struct cfi_cie cie;
	uint64_t lo_svma, hi_svma;
	struct cursor insns;
};

enum cfi_entry_kind { CFI_ENTRY_END, CFI_ENTRY_CIE, CFI_ENTRY_FDE,
		      CFI_ENTRY_BAD };
struct cfi_entry {
	enum cfi_entry_kind kind;
	size_t next;		/* offset of the entry behind it */
	size_t cie_off;		/* of an FDE */
	struct cursor body;	/* behind the id field */
};

void cfi_parse_entry(const struct cfi_section *s, size_t off,
		     struct cfi_entry *e);
bool cfi_parse_cie(const struct cfi_section *s, size_t off,
		   struct cfi_cie *cie);
/* With known_cie the CIE is not parsed again. */
bool cfi_parse_fde(const struct cfi_section *s, size_t off,
		   const struct cfi_cie *known_cie, struct cfi_fde *fde);
/* DW_EH_PE_*; relative to at_svma (of the pointer) or data_svma. */
uint64_t cfi_read_pointer(struct cursor *c, uint8_t encoding, uint64_t at_svma,
			  uint64_t data_svma, uint8_t address_bytes);

/* --- compiling --- */
struct cfi_rows {
	uint64_t lo_svma, hi_svma;
	const uint32_t *deltas;	/* first address of each row - lo_svma */
	const struct cfi_row *rows;
	uint32_t count;
};

/* Rows live in the pool's arena. A malformed FDE gives the rows before it. */
void cfi_compile(const struct cfi_section *s, const struct arch *arch,
		 const struct cfi_fde *fde, struct cfi_pool *pool,
		 struct cfi_rows *out);

/* --- expressions --- */
/* The shape of a CFA expression, or false: off and off2 are then unset. */
bool cfi_expr_cfa_shape(const struct arch *arch, struct cursor bytes,
			struct cfi_row *row);
/* "saved at register + offset", or false. */
bool cfi_expr_at_reg(struct cursor bytes, struct cfi_reg *r);

struct cfi_expr_env {
	const uint64_t *v;
	uint64_t known;
	bool (*read)(void *ctx, uint64_t avma, uint64_t *value);
	void *ctx;
	bool unknown_reg;	/* set: a register without a value was asked */
	uint64_t missing_avma;	/* set: what read() refused, or 0 */
};

/* false: malformed, too long, or the environment lacks something. */
bool cfi_expr_eval(struct cursor bytes, const uint64_t *initial,
		   struct cfi_expr_env *env, uint64_t *value);

/* --- the table, as the walk uses it --- */
bool cfi_table_row(struct cfi_table *t, uint64_t svma, struct cfi_row *row);
struct cursor cfi_table_expr(const struct cfi_table *t, int32_t off,
			     uint32_t len);
uint64_t cfi_table_compiled(const struct cfi_table *t);

#endif
