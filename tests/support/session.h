/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions told in a few lines: each call pushes what must be defined first
 * and gives back the id. A stack is written from the root to the leaf.
 */
#ifndef TESTS_SESSION_H
#define TESTS_SESSION_H

#include "adder/intern.h"
#include "adder/sink.h"

#define SESSION_START_NS UINT64_C(5000000000)

struct session {
	struct sink sink;
	struct intern strings;
	uint32_t modules, processes, threads, events, frames, stacks;
	uint64_t samples, now_ns;
	int error;	/* the sink's first */
};

void session_init(struct session *s, const struct sink *sink);
/* Pushes FINISH too. Returns the sink's first error. */
int session_end(struct session *s);

struct str_id session_string(struct session *s, const char *text);
void session_meta(struct session *s, const char *key, const char *value);
void session_step(struct session *s, const char *text, uint64_t count,
		  bool is_warning);
uint32_t session_event(struct session *s, const char *name,
		       enum event_unit unit, uint32_t hz);
uint32_t session_module(struct session *s, const char *path,
			enum module_kind kind);
uint32_t session_process(struct session *s, int32_t pid, const char *exe);
uint32_t session_thread(struct session *s, uint32_t process, int32_t tid,
			const char *name);
void session_rename(struct session *s, uint32_t thread, const char *name);
uint32_t session_python(struct session *s, const char *name, const char *file,
			uint32_t first_line);
/* name NULL = unnamed; its symbol begins 0x10 before addr. */
uint32_t session_native(struct session *s, uint32_t module, uint64_t addr,
			const char *name);
uint32_t session_evaluator(struct session *s, uint32_t module, uint64_t addr,
			   const char *name);
uint32_t session_kernel(struct session *s, uint32_t module, const char *name);
/* `inner` was inlined into `outer`. */
uint32_t session_inlined(struct session *s, uint32_t module, uint64_t addr,
			 const char *inner, const char *outer);
uint32_t session_cut(struct session *s, enum stack_end why);
/* Frames from the root to the leaf, ended by 0. */
uint32_t session_stack(struct session *s, ...);
uint32_t session_push_stack(struct session *s, uint32_t parent,
			    uint32_t frame);
/* n samples of that weight, one per millisecond. */
void session_samples(struct session *s, uint32_t thread, uint32_t event,
		     uint32_t stack, unsigned int n, uint64_t weight);

/* A small program with one of everything that a report can show. */
void session_example(struct session *s);

#endif
