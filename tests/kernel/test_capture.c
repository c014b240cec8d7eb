/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture against the real kernel and a target of known truth. Relations are
 * asserted, never exact numbers. Run with an argument "no-rt" it goes through
 * everything with the certificate instead of the real-time class.
 */
#include "../support/cmocka_all.h"

#include <asm/perf_regs.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../targets/capture_target.h"
#include "adder/capture.h"
#include "adder/err.h"
#include "adder/hmap.h"

#if defined(__x86_64__)
#define SP_INDEX PERF_REG_X86_SP
#else
#define SP_INDEX PERF_REG_ARM64_SP
#endif
#define TARGET "tests/targets/capture_target"

#define MS_NS UINT64_C(1000000)

static bool no_rt;

/* What came out of one run. */
struct seen {
	uint64_t samples, period_ns, forks, exits, execs, maps;
	uint64_t certain, with_leaf, later, overlap, cut, no_stack, unproved;
	uint64_t complete;	/* the outermost level was in the stack */
	uint64_t backwards;
	uint64_t steps, sighted;
	struct hmap tids;
	struct capture_stats stats;
	int status;
	unsigned int levels;	/* of the target; 0 = do not look */
	unsigned int or_levels;	/* the other depth that it has */
	bool always_hold;
	uint64_t hold_ns;
	struct capture *capture;
	enum capture_class class;
};

static void count_step(void *ctx, const char *text)
{
	(void)text;
	((struct seen *)ctx)->steps++;
}

