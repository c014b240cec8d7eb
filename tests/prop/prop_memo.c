/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk with a memo is the walk without one, for sequences of mutated stacks
 * over made-up code: rules of every kind, chosen by the pc; odd words of the
 * stack are return addresses, even ones pointers up the stack or numbers, so
 * that walks go on for a while. Between walks words change (anywhere, or deep
 * down only), the stack gets longer or shorter, bytes go missing, registers
 * change, the generation changes. PROP_SEED replays one seed, PROP_RUNS sets
 * how many are tried.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/prng.h"
#include "adder/cfi_rule.h"
#include "adder/hmap.h"
#include "adder/mem.h"
#include "adder/unwind.h"

#define CODE_AVMA UINT64_C(0x400000)
#define CODE_BYTES 0x1000
#define STACK_AVMA UINT64_C(0x7fff00000000)
#define WORDS 4096
#define STEPS 60

enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, RIP = 16 };

struct world {
	struct prng prng;
	uint64_t words[WORDS];
	uint64_t sp_word;	/* the leaf's SP: an even index */
	uint64_t end_word;	/* where the dump ends */
	struct unwind_regs regs;
	uint64_t rules_seed;
	struct unwind_space space;
};

static uint64_t below(struct world *w, uint64_t n)
{
	return prng_below(&w->prng, n);
}

static bool find(void *ctx, uint64_t avma, struct unwind_region *out)
{
	(void)ctx;
	if (avma < CODE_AVMA || avma >= CODE_AVMA + CODE_BYTES)
		return false;
	*out = (struct unwind_region){ .kind = CODE_JIT, .lo_avma = CODE_AVMA,
				       .hi_avma = CODE_AVMA + CODE_BYTES };
	return true;
}

static void add_saved(struct cfi_rule *rule, uint64_t h)
{
	static const uint8_t saved[] = { RBX, RBP, R12 };
	size_t i;

	for (i = 0; i < 3; i++)
		if (h >> i & 1)
			rule->regs[rule->reg_count++] = (struct cfi_reg){
				.reg = saved[i], .kind = CFI_OFFSET,
				.off = -16 - 16 * (int32_t)(h >> (4 + i) & 1) };
}

static void odd_rule(struct cfi_rule *rule, uint64_t h)
{
	switch (h % 7) {
	case 0:
		rule->ra.kind = CFI_UNDEFINED;
		break;
	case 1:
		rule->cfa_kind = CFI_CFA_DEREF;
		rule->cfa_off2 = 16;
		break;
	case 2:
		rule->cfa_kind = CFI_CFA_INDEX;
		rule->cfa_reg2 = RBX;
		break;
	case 3:
		rule->signal = true;
		rule->reg_count = 2;
		rule->regs[0] = (struct cfi_reg){
			.reg = RBP, .kind = CFI_AT_REG, .arg = RSP, .off = 16 };
		rule->regs[1] = (struct cfi_reg){
			.reg = RSP, .kind = CFI_VAL_OFFSET, .off = 32 };
		break;
	case 4:
		rule->reg_count = 1;
		rule->regs[0] = (struct cfi_reg){
			.reg = RBX, .kind = CFI_REGISTER, .arg = RBP };
		break;
	case 5:
		rule->reg_count = 1;
		rule->regs[0] = (struct cfi_reg){
			.reg = RBP, .kind = CFI_UNDEFINED };
		break;
	case 6:
		rule->cfa_kind = CFI_CFA_NONE;
		break;
	}
}

static bool jit_rule(void *ctx, uint64_t avma, struct cfi_rule *rule)
{
	const struct world *w = ctx;
	uint64_t h = hash_u64(avma ^ w->rules_seed);

	memset(rule, 0, sizeof(*rule));
	rule->cfa_kind = CFI_CFA_REG;
	rule->cfa_reg = RSP;
	rule->cfa_off = 16 + 16 * (int32_t)(h >> 20 & 3);
	rule->ra = (struct cfi_reg){ .reg = RIP, .kind = CFI_OFFSET, .off = -8 };
	add_saved(rule, h >> 24);
	if (h % 16 == 0)
		rule->cfa_reg = h >> 40 & 1 ? RBP : RBX;
	else if (h % 16 == 1)
		return false;	/* by frame pointer */
	if (h >> 8 & 31)
		return true;
	rule->cfa_reg = RSP;
	odd_rule(rule, h >> 48);
	return true;
}

static uint64_t random_pc(struct world *w)
{
	return CODE_AVMA + 16 * below(w, 64) + 8;
}

static uint64_t random_word(struct world *w, uint64_t index)
{
	if (index & 1)
		return below(w, 400) ? random_pc(w) : below(w, 3);
	if (below(w, 40))
		return STACK_AVMA + 8 * ((index & ~UINT64_C(1)) + 2 +
					 2 * below(w, 8));
	return below(w, 4);
}

static void fill(struct world *w, uint64_t from, uint64_t to)
{
	for (; from < to && from < WORDS; from++)
		w->words[from] = random_word(w, from);
}

static void leaf_regs(struct world *w)
{
	w->regs.known = UINT64_MAX;
	w->regs.v[RSP] = STACK_AVMA + 8 * w->sp_word;
	w->regs.v[RIP] = random_pc(w);
	w->regs.v[RBP] = w->regs.v[RSP] + 16 * below(w, 8);
	w->regs.v[RBX] = w->regs.v[RSP] + 16 * below(w, 8);
	w->regs.v[R12] = below(w, 3);
	if (!below(w, 16))
		w->regs.known = UINT64_C(1) << RSP | UINT64_C(1) << RIP;
}

