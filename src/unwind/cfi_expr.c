/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DWARF expressions in unwind tables (DWARF 5, sections 2.5 and 6.4.2). Hot
 * code uses few shapes of them, which become compact rules:
 *
 *	reg + N					asm in libc, signal frames
 *	*(reg + N) + M				OpenSSL's assembly, signal frames
 *	*(reg + N + reg2 * 8) + M		OpenSSL's bignum loops
 *	reg + N + ((pc & 15) >= K) * 8		the linker's PLT
 *
 * Everything else is interpreted, with a bound on steps and stack; operations
 * that need more than registers and memory (call frames, types, addresses
 * that are relocated) are refused.
 */
#include "cfi.h"

#include "adder/types.h"

enum {
	OP_DEREF = 0x06, OP_CONST1U = 0x08, OP_CONST1S, OP_CONST2U, OP_CONST2S,
	OP_CONST4U, OP_CONST4S, OP_CONST8U, OP_CONST8S, OP_CONSTU, OP_CONSTS,
	OP_DUP, OP_DROP, OP_OVER, OP_PICK, OP_SWAP, OP_ROT,
	OP_ABS = 0x19, OP_AND, OP_DIV, OP_MINUS, OP_MOD, OP_MUL, OP_NEG,
	OP_NOT, OP_OR, OP_PLUS, OP_PLUS_UCONST, OP_SHL, OP_SHR, OP_SHRA,
	OP_XOR, OP_BRA, OP_EQ, OP_GE, OP_GT, OP_LE, OP_LT, OP_NE, OP_SKIP,
	OP_LIT0 = 0x30, OP_LIT31 = 0x4f, OP_BREG0 = 0x70, OP_BREG31 = 0x8f,
	OP_BREGX = 0x92, OP_DEREF_SIZE = 0x94, OP_NOP = 0x96,
};

#define STEPS_MAX 1000
#define STACK_MAX 64

/* --- shapes --- */
struct shape {
	struct cursor c;
	bool ok;
};

static void want(struct shape *s, uint8_t op)
{
	if (cursor_u8(&s->c) != op || s->c.bad)
		s->ok = false;
}

static int64_t want_breg(struct shape *s, uint8_t *reg)
{
	uint8_t op = cursor_u8(&s->c);
	uint64_t r = op - OP_BREG0;

	if (op == OP_BREGX)
		r = cursor_uleb(&s->c);
	else if (op < OP_BREG0 || op > OP_BREG31)
		s->ok = false;
	if (r >= ARCH_REGS || s->c.bad)
		s->ok = false;
	*reg = (uint8_t)r;
	return cursor_sleb(&s->c);
}

static uint8_t want_lit(struct shape *s)
{
	uint8_t op = cursor_u8(&s->c);

	if (op < OP_LIT0 || op > OP_LIT31)
		s->ok = false;
	return (uint8_t)(op - OP_LIT0);
}

static bool fits(int64_t v)
{
	return v >= INT32_MIN && v <= INT32_MAX;
}

static bool ended(const struct shape *s)
{
	return s->ok && !s->c.bad && !cursor_left(&s->c);
}

/* "deref", with or without "plus_uconst M" behind it. */
static bool want_deref_tail(struct shape *s, int32_t *off2)
{
	uint64_t m;

	want(s, OP_DEREF);
	*off2 = 0;
	if (ended(s))
		return true;
	want(s, OP_PLUS_UCONST);
	m = cursor_uleb(&s->c);
	*off2 = (int32_t)(m & INT32_MAX);
	return ended(s) && m <= INT32_MAX;
}

static bool shape_deref(struct cursor bytes, struct cfi_row *row)
{
	struct shape s = { bytes, true };
	int64_t off = want_breg(&s, &row->cfa_reg);

	row->cfa_kind = CFI_CFA_REG;
	row->cfa_off = (int32_t)off;
	if (!s.ok || !fits(off))
		return false;
	if (ended(&s))
		return true;
	row->cfa_kind = CFI_CFA_DEREF;
	return want_deref_tail(&s, &row->cfa_off2);
}

