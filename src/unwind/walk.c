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

enum step_end { STEP_ON, STEP_END };

static enum step_end ended(struct unwind_walk *out, enum stack_end end)
{
	out->end = end;
	return STEP_END;
}

static enum step_end missing(struct walk *w, const struct unwind_stack *stack,
			     struct unwind_walk *out, uint64_t avma)
{
	w->needed_avma = avma;
	w->missing = true;
	return ended(out, stack->beyond);
}

static enum step_end unknown(struct walk *w, struct unwind_walk *out)
{
	w->unknown_reg = true;
	return ended(out, END_CUT);
}

static bool is_known(const struct walk *w, uint8_t reg)
{
	return w->known >> reg & 1;
}

static bool expr_read(void *ctx, uint64_t avma, uint64_t *value)
{
	return walk_load(ctx, avma, value);
}

static enum step_end eval(struct walk *w, const struct rule_region *region,
			  const struct unwind_stack *stack,
			  struct unwind_walk *out, int32_t off, uint32_t len,
			  const uint64_t *initial, uint64_t *value)
{
	struct cfi_expr_env env = {
		.v = w->v, .known = w->known, .read = expr_read, .ctx = w };

	w->slow = true;
	if (!region->cfi)
		return ended(out, END_NO_RULE);
	if (cfi_expr_eval(cfi_table_expr(region->cfi, off, len), initial, &env,
			  value))
		return STEP_ON;
	if (env.unknown_reg)
		return unknown(w, out);
	if (env.missing_avma)
		return missing(w, stack, out, env.missing_avma);
	return ended(out, END_NO_RULE);
}

/* Any CFA but "register + offset". */
static enum step_end odd_cfa(struct walk *w, const struct cfi_row *row,
			     const struct rule_region *region,
			     const struct unwind_stack *stack,
			     struct unwind_walk *out, uint64_t *cfa)
{
	uint64_t at;

	switch (row->cfa_kind) {
	case CFI_CFA_DEREF:
	case CFI_CFA_INDEX:
		if (!is_known(w, row->cfa_reg))
			return unknown(w, out);
		at = w->v[row->cfa_reg] + (uint64_t)(int64_t)row->cfa_off;
		if (row->cfa_kind == CFI_CFA_INDEX) {
			if (!is_known(w, row->cfa_reg2))
				return unknown(w, out);
			at += 8 * w->v[row->cfa_reg2];
		}
		if (!walk_load(w, at, cfa))
			return missing(w, stack, out, at);
		*cfa += (uint64_t)(int64_t)row->cfa_off2;
		return STEP_ON;
	case CFI_CFA_EXPR:
		return eval(w, region, stack, out, row->cfa_off,
			    (uint32_t)row->cfa_off2, NULL, cfa);
	default:
		return ended(out, END_NO_RULE);
	}
}

/*
 * The caller's value of one register by a rule that is not a plain slot.
 * *has = false: it has none.
 */
static enum step_end odd_reg(struct walk *w, const struct cfi_reg *r,
			     const struct rule_region *region,
			     const struct unwind_stack *stack,
			     struct unwind_walk *out, uint64_t cfa,
			     uint64_t *value, bool *has)
{
	uint64_t at = cfa + (uint64_t)(int64_t)r->off;

	*has = true;
	switch (r->kind) {
	case CFI_SAME:
		*has = is_known(w, r->reg);
		*value = w->v[r->reg];
		return STEP_ON;
	case CFI_OFFSET:
		*has = walk_load(w, at, value);
		w->needed_avma = at;
		return STEP_ON;
	case CFI_VAL_OFFSET:
		*value = at;
		return STEP_ON;
	case CFI_REGISTER:
		*has = is_known(w, (uint8_t)r->arg);
		*value = w->v[r->arg];
		return STEP_ON;
	case CFI_AT_REG:
		*has = is_known(w, (uint8_t)r->arg);
		at = w->v[r->arg] + (uint64_t)(int64_t)r->off;
		*has = *has && walk_load(w, at, value);
		w->needed_avma = at;
		return STEP_ON;
	case CFI_EXPR:
		if (eval(w, region, stack, out, r->off, r->arg, &cfa, &at) ==
		    STEP_END)
			return STEP_END;
		*has = walk_load(w, at, value);
		w->needed_avma = at;
		return STEP_ON;
	case CFI_VAL_EXPR:
		return eval(w, region, stack, out, r->off, r->arg, &cfa, value);
	default:
		*has = false;
		return STEP_ON;
	}
}

