/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our rows against libdw's, for the modules that matter: for every FDE, at
 * the beginning, at the end and in between of every row, our rule is what
 * libdw computes. Register rules are compared as such. Expressions are
 * compared by what they compute on made-up registers and memory; those that
 * are not compact rules here are counted.
 *
 * Given file names, it compares these instead and prints what differs.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adder/cfi_rule.h"
#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/types.h"
#include "adder/unwind.h"

struct compared {
	const char *path;
	const struct arch *arch;
	struct cfi_table *table;
	uint64_t rows, expressions, addresses, mismatches;
};

/* --- made-up contents --- */
static uint64_t made_up_reg(unsigned int reg)
{
	return UINT64_C(0x7fff00000000) + ((uint64_t)reg << 20) + reg * 8;
}

static uint64_t made_up_word(uint64_t avma)
{
	return hash_u64(avma);
}

/* --- libdw's side --- */
static bool eval_op(const Dwarf_Op *op, uint64_t *st, int *n, uint64_t cfa)
{
	uint64_t a, b;

	switch (op->atom) {
	case DW_OP_call_frame_cfa: st[(*n)++] = cfa; return true;
	case DW_OP_stack_value: return true;
	case DW_OP_bregx:
		st[(*n)++] = made_up_reg((unsigned int)op->number) + op->number2;
		return true;
	case DW_OP_regx:
		st[(*n)++] = made_up_reg((unsigned int)op->number);
		return true;
	case DW_OP_deref: st[*n - 1] = made_up_word(st[*n - 1]); return true;
	case DW_OP_plus_uconst: st[*n - 1] += op->number; return true;
	}
	if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31) {
		st[(*n)++] = made_up_reg(op->atom - DW_OP_breg0) + op->number;
		return true;
	}
	if (op->atom >= DW_OP_lit0 && op->atom <= DW_OP_lit31) {
		st[(*n)++] = op->atom - DW_OP_lit0;
		return true;
	}
	if (*n < 2)
		return false;
	b = st[--*n];
	a = st[*n - 1];
	switch (op->atom) {
	case DW_OP_plus: a += b; break;
	case DW_OP_and: a &= b; break;
	case DW_OP_mul: a *= b; break;
	case DW_OP_shl: a <<= b; break;
	case DW_OP_ge: a = (int64_t)a >= (int64_t)b; break;
	default: return false;
	}
	st[*n - 1] = a;
	return true;
}

/* pc-dependent expressions see the made-up pc: give it svma's low bits. */
static uint64_t made_up_pc_fix(const struct compared *c, uint64_t v,
			       uint64_t svma, const Dwarf_Op *ops, size_t nops)
{
	size_t i;

	/* The PLT's: reg + N + ((pc & 15) >= K) << 3. */
	for (i = 0; i < nops; i++)
		if (ops[i].atom == DW_OP_breg0 + c->arch->reg_ra)
			return made_up_reg(c->arch->reg_sp) + ops[0].number +
			       ((int)(svma & 15) >= ops[i + 3].atom - DW_OP_lit0 ?
				8 : 0);
	return v;
}

static bool eval_ops(const Dwarf_Op *ops, size_t nops, uint64_t cfa,
		     uint64_t *v)
{
	uint64_t st[64];
	size_t i;
	int n = 0;

	if (nops > 60)
		return false;
	for (i = 0; i < nops; i++)
		if (!eval_op(&ops[i], st, &n, cfa))
			return false;
	*v = n ? st[n - 1] : 0;
	return n > 0;
}

/* --- ours --- */
static bool our_cfa(const struct cfi_rule *r, uint64_t *cfa)
{
	uint64_t at = made_up_reg(r->cfa_reg) + (uint64_t)(int64_t)r->cfa_off;

	if (r->cfa_kind == CFI_CFA_INDEX)
		at += 8 * made_up_reg(r->cfa_reg2);
	if (r->cfa_kind == CFI_CFA_INDEX || r->cfa_kind == CFI_CFA_DEREF)
		at = made_up_word(at) + (uint64_t)(int64_t)r->cfa_off2;
	*cfa = at;
	return r->cfa_kind != CFI_CFA_EXPR;
}

static struct cfi_reg our_reg(const struct compared *c,
			      const struct cfi_rule *r, unsigned int reg)
{
	uint8_t i;

	if (reg == r->ra.reg)
		return r->ra;
	for (i = 0; i < r->reg_count; i++)
		if (r->regs[i].reg == reg)
			return r->regs[i];
	if (reg == c->arch->reg_sp)
		return (struct cfi_reg){ .kind = CFI_VAL_OFFSET };
	if (c->arch->saved_regs >> reg & 1)
		return (struct cfi_reg){ .kind = CFI_SAME };
	return (struct cfi_reg){ .kind = CFI_UNDEFINED };
}

