/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The previous walk of a thread, kept so that its outer part need not be
 * walked again.
 *
 * What a walk finds from a frame on depends on the address space, on the
 * frame's pc and SP, on the registers that rules further out will read before
 * a slot restores them, and on the slots that are read. The last two are
 * small: nearly all code states its CFA by the SP, so a frame needs no
 * register, and one slot, its return address. For each frame the memo keeps
 * just these:
 *
 *	needs	registers whose value on entering the frame matters, each with
 *		a cell for the value. A cell is shared by the frames from the
 *		slot that loads it to the rule that reads it.
 *	slots	what must stand where in the stack: the return address, and
 *		the saved values of registers that are needed further out.
 *
 * If a state's needs are equal, and all slots from there to the root are, the
 * rest is equal: the walk would read nothing else. If a slot differs, the
 * frames up to it are walked as usual, and the search goes on behind it.
 * Frames that read more than this (odd ones: expressions, signal frames) are
 * always walked, and all frames inside them too.
 */
#include "walk.h"

#include "adder/mem.h"

struct unwind_memo *unwind_memo_new(void)
{
	return mem_calloc(1, sizeof(struct unwind_memo));
}

void unwind_memo_free(struct unwind_memo *m)
{
	if (!m)
		return;
	vec_release(&m->frames);
	vec_release(&m->steps);
	vec_release(&m->slots);
	vec_release(&m->needs);
	vec_release(&m->cells);
	vec_release(&m->fresh);
	vec_release(&m->snapshots);
	mem_free(m);
}

void unwind_memo_clear(struct unwind_memo *m)
{
	m->valid = false;
}

bool memo_usable(const struct unwind_memo *m, const struct unwinder *u)
{
	return m->valid && m->generation == u->generation &&
	       m->epoch == u->epoch;
}

static bool same_needs(const struct unwind_memo *m, const struct walk *w,
		       size_t i)
{
	size_t k = i ? m->steps.data[i - 1].needs_end : 0;
	const struct memo_need *n;

	for (; k < m->steps.data[i].needs_end; k++) {
		n = &m->needs.data[k];
		if (!(w->known >> n->reg & 1) ||
		    w->v[n->reg] != m->cells.data[n->cell])
			return false;
	}
	return true;
}

/* How many slots, from the first, lie outside the innermost that differs. */
static size_t same_slots(const struct unwind_memo *m, const struct walk *w,
			 size_t count, bool *same)
{
	const struct memo_slot *s;
	uint64_t v;

	while (count) {
		s = &m->slots.data[count - 1];
		if (!walk_load(w, s->avma, &v) || v != s->value) {
			*same = false;
			return count - 1;
		}
		count--;
	}
	*same = true;
	return 0;
}

bool memo_match(const struct unwind_memo *m, const struct walk *w,
		int64_t *cursor)
{
	uint64_t sp = w->v[w->arch->reg_sp], pc = w->v[w->arch->reg_ra], v;
	const struct memo_step *steps = m->steps.data;
	int64_t i = *cursor;
	size_t differs;
	bool same;

	while (i >= 0 && steps[i].sp < sp)
		i--;
	*cursor = i;
	if (i < 0 || steps[i].sp != sp || steps[i].pc != pc ||
	    steps[i].exact != w->exact || steps[i].from_fp != w->by_fp ||
	    !same_needs(m, w, (size_t)i))
		return false;
	/* What was missing then must be missing now. */
	if (m->missing && walk_load(w, m->needed_avma, &v)) {
		*cursor = -1;
		return false;
	}
	differs = same_slots(m, w, steps[i].slots_end, &same);
	if (same)
		return true;
	while (i > 0 && steps[i - 1].slots_end > differs)
		i--;
	*cursor = i - 1;
	return false;
}

/* --- keeping --- */
struct keeper {
	struct unwind_memo *m;
	uint64_t need;		/* of the frame that was put last */
	uint32_t cell[ARCH_REGS];
	bool replayable;
};

static void truncate_to(struct keeper *k, uint32_t shared)
{
	struct unwind_memo *m = k->m;
	struct memo_step *last;
	uint32_t i;

	m->frames.count = m->steps.count = shared;
	if (!shared) {
		m->slots.count = m->needs.count = m->cells.count = 0;
		return;
	}
	last = &m->steps.data[shared - 1];
	m->slots.count = last->slots_end;
	m->needs.count = last->needs_end;
	m->cells.count = last->cells_end;
	i = shared > 1 ? m->steps.data[shared - 2].needs_end : 0;
	for (; i < last->needs_end; i++) {
		k->need |= UINT64_C(1) << m->needs.data[i].reg;
		k->cell[m->needs.data[i].reg] = m->needs.data[i].cell;
	}
}