/* A return address that is not at CFA + offset. */
static enum step_end odd_ra(struct walk *w, const struct cfi_row *row,
			    const struct rule_region *region,
			    const struct unwind_stack *stack,
			    struct unwind_walk *out, uint64_t cfa, uint64_t *ra)
{
	uint64_t avma_before = w->needed_avma;
	bool has;

	if (row->ra.kind == CFI_UNDEFINED) {
		out->root_cfa = cfa;
		return ended(out, END_COMPLETE);
	}
	/* "The return address is the pc" says nothing. */
	if (row->ra.kind == CFI_SAME && row->ra.reg == w->arch->reg_ra)
		return ended(out, END_NO_RULE);
	w->needed_avma = 0;
	if (odd_reg(w, &row->ra, region, stack, out, cfa, ra, &has) == STEP_END)
		return STEP_END;
	if (has) {
		w->needed_avma = avma_before;
		return STEP_ON;
	}
	if (w->needed_avma)
		return missing(w, stack, out, w->needed_avma);
	return unknown(w, out);
}

/* Lists with rules of all kinds: they read the registers of before. */
static enum step_end odd_regs(struct walk *w, const struct cfi_row *row,
			      const struct rule_region *region,
			      const struct unwind_stack *stack,
			      struct unwind_walk *out, uint64_t cfa, uint64_t sp)
{
	uint64_t values[ARCH_REGS], set = 0, cleared = 0, bit;
	const struct cfi_reg *r;
	enum step_end end;
	uint8_t i;
	bool has;

	for (i = 0; i < row->regs->count; i++) {
		r = &row->regs->r[i];
		bit = UINT64_C(1) << r->reg;
		if (r->kind == CFI_OFFSET &&
		    cfa + (uint64_t)(int64_t)r->off < sp) {
			set |= w->known & bit;
			values[i] = w->v[r->reg];
			continue;
		}
		end = odd_reg(w, r, region, stack, out, cfa, &values[i], &has);
		if (end == STEP_END)
			return end;
		if (has)
			set |= bit;
		else
			cleared |= bit;
	}
	w->needed_avma = 0;
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
	uint64_t at = cfa + (uint64_t)(int64_t)r->off;
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
	uint64_t lo = cfa + (uint64_t)(int64_t)l->lo_off;
	uint64_t off = lo - w->lo_avma;
	uint64_t span = (uint64_t)(int64_t)(l->hi_off - l->lo_off);
	const uint8_t *base;
	uint8_t i;

