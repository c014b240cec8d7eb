/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sample costs: CPU time of the readers and of the consumer, and the
 * gap that it makes in the target, which spins on the clock and notes every
 * gap above a microsecond; the n longest of a run with n samples are the
 * samples. Prints "name value unit".
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adder/arch.h"
#include "adder/capture.h"
#include "adder/err.h"

#define GAPS_MAX 400000
#define GAP_NS 1000
#define SECONDS 4

struct gaps {
	volatile bool stop;
	volatile uint64_t count;
	uint64_t ns[GAPS_MAX];
};

__attribute__((noinline)) static void spin(struct gaps *g)
{
	uint64_t before = sys_mono_ns(), now;

	while (!g->stop) {
		now = sys_mono_ns();
		if (now - before > GAP_NS && g->count < GAPS_MAX) {
			g->ns[g->count] = now - before;
			g->count++;
		}
		before = now;
	}
}

/* 1 KiB a level. */
__attribute__((noinline)) static void deepen(struct gaps *g, unsigned int n)
{
	volatile uint8_t room[960];

	room[0] = (uint8_t)n;
	if (n)
		deepen(g, n - 1);
	else
		spin(g);
	room[1] = room[0];
}

static pid_t start_target(struct gaps *g, unsigned int levels)
{
	cpu_set_t set;
	pid_t pid = fork();

	if (pid)
		return pid;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	deepen(g, levels);
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_gap(const struct gaps *g, uint64_t from, uint64_t samples)
{
	uint64_t n = g->count - from, first = n > samples ? n - samples : 0;
	uint64_t *v = malloc((n + 1) * sizeof(*v));
	double us;

	memcpy(v, g->ns + from, n * sizeof(*v));
	qsort(v, n, sizeof(*v), compare);
	us = n ? (double)v[first + (n - first) / 2] / 1000 : 0;
	free(v);
	return us;
}

static void say(const char *mode, unsigned int levels, const char *what,
		double value, const char *unit)
{
	printf("capture_%s_%uk_%s %.2f %s\n", mode, levels, what, value, unit);
}

/* As the unwinder would: where the stack in use ends. */
static void tell_hint(struct capture *c, const struct perf_rec *rec,
		      unsigned int levels, uint64_t *hi)
{
	const struct arch *a = arch_native();
	uint32_t at = 0;
	uint64_t v;

	if (*hi || !rec->sample.reg_count)
		return;
	while (a->perf_regs_dwarf[at] != a->reg_sp)
		at++;
	memcpy(&v, rec->sample.regs + 8 * (size_t)at, 8);
	*hi = v + (levels + 1) * 1024;
	capture_stack_hint(c, rec->tid, *hi);
}

static int run(const char *mode, bool no_rt, bool always_hold,
	       unsigned int levels)
{
	struct gaps *g = mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = start_target(g, levels);
	struct capture_opts opts = {
		.pids = &pid, .pid_count = 1, .frequency_hz = 999,
		.no_rt = no_rt, .always_hold = always_hold, .hold_ns = 1,
	};
	const struct capture_stats *st;
	const struct perf_rec *rec;
	uint64_t hi = 0, from, begin, mine;
	struct err err = { 0 };
	struct capture *c;
	int ret;

	if (capture_open(&c, &opts, NULL, &err) || capture_start(c, &err)) {
		fprintf(stderr, "bench_capture: %s\n", err.message);
		kill(pid, SIGKILL);
		return 1;
	}
	from = g->count;
	begin = sys_mono_ns();
	mine = sys_thread_cpu_ns();
	do {
		if (sys_mono_ns() - begin > SECONDS * UINT64_C(1000000000))
			capture_stop(c);
		ret = capture_next_pass(c, 50, &err);
		while ((rec = capture_next(c)))
			if (rec->kind == PERF_REC_SAMPLE)
				tell_hint(c, rec, levels, &hi);
	} while (ret > 0);
	mine = sys_thread_cpu_ns() - mine;
	st = capture_stats(c);
	say(mode, levels, "samples", (double)st->samples, "count");
	say(mode, levels, "lost", (double)(st->lost_ring + st->lost_queue),
	    "count");
	say(mode, levels, "held", 100.0 * (double)st->held /
	    (double)(st->samples + !st->samples), "percent");
	say(mode, levels, "dumped", 100.0 * (double)st->dumped /
	    (double)(st->samples + !st->samples), "percent");
	say(mode, levels, "wakes", (double)st->wakes /
	    (double)(st->samples + !st->samples), "wakes/sample");
	say(mode, levels, "stack", (double)st->stack_bytes /
	    (double)(st->samples + !st->samples), "bytes/sample");
	say(mode, levels, "readers", (double)st->readers_cpu_ns / 1000 /
	    (double)(st->samples + !st->samples), "us/sample");
	say(mode, levels, "consumer", (double)mine / 1000 /
	    (double)(st->samples + !st->samples), "us/sample");
	say(mode, levels, "gap", median_gap(g, from, st->samples), "us");
	capture_free(c);
	g->stop = true;
	waitpid(pid, NULL, 0);
	munmap(g, sizeof(*g));
	return 0;
}

/* bench_capture [LEVELS]: one depth only. */
int main(int argc, char **argv)
{
	static const unsigned int levels[] = { 1, 10, 60, 800 };
	unsigned int one = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) :
			   0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(levels); i++) {
		if (one && levels[i] != one)
			continue;
		if (run("rt", false, false, levels[i]) ||
		    run("rt_hold", false, true, levels[i]) ||
		    run("certificate", true, false, levels[i]) ||
		    run("certificate_hold", true, true, levels[i]))
			return 1;
	}
	return 0;
}
