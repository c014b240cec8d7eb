/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target of known truth. Its leaf writes the clock into a marked place of
 * its own stack in a loop: a copy of that stack which holds a clock later
 * than the sample was taken while the thread ran. Each level below holds its
 * number between marks, so that a copy's depth can be counted.
 *
 *	capture_target spin MS [DEPTH]	one thread, MS of its CPU time
 *	capture_target threads N MS	N threads beside main, each MS
 *	capture_target waves N		N times 100 ms at depth 4, then 200
 *	capture_target forks N		N children, one after the other
 *	capture_target exit STATUS
 *	capture_target sleep MS
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture_target.h"

static uint64_t clock_now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* The compiler must believe that somebody reads it. */
static void keep(volatile void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) static void leaf(uint64_t cpu_ns)
{
	volatile struct leaf_mark m = { .magic = LEAF_MAGIC };
	uint64_t end = clock_now(CLOCK_THREAD_CPUTIME_ID) + cpu_ns;
	unsigned int i = 0;

	keep(&m);
	for (;;) {
		m.t_mono_ns = clock_now(CLOCK_MONOTONIC);
		if (!(++i & 255) && clock_now(CLOCK_THREAD_CPUTIME_ID) >= end)
			break;
	}
}

__attribute__((noinline)) static void level(unsigned int n, uint64_t cpu_ns)
{
	volatile struct level_mark m;

	m.magic = LEVEL_MAGIC;
	m.number = n;
	keep(&m);
	if (n)
		level(n - 1, cpu_ns);
	else
		leaf(cpu_ns);
	m.magic = 0;
}

static void *thread_main(void *arg)
{
	level(8, (uint64_t)(uintptr_t)arg);
	return NULL;
}

static int run_threads(unsigned int n, uint64_t cpu_ns)
{
	pthread_t *t = calloc(n, sizeof(*t));
	pthread_attr_t attr;
	unsigned int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	for (i = 0; i < n; i++)
		if (pthread_create(&t[i], &attr, thread_main,
				   (void *)(uintptr_t)cpu_ns))
			return 1;
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	free(t);
	return 0;
}

static int run_forks(unsigned int n)
{
	int status;
	pid_t pid;

	while (n--) {
		pid = fork();
		if (pid < 0)
			return 1;
		if (!pid) {
			leaf(100000);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;
	unsigned int k = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 0;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "spin"))
		level(k, (uint64_t)n * 1000000);
	else if (!strcmp(argv[1], "waves"))
		for (k = 0; k < 2 * n; k++)
			level(k & 1 ? 200 : 4, 100000000);
	else if (!strcmp(argv[1], "threads"))
		return run_threads(n, (uint64_t)k * 1000000);
	else if (!strcmp(argv[1], "forks"))
		return run_forks(n);
	else if (!strcmp(argv[1], "exit"))
		return (int)n;
	else if (!strcmp(argv[1], "sleep"))
		usleep(n * 1000);
	else
		return 2;
	return 0;
}