static void count_sight(void *ctx, const struct perf_rec *rec)
{
	(void)rec;
	((struct seen *)ctx)->sighted++;
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/*
 * What the unwinder would tell after a walk to the root: the stack's end lies
 * behind the outermost level.
 */
static void tell_end(struct seen *s, const struct perf_rec *rec, size_t outer)
{
	uint64_t sp = word_at(rec->sample.regs + 8 * (size_t)SP_INDEX);

	capture_stack_hint(s->capture, rec->tid, sp + outer + LEVEL_BYTES);
}

static void look_at_stack(struct seen *s, const struct perf_rec *rec)
{
	const struct perf_sample *sm = &rec->sample;
	unsigned int found = 0;
	size_t outer = 0, i;

	for (i = 0; i + 16 <= sm->stack_bytes; i += 8) {
		if (i < 512 && word_at(sm->stack + i) == LEAF_MAGIC) {
			s->with_leaf++;
			s->later += word_at(sm->stack + i + 8) > rec->t_mono_ns;
		}
		if (word_at(sm->stack + i) == LEVEL_MAGIC) {
			found++;
			outer = i;
		}
	}
	if (!found || (found != s->levels && found != s->or_levels))
		return;
	s->complete++;
	tell_end(s, rec, outer);
}

static void see_sample(struct seen *s, const struct perf_rec *rec)
{
	const struct perf_sample *sm = &rec->sample;

	s->samples++;
	s->period_ns += sm->period;
	assert_true(sm->event == 0);
	*hmap_put(&s->tids, (uint32_t)rec->tid, NULL) += 1;
	switch (sm->held) {
	case HELD_CERTAIN:
		s->certain++;
		break;
	case HELD_OVERLAP:
		s->overlap++;
		break;
	case HELD_NONE:
		s->cut++;
		break;
	case HELD_UNPROVED:
		s->unproved++;
		return;
	default:
		s->no_stack++;
	}
	if (sm->stack_bytes)
		look_at_stack(s, rec);
}

static void see(struct seen *s, const struct perf_rec *rec)
{
	switch (rec->kind) {
	case PERF_REC_SAMPLE:
		see_sample(s, rec);
		break;
	case PERF_REC_FORK:
		s->forks++;
		break;
	case PERF_REC_EXIT:
		s->exits++;
		break;
	case PERF_REC_COMM:
		s->execs += rec->comm.exec;
		break;
	case PERF_REC_MMAP:
		s->maps++;
		break;
	default:
		break;
	}
}

/* Runs passes until the end; after `kill_after` passes the target is killed. */
static void drain(struct capture *c, struct seen *s, int kill_after)
{
	const struct perf_rec *rec;
	uint64_t last = 0;
	struct err err = { 0 };
	int ret, passes = 0;

	s->capture = c;
	s->class = capture_class(c);
	do {
		if (kill_after && ++passes == kill_after)
			kill(capture_child(c), SIGKILL);
		ret = capture_next_pass(c, 20, &err);
		assert_true(ret >= 0);
		while ((rec = capture_next(c))) {
			s->backwards += rec->t_mono_ns < last;
			last = rec->t_mono_ns;
			see(s, rec);
		}
	} while (ret);
	s->stats = *capture_stats(c);
	if (capture_child(c))
		assert_true(capture_child_status(c, &s->status));
}

static void run(struct seen *s, char *const *argv, int kill_after)
{
	struct capture_hooks hooks = {
		.step = count_step, .side_band = count_sight, .ctx = s,
	};
	static char *const envp[] = { NULL };
	struct capture_opts opts = {
		.argv = argv, .envp = envp, .frequency_hz = 999,
		.no_rt = no_rt, .always_hold = s->always_hold,
		.hold_ns = s->hold_ns,
	};
	struct capture *c;
	struct err err = { 0 };

	hmap_init(&s->tids);
	if (capture_open(&c, &opts, &hooks, &err))
		fail_msg("%s", err.message);
	if (capture_start(c, &err))
		fail_msg("%s", err.message);
	drain(c, s, kill_after);
	printf("  %s %s: %u samples, certain %u, overlap %u, dump %u, none %u, "
	       "unproved %u; leaf seen %u, later %u; whole %u; lost %u, "
	       "fault %u, pressure %u; %u bytes a sample, %u us of readers\n",
	       argv[1], argv[2], (unsigned int)s->samples,
	       (unsigned int)s->certain, (unsigned int)s->overlap,
	       (unsigned int)s->cut, (unsigned int)s->no_stack,
	       (unsigned int)s->unproved, (unsigned int)s->with_leaf,
	       (unsigned int)s->later, (unsigned int)s->complete,
	       (unsigned int)(s->stats.lost_ring + s->stats.lost_queue),
	       (unsigned int)s->stats.fault, (unsigned int)s->stats.pressure,
	       (unsigned int)(s->stats.stack_bytes / (s->samples + 1)),
	       (unsigned int)(s->stats.readers_cpu_ns / 1000 /
			      (s->samples + 1)));
	assert_int_equal(s->backwards, s->stats.late);
	assert_int_equal(s->stats.late, 0);
	assert_int_equal(s->stats.undecodable, 0);
	assert_true(s->samples == s->stats.samples);
	hmap_release(&s->tids);
	capture_free(c);
}

static void spinner_is_sampled_whole_and_held(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"spin",
				      (char *)"1000", (char *)"40", NULL };
	struct seen s = { .levels = 41, .always_hold = true };

	(void)state;
	run(&s, argv, 0);
	assert_int_equal(s.status, 0);
	assert_true(s.period_ns > 850000000 && s.period_ns < 1200000000);
	assert_int_equal(s.stats.lost_ring + s.stats.lost_queue, 0);
	assert_int_equal(s.execs, 1);
	assert_true(s.maps >= 3);
	assert_true(s.sighted >= s.maps);
	assert_int_equal(s.later, 0);
	assert_true(s.with_leaf > s.samples * 8 / 10);
	assert_true(s.complete * 100 >= s.samples * 97);
	if (s.class == CAPTURE_RT)
		assert_true((s.certain + s.overlap) * 100 >= s.samples * 97);
}

/* Shallow stacks lie in the dumps: readers sleep, and nothing is missing. */
static void shallow_stacks_need_no_hold(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"spin",
				      (char *)"1000", (char *)"8", NULL };
	struct seen s = { .levels = 9, .hold_ns = 1 };

	(void)state;
	run(&s, argv, 0);
	assert_int_equal(s.later, 0);
	assert_true(s.complete * 100 >= s.samples * 97);
	assert_true(s.stats.dumped * 100 >= s.samples * 80);
	assert_true(s.stats.wakes < s.samples / 2);
}