static bool shape_index(struct cursor bytes, struct cfi_row *row)
{
	struct shape s = { bytes, true };
	int64_t n = want_breg(&s, &row->cfa_reg);
	int64_t k = want_breg(&s, &row->cfa_reg2);

	if (!s.ok || !fits(n) || !fits(k) || !fits(n + 8 * k) ||
	    want_lit(&s) != 8)
		return false;
	want(&s, OP_MUL);
	want(&s, OP_PLUS);
	row->cfa_kind = CFI_CFA_INDEX;
	row->cfa_off = (int32_t)(n + 8 * k);
	return s.ok && want_deref_tail(&s, &row->cfa_off2);
}

static bool shape_plt(const struct arch *arch, struct cursor bytes,
		      struct cfi_row *row)
{
	struct shape s = { bytes, true };
	int64_t off = want_breg(&s, &row->cfa_reg);
	uint8_t pc_reg, lit_mask, lit_shift;
	int64_t zero = want_breg(&s, &pc_reg);

	lit_mask = want_lit(&s);
	want(&s, OP_AND);
	row->cfa_off2 = want_lit(&s);
	want(&s, OP_GE);
	lit_shift = want_lit(&s);
	want(&s, OP_SHL);
	want(&s, OP_PLUS);
	row->cfa_kind = CFI_CFA_PLT;
	row->cfa_off = (int32_t)off;
	return ended(&s) && fits(off) && off <= INT32_MAX - 8 && !zero &&
	       pc_reg == arch->reg_ra && lit_mask == 15 && lit_shift == 3;
}

bool cfi_expr_cfa_shape(const struct arch *arch, struct cursor bytes,
			struct cfi_row *row)
{
	return (shape_deref(bytes, row) || shape_index(bytes, row) ||
		shape_plt(arch, bytes, row)) &&
	       row->cfa_reg < arch->reg_count &&
	       row->cfa_reg2 < arch->reg_count;
}

bool cfi_expr_at_reg(struct cursor bytes, struct cfi_reg *r)
{
	struct shape s = { bytes, true };
	uint8_t reg;
	int64_t off = want_breg(&s, &reg);

	r->arg = reg;
	r->off = (int32_t)off;
	return ended(&s) && fits(off);
}

/* --- the interpreter --- */
struct machine {
	struct cursor c;
	const uint8_t *begin;
	struct cfi_expr_env *env;
	uint64_t stack[STACK_MAX];
	unsigned int depth;
	bool bad;
};

static void push(struct machine *m, uint64_t v)
{
	if (m->depth == STACK_MAX)
		m->bad = true;
	else
		m->stack[m->depth++] = v;
}

static uint64_t pop(struct machine *m)
{
	if (!m->depth) {
		m->bad = true;
		return 0;
	}
	return m->stack[--m->depth];
}

static uint64_t pick(struct machine *m, unsigned int index)
{
	if (index >= m->depth) {
		m->bad = true;
		return 0;
	}
	return m->stack[m->depth - 1 - index];
}

static void push_reg(struct machine *m, uint64_t reg)
{
	int64_t off = cursor_sleb(&m->c);

	if (reg >= ARCH_REGS || !(m->env->known >> reg & 1)) {
		m->env->unknown_reg = true;
		m->bad = true;
		return;
	}
	push(m, m->env->v[reg] + (uint64_t)off);
}

static void deref(struct machine *m, unsigned int bytes)
{
	uint64_t at = pop(m), v = 0;

	if (m->bad || !bytes || bytes > 8) {
		m->bad = true;
		return;
	}
	if (!m->env->read(m->env->ctx, at, &v)) {
		m->env->missing_avma = at;
		m->bad = true;
		return;
	}
	if (bytes < 8)
		v &= (UINT64_C(1) << (8 * bytes)) - 1;
	push(m, v);
}

static void jump(struct machine *m, int16_t by)
{
	int64_t at = m->c.p - m->begin + by;

	if (at < 0 || at > m->c.end - m->begin)
		m->bad = true;
	else
		m->c.p = m->begin + at;
}

static uint64_t shift(uint8_t op, uint64_t a, uint64_t n)
{
	if (op == OP_SHL)
		return n < 64 ? a << n : 0;
	if (op == OP_SHR)
		return n < 64 ? a >> n : 0;
	if ((int64_t)a < 0)
		return n < 64 ? ~(~a >> n) : UINT64_MAX;
	return n < 64 ? a >> n : 0;
}

