/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk: one rule after the other, from the leaf to where the tables say
 * that there is no caller.
 *
 * - A slot below the SP is a register's that an epilogue has already restored
 *   (CFI of gcc code does not always say so): the register keeps its value.
 * - A slot that cannot be read leaves its register unknown; only a rule that
 *   needs the register later ends the walk. A return address that cannot be
 *   read ends it at once.
 * - The CFA must lie above the SP, so that every step goes to older frames.
 *   Signal frames may change to another stack, and a leaf whose return
 *   address is in a register need not have a frame.
 * - Frame pointers are a guess: what they find counts only if it lies above
 *   the SP and returns into an executable mapping.
 */
#include "walk.h"

#define RED_ZONE_BYTES		128	/* psABI: below the SP, and kept */
#define SAVED_SP_SEARCH_BYTES	4096	/* sha512's frame has up to 1.5 KB */

enum step_end { STEP_ON, STEP_END };

static enum step_end ended(struct walk *w, enum stack_end end)
{
	w->end = end;
	return STEP_END;
}

static enum step_end missing(struct walk *w, uint64_t avma)
{
	w->needed_avma = avma;
	w->missing = true;
	return ended(w, w->stack->beyond);
}

static enum step_end unknown(struct walk *w)
{
	w->unknown_reg = true;
	return ended(w, END_CUT);
}

static bool is_known(const struct walk *w, uint8_t reg)
{
	return w->known >> reg & 1;
}

static uint64_t at_offset(uint64_t base, int32_t off)
{
	return base + (uint64_t)(int64_t)off;
}

static bool expr_read(void *ctx, uint64_t avma, uint64_t *value)
{
	return walk_load(ctx, avma, value);
}

static enum step_end eval(struct walk *w, const struct cfi_table *cfi,
			  int32_t off, uint32_t len, const uint64_t *initial,
			  uint64_t *value)
{
	struct cfi_expr_env env = {
		.v = w->v, .known = w->known, .read = expr_read, .ctx = w };

	w->slow = true;
	if (!cfi)
		return ended(w, END_NO_RULE);
	if (cfi_expr_eval(cfi_table_expr(cfi, off, len), initial, &env, value))
		return STEP_ON;
	if (env.unknown_reg)
		return unknown(w);
	if (env.missing_avma)
		return missing(w, env.missing_avma);
	return ended(w, END_NO_RULE);
}

/*
 * OpenSSL's AVX2 loops keep the caller's SP in the word below their own SP
 * (pushq; lea 8(%rsp),%rsp), which a dump from the SP upwards does not have.
 * The slot that it was copied from lies further up in the same frame, among
 * message words: the first word there that points up the stack to where a
 * return address stands is the one. The frames are marked as less certain.
 */
static bool search_saved_sp(struct walk *w, uint64_t at,
			    const struct cfi_row *row, uint64_t *value)
{
	uint64_t sp = w->v[w->arch->reg_sp], ra, up = sp;

	if (!w->exact || row->cfa_reg != w->arch->reg_sp ||
	    row->ra.kind != CFI_OFFSET || at >= sp || at < sp - RED_ZONE_BYTES)
		return false;
	for (; up - sp < SAVED_SP_SEARCH_BYTES; up += 8) {
		if (!walk_load(w, up, value))
			return false;
		if (*value <= up || *value & 7 ||
		    !walk_load(w, at_offset(*value + (uint64_t)row->cfa_off2,
					    row->ra.off), &ra))
			continue;
		ra &= ~w->arch->pac_mask;
		if (ra && rules_find(w->u, w->space, ra, false))
			return true;
	}
	return false;
}

/* Any CFA but "register + offset". */
static enum step_end odd_cfa(struct walk *w, struct walk_step *s,
			     const struct cfi_row *row,
			     const struct cfi_table *cfi, uint64_t *cfa)
{
	uint64_t at;

	switch (row->cfa_kind) {
	case CFI_CFA_DEREF:
	case CFI_CFA_INDEX:
		if (!is_known(w, row->cfa_reg))
			return unknown(w);
		at = at_offset(w->v[row->cfa_reg], row->cfa_off);
		if (row->cfa_kind == CFI_CFA_INDEX) {
			if (!is_known(w, row->cfa_reg2))
				return unknown(w);
			at += 8 * w->v[row->cfa_reg2];
		}
		if (!walk_load(w, at, cfa)) {
			if (!search_saved_sp(w, at, row, cfa))
				return missing(w, at);
			s->searched = true;
		}
		*cfa = at_offset(*cfa, row->cfa_off2);
		return STEP_ON;
	case CFI_CFA_EXPR:
		return eval(w, cfi, row->cfa_off, (uint32_t)row->cfa_off2,
			    NULL, cfa);
	default:
		return ended(w, END_NO_RULE);
	}
}

