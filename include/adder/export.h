/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile in the formats of other programs. */
#ifndef ADDER_EXPORT_H
#define ADDER_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

struct out;
struct profile;

struct script_opts {
	/*
	 * As perf itself writes it: padded, blanks left alone, every event of
	 * the selection. Without it: the form that every known reader of perf
	 * script text takes right, one event, names made safe.
	 */
	bool exact;
	bool nanoseconds;	/* nine digits of time in place of six */
	bool with_pid, with_cpu;
	bool header;		/* exact: comment lines at the top */
	bool task_events;	/* exact: lines of FORK, COMM and EXIT */
};

struct script_stats {
	uint64_t samples;
};

/*
 * perf script text of a model that kept its samples. Returns 0 or the first
 * -errno of the way out.
 */
int script_write(struct out *o, struct profile *p,
		 const struct script_opts *opts, struct script_stats *stats);

#endif