/* The leaf part anew, from a little below or above where it was. */
static void mutate_leaf(struct world *w)
{
	uint64_t before = w->sp_word;

	w->sp_word = 2 * below(w, 200);
	if (w->sp_word < before)
		fill(w, w->sp_word, before);
	leaf_regs(w);
}

static void mutate_words(struct world *w, uint64_t from)
{
	uint64_t n = 1 + below(w, 3), i;

	while (n--) {
		i = from + below(w, WORDS - from);
		w->words[i] = random_word(w, i);
	}
}

static void mutate(struct world *w)
{
	switch (below(w, 9)) {
	case 0:
	case 1:
	case 2:
		mutate_leaf(w);
		break;
	case 3:
		mutate_words(w, 0);
		break;
	case 4:
		mutate_words(w, 500);
		break;
	case 5:
		w->end_word = w->sp_word + below(w, WORDS - w->sp_word);
		break;
	case 6:
		w->end_word = WORDS;
		break;
	case 7:
		leaf_regs(w);
		break;
	case 8:
		if (!below(w, 8)) {
			w->rules_seed += !below(w, 2);
			w->space.generation++;
		}
		break;
	}
}

static bool same_frame(const struct unwind_frame *a,
		       const struct unwind_frame *b)
{
	return a->pc_avma == b->pc_avma && a->cfa == b->cfa &&
	       a->flags == b->flags && a->code == b->code &&
	       a->from_fp == b->from_fp && a->module == b->module &&
	       a->addr == b->addr;
}

static const char *differs(const struct unwind_walk *a,
			   const struct unwind_walk *b)
{
	uint32_t i;

	if (a->end != b->end)
		return "the end differs";
	if (a->count != b->count)
		return "the count differs";
	if (a->root_cfa != b->root_cfa || a->needed_avma != b->needed_avma ||
	    a->slow != b->slow)
		return "the root's CFA, what is needed, or slow differs";
	for (i = 0; i < a->count; i++)
		if (!same_frame(&a->frames[i], &b->frames[i]))
			return "a frame differs";
	return NULL;
}

struct totals {
	uint64_t frames, shared, complete, walks;
};

struct previous {
	struct unwind_frame *frames;
	uint32_t count;
};

static const char *check_shared(struct previous *p, const struct unwind_walk *w)
{
	uint32_t i;

	if (w->shared > w->count || w->shared > p->count)
		return "shared is more than there is";
	for (i = 0; i < w->shared; i++)
		if (!same_frame(&w->frames[i], &p->frames[i]) ||
		    w->frames[i].cookie != p->frames[i].cookie)
			return "a shared frame is not the previous one";
	mem_free(p->frames);
	p->frames = mem_dup(w->frames, w->count * sizeof(*w->frames));
	p->count = w->count;
	return NULL;
}

static const char *run(struct world *w, struct totals *t)
{
	struct unwinder *with = unwinder_new(arch_by_machine(62));
	struct unwinder *without = unwinder_new(arch_by_machine(62));
	struct unwind_memo *memo = unwind_memo_new();
	struct unwind_memo *none = unwind_memo_new();
	struct previous previous = { NULL, 0 };
	struct unwind_walk a, b;
	struct unwind_stack stack;
	const char *why = NULL;
	int step;

	for (step = 0; step < STEPS && !why; step++) {
		mutate(w);
		if (w->end_word < w->sp_word)
			w->end_word = w->sp_word;
		stack = (struct unwind_stack){
			(uint8_t *)(w->words + w->sp_word),
			STACK_AVMA + 8 * w->sp_word,
			8 * (w->end_word - w->sp_word),
			below(w, 2) ? END_CUT : END_NOT_HELD };
		unwind_walk(with, memo, &w->space, &w->regs, &stack, &a);
		unwind_memo_clear(none);
		unwind_walk(without, none, &w->space, &w->regs, &stack, &b);
		why = differs(&a, &b);
		if (!why)
			why = check_shared(&previous, &a);
		t->walks++;
		t->frames += a.count;
		t->shared += a.shared;
		t->complete += a.end == END_COMPLETE;
	}
	mem_free(previous.frames);
	unwind_memo_free(memo);
	unwind_memo_free(none);
	unwinder_free(with);
	unwinder_free(without);
	return why;
}

int main(void)
{
	const char *one = getenv("PROP_SEED"), *many = getenv("PROP_RUNS");
	uint64_t seed = one ? strtoull(one, NULL, 0) : 1;
	uint64_t runs = one ? 1 : many ? strtoull(many, NULL, 0) : 3000;
	struct world *w = mem_calloc(1, sizeof(*w));
	struct totals t = { 0 };
	const char *why = NULL;

	for (; runs && !why; runs--, seed++) {
		memset(w, 0, sizeof(*w));
		w->prng.state = seed;
		w->rules_seed = seed;
		w->end_word = WORDS;
		w->space = (struct unwind_space){ 1, find, jit_rule, w };
		fill(w, 0, WORDS);
		w->sp_word = 200;
		leaf_regs(w);
		why = run(w, &t);
		if (why)
			printf("PROP_SEED=%" PRIu64 ": with and without the "
			       "memo: %s\n", seed, why);
	}
	mem_free(w);
	if (why)
		return 1;
	printf("%" PRIu64 " walks, %" PRIu64 " frames, %" PRIu64 " shared, %"
	       PRIu64 " walks complete\n", t.walks, t.frames, t.shared,
	       t.complete);
	/* Else it would have shown nothing. */
	return one || (t.shared > t.frames / 8 && t.frames > 5 * t.walks &&
		       t.complete > t.walks / 50) ? 0 : 1;
}