/* The values of open needs, where no plain slot loaded them. */
static void close_needs(struct keeper *k, const uint64_t *v)
{
	uint64_t left = k->need;
	int reg;

	for (; left; left &= left - 1) {
		reg = __builtin_ctzll(left);
		k->m->cells.data[k->cell[reg]] = v[reg];
	}
	k->need = 0;
}

static void put_slot(struct unwind_memo *m, uint64_t avma, uint64_t value)
{
	struct memo_slot *slot = vec_push(&m->slots);

	slot->avma = avma;
	slot->value = value;
}

/* The slots of needed registers that leaving this frame loads. */
static void put_saved(struct keeper *k, const struct walk *w,
		      const struct walk_step *s)
{
	const struct cfi_regs *l = s->rule->row.regs;
	uint64_t at, value, bit;
	uint8_t i;

	for (i = 0; i < l->count; i++) {
		bit = UINT64_C(1) << l->r[i].reg;
		at = s->cfa + (uint64_t)(int64_t)l->r[i].off;
		if (!(k->need & bit) || at < s->sp || !walk_load(w, at, &value))
			continue;
		put_slot(k->m, at, value);
		k->m->cells.data[k->cell[l->r[i].reg]] = value;
		k->need &= ~bit;
	}
}

static void put_step(struct keeper *k, const struct walk *w,
		     const struct walk_step *s)
{
	uint64_t bit = UINT64_C(1) << s->rule->row.cfa_reg, left;
	uint64_t in_state = UINT64_C(1) << w->arch->reg_sp |
			    UINT64_C(1) << w->arch->reg_ra;
	struct unwind_memo *m = k->m;
	struct memo_step *step;
	struct memo_need *n;
	int reg;

	if (s->ra_avma)
		put_slot(m, s->ra_avma, s->ra_raw);
	if (k->need)
		put_saved(k, w, s);
	if (!(bit & (k->need | in_state))) {
		k->need |= bit;
		k->cell[s->rule->row.cfa_reg] = (uint32_t)m->cells.count;
		*vec_push(&m->cells) = 0;
	}
	for (left = k->need; left; left &= left - 1) {
		reg = __builtin_ctzll(left);
		n = vec_push(&m->needs);
		n->reg = (uint32_t)reg;
		n->cell = k->cell[reg];
	}
	step = vec_push(&m->steps);
	step->pc = s->pc;
	step->sp = s->sp;
	step->exact = s->exact;
	step->from_fp = s->from_fp;
	step->needs_end = (uint32_t)m->needs.count;
	step->slots_end = (uint32_t)m->slots.count;
	step->cells_end = (uint32_t)m->cells.count;
}

static void put_frame(struct keeper *k, const struct walk *w,
		      const struct walk_step *s)
{
	struct unwind_frame *f = vec_push(&k->m->frames);
	const struct rule_region *r;

	f->pc_avma = s->pc;
	f->cfa = s->cfa;
	f->flags = s->flags;
	f->from_fp = s->from_fp;
	if (!s->rule) {		/* a leaf in no mapping */
		k->m->no_cookie = 0;
		f->code = CODE_NONE;
		f->module = NULL;
		f->addr = s->pc;
		f->cookie = &k->m->no_cookie;
		return;
	}
	r = &w->u->regions.data[s->rule->region];
	f->code = r->code;
	f->module = r->module;
	f->addr = s->pc - r->bias;
	f->cookie = &s->rule->cookie;
}

void memo_commit(struct unwind_memo *m, const struct walk *w,
		 const struct unwind_regs *leaf_regs, uint32_t shared)
{
	struct keeper k = { .m = m, .replayable = true };
	const struct walk_step *s;
	size_t i = m->fresh.count;

	truncate_to(&k, shared);
	vec_reserve(&m->frames, shared + i);
	vec_reserve(&m->steps, shared + i);
	while (i--) {
		s = &m->fresh.data[i];
		if (s->odd && k.replayable) {
			k.replayable = false;
			if (k.need)
				close_needs(&k, m->snapshots.data[s->snapshot].v);
		}
		if (k.replayable)
			put_step(&k, w, s);
		put_frame(&k, w, s);
	}
	if (k.replayable && k.need)
		close_needs(&k, leaf_regs->v);
	m->generation = w->u->generation;
	m->epoch = w->epoch;
	m->end = w->end;
	m->root_cfa = w->root_cfa;
	m->needed_avma = w->needed_avma;
	m->missing = w->missing;
	m->valid = !w->unknown_reg && w->end != END_TOO_DEEP &&
		   w->end != END_NO_USER;
}