/* Each turn to a depth beyond the dumps cuts the samples of some 20 ms. */
static void depth_that_comes_and_goes_is_followed(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"waves",
				      (char *)"10", NULL };
	struct seen s = { .levels = 5, .or_levels = 201, .hold_ns = 300000000 };

	(void)state;
	run(&s, argv, 0);
	assert_int_equal(s.later, 0);
	assert_true(s.complete * 100 >= s.samples * 90);
}

static void deep_stack_is_read_to_its_end(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"spin",
				      (char *)"500", (char *)"900", NULL };
	struct seen s = { .levels = 901 };

	(void)state;
	run(&s, argv, 0);
	assert_int_equal(s.later, 0);
	/* a consumer that is starved leaves stacks out, and says how many */
	assert_true((s.complete + s.stats.pressure) * 100 >= s.samples * 95);
	assert_true(s.complete * 2 > s.samples);
}

static void threads_are_all_seen(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"threads",
				      (char *)"200", (char *)"10", NULL };
	struct seen s = { .levels = 9 };

	(void)state;
	run(&s, argv, 0);
	assert_int_equal(s.status, 0);
	assert_int_equal(s.forks, 200);
	assert_int_equal(s.exits, 201);
	/* a starved reader loses some, and says how many */
	assert_true(s.period_ns + MS_NS * (s.stats.lost_ring +
					   s.stats.lost_queue) > 1200 * MS_NS);
	assert_int_equal(s.later, 0);
}

static void a_thousand_children_are_all_seen(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"forks",
				      (char *)"1000", NULL };
	struct seen s = { 0 };

	(void)state;
	run(&s, argv, 0);
	assert_int_equal(s.status, 0);
	assert_int_equal(s.forks, 1000);
	assert_int_equal(s.exits, 1001);
}

static void a_killed_target_ends_the_session(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"threads",
				      (char *)"4", (char *)"60000", NULL };
	struct seen s = { 0 };

	(void)state;
	run(&s, argv, 10);
	assert_true(WIFSIGNALED(s.status));
	assert_true(s.samples > 10);
}

static void a_missing_command_is_one_clear_error(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *says;
	} cases[] = {
		{ "/nonexistent/command", -ERR_NOTFOUND, "no such command" },
		{ "./no-such-command", -ERR_NOTFOUND, "no such command" },
		{ "/etc/passwd", -ERR_PERM, "cannot run '/etc/passwd'" },
		{ "/", -ERR_PERM, "cannot run '/'" },
	};
	static char *const envp[] = { NULL };
	struct capture *c;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		char *argv[] = { (char *)(uintptr_t)cases[i].path, NULL };
		struct capture_opts opts = {
			.argv = argv, .envp = envp, .no_rt = no_rt,
		};

		memset(&err, 0, sizeof(err));
		assert_int_equal(capture_open(&c, &opts, NULL, &err), 0);
		assert_int_equal(capture_start(c, &err), cases[i].code);
		assert_non_null(strstr(err.message, cases[i].says));
		capture_free(c);
	}
}

