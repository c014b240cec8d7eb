/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline on this very process: its own registers and stack are fed as
 * samples, so that the expected frames are known by name.
 */
#include "../support/cmocka_all.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "adder/arch.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/pipeline.h"
#include "adder/sys.h"
#include "adder/vec.h"

/* Everything that the sink was told, to be asked afterwards. */
struct taken {
	VEC(char *) strings;		/* index = id - 1 */
	VEC(struct rec_frame) frames;
	VEC(struct rec_stack) stacks;
	VEC(struct rec_sample) samples;
	VEC(struct rec_symbol) symbols;
	VEC(struct rec_finish) finishes;
	size_t processes, threads, losts;
	int fail_after;			/* pushes until an error, 0 = never */
};

static int take(void *self, const struct record *r)
{
	struct taken *t = self;

	if (t->fail_after && --t->fail_after == 0) {
		t->fail_after = 1;
		return -ERR_IO;
	}
	switch (r->type) {
	case REC_STRING:
		assert_int_equal(r->string.id.v, t->strings.count + 1);
		*vec_push(&t->strings) = mem_strdup(r->string.bytes);
		break;
	case REC_FRAME:
		assert_int_equal(r->frame.id.v, t->frames.count + 1);
		*vec_push(&t->frames) = r->frame;
		break;
	case REC_STACK:
		assert_int_equal(r->stack.id.v, t->stacks.count + 1);
		assert_true(r->stack.parent.v < r->stack.id.v);
		assert_true(r->stack.frame.v <= t->frames.count);
		*vec_push(&t->stacks) = r->stack;
		break;
	case REC_SYMBOL:
		*vec_push(&t->symbols) = r->symbol;
		break;
	case REC_SAMPLE:
		assert_true(r->sample.stack.v <= t->stacks.count);
		assert_true(r->sample.thread.v <= t->threads);
		*vec_push(&t->samples) = r->sample;
		break;
	case REC_PROCESS:
		t->processes++;
		break;
	case REC_THREAD:
		t->threads++;
		break;
	case REC_LOST:
		t->losts++;
		break;
	case REC_FINISH:
		*vec_push(&t->finishes) = r->finish;
		break;
	default:
		break;
	}
	return 0;
}

static void taken_release(struct taken *t)
{
	size_t i;

	for (i = 0; i < t->strings.count; i++)
		mem_free(t->strings.data[i]);
	vec_release(&t->strings);
	vec_release(&t->frames);
	vec_release(&t->stacks);
	vec_release(&t->samples);
	vec_release(&t->symbols);
	vec_release(&t->finishes);
}

static const char *string_at(const struct taken *t, struct str_id id)
{
	assert_in_range(id.v, 1, t->strings.count);
	return t->strings.data[id.v - 1];
}

/* The outer function's name of a frame, or NULL. */
static const char *name_of(const struct taken *t, struct frame_id frame)
{
	size_t i = t->symbols.count;

	while (i-- > 0)
		if (t->symbols.data[i].frame.v == frame.v &&
		    t->symbols.data[i].is_outer)
			return t->symbols.data[i].name.v ?
				string_at(t, t->symbols.data[i].name) : NULL;
	return NULL;
}

static bool stack_has(const struct taken *t, uint32_t stack, const char *name)
{
	const char *n;

	while (stack) {
		const struct rec_stack *s = &t->stacks.data[stack - 1];

		n = name_of(t, s->frame);
		if (n && !strcmp(n, name))
			return true;
		stack = s->parent.v;
	}
	return false;
}

static enum stack_end end_of(const struct taken *t, uint32_t stack)
{
	const struct rec_frame *f;

	while (t->stacks.data[stack - 1].parent.v)
		stack = t->stacks.data[stack - 1].parent.v;
	f = &t->frames.data[t->stacks.data[stack - 1].frame.v - 1];
	return f->kind == FRAME_END ? (enum stack_end)f->addr : END_COMPLETE;
}

static void ignore_step(void *ctx, const char *text, bool is_warning)
{
	(void)ctx;
	(void)text;
	(void)is_warning;
}

static struct pipeline *pipeline_on(struct taken *t)
{
	struct pipeline_opts opts = {
		.sink = { take, t }, .step = ignore_step, .sys = &sys_real,
	};
	struct rec_event clock = { .unit = UNIT_NS, .frequency_hz = 999 };
	struct pipeline *pl = pipeline_new(&opts);
	struct err err = { 0 };

