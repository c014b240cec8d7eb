/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that say what is profiled and how often; `record`, and whatever
 * else takes a target, share them.
 */
#ifndef CMD_TARGET_H
#define CMD_TARGET_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "adder/event.h"

struct capture_opts;
struct err;

struct target_args {
	char *const *argv;	/* of the command, or NULL; borrowed */
	pid_t *pids;
	size_t pid_count;
	struct event_spec *events;
	size_t event_count;
	uint32_t frequency_hz;
	uint64_t period;
	bool no_children, no_rt;
};

#define TARGET_SHORT_OPTIONS "e:F:r:c:p:gs"

enum { TARGET_OPT_NO_CHILDREN = 256, TARGET_OPT_NO_RT, TARGET_OPT_LAST };

#define TARGET_LONG_OPTIONS \
	{ "event", required_argument, NULL, 'e' }, \
	{ "freq", required_argument, NULL, 'F' }, \
	{ "rate", required_argument, NULL, 'F' }, \
	{ "count", required_argument, NULL, 'c' }, \
	{ "pid", required_argument, NULL, 'p' }, \
	{ "call-graph", optional_argument, NULL, 'g' }, \
	{ "subprocesses", no_argument, NULL, 's' }, \
	{ "no-children", no_argument, NULL, TARGET_OPT_NO_CHILDREN }, \
	{ "no-realtime", no_argument, NULL, TARGET_OPT_NO_RT }

#define TARGET_HELP \
"  -p, --pid PID[,PID]   running processes, with their live descendants\n" \
"      --no-children     these processes alone\n" \
"  -e, --event EVENTS    what to sample on (default: cycles, or cpu-clock\n" \
"                        where the machine counts none)\n" \
"  -F, --freq HZ         samples per second and thread (default 999)\n" \
"  -c, --count N         or a sample every N events\n" \
"      --no-realtime     read stacks in the normal scheduling class\n"

void target_args_init(struct target_args *a);
/* 1: the option was one of ours; 0: it was not; negative: malformed. */
int target_args_take(struct target_args *a, int option, const char *value,
		     struct err *err);
/* The words behind the options; checks that there is one target. */
int target_args_finish(struct target_args *a, int argc, char *const *argv,
		       struct err *err);
/* Fills a zeroed *opts; it borrows from *a. */
void target_args_capture(const struct target_args *a,
			 struct capture_opts *opts);
void target_args_release(struct target_args *a);

#endif
