/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One FDE's call frame instructions (DWARF 5, section 6.4.2, and the GNU and
 * Arm extensions) to rows. Registers we have no slot for (vectors) are read
 * over. What is malformed or does not fit ends the table at that row, and a
 * row that cannot be expressed has no CFA rule: the walk stops there and says
 * so, instead of believing half a row.
 */
#include "cfi.h"

#include <string.h>

#include "adder/mem.h"
#include "adder/types.h"
#include "adder/vec.h"

enum {
	OP_ADVANCE = 0x40, OP_OFFSET = 0x80, OP_RESTORE = 0xc0,
	OP_NOP = 0, OP_SET_LOC, OP_ADVANCE1, OP_ADVANCE2, OP_ADVANCE4,
	OP_OFFSET_EXT, OP_RESTORE_EXT, OP_UNDEFINED, OP_SAME, OP_REGISTER,
	OP_REMEMBER, OP_RESTORE_STATE, OP_DEF_CFA, OP_DEF_CFA_REG,
	OP_DEF_CFA_OFF, OP_DEF_CFA_EXPR, OP_EXPR, OP_OFFSET_SF, OP_DEF_CFA_SF,
	OP_DEF_CFA_OFF_SF, OP_VAL_OFFSET, OP_VAL_OFFSET_SF, OP_VAL_EXPR,
	OP_MIPS_ADVANCE8 = 0x1d,
	OP_AARCH64_NEGATE_PC = 0x2c,
	OP_AARCH64_NEGATE = 0x2d,	/* GNU_window_save elsewhere */
	OP_GNU_ARGS_SIZE = 0x2e,
	OP_GNU_NEG_OFFSET = 0x2f,
};

#define UNSPECIFIED	0xff	/* a kind: nothing was said */
#define REMEMBER_MAX	64	/* gcc nests one or two */
#define ROWS_MAX	(1u << 17)	/* per FDE; the largest seen has 4,000 */

struct state {
	uint8_t cfa_kind, cfa_reg, cfa_reg2;
	bool bad;		/* something did not fit */
	int32_t cfa_off, cfa_off2;
	struct cfi_reg r[ARCH_REGS];
};

struct vm {
	const struct cfi_section *s;
	const struct arch *arch;
	const struct cfi_fde *fde;
	struct cfi_pool *pool;
	struct state now, initial;
	struct state *saved;	/* REMEMBER_MAX, on first use */
	unsigned int saved_count;
	uint64_t loc_svma;
	bool in_cie;
	bool ended;		/* past the FDE's last address: no error */
	VEC(uint32_t) deltas;
	VEC(struct cfi_row) rows;
};

static int32_t narrow(struct vm *vm, int64_t v)
{
	if (v < INT32_MIN || v > INT32_MAX) {
		vm->now.bad = true;
		return 0;
	}
	return (int32_t)v;
}

static int64_t factored(struct vm *vm, int64_t v)
{
	int64_t out;

	if (__builtin_mul_overflow(v, vm->fde->cie.data_align, &out)) {
		vm->now.bad = true;
		return 0;
	}
	return out;
}

static int64_t factored_u(struct vm *vm, uint64_t v, bool negative)
{
	if (v > INT64_MAX) {
		vm->now.bad = true;
		return 0;
	}
	return factored(vm, negative ? -(int64_t)v : (int64_t)v);
}

static void set_reg(struct vm *vm, uint64_t reg, uint8_t kind, int64_t off,
		    uint64_t arg)
{
	if (reg >= vm->arch->reg_count)
		return;		/* vectors and the like */
	if (arg > UINT16_MAX) {
		vm->now.bad = true;
		return;
	}
	vm->now.r[reg] = (struct cfi_reg){
		.reg = (uint8_t)reg, .kind = kind, .arg = (uint16_t)arg,
		.off = narrow(vm, off),
	};
}

static void set_cfa_reg(struct vm *vm, uint64_t reg)
{
	vm->now.cfa_kind = CFI_CFA_REG;
	if (reg >= vm->arch->reg_count)
		vm->now.cfa_kind = CFI_CFA_NONE;
	else
		vm->now.cfa_reg = (uint8_t)reg;
}

/* Whether the rest of the row may still be believed is libdw's rule too:
 * an offset without a register before it is an error. */
static void set_cfa_off(struct vm *vm, int64_t off)
{
	if (vm->now.cfa_kind != CFI_CFA_REG)
		vm->now.bad = true;
	vm->now.cfa_off = narrow(vm, off);
}