struct caller_value {
	uint64_t v;
	bool has;
	uint64_t missing_avma;	/* what could not be read, or 0 */
};

static void load_value(const struct walk *w, uint64_t at,
		       struct caller_value *out)
{
	out->has = walk_load(w, at, &out->v);
	out->missing_avma = out->has ? 0 : at;
}

/* The caller's value of one register, by a rule of any kind. */
static enum step_end odd_reg(struct walk *w, const struct cfi_reg *r,
			     const struct cfi_table *cfi, uint64_t cfa,
			     struct caller_value *out)
{
	uint64_t at = at_offset(cfa, r->off);

	*out = (struct caller_value){ .has = true };
	switch (r->kind) {
	case CFI_SAME:
		out->has = is_known(w, r->reg);
		out->v = w->v[r->reg];
		return STEP_ON;
	case CFI_OFFSET:
		load_value(w, at, out);
		return STEP_ON;
	case CFI_VAL_OFFSET:
		out->v = at;
		return STEP_ON;
	case CFI_REGISTER:
		out->has = is_known(w, (uint8_t)r->arg);
		out->v = w->v[r->arg];
		return STEP_ON;
	case CFI_AT_REG:
		out->has = is_known(w, (uint8_t)r->arg);
		if (out->has)
			load_value(w, at_offset(w->v[r->arg], r->off), out);
		return STEP_ON;
	case CFI_EXPR:
		if (eval(w, cfi, r->off, r->arg, &cfa, &at) == STEP_END)
			return STEP_END;
		load_value(w, at, out);
		return STEP_ON;
	case CFI_VAL_EXPR:
		return eval(w, cfi, r->off, r->arg, &cfa, &out->v);
	default:
		out->has = false;
		return STEP_ON;
	}
}

/* A return address that is not at CFA + offset. */
static enum step_end odd_ra(struct walk *w, const struct cfi_row *row,
			    const struct cfi_table *cfi, uint64_t cfa,
			    uint64_t *ra)
{
	struct caller_value value;

	if (row->ra.kind == CFI_UNDEFINED) {
		w->root_cfa = cfa;
		return ended(w, END_COMPLETE);
	}
	/* "The return address is the pc" says nothing. */
	if (row->ra.kind == CFI_SAME && row->ra.reg == w->arch->reg_ra)
		return ended(w, END_NO_RULE);
	if (odd_reg(w, &row->ra, cfi, cfa, &value) == STEP_END)
		return STEP_END;
	*ra = value.v;
	if (value.has)
		return STEP_ON;
	if (value.missing_avma)
		return missing(w, value.missing_avma);
	return unknown(w);
}

/* Lists with rules of all kinds: they read the registers of before. */
static enum step_end odd_regs(struct walk *w, const struct cfi_row *row,
			      const struct cfi_table *cfi, uint64_t cfa,
			      uint64_t sp)
{
	uint64_t set = 0, cleared = 0, bit, values[ARCH_REGS];
	struct caller_value value;
	const struct cfi_reg *r;
	uint8_t i;

	for (i = 0; i < row->regs->count; i++) {
		r = &row->regs->r[i];
		bit = UINT64_C(1) << r->reg;
		if (r->kind == CFI_OFFSET && at_offset(cfa, r->off) < sp) {
			values[i] = w->v[r->reg];
			set |= w->known & bit;
			continue;
		}
		if (odd_reg(w, r, cfi, cfa, &value) == STEP_END)
			return STEP_END;
		values[i] = value.v;
		set |= value.has ? bit : 0;
		cleared |= value.has ? 0 : bit;
	}
	for (i = 0; i < row->regs->count; i++)
		if (set >> row->regs->r[i].reg & 1)
			w->v[row->regs->r[i].reg] = values[i];
	w->known = (w->known & w->arch->saved_regs & ~cleared) | set;
	return STEP_ON;
}

/* One of a plain list, with all that may be wrong with it. */
static void plain_slot(struct walk *w, const struct cfi_reg *r, uint64_t cfa,
		       uint64_t sp)
{
	uint64_t at = at_offset(cfa, r->off);
	uint64_t bit = UINT64_C(1) << r->reg;

	if (at < sp)
		return;
	if (walk_load(w, at, &w->v[r->reg]))
		w->known |= bit;
	else
		w->known &= ~bit;
}

