/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of a line of text, and the parts of the report. */
#ifndef REPORT_INTERNAL_H
#define REPORT_INTERNAL_H

#include "adder/buf.h"
#include "adder/model.h"
#include "adder/out.h"
#include "adder/profile.h"
#include "adder/report.h"

struct report {
	struct out *o;
	struct profile *p;
	struct model *m;
	const struct report_opts *opts;
	struct event_id event;
	enum event_unit unit;
	struct model_cost total;
};

/* --- cells.c --- */
/* "12,345" */
char *cell_count(char *out, size_t out_bytes, uint64_t v);
/* "12.3%" of the whole, "-" of nothing. */
char *cell_percent(char *out, size_t out_bytes, uint64_t part, uint64_t whole);
/* The same, but never "100.0%" of what is not all. */
char *cell_share(char *out, size_t out_bytes, uint64_t part, uint64_t whole);
/* A duration, or "1.23 G" of a count. */
char *cell_weight(char *out, size_t out_bytes, enum event_unit unit,
		  uint64_t weight);
/* Puts text that is valid UTF-8, cut in its middle to that many columns. */
void cell_put_cut(struct buf *out, const struct buf *text, size_t columns,
		  bool utf8);
/* Right-aligned in that many columns. */
void cell_put_right(struct buf *out, const char *text, size_t columns);
size_t cell_columns(const struct buf *text);

/* --- label.c --- */
/*
 * A function in at most that many columns (0 = any number): its name and
 * "(file:line)" or "[module]".
 */
void label_put(struct buf *out, const struct report *r, uint32_t function,
	       bool is_inlined, size_t columns);
void label_name(struct buf *out, const struct report *r, uint32_t function);

/*
 * CPU time that no sample stands for: the kernel's where it may not be seen.
 * false where that is not known: of a selection, or an unfinished recording.
 */
bool report_unsampled(const struct report *r, uint64_t *ns);

/* --- the parts --- */
void report_head(struct report *r);
void report_functions(struct report *r);
void report_tree(struct report *r);
void report_threads(struct report *r);

#endif