static struct cursor take_block(struct cursor *c)
{
	uint64_t len = cursor_uleb(c);
	const uint8_t *p = cursor_bytes(c, (size_t)len);

	return p ? cursor_of(p, (size_t)len) : cursor_of(c->end, 0);
}

static void set_cfa_expr(struct vm *vm, struct cursor block)
{
	struct cfi_row row = { 0 };

	if (!cfi_expr_cfa_shape(vm->arch, block, &row)) {
		row.cfa_kind = CFI_CFA_EXPR;
		row.cfa_off = narrow(vm, block.p - vm->s->bytes);
		row.cfa_off2 = narrow(vm, (int64_t)cursor_left(&block));
	}
	vm->now.cfa_kind = row.cfa_kind;
	vm->now.cfa_reg = row.cfa_reg;
	vm->now.cfa_reg2 = row.cfa_reg2;
	vm->now.cfa_off = row.cfa_off;
	vm->now.cfa_off2 = row.cfa_off2;
}

static void set_reg_expr(struct vm *vm, uint64_t reg, uint8_t kind,
			 struct cursor block)
{
	struct cfi_reg r = { 0 };

	if (kind == CFI_EXPR && cfi_expr_at_reg(block, &r))
		set_reg(vm, reg, CFI_AT_REG, r.off, r.arg);
	else
		set_reg(vm, reg, kind, block.p - vm->s->bytes,
			cursor_left(&block));
}

static void restore_reg(struct vm *vm, uint64_t reg)
{
	if (reg < vm->arch->reg_count)
		vm->now.r[reg] = vm->initial.r[reg];
}

/* The list of the registers that the walk cares about. */
static uint8_t collect_regs(const struct vm *vm, struct cfi_reg *out)
{
	uint32_t ra = vm->fde->cie.ra_column;
	const struct cfi_reg *r;
	uint8_t count = 0;
	uint64_t kept;
	uint32_t i;

	for (i = 0; i < vm->arch->reg_count; i++) {
		r = &vm->now.r[i];
		kept = vm->arch->saved_regs >> i & 1;
		if (r->kind == UNSPECIFIED || i == ra ||
		    i == vm->arch->reg_ra)
			continue;
		if (r->kind == CFI_SAME && (kept || i == vm->arch->reg_sp))
			continue;
		if (r->kind == CFI_UNDEFINED && !kept)
			continue;
		/* Vector math keeps rdi and rsi too, at places that take an
		 * expression; no caller's frame hangs on them. */
		if (r->kind >= CFI_EXPR && !kept && !vm->fde->cie.signal)
			continue;
		out[count++] = *r;
	}
	return count;
}

static void emit_row(struct vm *vm)
{
	const struct state *s = &vm->now;
	struct cfi_reg regs[ARCH_REGS];
	uint32_t ra = vm->fde->cie.ra_column;
	uint64_t delta = vm->loc_svma - vm->fde->lo_svma;
	struct cfi_row row = { .flags = 0 };
	uint8_t count;

	if (vm->in_cie || vm->rows.count == ROWS_MAX || delta > UINT32_MAX)
		return;
	count = collect_regs(vm, regs);
	row.cfa_kind = s->bad ? CFI_CFA_NONE : s->cfa_kind;
	row.cfa_reg = s->cfa_reg;
	row.cfa_reg2 = s->cfa_reg2;
	row.cfa_off = s->cfa_off;
	row.cfa_off2 = s->cfa_off2;
	if (vm->fde->cie.signal)
		row.flags = CFI_ROW_SIGNAL;
	if (ra >= vm->arch->reg_count)
		row.cfa_kind = CFI_CFA_NONE;
	else
		row.ra = s->r[ra];
	row.ra.reg = (uint8_t)ra;
	if (row.ra.kind == UNSPECIFIED)
		row.ra.kind = CFI_SAME;
	row.regs = cfi_pool_put(vm->pool, regs, count);
	if (vm->rows.count && vm->deltas.data[vm->rows.count - 1] == delta) {
		vm->rows.data[vm->rows.count - 1] = row;
		return;
	}
	*vec_push(&vm->deltas) = (uint32_t)delta;
	*vec_push(&vm->rows) = row;
}

