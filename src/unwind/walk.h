/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to unwind/: the rule cache (rules.c), the walk (walk.c) and the memo
 * (memo.c), which share their hot structures.
 */
#ifndef ADDER_SRC_UNWIND_WALK_H
#define ADDER_SRC_UNWIND_WALK_H

#include <string.h>

#include "adder/vec.h"
#include "cfi.h"

/*
 * What is known of one address in one address space; one cache line. `key` is
 * the number of the generation, times two, plus one when the pc is exact (an
 * interrupted instruction and not a return address); 0 = empty slot.
 */
struct rule_entry {
	uint64_t pc_avma;
	uint64_t cookie;
	uint32_t key;
	uint32_t region;
	/* Slot of the entry that its caller had last time, or any. */
	uint32_t caller_hint;
	uint32_t unused;
	struct cfi_row row;
};
_Static_assert(sizeof(struct rule_entry) == 64, "one cache line");

struct rule_region {
	struct cfi_table *cfi;
	void *module;
	uint64_t bias;		/* 0 for JIT code, whose addresses are avma */
	uint8_t code;
};

struct unwinder {
	const struct arch *arch;
	struct rule_entry *entries;
	size_t mask, count;
	/* Changes whenever entries move: cookies of before are gone. */
	uint64_t epoch;
	VEC(struct rule_entry *) retired;	/* freed when the next walk begins */
	uint64_t generation;	/* of the walk under way */
	uint32_t key;		/* its number, times two */
	uint32_t next_number;
	struct hmap numbers;	/* generation -> number */
	struct hmap128 by_region;	/* (number, lo_avma) -> index */
	VEC(struct rule_region) regions;
	struct cfi_pool pool;	/* of rules that no table has */
	struct unwind_stats stats;
};

/* Begins a walk in this address space. */
void rules_begin(struct unwinder *u, const struct unwind_space *space);
/* NULL where no executable mapping is. Valid until the next walk. */
struct rule_entry *rules_miss(struct unwinder *u,
			      const struct unwind_space *space, uint64_t pc,
			      bool exact);

static inline size_t rules_slot(uint64_t pc, uint32_t key)
{
	return ((pc ^ (uint64_t)key << 40) * UINT64_C(0x9e3779b97f4a7c15)) >> 24;
}

static inline struct rule_entry *rules_find(struct unwinder *u,
					    const struct unwind_space *space,
					    uint64_t pc, bool exact)
{
	uint32_t key = u->key + exact;
	size_t i = rules_slot(pc, key) & u->mask;
	struct rule_entry *e = &u->entries[i];

	while (e->key) {
		if (e->pc_avma == pc && e->key == key)
			return e;
		i = (i + 1) & u->mask;
		e = &u->entries[i];
	}
	return rules_miss(u, space, pc, exact);
}

/*
 * The same for the caller of `callee`, which as a rule is called from where
 * it was called last time: the processor can go on with that entry while the
 * return address is still on its way.
 */
static inline struct rule_entry *rules_caller(struct unwinder *u,
					      const struct unwind_space *space,
					      struct rule_entry *callee,
					      uint64_t pc, bool exact)
{
	struct rule_entry *e = &u->entries[callee->caller_hint & u->mask];

	if (e->pc_avma == pc && e->key == u->key + exact)
		return e;
	e = rules_find(u, space, pc, exact);
	if (e)
		callee->caller_hint = (uint32_t)(e - u->entries);
	return e;
}

/* --- the walk's state --- */
struct walk {
	struct unwinder *u;
	const struct unwind_space *space;
	const struct unwind_stack *stack;
	const struct arch *arch;
	const uint8_t *bytes;
	uint64_t lo_avma;
	uint64_t last;		/* offset of the last readable word, or... */
	bool readable;		/* ...false when there is none */
	bool exact;		/* pc is an interrupted instruction */
	bool slow;
	bool by_fp;		/* pc was found by a frame pointer, or searched */
	enum stack_end end;
	uint64_t root_cfa;
	bool unknown_reg;	/* the walk ended for want of a register */
	bool missing;		/* ... for want of the bytes at needed_avma */
	uint64_t epoch;
	uint64_t known;
	uint64_t needed_avma;
	uint64_t v[ARCH_REGS];
};

static inline bool walk_load(const struct walk *w, uint64_t avma, uint64_t *v)
{
	uint64_t off = avma - w->lo_avma;

	if (off > w->last || !w->readable)
		return false;
	memcpy(v, w->bytes + off, sizeof(*v));
	return true;
}

/*
 * A frame that was walked, leaf first; the memo turns these into what it
 * keeps. ra_avma is 0 when no return address was read from the stack. odd:
 * more was read than the return address and plain slots, so that comparing
 * those would not prove that the frame is the same.
 */
struct walk_step {
	uint64_t pc, sp, cfa;
	uint64_t ra_avma, ra_raw;
	struct rule_entry *rule;
	uint32_t snapshot;	/* odd: the registers behind it */
	uint8_t flags;		/* FRAME_F_* */
	bool exact, odd, from_fp;
	bool searched;		/* the way to its caller was searched for */
};

/* --- the memo --- */
struct memo_step {
	uint64_t pc, sp;
	bool exact, from_fp;
	uint32_t needs_end, slots_end, cells_end;	/* this step's end */
};

struct memo_slot {
	uint64_t avma, value;
};

struct memo_need {
	uint32_t reg;
	uint32_t cell;
};

struct unwind_memo {
	VEC(struct unwind_frame) frames;	/* root first, as all here */
	VEC(struct memo_step) steps;	/* of the outermost frames, no odd one */
	VEC(struct memo_slot) slots;
	VEC(struct memo_need) needs;
	VEC(uint64_t) cells;
	VEC(struct walk_step) fresh;	/* leaf first: the walk under way */
	/* Registers after odd steps of the walk under way. */
	VEC(struct unwind_regs) snapshots;
	uint64_t generation, epoch;
	bool valid;
	bool missing;		/* it ended for want of needed_avma's bytes */
	enum stack_end end;
	uint64_t root_cfa, needed_avma;
	uint64_t no_cookie;
};

/* Whether the previous walk may be used at all. */
bool memo_usable(const struct unwind_memo *m, const struct unwinder *u);
/*
 * Tries the previous walk at the present state; *cursor (at first the last
 * step) says where to look, and moves to the root. true: frames 0 .. *cursor
 * of the previous walk, and its end, are this walk's too.
 */
bool memo_match(const struct unwind_memo *m, const struct walk *w,
		int64_t *cursor);
/* Keeps the first `shared` frames and puts the fresh ones on them. */
void memo_commit(struct unwind_memo *m, const struct walk *w,
		 const struct unwind_regs *leaf_regs, uint32_t shared);

#endif
