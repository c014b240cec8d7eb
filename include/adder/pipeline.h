/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drives records through space, unwind and python into a sink, interning
 * frames and stacks on the way, and counts every outcome. It knows neither
 * where the records come from nor where the sink leads.
 */
#ifndef ADDER_PIPELINE_H
#define ADDER_PIPELINE_H

#include <sys/types.h>

#include "adder/decode.h"
#include "adder/sink.h"

struct err;
struct pipeline;
struct sys_ops;

struct pipeline_opts {
	struct sink sink;
	bool no_python;
	bool attached;
	/* The end of a thread's stack in use was learnt. */
	void (*stack_hint)(void *ctx, pid_t tid, uint64_t hi_avma);
	/* A thing to be said once. */
	void (*step)(void *ctx, const char *text, bool is_warning);
	void *ctx;
	const struct sys_ops *sys;
};

struct pipeline_stats {
	uint64_t samples;
	uint64_t end[END_COUNT];	/* by enum stack_end */
	uint64_t frames;	/* walked */
	uint64_t slow_walks;	/* an expression had to be evaluated */
	uint64_t unnamed_jit;	/* frames in JIT memory without a name */
};

struct pipeline *pipeline_new(const struct pipeline_opts *opts);
int pipeline_attach(struct pipeline *p, pid_t pid, struct err *err);
/* Unordered, at the drain. */
void pipeline_sight(struct pipeline *p, const struct perf_rec *rec);
/* In order. 0 or the sink's negative error. */
int pipeline_feed(struct pipeline *p, const struct perf_rec *rec);
/* Events are numbered as in capture_events(). */
int pipeline_event(struct pipeline *p, const struct rec_event *ev,
		   const char *name);
int pipeline_meta(struct pipeline *p, const char *key, const char *value);
int pipeline_step(struct pipeline *p, const char *text, uint64_t count,
		  bool is_warning);
/* Losses that are not in the rings' own records; 0 is none. */
int pipeline_lost(struct pipeline *p, uint64_t t_mono_ns, enum lost_why why,
		  uint64_t count);
/*
 * Names native and kernel frames: those seen since the last call by symbol
 * tables only or, at the close, all of them with inlined functions and lines.
 */
int pipeline_symbolize(struct pipeline *p, bool at_close, struct err *err);
/* Pids that have run a Python with the trampoline, for py_map_remove(). */
size_t pipeline_python_pids(struct pipeline *p, pid_t **pids);
/* The last words: advice, names, REC_FINISH (its samples are filled in). */
int pipeline_finish(struct pipeline *p, const struct rec_finish *totals,
		    struct err *err);
const struct pipeline_stats *pipeline_stats(const struct pipeline *p);
void pipeline_free(struct pipeline *p);

#endif