/* a below b on the stack; comparisons and division are signed. */
static uint64_t binary(struct machine *m, uint8_t op, uint64_t a, uint64_t b)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	switch (op) {
	case OP_AND: return a & b;
	case OP_MINUS: return a - b;
	case OP_MUL: return a * b;
	case OP_OR: return a | b;
	case OP_PLUS: return a + b;
	case OP_XOR: return a ^ b;
	case OP_EQ: return sa == sb;
	case OP_GE: return sa >= sb;
	case OP_GT: return sa > sb;
	case OP_LE: return sa <= sb;
	case OP_LT: return sa < sb;
	case OP_NE: return sa != sb;
	case OP_SHL:
	case OP_SHR:
	case OP_SHRA: return shift(op, a, b);
	case OP_DIV:
		if (sb == -1)	/* INT64_MIN / -1 traps */
			return -a;
		if (sb)
			return (uint64_t)(sa / sb);
		break;
	case OP_MOD:
		if (b)
			return a % b;
		break;
	}
	m->bad = true;
	return 0;
}

static bool step_constant(struct machine *m, uint8_t op)
{
	struct cursor *c = &m->c;

	switch (op) {
	case OP_CONST1U: push(m, cursor_u8(c)); return true;
	case OP_CONST1S: push(m, (uint64_t)(int8_t)cursor_u8(c)); return true;
	case OP_CONST2U: push(m, cursor_u16(c)); return true;
	case OP_CONST2S: push(m, (uint64_t)cursor_i16(c)); return true;
	case OP_CONST4U: push(m, cursor_u32(c)); return true;
	case OP_CONST4S: push(m, (uint64_t)cursor_i32(c)); return true;
	case OP_CONST8U:
	case OP_CONST8S: push(m, cursor_u64(c)); return true;
	case OP_CONSTU: push(m, cursor_uleb(c)); return true;
	case OP_CONSTS: push(m, (uint64_t)cursor_sleb(c)); return true;
	case OP_BREGX: push_reg(m, cursor_uleb(c)); return true;
	}
	if (op >= OP_LIT0 && op <= OP_LIT31)
		push(m, op - OP_LIT0);
	else if (op >= OP_BREG0 && op <= OP_BREG31)
		push_reg(m, op - OP_BREG0);
	else
		return false;
	return true;
}

static bool step_stack(struct machine *m, uint8_t op)
{
	uint64_t a, b, c;

	switch (op) {
	case OP_DUP: push(m, pick(m, 0)); return true;
	case OP_DROP: pop(m); return true;
	case OP_OVER: push(m, pick(m, 1)); return true;
	case OP_PICK: push(m, pick(m, cursor_u8(&m->c))); return true;
	case OP_SWAP:
		a = pop(m);
		b = pop(m);
		push(m, a);
		push(m, b);
		return true;
	case OP_ROT:
		a = pop(m);
		b = pop(m);
		c = pop(m);
		push(m, a);
		push(m, c);
		push(m, b);
		return true;
	}
	return false;
}

static void step(struct machine *m)
{
	uint8_t op = cursor_u8(&m->c);
	uint64_t a, b;

	if (step_constant(m, op) || step_stack(m, op))
		return;
	switch (op) {
	case OP_NOP: return;
	case OP_DEREF: deref(m, 8); return;
	case OP_DEREF_SIZE: deref(m, cursor_u8(&m->c)); return;
	case OP_PLUS_UCONST: push(m, pop(m) + cursor_uleb(&m->c)); return;
	case OP_NEG: push(m, -pop(m)); return;
	case OP_NOT: push(m, ~pop(m)); return;
	case OP_ABS:
		a = pop(m);
		push(m, (int64_t)a < 0 ? -a : a);
		return;
	case OP_SKIP: jump(m, cursor_i16(&m->c)); return;
	case OP_BRA:
		b = (uint16_t)cursor_i16(&m->c);
		if (pop(m))
			jump(m, (int16_t)b);
		return;
	}
	b = pop(m);
	a = pop(m);
	push(m, binary(m, op, a, b));
}

bool cfi_expr_eval(struct cursor bytes, const uint64_t *initial,
		   struct cfi_expr_env *env, uint64_t *value)
{
	struct machine m = { .c = bytes, .begin = bytes.p, .env = env };
	unsigned int steps;

	if (initial)
		push(&m, *initial);
	for (steps = 0; cursor_left(&m.c); steps++) {
		if (steps == STEPS_MAX)
			return false;
		step(&m);
		if (m.bad || m.c.bad)
			return false;
	}
	*value = pop(&m);
	return !m.bad;
}