/* false: the location has left the FDE, the rest does not matter. */
static bool advance(struct vm *vm, uint64_t units)
{
	uint64_t bytes, to;

	if (vm->in_cie)
		return false;
	emit_row(vm);
	if (__builtin_mul_overflow(units, vm->fde->cie.code_align, &bytes) ||
	    __builtin_add_overflow(vm->loc_svma, bytes, &to) ||
	    to >= vm->fde->hi_svma) {
		vm->ended = true;
		return false;
	}
	vm->loc_svma = to;
	return true;
}

static bool set_loc(struct vm *vm, struct cursor *c)
{
	uint64_t at = vm->s->svma + (uint64_t)(c->p - vm->s->bytes);
	uint8_t enc = vm->s->is_eh ? vm->fde->cie.pointer_encoding : 0;
	uint64_t to = cfi_read_pointer(c, enc, at, 0,
				       vm->fde->cie.address_bytes);

	if (vm->in_cie || c->bad || to < vm->loc_svma)
		return false;
	emit_row(vm);
	vm->ended = to >= vm->fde->hi_svma;
	if (!vm->ended)
		vm->loc_svma = to;
	return !vm->ended;
}

static bool remember(struct vm *vm)
{
	if (vm->saved_count == REMEMBER_MAX)
		return false;
	if (!vm->saved)
		vm->saved = mem_calloc(REMEMBER_MAX, sizeof(*vm->saved));
	vm->saved[vm->saved_count++] = vm->now;
	return true;
}

static bool restore_state(struct vm *vm)
{
	if (!vm->saved_count)
		return false;
	vm->now = vm->saved[--vm->saved_count];
	return true;
}

static bool step_cfa(struct vm *vm, uint8_t op, struct cursor *c)
{
	switch (op) {
	case OP_DEF_CFA:
		set_cfa_reg(vm, cursor_uleb(c));
		vm->now.cfa_off = narrow(vm, (int64_t)cursor_uleb(c));
		return true;
	case OP_DEF_CFA_SF:
		set_cfa_reg(vm, cursor_uleb(c));
		vm->now.cfa_off = narrow(vm, factored(vm, cursor_sleb(c)));
		return true;
	case OP_DEF_CFA_REG:
		if (vm->now.cfa_kind != CFI_CFA_REG)
			vm->now.bad = true;
		set_cfa_reg(vm, cursor_uleb(c));
		return true;
	case OP_DEF_CFA_OFF:
		set_cfa_off(vm, (int64_t)cursor_uleb(c));
		return true;
	case OP_DEF_CFA_OFF_SF:
		set_cfa_off(vm, factored(vm, cursor_sleb(c)));
		return true;
	default:
		set_cfa_expr(vm, take_block(c));
		return true;
	}
}

/* Operations on one register; it stands first. */
static void step_reg(struct vm *vm, uint8_t op, struct cursor *c)
{
	uint64_t reg = cursor_uleb(c), v;

	switch (op) {
	case OP_OFFSET_EXT:
		v = cursor_uleb(c);
		set_reg(vm, reg, CFI_OFFSET, factored_u(vm, v, false), 0);
		break;
	case OP_OFFSET_SF:
		set_reg(vm, reg, CFI_OFFSET, factored(vm, cursor_sleb(c)), 0);
		break;
	case OP_GNU_NEG_OFFSET:
		v = cursor_uleb(c);
		set_reg(vm, reg, CFI_OFFSET, factored_u(vm, v, true), 0);
		break;
	case OP_VAL_OFFSET:
		v = cursor_uleb(c);
		set_reg(vm, reg, CFI_VAL_OFFSET, factored_u(vm, v, false), 0);
		break;
	case OP_VAL_OFFSET_SF:
		set_reg(vm, reg, CFI_VAL_OFFSET, factored(vm, cursor_sleb(c)),
			0);
		break;
	case OP_RESTORE_EXT:
		restore_reg(vm, reg);
		break;
	case OP_UNDEFINED:
		set_reg(vm, reg, CFI_UNDEFINED, 0, 0);
		break;
	case OP_SAME:
		set_reg(vm, reg, CFI_SAME, 0, 0);
		break;
	case OP_REGISTER:
		v = cursor_uleb(c);
		if (v >= vm->arch->reg_count)
			set_reg(vm, reg, CFI_UNDEFINED, 0, 0);
		else
			set_reg(vm, reg, CFI_REGISTER, 0, v);
		break;
	case OP_EXPR:
		set_reg_expr(vm, reg, CFI_EXPR, take_block(c));
		break;
	case OP_VAL_EXPR:
		set_reg_expr(vm, reg, CFI_VAL_EXPR, take_block(c));
		break;
	}
}

