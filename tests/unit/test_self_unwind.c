/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process unwinds itself, out of a callback that libc called: from real
 * registers and a copy of the real stack, through this program's and libc's
 * own CFI, to _start; and out of a signal handler, through the signal frame.
 */
#include "../support/cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "../support/map_space.h"
#include "adder/mem.h"
#include "adder/types.h"

#define STACK_BYTES ((size_t)256 << 10)
#define NOINLINE __attribute__((noinline))

static struct {
	struct map_space *maps;
	struct unwinder *unwinder;
	struct unwind_memo *memo;
	struct unwind_regs regs;
	uint8_t *bytes;
	uint64_t lo_avma;
	size_t size_bytes;
	uint64_t stack_hi_avma;
	unsigned int signals;
} self;

static void regs_of(struct unwind_regs *r, const ucontext_t *uc)
{
#if defined(__x86_64__)
	static const int gregs[] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP,
		REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
		REG_R14, REG_R15, REG_RIP,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(gregs); i++)
		r->v[i] = (uint64_t)uc->uc_mcontext.gregs[gregs[i]];
#else
	memcpy(r->v, uc->uc_mcontext.regs, 31 * 8);
	r->v[31] = uc->uc_mcontext.sp;
	r->v[32] = uc->uc_mcontext.pc;
#endif
	r->known = UINT64_MAX;
}

static void find_stack_end(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long lo, hi;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &lo, &hi) == 2 &&
		    strstr(line, "[stack]"))
			self.stack_hi_avma = hi;
	fclose(f);
	assert_int_not_equal(self.stack_hi_avma, 0);
}

/* The sanitizer must not object to reading the frames of our callers. */
__attribute__((no_sanitize("address"))) static void copy_words(
	volatile uint64_t *to, const volatile uint64_t *from, size_t words)
{
	size_t i;

	for (i = 0; i < words; i++)
		to[i] = from[i];
}

static void take_copy(const ucontext_t *uc)
{
	uint64_t sp;

	regs_of(&self.regs, uc);
	sp = self.regs.v[arch_native()->reg_sp];
	self.lo_avma = sp;
	self.size_bytes = self.stack_hi_avma - sp;
	if (self.size_bytes > STACK_BYTES)
		self.size_bytes = STACK_BYTES;
	self.size_bytes &= ~(size_t)7;
	copy_words((uint64_t *)self.bytes,
		   (const uint64_t *)(uintptr_t)sp, self.size_bytes / 8);
}

static void take_here(void)
{
	ucontext_t uc;

	getcontext(&uc);
	take_copy(&uc);
}

NOINLINE static void on_signal(int sig, siginfo_t *si, void *ucv)
{
	(void)sig;
	(void)si;
	(void)ucv;
	take_here();
	self.signals++;		/* so that the call is not the last thing */
}

NOINLINE static int compare_and_copy(const void *a, const void *b)
{
	take_here();
	return *(const int *)a - *(const int *)b;
}

NOINLINE static int compare_and_raise(const void *a, const void *b)
{
	raise(SIGUSR1);
	return *(const int *)a - *(const int *)b;
}

static struct unwind_walk walk(void)
{
	struct unwind_stack stack = {
		self.bytes, self.lo_avma, self.size_bytes, END_CUT };
	struct unwind_walk out;

	unwind_walk(self.unwinder, self.memo, map_space_of(self.maps),
		    &self.regs, &stack, &out);
	return out;
}

static bool frame_within(const struct unwind_frame *f, uint64_t fn_avma)
{
	struct unwind_region r;
	uint64_t lo, hi;
	const struct unwind_space *s = map_space_of(self.maps);

	if (!s->find(s->ctx, fn_avma, &r) || !r.cfi ||
	    !cfi_table_fde(r.cfi, fn_avma - r.bias, &lo, &hi))
		return false;
	return f->pc_avma - r.bias > lo && f->pc_avma - r.bias <= hi;
}

static int index_of(const struct unwind_walk *w, uint64_t fn_avma)
{
	uint32_t i;

	for (i = 0; i < w->count; i++)
		if (frame_within(&w->frames[i], fn_avma))
			return (int)i;
	return -1;
}

