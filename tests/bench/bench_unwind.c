/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a frame costs, on this process's own stack 240 frames deep, through
 * libc's qsort and functions of different frames. `name value unit` per line,
 * CPU time, the best of several rounds:
 *
 *	warm		rules cached, no memo
 *	replayed	the previous walk of the same stack in the memo
 *	new_leaf	the innermost 8 frames are new, the rest replayed
 *	cold_rules	rules not cached, tables compiled
 *	cold		nothing: tables not even loaded
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "../support/map_space.h"
#include "adder/mem.h"
#include "adder/types.h"

#define DEPTH 100
#define STACK_BYTES 65536
#define ROUNDS 7

struct capture {
	struct unwind_regs regs;
	uint64_t words[STACK_BYTES / 8];
	struct unwind_stack stack;
};

static struct capture full, shallow;

__attribute__((noinline)) static void take(struct capture *c)
{
#if defined(__x86_64__)
	static const int gregs[] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP,
		REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
		REG_R14, REG_R15, REG_RIP,
	};
	size_t i;
#endif
	ucontext_t uc;
	uint64_t sp, bytes;

	getcontext(&uc);
#if defined(__x86_64__)
	for (i = 0; i < ARRAY_LEN(gregs); i++)
		c->regs.v[i] = (uint64_t)uc.uc_mcontext.gregs[gregs[i]];
#else
	memcpy(c->regs.v, uc.uc_mcontext.regs, 31 * 8);
	c->regs.v[31] = uc.uc_mcontext.sp;
	c->regs.v[32] = uc.uc_mcontext.pc;
#endif
	c->regs.known = UINT64_MAX;
	sp = c->regs.v[arch_native()->reg_sp];
	/* The environment stands behind the outermost frame. */
	bytes = (uintptr_t)environ - sp;
	if (bytes > STACK_BYTES)
		bytes = STACK_BYTES;
	memcpy(c->words, (const void *)(uintptr_t)sp, bytes);
	c->stack = (struct unwind_stack){
		(const uint8_t *)c->words, sp, bytes, END_CUT };
}

static int descend(int n);

__attribute__((noinline)) static int by_registers(int n, int a, int b, int c)
{
	int x = descend(n - 1) + a;

	return x * b + descend(0) * c + a * b * c;
}

__attribute__((noinline)) static int by_frame(int n)
{
	char room[200];

	snprintf(room, sizeof(room), "%d", n);
	return descend(n - 1) + room[0];
}

static int sort_depth;

static int by_sort(const void *a, const void *b)
{
	int n = sort_depth;

	sort_depth = 0;
	return (n ? descend(n - 1) & 1 : 0) + *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static int descend(int n)
{
	int two[2] = { 1, 2 };

	if (n <= 0) {
		if (n == 0 && !full.regs.known)
			take(&full);
		return 1;
	}
	if (n == 4 && !shallow.regs.known)
		take(&shallow);
	if (n % 5 == 0) {
		sort_depth = n;
		qsort(two, 2, sizeof(two[0]), by_sort);
		return two[0];
	}
	return n % 2 ? by_registers(n, n, n + 1, n + 2) : by_frame(n) + 1;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct unwind_walk walk(struct unwinder *u, struct unwind_memo *m,
			       const struct map_space *s,
			       const struct capture *c)
{
	struct unwind_walk out;

	unwind_walk(u, m, map_space_of(s), &c->regs, &c->stack, &out);
	return out;
}

enum what { WARM, REPLAYED, NEW_LEAF, COLD_RULES, COLD, WHAT_COUNT };

static const char *const names[WHAT_COUNT] = {
	"warm", "replayed", "new_leaf", "cold_rules", "cold" };

/* One walk of each kind; what does not count is done before. */
static double one(enum what what, struct unwinder **u, struct unwind_memo *m,
		  struct map_space **s, uint32_t *frames)
{
	double begin;

	if (what == COLD) {
		map_space_free(*s);
		*s = map_space_new(getpid(), arch_native());
	}
	if (what == COLD || what == COLD_RULES) {
		unwinder_free(*u);
		*u = unwinder_new(arch_native());
	}
	if (what == NEW_LEAF)
		walk(*u, m, *s, &shallow);
	else if (what != REPLAYED)
		unwind_memo_clear(m);
	begin = cpu_ns();
	*frames += walk(*u, m, *s, &full).count;
	return cpu_ns() - begin;
}

/* Reading the clock costs as much as ten frames: many walks at once. */
static double many(enum what what, struct unwinder *u, struct unwind_memo *m,
		   const struct map_space *s, uint32_t *frames)
{
	double begin = cpu_ns();
	int i;

	for (i = 0; i < 200; i++) {
		if (what == WARM)
			unwind_memo_clear(m);
		*frames += walk(u, m, s, &full).count;
	}
	return cpu_ns() - begin;
}

int main(void)
{
	struct map_space *s = map_space_new(getpid(), arch_native());
	struct unwinder *u = unwinder_new(arch_native());
	struct unwind_memo *m = unwind_memo_new();
	struct unwind_walk w;
	double took, best;
	uint32_t frames;
	int what, round;

	if (!s || !descend(DEPTH))
		return 1;
	w = walk(u, m, s, &full);
	if (w.end != END_COMPLETE || w.count < DEPTH) {
		fprintf(stderr, "bench_unwind: the stack is not whole\n");
		return 1;
	}
	printf("unwind_depth %u frames\n", w.count);
	for (what = 0; what < WHAT_COUNT; what++) {
		best = 1e18;
		for (round = 0; round < ROUNDS; round++) {
			frames = 0;
			took = what <= REPLAYED ?
			       many((enum what)what, u, m, s, &frames) :
			       one((enum what)what, &u, m, &s, &frames);
			if (took / frames < best)
				best = took / frames;
		}
		printf("unwind_%s %.1f ns/frame\n", names[what], best);
	}
	map_space_free(s);
	unwinder_free(u);
	unwind_memo_free(m);
	return 0;
}