/*
 * 0 undefined, 1 same, 2 a value at *v (of the register), 3 an expression
 * that we leave to the interpreter.
 */
static int our_value(const struct cfi_reg *r, uint64_t cfa, uint64_t *v)
{
	switch (r->kind) {
	case CFI_SAME: return 1;
	case CFI_UNDEFINED: return 0;
	case CFI_OFFSET:
		*v = made_up_word(cfa + (uint64_t)(int64_t)r->off);
		return 2;
	case CFI_VAL_OFFSET:
		*v = cfa + (uint64_t)(int64_t)r->off;
		return 2;
	case CFI_REGISTER:
		*v = made_up_reg(r->arg);
		return 2;
	case CFI_AT_REG:
		*v = made_up_word(made_up_reg(r->arg) +
				  (uint64_t)(int64_t)r->off);
		return 2;
	default:
		return 3;
	}
}

static int libdw_value(Dwarf_Frame *frame, unsigned int reg, uint64_t cfa,
		       uint64_t *v)
{
	Dwarf_Op mem[3], *ops;
	size_t nops;
	bool value;

	if (dwarf_frame_register(frame, (int)reg, mem, &ops, &nops) != 0)
		return -1;
	if (!nops)
		return ops ? 0 : 1;
	if (!eval_ops(ops, nops, cfa, v))
		return -2;
	value = ops[nops - 1].atom == DW_OP_stack_value ||
		ops[nops - 1].atom == DW_OP_regx;
	if (!value)
		*v = made_up_word(*v);
	return 2;
}

static void differs(struct compared *c, uint64_t svma, const char *what,
		    uint64_t ours, uint64_t theirs)
{
	if (c->mismatches++ < 20)
		printf("%s: at 0x%" PRIx64 ": %s: ours 0x%" PRIx64
		       ", libdw's 0x%" PRIx64 "\n", c->path, svma, what, ours,
		       theirs);
}

static void compare_regs(struct compared *c, Dwarf_Frame *frame, uint64_t svma,
			 const struct cfi_rule *rule, uint64_t cfa)
{
	uint64_t ours = 0, theirs = 0;
	int our_kind, their_kind;
	struct cfi_reg r;
	unsigned int reg;
	char what[32];

	for (reg = 0; reg < c->arch->reg_count; reg++) {
		if (reg == c->arch->reg_ra && reg != c->arch->ra_column)
			continue;
		r = our_reg(c, rule, reg);
		our_kind = our_value(&r, cfa, &ours);
		their_kind = libdw_value(frame, reg, cfa, &theirs);
		/* Registers that calls clobber: unspecified there, lost here. */
		if (!our_kind && their_kind == 1 && reg != rule->ra.reg &&
		    !(c->arch->saved_regs >> reg & 1))
			their_kind = 0;
		/* libdw's x86-64 default means rbx and says 0, which is rax
		 * (elfutils 0.188, backends/x86_64_cfi.c). */
		if (our_kind == 1 && !their_kind && reg == 3 &&
		    c->arch->elf_machine == EM_X86_64)
			their_kind = 1;
		/* aarch64: x30 is not listed in a leaf. */
		if (our_kind == 1 && !their_kind && reg == rule->ra.reg &&
		    reg != c->arch->reg_ra)
			their_kind = 1;
		if (our_kind == 3 || their_kind == -2) {
			c->expressions++;
			continue;
		}
		snprintf(what, sizeof(what), "register %u", reg);
		if (our_kind != their_kind)
			differs(c, svma, what, (uint64_t)our_kind,
				(uint64_t)their_kind);
		else if (our_kind == 2 && ours != theirs)
			differs(c, svma, what, ours, theirs);
	}
}

static void compare_at(struct compared *c, Dwarf_Frame *frame, uint64_t svma,
		       bool signal)
{
	struct cfi_rule rule;
	uint64_t ours, theirs;
	Dwarf_Op *ops;
	size_t nops;

	c->addresses++;
	if (!cfi_table_rule(c->table, svma, &rule)) {
		differs(c, svma, "no rule here", 0, 1);
		return;
	}
	if (rule.signal != signal)
		differs(c, svma, "signal frame", rule.signal, signal);
	if (dwarf_frame_cfa(frame, &ops, &nops) != 0 || !nops) {
		differs(c, svma, "libdw has no CFA", 1, 0);
		return;
	}
	if (!eval_ops(ops, nops, 0, &theirs) || !our_cfa(&rule, &ours)) {
		c->expressions++;
		return;
	}
	theirs = made_up_pc_fix(c, theirs, svma, ops, nops);
	if (ours != theirs)
		differs(c, svma, "CFA", ours, theirs);
	else
		compare_regs(c, frame, svma, &rule, ours);
}

