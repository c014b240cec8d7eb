/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: what a recording or a live session says, ready to be asked. It
 * is filled through its sink and knows nothing of how it is shown.
 *
 * Samples are summed as they come, per thread, event and stack; nothing is
 * ever expanded per sample. Questions are put to a profile (profile.h).
 *
 * What comes in may be hostile: an id that was not defined, or one that jumps
 * ahead of what was defined, ends the work with model_err().
 */
#ifndef ADDER_MODEL_H
#define ADDER_MODEL_H

#include "adder/sink.h"
#include "adder/types.h"

struct buf;
struct err;
struct model;

#define MODEL_MAX_EVENTS 256
/* Behind the last reason: one that this version does not know, and none. */
#define MODEL_END_UNKNOWN END_COUNT
#define MODEL_END_NO_STACK (END_COUNT + 1)
#define MODEL_ENDS (END_COUNT + 2)

struct model_text {
	const char *bytes;	/* NUL behind */
	uint32_t len;
};

struct model_cost {
	uint64_t weight;	/* in the event's unit */
	uint64_t running_ns;
	uint64_t samples;
};

struct model_sample {
	uint64_t t_mono_ns, weight;
	struct thread_id thread;
	struct stack_id stack;
	struct event_id event;
	uint32_t cpu;
};

struct model_thread {
	struct process_id process;
	int32_t pid, tid;
	struct str_id first_name, name;	/* name: the latest */
	uint64_t start_mono_ns;
	uint64_t end_mono_ns;		/* 0 = it outlived the recording */
};

struct model_name_change {
	uint64_t t_mono_ns;
	struct thread_id thread;
	struct str_id name;
};

struct model_step {
	struct str_id text;
	uint64_t count;
	bool is_warning;
};

struct model_totals {
	uint64_t start_mono_ns, end_mono_ns;
	uint64_t samples;	/* pushed, before any limit in time */
	uint64_t kept;		/* within the limit in time */
	uint64_t lost, late, throttled_ns;
	uint64_t said_samples;	/* by the record at the end */
	uint64_t running_ns;	/* CPU time by the kernel's count, 0 = unknown */
	bool is_finished;	/* that record was seen */
	bool interrupted;
};

enum function_kind {
	FUNCTION_PYTHON = 1,
	FUNCTION_NATIVE,
	FUNCTION_KERNEL,
	FUNCTION_PSEUDO,	/* "[cut: ...]" and the like */
};

/*
 * A function: Python by name, file and first line; native and kernel by name
 * and module, inlined copies included; without a name, by module and address.
 */
struct model_function {
	enum function_kind kind;
	bool is_inlined;	/* every frame seen of it was inlined */
	struct str_id name;	/* 0 = unnamed */
	struct str_id file;
	uint32_t line;		/* first line, Python only; 0 = not known */
	struct module_id module;
	uint64_t addr;		/* unnamed: in the module; pseudo: stack_end */
};

/* One function of a frame, innermost inlined one first. */
struct model_place {
	uint32_t function;
	struct str_id file;
	uint32_t line;
	uint64_t start_svma;	/* of the outer function; 0 = not known */
	bool is_inlined;
};

struct model *model_new(void);
struct sink model_sink(struct model *m);
void model_free(struct model *m);
/* Why the sink refused; code 0 if it did not. */
const struct err *model_err(const struct model *m);

/* Before it is filled: keep each sample too, for model_samples(). */
void model_keep_samples(struct model *m);
/* Before it is filled: only from..to, ns since the start; to 0 = no end. */
void model_limit_time(struct model *m, uint64_t from_ns, uint64_t to_ns);

struct model_text model_string(const struct model *m, struct str_id id);
/* The value of a META key, NUL-ended, or NULL. */
const char *model_meta(const struct model *m, const char *key);
const struct model_totals *model_totals(const struct model *m);
/* Counts include the unused element 0: ids run from 1 to count - 1. */
size_t model_event_count(const struct model *m);
const struct rec_event *model_event(const struct model *m, struct event_id id);
size_t model_thread_count(const struct model *m);
const struct model_thread *model_thread(const struct model *m,
					struct thread_id id);
size_t model_process_count(const struct model *m);
const struct rec_process *model_process(const struct model *m,
					struct process_id id);
const struct rec_module *model_module(const struct model *m,
				      struct module_id id);
size_t model_frame_count(const struct model *m);
const struct rec_frame *model_frame(const struct model *m, struct frame_id id);
size_t model_stack_count(const struct model *m);
/* Parents and frames by stack id, and how each ends (enum stack_end). */
const struct stack_id *model_stack_parents(const struct model *m);
const struct frame_id *model_stack_frames(const struct model *m);
const uint8_t *model_stack_ends(const struct model *m);

const struct model_step *model_steps(const struct model *m, size_t *count);
const struct model_name_change *model_name_changes(const struct model *m,
						   size_t *count);
/* In order of time; only with model_keep_samples(). */
const struct model_sample *model_samples(struct model *m, size_t *count);

/* --- functions.c: names of frames; valid until more is pushed --- */
size_t model_function_count(struct model *m);
const struct model_function *model_function(struct model *m, uint32_t id);
const struct model_place *model_places(struct model *m, struct frame_id frame,
				       size_t *count);
/* Appends the name as it came, escaped by nobody. */
void model_function_name(struct model *m, uint32_t id, struct buf *out);
/*
 * The last component of a module's path without " (deleted)", "[unknown]" if
 * there is none. Not NUL-ended.
 */
struct model_text model_module_name(const struct model *m,
				    struct module_id id);
/* "complete", "cut", "no_rule", ... as the JSON report has them. */
const char *model_end_name(unsigned int end);
/* The same for a person: "stack dump too short". */
const char *model_end_text(unsigned int end);

#endif