	if (lo >= sp && off <= w->last && span <= w->last - off + 8) {
		base = w->bytes + (cfa - w->lo_avma);
		for (i = 0; i < l->count; i++)
			memcpy(&w->v[l->r[i].reg], base + l->r[i].off, 8);
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

/* From the frame in s to its caller: w's registers, pc and exactness. */
static enum step_end step(struct walk *w, struct walk_step *s,
			  const struct rule_region *region,
			  const struct unwind_stack *stack,
			  struct unwind_walk *out)
{
	const struct cfi_row *row = &s->rule->row;
	uint8_t reg_sp = w->arch->reg_sp, reg_pc = w->arch->reg_ra;
	uint64_t cfa, ra;

	if (row->cfa_kind == CFI_CFA_REG) {
		if (!is_known(w, row->cfa_reg))
			return unknown(w, out);
		cfa = w->v[row->cfa_reg] + (uint64_t)(int64_t)row->cfa_off;
	} else {
		s->odd = true;
		if (odd_cfa(w, row, region, stack, out, &cfa) == STEP_END)
			return STEP_END;
	}
	s->cfa = cfa;
	if (row->ra.kind == CFI_OFFSET) {
		if (!advances(w, row, cfa, s->sp))
			return ended(out, row->flags & CFI_ROW_FP ?
				     END_NO_RULE : END_NO_PROGRESS);
		s->ra_avma = cfa + (uint64_t)(int64_t)row->ra.off;
		if (!walk_load(w, s->ra_avma, &ra)) {
			missing(w, stack, out, s->ra_avma);
			s->ra_avma = 0;
			return STEP_END;
		}
		s->ra_raw = ra;
	} else {
		s->odd |= row->ra.kind != CFI_UNDEFINED;
		if (odd_ra(w, row, region, stack, out, cfa, &ra) == STEP_END)
			return STEP_END;
		if (!advances(w, row, cfa, s->sp))
			return ended(out, END_NO_PROGRESS);
	}
	ra &= ~w->arch->pac_mask;
	if (!ra) {
		out->root_cfa = cfa;
		return ended(out, END_COMPLETE);
	}
	if (row->regs->plain) {
		w->known &= w->arch->saved_regs;
		plain_regs(w, row->regs, cfa, s->sp);
	} else {
		s->odd = true;
		if (odd_regs(w, row, region, stack, out, cfa, s->sp) ==
		    STEP_END)
			return STEP_END;
	}
	if (!(row->regs->mask >> reg_sp & 1))
		w->v[reg_sp] = cfa;
	w->v[reg_pc] = ra;
	w->known |= UINT64_C(1) << reg_sp | UINT64_C(1) << reg_pc;
	w->exact = row->flags & CFI_ROW_SIGNAL;
	w->by_fp = row->flags & CFI_ROW_FP;
	return STEP_ON;
}

static void walk_begin(struct walk *w, const struct unwinder *u,
		       const struct unwind_regs *regs,
		       const struct unwind_stack *stack)
{
	w->arch = u->arch;
	w->bytes = stack->bytes;
	w->lo_avma = stack->lo_avma;
	w->readable = stack->size_bytes >= 8;
	w->last = w->readable ? stack->size_bytes - 8 : 0;
	w->exact = true;
	w->slow = w->by_fp = w->unknown_reg = w->missing = false;
	w->needed_avma = 0;
	w->epoch = u->epoch;
	w->known = regs->known & ((UINT64_C(1) << u->arch->reg_count) - 1);
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

/* Returns how many frames of the previous walk go on from here. */
static uint32_t walk_frames(struct unwinder *u, struct unwind_memo *memo,
			    const struct unwind_space *space,
			    const struct unwind_stack *stack, struct walk *w,
			    struct unwind_walk *out)
{
	bool usable = memo_usable(memo, u);
	int64_t cursor = usable ? (int64_t)memo->steps.count - 1 : -1;
	uint8_t reg_sp = w->arch->reg_sp, reg_pc = w->arch->reg_ra;
	const struct rule_region *region;
	struct rule_entry *rule;
	struct walk_step *s;

	for (;;) {
		if (cursor >= 0 && memo_match(memo, w, &cursor) &&
		    (uint64_t)cursor + 1 + memo->fresh.count <=
		    UNWIND_MAX_FRAMES)
			return (uint32_t)cursor + 1;
		if (memo->fresh.count == UNWIND_MAX_FRAMES) {
			ended(out, END_TOO_DEEP);
			return 0;
		}
		rule = rules_find(u, space, w->v[reg_pc], w->exact);
		if (!rule) {
			if (!memo->fresh.count)
				push_lost_leaf(memo, w);
			ended(out, END_NO_RULE);
			return 0;
		}
		region = &u->regions.data[rule->region];
		s = vec_push(&memo->fresh);
		s->pc = w->v[reg_pc];
		s->sp = w->v[reg_sp];
		s->cfa = s->ra_avma = 0;
		s->rule = rule;
		s->exact = w->exact;
		s->odd = false;
		s->from_fp = w->by_fp;
		s->flags = w->exact ? FRAME_F_LEAF :
			   rule->row.flags & CFI_ROW_SIGNAL ? FRAME_F_SIGNAL : 0;
		if (w->by_fp)
			u->stats.fp_frames++;
		if (step(w, s, region, stack, out) == STEP_END)
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
	struct walk w;
	uint32_t shared = 0;

	*out = (struct unwind_walk){ .end = END_NO_USER };
	rules_begin(u, space);
	vec_clear(&memo->fresh);
	vec_clear(&memo->snapshots);
	walk_begin(&w, u, regs, stack);
	if ((w.known & both) == both)
		shared = walk_frames(u, memo, space, stack, &w, out);
	if (shared) {
		out->end = memo->missing ? stack->beyond : memo->end;
		out->root_cfa = memo->root_cfa;
		w.needed_avma = memo->needed_avma;
		w.missing = memo->missing;
	}
	memo->end = out->end;
	memo->root_cfa = out->root_cfa;
	memo->missing = w.missing;
	memo->needed_avma = out->needed_avma = w.missing ? w.needed_avma : 0;
	out->slow = w.slow;
	memo_commit(memo, u, &w, regs, shared);
	out->frames = memo->frames.data;
	out->count = (uint32_t)memo->frames.count;
	out->shared = shared;
	u->stats.walks++;
	u->stats.frames += out->count;
	u->stats.replayed += shared;
	u->stats.slow_walks += w.slow;
}