static inline void plain_regs(struct walk *w, const struct cfi_regs *l,
			      uint64_t cfa, uint64_t sp)
{
	uint64_t lo = at_offset(cfa, l->lo_off);
	uint64_t off = lo - w->lo_avma;
	uint64_t span = (uint64_t)(int64_t)(l->hi_off - l->lo_off);
	const uint8_t *base;
	uint8_t i;

	if (lo >= sp && off <= w->last && span <= w->last - off + 8) {
		base = w->bytes + off;
		for (i = 0; i < l->count; i++)
			memcpy(&w->v[l->r[i].reg],
			       base + (l->r[i].off - l->lo_off), 8);
		w->known |= l->mask;
		return;
	}
	for (i = 0; i < l->count; i++)
		plain_slot(w, &l->r[i], cfa, sp);
}

static bool advances(const struct walk *w, const struct cfi_row *row,
		     uint64_t cfa, uint64_t sp)
{
	if (cfa > sp || (row->flags & CFI_ROW_SIGNAL))
		return true;
	return cfa == sp && w->exact && row->ra.kind != CFI_OFFSET;
}

/* The frame's CFA and the return address, with PAC, that it states. */
static inline enum step_end step_ra(struct walk *w, struct walk_step *s,
				    const struct cfi_table *cfi,
				    uint64_t *ra)
{
	const struct cfi_row *row = &s->rule->row;

	if (row->cfa_kind == CFI_CFA_REG) {
		if (!is_known(w, row->cfa_reg))
			return unknown(w);
		s->cfa = at_offset(w->v[row->cfa_reg], row->cfa_off);
	} else {
		s->odd = true;
		if (odd_cfa(w, s, row, cfi, &s->cfa) == STEP_END)
			return STEP_END;
	}
	if (row->ra.kind != CFI_OFFSET) {
		s->odd |= row->ra.kind != CFI_UNDEFINED;
		if (odd_ra(w, row, cfi, s->cfa, ra) == STEP_END)
			return STEP_END;
		return advances(w, row, s->cfa, s->sp) ?
		       STEP_ON : ended(w, END_NO_PROGRESS);
	}
	if (!advances(w, row, s->cfa, s->sp))
		return ended(w, row->flags & CFI_ROW_FP ?
			     END_NO_RULE : END_NO_PROGRESS);
	if (!walk_load(w, at_offset(s->cfa, row->ra.off), ra))
		return missing(w, at_offset(s->cfa, row->ra.off));
	s->ra_avma = at_offset(s->cfa, row->ra.off);
	s->ra_raw = *ra;
	return STEP_ON;
}

/* From the frame in s to its caller: w's registers, pc and exactness. */
static inline enum step_end step(struct walk *w, struct walk_step *s,
				 const struct cfi_table *cfi)
{
	const struct cfi_row *row = &s->rule->row;
	uint8_t reg_sp = w->arch->reg_sp, reg_pc = w->arch->reg_ra;
	uint64_t ra;

	if (step_ra(w, s, cfi, &ra) == STEP_END)
		return STEP_END;
	ra &= ~w->arch->pac_mask;
	if (!ra) {
		w->root_cfa = s->cfa;
		return ended(w, END_COMPLETE);
	}
	if (row->regs->plain) {
		w->known &= w->arch->saved_regs;
		plain_regs(w, row->regs, s->cfa, s->sp);
	} else {
		s->odd = true;
		if (odd_regs(w, row, cfi, s->cfa, s->sp) == STEP_END)
			return STEP_END;
	}
	if (!(row->regs->mask >> reg_sp & 1))
		w->v[reg_sp] = s->cfa;
	w->v[reg_pc] = ra;
	w->known |= UINT64_C(1) << reg_sp | UINT64_C(1) << reg_pc;
	w->exact = row->flags & CFI_ROW_SIGNAL;
	w->by_fp = (row->flags & CFI_ROW_FP) || s->searched;
	return STEP_ON;
}

static void walk_begin(struct walk *w, const struct unwind_regs *regs)
{
	const struct unwind_stack *stack = w->stack;

	w->arch = w->u->arch;
	w->bytes = stack->bytes;
	w->lo_avma = stack->lo_avma;
	w->readable = stack->size_bytes >= 8;
	w->last = w->readable ? stack->size_bytes - 8 : 0;
	w->exact = true;
	w->slow = w->by_fp = w->unknown_reg = w->missing = false;
	w->needed_avma = 0;
	w->epoch = w->u->epoch;
	w->end = END_NO_USER;
	w->root_cfa = 0;
	w->known = regs->known & ((UINT64_C(1) << w->arch->reg_count) - 1);
	memcpy(w->v, regs->v, sizeof(w->v));
}

