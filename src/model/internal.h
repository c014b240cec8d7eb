/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables behind the model. Every table is indexed by id, with an unused
 * element 0. A stack's parent has a smaller id than the stack, so that sums
 * along the call paths are plain loops over the ids, up or down.
 */
#ifndef MODEL_INTERNAL_H
#define MODEL_INTERNAL_H

#include "adder/arena.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/model.h"
#include "adder/vec.h"

struct model_meta_pair {
	struct str_id key, value;
};

/* The names of native frames, chained per frame by index, newest first. */
struct model_symbol {
	uint32_t next;
	uint32_t depth;
	uint32_t place;		/* in its frame's list, from 0 */
	struct str_id name, file;
	uint32_t line;
	bool is_outer;
	uint64_t start_svma;
};

/* The sum of all samples of one thread, event and stack. */
struct model_cell {
	struct thread_id thread;
	struct event_id event;
	struct stack_id stack;
	struct model_cost cost;
};

struct frame_places {
	uint32_t first, count;
};

struct model {
	struct err err;
	uint64_t records;
	bool keep_samples, is_sorted;
	uint64_t from_ns, to_ns;
	bool has_start;
	struct model_totals totals;

	struct arena arena;
	VEC(struct model_text) strings;
	VEC(struct model_meta_pair) metas;
	VEC(struct rec_module) modules;
	VEC(struct rec_process) processes;
	VEC(struct model_thread) threads;
	VEC(struct model_name_change) name_changes;
	VEC(struct rec_event) events;
	VEC(struct rec_frame) frames;
	VEC(uint32_t) frame_symbols;	/* head of the chain, by frame */
	VEC(struct model_symbol) symbols;
	VEC(struct stack_id) stack_parents;
	VEC(struct frame_id) stack_frames;
	VEC(uint8_t) stack_ends;
	VEC(struct model_step) steps;
	VEC(struct model_sample) samples;
	VEC(struct model_cell) cells;
	struct hmap128 cell_index;	/* (thread, event), stack -> cell */

	/* functions.c, made on demand */
	bool has_functions;
	struct hmap128 function_index;
	VEC(struct model_function) functions;	/* [0]: nothing shown */
	VEC(struct model_place) places;
	VEC(struct frame_places) frame_places;	/* by frame */
};

/* --- define.c: each 0, or negative with m->err set --- */
int model_define(struct model *m, const struct record *rec);
int model_sum_sample(struct model *m, const struct rec_sample *s);

/* --- functions.c --- */
void model_functions_drop(struct model *m);
void model_functions_make(struct model *m);

#endif
