/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline's own pieces: ids for strings, frames and stacks (ids.c), the
 * walk of one sample (stack.c), naming of native frames (symbolize.c), and
 * the records that are not samples (pipeline.c).
 */
#ifndef PIPELINE_INTERNAL_H
#define PIPELINE_INTERNAL_H

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/intern.h"
#include "adder/pipeline.h"
#include "adder/space.h"
#include "adder/unwind.h"
#include "adder/vec.h"

#define TEMPLATE_MAX_BYTES 64

/* What is kept for every frame id, beside what went to the sink. */
struct frame_info {
	uint8_t kind;		/* enum frame_kind */
	uint8_t flags;
	uint8_t named;		/* nothing left to look up */
	uint32_t module;	/* index in pipeline.modules, native only */
	uint32_t evaluator;	/* id of the FRAME_F_EVALUATOR twin, 0 = none */
	uint64_t addr;
};

/* Per process: hung on process->user. */
struct pl_process {
	struct pipeline *pl;
	struct process *process;
	uint64_t samples;
	bool advised, has_names;
	bool template_tried;
	uint8_t template_bytes[TEMPLATE_MAX_BYTES];
	uint32_t template_len;
	uint64_t last_refresh_ns;
};

/* Per thread: hung on thread->user. The arrays run along the walk's frames. */
struct pl_thread {
	struct unwind_memo *memo;
	struct process *process;	/* an exec changes it */
	uint64_t hint_avma;	/* last told end of the stack in use */
	uint64_t root_avma;	/* where its last complete walk ended */
	uint32_t count;		/* frames of the last walk */
	enum stack_end end;	/* of the last walk */
	uint32_t capacity;
	uint32_t *frame_ids;	/* as if nothing were known of Python */
	uint32_t *stack_ids;	/* stack made of frames 0..i */
	uint8_t *marks;		/* enum splice_mark */
	bool *is_tramp;
};

struct pipeline {
	struct pipeline_opts opts;
	struct space *space;
	const struct arch *arch;
	struct unwinder *unwinder;
	struct pipeline_stats stats;
	uint64_t sample_ns;	/* time of the sample under work */
	int sink_error;		/* first negative answer of the sink */

	struct intern strings;
	struct hmap128 frame_ids;
	VEC(struct frame_info) frames;	/* index = id, [0] unused */
	struct hmap stack_ids;		/* (parent, frame) -> id */
	uint32_t stack_count;
	uint32_t end_stacks[END_COUNT];
	VEC(struct module *) modules;	/* index = id, [0] unused */
	struct module_id kernel_module, jit_module;
	uint32_t process_count, thread_count;

	VEC(struct rec_event) events;	/* index = perf_sample.event */
	VEC(uint64_t) throttle_start;	/* by cpu, 0 = not throttled */
	struct hmap advised;		/* string id of the path -> count */

	struct symbolizer *quick;	/* symbol tables only, periodic */
	struct symbolizer *full;	/* with inlines, at the close */
	struct kallsyms *kallsyms;	/* NULL where they are hidden */
	bool kallsyms_tried;
	struct err symbol_err;		/* why one of them is NULL */
	uint32_t symbolized_to;		/* frame ids below have had a try */
};

/* --- ids.c --- */
int pl_push(struct pipeline *pl, const struct record *rec);
struct str_id pl_string(struct pipeline *pl, const char *bytes, size_t len);
/* Anonymous executable memory. */
uint32_t pl_jit_module(struct pipeline *pl);
/* Defines the module towards the sink on first use. */
uint32_t pl_module(struct pipeline *pl, struct module *m);
void pl_ids_init(struct pipeline *pl);
void pl_ids_release(struct pipeline *pl);
uint32_t pl_frame_native(struct pipeline *pl, uint32_t module, uint64_t addr,
			 uint32_t flags);
uint32_t pl_frame_kernel(struct pipeline *pl, uint64_t addr, bool leaf);
uint32_t pl_frame_python(struct pipeline *pl, uint64_t addr,
			 struct str_id name, struct str_id file);
/* The same frame, marked as part of a Python frame's implementation. */
uint32_t pl_frame_evaluator(struct pipeline *pl, uint32_t frame);
uint32_t pl_stack(struct pipeline *pl, uint32_t parent, uint32_t frame);
/* The stack of only the pseudo frame of a reason. */
uint32_t pl_end_stack(struct pipeline *pl, enum stack_end end);

/* --- people.c: processes and threads --- */
void pl_define_process(struct pipeline *pl, struct process *p);
void pl_define_thread(struct pipeline *pl, struct thread *t);
struct pl_process *pl_process_of(struct pipeline *pl, struct process *p);
void pl_process_drop(struct process *p);
struct pl_thread *pl_thread_of(struct thread *t);
void pl_thread_drop(struct thread *t);
void pl_advise(struct pipeline *pl, struct pl_process *pp);
void pl_advise_finish(struct pipeline *pl);

/* --- symbolize.c --- */
void pl_symbolize_prepare(struct pipeline *pl);

/* --- stack.c --- */
/* The module that holds CPython, or NULL. */
struct module *pl_interpreter(const struct process *p);
/* The stack of a sample, and how it ended. */
uint32_t pl_sample_stack(struct pipeline *pl, struct thread *t,
			 const struct perf_sample *s, enum stack_end *end);

#endif