/*
 * A frame without a rule for what is there: dropped, unless it is the leaf,
 * whose pc is a fact.
 */
static void push_lost_leaf(struct unwind_memo *memo, const struct walk *w)
{
	struct walk_step *s = vec_push(&memo->fresh);

	*s = (struct walk_step){
		.pc = w->v[w->arch->reg_ra], .sp = w->v[w->arch->reg_sp],
		.flags = FRAME_F_LEAF, .exact = true, .odd = true };
}

static void snapshot(struct unwind_memo *memo, const struct walk *w,
		     struct walk_step *s)
{
	struct unwind_regs *r = vec_push(&memo->snapshots);

	s->snapshot = (uint32_t)(memo->snapshots.count - 1);
	memcpy(r->v, w->v, sizeof(r->v));
	r->known = w->known;
}

static struct walk_step *push_step(struct unwind_memo *memo,
				   const struct walk *w,
				   struct rule_entry *rule)
{
	struct walk_step *s = vec_push(&memo->fresh);

	s->pc = w->v[w->arch->reg_ra];
	s->sp = w->v[w->arch->reg_sp];
	s->cfa = s->ra_avma = 0;
	s->rule = rule;
	s->exact = w->exact;
	s->odd = s->searched = false;
	s->from_fp = w->by_fp;
	s->flags = 0;
	if (w->exact)
		s->flags = FRAME_F_LEAF;
	else if (rule->row.flags & CFI_ROW_SIGNAL)
		s->flags = FRAME_F_SIGNAL;
	return s;
}

/* Returns how many frames of the previous walk go on from here. */
static uint32_t walk_frames(struct unwind_memo *memo, struct walk *w)
{
	int64_t cursor = memo_usable(memo, w->u) ?
			 (int64_t)memo->steps.count - 1 : -1;
	uint8_t reg_pc = w->arch->reg_ra;
	struct rule_entry *rule = NULL;
	struct unwinder *u = w->u;
	struct walk_step *s;

	for (;;) {
		if (cursor >= 0 && memo_match(memo, w, &cursor) &&
		    (uint64_t)cursor + 1 + memo->fresh.count <=
		    UNWIND_MAX_FRAMES)
			return (uint32_t)cursor + 1;
		if (memo->fresh.count == UNWIND_MAX_FRAMES) {
			ended(w, END_TOO_DEEP);
			return 0;
		}
		rule = rule ? rules_caller(u, w->space, rule, w->v[reg_pc],
					   w->exact) :
		       rules_find(u, w->space, w->v[reg_pc], w->exact);
		if (!rule) {
			if (!memo->fresh.count)
				push_lost_leaf(memo, w);
			ended(w, END_NO_RULE);
			return 0;
		}
		s = push_step(memo, w, rule);
		u->stats.fp_frames += s->from_fp;
		if (step(w, s, u->regions.data[rule->region].cfi) == STEP_END)
			return 0;
		if (s->odd)
			snapshot(memo, w, s);
	}
}

void unwind_walk(struct unwinder *u, struct unwind_memo *memo,
		 const struct unwind_space *space,
		 const struct unwind_regs *regs,
		 const struct unwind_stack *stack, struct unwind_walk *out)
{
	const uint64_t both = UINT64_C(1) << u->arch->reg_sp |
			      UINT64_C(1) << u->arch->reg_ra;
	uint64_t misses = u->stats.rule_misses;
	struct walk w;
	uint32_t shared = 0;

	w.u = u;
	w.space = space;
	w.stack = stack;
	rules_begin(u, space);
	vec_clear(&memo->fresh);
	vec_clear(&memo->snapshots);
	walk_begin(&w, regs);
	if ((w.known & both) == both)
		shared = walk_frames(memo, &w);
	if (shared) {
		w.end = memo->missing ? stack->beyond : memo->end;
		w.root_cfa = memo->root_cfa;
		w.needed_avma = memo->needed_avma;
		w.missing = memo->missing;
	}
	memo_commit(memo, &w, regs, shared);
	*out = (struct unwind_walk){
		.frames = memo->frames.data,
		.count = (uint32_t)memo->frames.count,
		.shared = shared,
		.end = w.end,
		.slow = w.slow,
		.root_cfa = w.root_cfa,
		.needed_avma = w.missing ? w.needed_avma : 0,
	};
	u->stats.walks++;
	misses = u->stats.rule_misses - misses;
	if (memo->fresh.count > misses)
		u->stats.rule_hits += memo->fresh.count - misses;
	u->stats.frames += out->count;
	u->stats.replayed += shared;
	u->stats.slow_walks += w.slow;
}