static void check_whole(const struct unwind_walk *w)
{
	const char *outer;
	uint32_t i;

	assert_int_equal(w->end, END_COMPLETE);
	assert_true(w->count > 5);
	assert_true(w->root_cfa > self.lo_avma &&
		    w->root_cfa <= self.stack_hi_avma);
	outer = map_space_path(self.maps, w->frames[0].pc_avma);
	assert_non_null(outer);
	assert_non_null(strstr(outer, "test_self_unwind"));	/* _start */
	for (i = 0; i < w->count; i++)
		assert_false(w->frames[i].from_fp);
}

NOINLINE static int sort_something(int (*cmp)(const void *, const void *))
{
	int values[] = { 3, 1, 2 };

	qsort(values, 3, sizeof(values[0]), cmp);
	return values[0];
}

static void stack_is_whole_through_a_libc_callback(void **state)
{
	int sorter, callback;
	struct unwind_walk w;

	(void)state;
	assert_int_equal(sort_something(compare_and_copy), 1);
	w = walk();
	check_whole(&w);
	callback = index_of(&w, (uintptr_t)compare_and_copy);
	sorter = index_of(&w, (uintptr_t)sort_something);
	assert_true(sorter > 0);
	assert_true(callback > sorter + 1);	/* libc's qsort between */
}

static void stack_is_whole_through_a_signal_frame(void **state)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };
	uint32_t i, signal_frames = 0;
	int handler, callback;
	struct unwind_walk w;

	(void)state;
	sa.sa_sigaction = on_signal;
	sigaction(SIGUSR1, &sa, NULL);
	assert_int_equal(sort_something(compare_and_raise), 1);
	w = walk();
	check_whole(&w);
	assert_false(w.slow);
	handler = index_of(&w, (uintptr_t)on_signal);
	callback = index_of(&w, (uintptr_t)compare_and_raise);
	assert_true(callback > 0 && handler > callback);
	for (i = 0; i < w.count; i++)
		if (w.frames[i].flags & FRAME_F_SIGNAL) {
			signal_frames++;
			/* what it interrupted is an exact address */
			assert_true(w.frames[i - 1].flags & FRAME_F_LEAF);
			assert_true((int)i < handler && (int)i > callback);
		}
	assert_int_equal(signal_frames, 1);
}

static void second_walk_of_the_same_stack_is_all_shared(void **state)
{
	struct unwind_frame *before;
	struct unwind_walk w;
	uint32_t i, count;

	(void)state;
	assert_int_equal(sort_something(compare_and_copy), 1);
	walk();
	unwind_memo_clear(self.memo);
	w = walk();
	count = w.count;
	assert_int_equal(w.shared, 0);
	before = mem_dup(w.frames, count * sizeof(*before));
	for (i = 0; i < count; i++)
		*w.frames[i].cookie = i + 1;
	w = walk();
	assert_int_equal(w.shared, count);
	assert_int_equal(w.count, count);
	for (i = 0; i < count; i++) {
		assert_int_equal(w.frames[i].pc_avma, before[i].pc_avma);
		assert_int_equal(w.frames[i].cfa, before[i].cfa);
		assert_int_equal(*w.frames[i].cookie, i + 1);
	}
	mem_free(before);
}

static int setup(void **state)
{
	(void)state;
	self.maps = map_space_new(getpid(), arch_native());
	self.unwinder = unwinder_new(arch_native());
	self.memo = unwind_memo_new();
	self.bytes = mem_alloc(STACK_BYTES);
	find_stack_end();
	return self.maps ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	map_space_free(self.maps);
	unwinder_free(self.unwinder);
	unwind_memo_free(self.memo);
	mem_free(self.bytes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stack_is_whole_through_a_libc_callback),
		cmocka_unit_test(stack_is_whole_through_a_signal_frame),
		cmocka_unit_test(second_walk_of_the_same_stack_is_all_shared),
	};

	return cmocka_run_group_tests(tests, setup, teardown) != 0;
}