static pid_t start_target(const char *mode, const char *a, const char *b)
{
	pid_t pid = fork();

	if (!pid) {
		execl(TARGET, TARGET, mode, a, b, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void attaching_covers_the_threads_that_run(void **state)
{
	pid_t pid = start_target("threads", "6", "300");
	struct capture_opts opts = {
		.pids = &pid, .pid_count = 1, .no_rt = no_rt,
	};
	struct seen s = { 0 };
	struct err err = { 0 };
	struct capture *c;

	(void)state;
	hmap_init(&s.tids);
	if (capture_open(&c, &opts, NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(capture_start(c, &err), 0);
	drain(c, &s, 0);
	assert_true(s.tids.count >= 6);
	assert_true(s.period_ns > UINT64_C(1000000000));
	assert_true(s.period_ns < UINT64_C(2200000000));
	assert_int_equal(s.backwards, 0);
	hmap_release(&s.tids);
	capture_free(c);
	waitpid(pid, NULL, 0);
}

static void attaching_to_nobody_is_refused(void **state)
{
	pid_t pids[] = { 0, 0x3fffffff };
	struct capture_opts opts = { .pid_count = 1, .no_rt = no_rt };
	struct capture *c;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pids); i++) {
		memset(&err, 0, sizeof(err));
		opts.pids = &pids[i];
		assert_int_equal(capture_open(&c, &opts, NULL, &err),
				 -ERR_NOTFOUND);
		assert_non_null(strstr(err.message, "no process"));
	}
}

static void stopping_ends_with_all_that_was_seen(void **state)
{
	static char *const argv[] = { (char *)TARGET, (char *)"spin",
				      (char *)"60000", NULL };
	static char *const envp[] = { NULL };
	struct capture_opts opts = {
		.argv = argv, .envp = envp, .no_rt = no_rt,
	};
	struct seen s = { 0 };
	struct err err = { 0 };
	const struct perf_rec *rec;
	struct capture *c;
	int ret;

	(void)state;
	hmap_init(&s.tids);
	assert_int_equal(capture_open(&c, &opts, NULL, &err), 0);
	assert_int_equal(capture_start(c, &err), 0);
	do {
		if (s.samples > 100)
			capture_stop(c);
		ret = capture_next_pass(c, 20, &err);
		while ((rec = capture_next(c)))
			see(&s, rec);
	} while (ret > 0);
	assert_int_equal(ret, 0);
	assert_true(s.samples > 100);
	assert_false(capture_child_status(c, &s.status));
	kill(capture_child(c), SIGKILL);
	waitpid(capture_child(c), NULL, 0);
	hmap_release(&s.tids);
	capture_free(c);
}

/* The kernel that refuses, by a table of functions in its place. */
static int refuse;

static int refusing_open(struct perf_event_attr *attr, pid_t pid, int cpu,
			 int group, unsigned long flags)
{
	(void)attr;
	(void)pid;
	(void)cpu;
	(void)group;
	(void)flags;
	return refuse;
}

static void a_refusing_kernel_is_one_clear_error(void **state)
{
	static const struct {
		int e, code;
		const char *says;
	} cases[] = {
		{ -EACCES, -ERR_PERM, "perf_event_paranoid" },
		{ -EPERM, -ERR_PERM, "seccomp" },
		{ -ENOSYS, -ERR_UNSUPPORTED, "no perf_event_open" },
		{ -ENOENT, -ERR_UNSUPPORTED, "cannot sample" },
	};
	static const struct sys_ops refusing = { refusing_open, sys_mem_read };
	static char *const argv[] = { (char *)TARGET, (char *)"exit",
				      (char *)"0", NULL };
	static char *const envp[] = { NULL };
	struct capture_opts opts = {
		.argv = argv, .envp = envp, .sys = &refusing, .no_rt = no_rt,
	};
	struct capture *c;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&err, 0, sizeof(err));
		refuse = cases[i].e;
		assert_int_equal(capture_open(&c, &opts, NULL, &err),
				 cases[i].code);
		assert_non_null(strstr(err.message, cases[i].says));
	}
}

/* Exit 77 only where the kernel refuses even the simplest event. */
static void skip_where_refused(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY, .exclude_kernel = 1,
	};
	int fd = sys_real.perf_event_open(&attr, 0, -1, -1, 0);

	if (fd < 0) {
		printf("skipped: perf_event_open is refused here: %s\n",
		       strerror(-fd));
		exit(77);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spinner_is_sampled_whole_and_held),
		cmocka_unit_test(shallow_stacks_need_no_hold),
		cmocka_unit_test(depth_that_comes_and_goes_is_followed),
		cmocka_unit_test(deep_stack_is_read_to_its_end),
		cmocka_unit_test(threads_are_all_seen),
		cmocka_unit_test(a_thousand_children_are_all_seen),
		cmocka_unit_test(a_killed_target_ends_the_session),
		cmocka_unit_test(a_missing_command_is_one_clear_error),
		cmocka_unit_test(attaching_covers_the_threads_that_run),
		cmocka_unit_test(attaching_to_nobody_is_refused),
		cmocka_unit_test(stopping_ends_with_all_that_was_seen),
		cmocka_unit_test(a_refusing_kernel_is_one_clear_error),
	};

	no_rt = argc > 1 && !strcmp(argv[1], "no-rt");
	skip_where_refused();
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
