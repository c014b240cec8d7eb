/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack of a thread that does not run, read from outside without stopping
 * it: it stands still by itself, and its context switch count before and
 * after the read proves that it did.
 */
#ifndef CMD_BLOCKED_H
#define CMD_BLOCKED_H

#include <sys/types.h>

struct pipeline;

enum blocked_result {
	BLOCKED_FED,		/* its stack went into the pipeline */
	BLOCKED_RUNS,		/* it runs: a sample will tell */
	BLOCKED_MOVED,		/* it ran meanwhile: try again */
	BLOCKED_GONE,
	BLOCKED_REFUSED,	/* no right to look */
};

/* Only SP and PC are known of it; the walk needs as a rule no more. */
enum blocked_result blocked_feed(struct pipeline *pl, pid_t pid, pid_t tid);

#endif
