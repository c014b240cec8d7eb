/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share: the table of a perf map. */
#ifndef ADDER_PYTHON_PRIV_H
#define ADDER_PYTHON_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adder/arena.h"
#include "adder/python.h"
#include "adder/vec.h"

/* --- the table (map_table.c) --- */
struct map_entry {
	uint64_t lo_avma, hi_avma;
	uint64_t at_fileoff;	/* of its line, to tell before from after */
	const char *text;	/* name, NUL, file, NUL */
	uint32_t name_len, file_len;
	bool is_python;
};

struct map_run {
	struct map_entry *data;	/* ascending, disjoint */
	size_t count, capacity;
};

/* Sizes of runs fall at least by half, so there are never so many. */
#define MAP_RUNS_MAX 64

struct map_table {
	struct map_run runs[MAP_RUNS_MAX];	/* oldest and largest first */
	size_t run_count;
	VEC(struct map_entry) fresh;	/* not yet in a run, oldest first */
	struct arena text;
	size_t entry_count;	/* lines taken, whatever became of them */
	uint64_t malformed;
};

void map_table_init(struct map_table *t);
void map_table_release(struct map_table *t);
void map_table_add(struct map_table *t, uint64_t lo_avma, uint64_t hi_avma,
		   uint64_t at_fileoff, const char *name, size_t len);
/* Borrowed until the next map_table_add(); the text is the table's life. */
const struct map_entry *map_table_find(struct map_table *t, uint64_t avma);

/* --- the text (map_text.c) --- */
/*
 * Takes whole lines from bytes, which stand at fileoff in the file; returns
 * how many bytes it has used: a last line without its newline is left.
 */
size_t map_text_take(struct map_table *t, const char *bytes, size_t len,
		     uint64_t fileoff);
/* "qualname:file" apart; *file = "" (at the end) where there is no colon. */
void map_text_split(const char *text, size_t len, size_t *name_len,
		    const char **file, size_t *file_len);

/* --- call sites (call_site.c) --- */
struct module;
/* Whether the call that returns to svma is py_trampoline_evaluator's. */
bool call_site_is_evaluator(struct module *m, uint64_t return_svma);

#endif