/* false: stop, at the end of the FDE or at something malformed. */
static bool step_extended(struct vm *vm, uint8_t op, struct cursor *c)
{
	switch (op) {
	case OP_NOP:
		return true;
	case OP_SET_LOC:
		return set_loc(vm, c);
	case OP_ADVANCE1:
		return advance(vm, cursor_u8(c));
	case OP_ADVANCE2:
		return advance(vm, cursor_u16(c));
	case OP_ADVANCE4:
		return advance(vm, cursor_u32(c));
	case OP_MIPS_ADVANCE8:
		return advance(vm, cursor_u64(c));
	case OP_REMEMBER:
		return remember(vm);
	case OP_RESTORE_STATE:
		return restore_state(vm);
	case OP_DEF_CFA:
	case OP_DEF_CFA_SF:
	case OP_DEF_CFA_REG:
	case OP_DEF_CFA_OFF:
	case OP_DEF_CFA_OFF_SF:
	case OP_DEF_CFA_EXPR:
		return step_cfa(vm, op, c);
	case OP_OFFSET_EXT:
	case OP_OFFSET_SF:
	case OP_GNU_NEG_OFFSET:
	case OP_VAL_OFFSET:
	case OP_VAL_OFFSET_SF:
	case OP_RESTORE_EXT:
	case OP_UNDEFINED:
	case OP_SAME:
	case OP_REGISTER:
	case OP_EXPR:
	case OP_VAL_EXPR:
		step_reg(vm, op, c);
		return true;
	case OP_GNU_ARGS_SIZE:	/* for exception handlers only */
		cursor_uleb(c);
		return true;
	case OP_AARCH64_NEGATE:
	case OP_AARCH64_NEGATE_PC:
		/* Signed or not: the mask clears what signing put there. */
		return true;
	default:
		return false;
	}
}

/* true: ran to the end; false: stopped, at the FDE's end or an error. */
static bool run(struct vm *vm, struct cursor c)
{
	uint64_t off;
	uint8_t op;

	while (cursor_left(&c)) {
		op = cursor_u8(&c);
		switch (op & 0xc0) {
		case OP_ADVANCE:
			if (!advance(vm, op & 0x3f))
				return false;
			break;
		case OP_OFFSET:
			off = cursor_uleb(&c);
			set_reg(vm, op & 0x3f, CFI_OFFSET,
				factored_u(vm, off, false), 0);
			break;
		case OP_RESTORE:
			restore_reg(vm, op & 0x3f);
			break;
		default:
			if (!step_extended(vm, op, &c))
				return false;
		}
		if (c.bad)
			return false;
	}
	return true;
}

static void reset(struct vm *vm)
{
	uint32_t i;

	memset(&vm->now, 0, sizeof(vm->now));
	for (i = 0; i < ARCH_REGS; i++)
		vm->now.r[i] = (struct cfi_reg){
			.reg = (uint8_t)i, .kind = UNSPECIFIED };
	vm->initial = vm->now;
}

void cfi_compile(const struct cfi_section *s, const struct arch *arch,
		 const struct cfi_fde *fde, struct cfi_pool *pool,
		 struct cfi_rows *out)
{
	struct vm vm = { .s = s, .arch = arch, .fde = fde, .pool = pool };

	vm.loc_svma = fde->lo_svma;
	reset(&vm);
	vm.in_cie = true;
	if (!run(&vm, fde->cie.insns))
		vm.now.bad = true;
	vm.in_cie = false;
	vm.initial = vm.now;
	vm.saved_count = 0;
	if (!run(&vm, fde->insns) && !vm.ended)
		vm.now.bad = true;
	if (!vm.ended)
		emit_row(&vm);
	*out = (struct cfi_rows){
		.lo_svma = fde->lo_svma,
		.hi_svma = fde->hi_svma,
		.count = (uint32_t)vm.rows.count,
		.deltas = arena_dup(&pool->arena, vm.deltas.data,
				    vm.deltas.count * sizeof(uint32_t)),
		.rows = arena_dup(&pool->arena, vm.rows.data,
				  vm.rows.count * sizeof(struct cfi_row)),
	};
	vec_release(&vm.deltas);
	vec_release(&vm.rows);
	mem_free(vm.saved);
}