	assert_int_equal(pipeline_attach(pl, getpid(), &err), 0);
	assert_int_equal(pipeline_event(pl, &clock, "cpu-clock"), 0);
	return pl;
}

#define COPY_BYTES 65536

struct shot {
	uint64_t regs[ARCH_REGS];
	uint32_t reg_count;
	uint8_t *stack;
	size_t bytes;
};

/* Takes the registers and the stack of the caller, as a sample would. */
static void __attribute__((noinline)) shoot(struct shot *shot)
{
	const struct arch *a = arch_native();
	uint64_t dwarf[ARCH_REGS] = { 0 };
	uint32_t i;
	int64_t got;
	ucontext_t uc;

	getcontext(&uc);
#if defined(__x86_64__)
	dwarf[3] = (uint64_t)uc.uc_mcontext.gregs[REG_RBX];
	dwarf[6] = (uint64_t)uc.uc_mcontext.gregs[REG_RBP];
	dwarf[7] = (uint64_t)uc.uc_mcontext.gregs[REG_RSP];
	dwarf[12] = (uint64_t)uc.uc_mcontext.gregs[REG_R12];
	dwarf[13] = (uint64_t)uc.uc_mcontext.gregs[REG_R13];
	dwarf[14] = (uint64_t)uc.uc_mcontext.gregs[REG_R14];
	dwarf[15] = (uint64_t)uc.uc_mcontext.gregs[REG_R15];
	dwarf[16] = (uint64_t)uc.uc_mcontext.gregs[REG_RIP];
#else
	for (i = 0; i < 31; i++)
		dwarf[i] = uc.uc_mcontext.regs[i];
	dwarf[31] = uc.uc_mcontext.sp;
	dwarf[a->reg_ra] = uc.uc_mcontext.pc;
#endif
	shot->reg_count = (uint32_t)__builtin_popcountll(a->perf_regs_mask);
	for (i = 0; i < shot->reg_count; i++)
		shot->regs[i] = dwarf[a->perf_regs_dwarf[i]];
	shot->stack = mem_calloc(1, COPY_BYTES);
	got = sys_mem_read(getpid(), dwarf[a->reg_sp], shot->stack,
			   COPY_BYTES);
	assert_true(got > 0);
	shot->bytes = (size_t)got;
}

static void __attribute__((noinline)) shot_inner(struct shot *shot)
{
	shoot(shot);
	__asm__ volatile("" ::: "memory");
}

static void __attribute__((noinline)) shot_outer(struct shot *shot)
{
	shot_inner(shot);
	__asm__ volatile("" ::: "memory");
}

static void feed(struct pipeline *pl, const struct shot *shot, size_t bytes,
		 enum held_state held)
{
	struct perf_rec rec = {
		.kind = PERF_REC_SAMPLE, .pid = getpid(),
		.tid = (int32_t)syscall(SYS_gettid), .cpu = 1,
	};

	rec.t_mono_ns = sys_mono_ns();
	rec.sample.period = 1001001;
	rec.sample.user_mode = true;
	rec.sample.regs = (const uint8_t *)shot->regs;
	rec.sample.reg_count = shot->reg_count;
	rec.sample.regs_abi = PERF_SAMPLE_REGS_ABI_64;
	rec.sample.stack = shot->stack;
	rec.sample.stack_bytes = bytes;
	rec.sample.held = held;
	assert_true(pipeline_feed(pl, &rec) >= 0);
}

static void own_stack_is_complete_and_named(void **state)
{
	struct rec_finish totals = { 0 };
	struct taken t = { 0 };
	struct shot shot;
	struct pipeline *pl = pipeline_on(&t);
	uint32_t stack;
	size_t stacks;

	(void)state;
	shot_outer(&shot);
	feed(pl, &shot, shot.bytes, HELD_CERTAIN);
	stacks = t.stacks.count;
	feed(pl, &shot, shot.bytes, HELD_CERTAIN);
	assert_int_equal(t.stacks.count, stacks);	/* the same again */
	assert_int_equal(pipeline_finish(pl, &totals, NULL), 0);
	assert_int_equal(t.samples.count, 2);
	stack = t.samples.data[0].stack.v;
	assert_int_equal(t.samples.data[1].stack.v, stack);
	assert_int_equal(end_of(&t, stack), END_COMPLETE);
	assert_true(stack_has(&t, stack, "shot_inner"));
	assert_true(stack_has(&t, stack, "shot_outer"));
	assert_true(stack_has(&t, stack, "main"));
	assert_int_equal(t.samples.data[0].running_ns, 1001001);
	assert_int_equal(t.processes, 1);
	assert_int_equal(t.threads, 1);
	assert_int_equal(t.finishes.data[0].samples, 2);
	pipeline_free(pl);
	mem_free(shot.stack);
	taken_release(&t);
}

