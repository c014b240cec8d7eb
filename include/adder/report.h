/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile as text for a person, or as JSON for a program. */
#ifndef ADDER_REPORT_H
#define ADDER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;
struct profile;

enum report_by { REPORT_FUNCTIONS, REPORT_TREE, REPORT_THREADS };
enum report_sort { REPORT_SELF, REPORT_TOTAL };

struct report_opts {
	enum report_by by;
	enum report_sort sort;
	uint64_t limit;		/* rows; 0 = all */
	double min_percent;	/* of the event's total */
	size_t columns;		/* 0 = names are never cut */
	bool utf8;		/* the reader takes more than ASCII */
	bool full_paths;
	bool expand;		/* tree: one line for every frame */
	const char *state;	/* one line about a damaged recording, or NULL */
};

/* Both return 0 or the first -errno of the way out. */
int report_text(struct out *o, struct profile *p,
		const struct report_opts *opts);
int report_json(struct out *o, struct profile *p,
		const struct report_opts *opts);

#endif