/* Compares one row of libdw's; returns where it ends. */
static uint64_t compare_row(struct compared *c, Dwarf_CFI *cfi, uint64_t svma)
{
	Dwarf_Addr start, end, at, step;
	Dwarf_Frame *frame = NULL;
	struct cfi_rule rule;
	bool signal;
	int ra;

	if (dwarf_cfi_addrframe(cfi, svma, &frame) != 0) {
		if (cfi_table_rule(c->table, svma, &rule))
			differs(c, svma, "a rule where libdw has none", 1, 0);
		return svma + 1;
	}
	ra = dwarf_frame_info(frame, &start, &end, &signal);
	if (ra < 0 || start > svma || end <= svma) {
		differs(c, svma, "libdw's row", start, end);
		free(frame);
		return svma + 1;
	}
	c->rows++;
	step = end - svma > 4096 ? 61 : 7;
	for (at = svma; at < end; at += step)
		compare_at(c, frame, at, signal);
	compare_at(c, frame, end - 1, signal);
	free(frame);
	return end;
}

static void compare_text(struct compared *c, struct elf_image *image, Elf *elf,
			 Dwarf_CFI *cfi)
{
	const struct elf_segment *segs;
	size_t i, n = elf_image_segments(image, &segs);
	uint64_t svma, end;

	(void)elf;
	for (i = 0; i < n; i++) {
		if (!(segs[i].flags & PF_X))
			continue;
		svma = segs[i].svma;
		end = svma + segs[i].mem_bytes;
		while (svma < end)
			svma = compare_row(c, cfi, svma);
	}
}

/* false: not a file that can be compared on this host. */
static bool compare_file(const char *path, uint64_t *mismatches)
{
	struct compared c = { .path = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_image *image = fd < 0 ? NULL : elf_image_open(fd, NULL);
	Elf *elf = image ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
	Dwarf_CFI *cfi = elf ? dwarf_getcfi_elf(elf) : NULL;
	bool compared = false;

	c.arch = image ? arch_by_machine(elf_image_machine(image)) : NULL;
	if (cfi && c.arch) {
		c.table = cfi_table_new(image, c.arch, NULL);
		if (c.table) {
			compare_text(&c, image, elf, cfi);
			printf("%s: %" PRIu64 " rows, %" PRIu64 " addresses, %"
			       PRIu64 " expressions left out, %" PRIu64
			       " differ\n", path, c.rows, c.addresses,
			       c.expressions, c.mismatches);
			*mismatches += c.mismatches;
			compared = c.rows > 0;
		}
	}
	cfi_table_free(c.table);
	dwarf_cfi_end(cfi);
	elf_end(elf);
	elf_image_free(image);
	if (fd >= 0)
		close(fd);
	return compared;
}

static const char *const patterns[] = {
	"/usr/bin/python3.[0-9]", "/usr/bin/python3.[0-9][0-9]",
	"~/.pyenv/versions/3.1[1-9]*/bin/python3.1[0-9]",
	"~/.pyenv/versions/3.1[1-9]*/lib/libpython3.1[0-9].so.1.0",
	"/usr/local/bin/python3.[0-9][0-9]",
	"/lib/*/libc.so.6", "/lib64/libc.so.6",
	"/usr/lib/*/libcrypto.so.3", "/usr/lib64/libcrypto.so.3",
	"/usr/lib/*/libstdc++.so.6", "/usr/lib64/libstdc++.so.6",
	"/usr/lib/python3/dist-packages/numpy/core/_multiarray_umath*.so",
	"/usr/lib/python3/dist-packages/numpy/_core/_multiarray_umath*.so",
	"/usr/local/lib/python3*/site-packages/numpy/*core/_multiarray_um*.so",
};

int main(int argc, char **argv)
{
	uint64_t mismatches = 0;
	unsigned int files = 0;
	size_t i, k;
	glob_t g;

	elf_version(EV_CURRENT);
	for (i = 1; i < (size_t)argc; i++)
		files += compare_file(argv[i], &mismatches);
	for (i = 0; argc < 2 && i < ARRAY_LEN(patterns); i++) {
		if (glob(patterns[i], GLOB_TILDE, NULL, &g) != 0)
			continue;
		for (k = 0; k < g.gl_pathc; k++)
			files += compare_file(g.gl_pathv[k], &mismatches);
		globfree(&g);
	}
	if (!files) {
		printf("no module with unwind tables was found\n");
		return 1;
	}
	return mismatches != 0;
}