/* Whatever was missing, the stack says so and never joins the whole ones. */
static void missing_bytes_end_a_stack_with_their_reason(void **state)
{
	static const struct {
		size_t bytes;
		enum held_state held;
		enum stack_end end;
	} cases[] = {
		{ 256, HELD_CERTAIN, END_CUT },
		{ 0, HELD_NONE, END_CUT },
		{ COPY_BYTES, HELD_UNPROVED, END_NOT_HELD },
		{ 0, HELD_FAULT, END_READ_FAULT },
		{ 0, HELD_PRESSURE, END_PRESSURE },
	};
	struct taken t = { 0 };
	struct shot shot;
	struct pipeline *pl = pipeline_on(&t);
	size_t i;

	(void)state;
	shot_outer(&shot);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		feed(pl, &shot, shot.bytes, HELD_CERTAIN);
		feed(pl, &shot, cases[i].bytes < shot.bytes ? cases[i].bytes :
		     shot.bytes, cases[i].held);
		assert_int_equal(end_of(&t, t.samples.data[2 * i].stack.v),
				 END_COMPLETE);
		assert_int_equal(end_of(&t, t.samples.data[2 * i + 1].stack.v),
				 cases[i].end);
	}
	assert_int_equal(pipeline_stats(pl)->end[END_CUT], 2);
	pipeline_free(pl);
	mem_free(shot.stack);
	taken_release(&t);
}

static void kernel_frames_stand_on_top(void **state)
{
	uint64_t chain[] = { PERF_CONTEXT_KERNEL, 0xffffffff81000010,
			     0xffffffff81000020 };
	struct perf_rec rec = {
		.kind = PERF_REC_SAMPLE, .pid = getpid(),
		.tid = (int32_t)syscall(SYS_gettid),
	};
	struct taken t = { 0 };
	struct pipeline *pl = pipeline_on(&t);
	const struct rec_stack *s;

	(void)state;
	rec.t_mono_ns = sys_mono_ns();
	rec.sample.ip = chain[1];
	rec.sample.kernel_chain = (const uint8_t *)chain;
	rec.sample.kernel_count = ARRAY_LEN(chain);
	assert_int_equal(pipeline_feed(pl, &rec), 0);
	s = &t.stacks.data[t.samples.data[0].stack.v - 1];
	assert_true(t.frames.data[s->frame.v - 1].addr == chain[1]);
	assert_int_equal(t.frames.data[s->frame.v - 1].flags, FRAME_F_LEAF);
	s = &t.stacks.data[s->parent.v - 1];
	assert_true(t.frames.data[s->frame.v - 1].addr == chain[2]);
	assert_int_equal(end_of(&t, t.samples.data[0].stack.v), END_NO_USER);
	pipeline_free(pl);
	taken_release(&t);
}

static void an_error_of_the_sink_ends_the_work(void **state)
{
	struct taken t = { 0 };
	struct shot shot;
	struct pipeline *pl = pipeline_on(&t);
	struct perf_rec rec = { .kind = PERF_REC_SAMPLE, .pid = getpid(),
				.tid = getpid() };

	(void)state;
	shot_outer(&shot);
	t.fail_after = 3;
	rec.sample.kernel_count = 0;
	assert_int_equal(pipeline_feed(pl, &rec), -ERR_IO);
	assert_int_equal(pipeline_feed(pl, &rec), -ERR_IO);
	pipeline_free(pl);
	mem_free(shot.stack);
	taken_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_stack_is_complete_and_named),
		cmocka_unit_test(missing_bytes_end_a_stack_with_their_reason),
		cmocka_unit_test(kernel_frames_stand_on_top),
		cmocka_unit_test(an_error_of_the_sink_ends_the_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
