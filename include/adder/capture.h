/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capture: a target, its events, its rings, and the readers that hold it.
 *
 * Per CPU there are two kernel rings, each owned by a dummy event on a thread
 * of ours (so that no exit of the target's makes a ring hang up): the sample
 * ring, and a side ring of mappings, names, forks, exits (and switches where
 * the certificate needs them), which no storm of stacks can fill. Every event
 * of the target is redirected into them. One reader thread per CPU, pinned,
 * SCHED_FIFO where permitted, is woken by every sample; while the target is
 * held it copies the record and the user's stack into its queue. While the
 * dumps that the kernel takes (16 or 62 KiB) hold all stacks, nothing needs to be
 * held: then readers sleep through many samples and only copy. The thread
 * that calls the functions below takes the queues apart.
 *
 * Use: capture_open, capture_start, then until capture_next_pass() says that
 * the target ended: one pass, and capture_next() until it returns NULL.
 */
#ifndef ADDER_CAPTURE_H
#define ADDER_CAPTURE_H

#include <sys/types.h>

#include "adder/decode.h"
#include "adder/event.h"
#include "adder/sys.h"
#include "adder/types.h"

struct err;
struct capture;

struct capture_opts {
	/* Spawn: argv and envp (both NULL-ended, borrowed). */
	char *const *argv;
	char *const *envp;
	/* Attach: processes, with live descendants unless told otherwise. */
	const pid_t *pids;
	size_t pid_count;
	bool no_children;
	/* Events: none given means cycles, else cpu-clock. */
	const struct event_spec *events;
	size_t event_count;
	uint32_t frequency_hz;	/* or */
	uint64_t period;
	size_t stack_limit_bytes;	/* of one held read; 0 = default */
	bool no_rt;		/* do not ask for the real-time class */
	/*
	 * Hold the target at every sample, also while the kernel's dumps hold
	 * all of its stacks: for who wants to read more than stacks.
	 */
	bool always_hold;
	/*
	 * How long to hold at first, when nothing is known of the target, and
	 * after the first stack beyond its dump; 0 = 5 s.
	 */
	uint64_t hold_ns;
	const struct sys_ops *sys;
};

/* Steps down the ladder, told as they happen; text is one line. */
struct capture_hooks {
	void (*step)(void *ctx, const char *text);
	/*
	 * Every side-band record when it is drained, before it is ordered:
	 * the moment to open what will be gone (roots, modules).
	 */
	void (*side_band)(void *ctx, const struct perf_rec *rec);
	void *ctx;
};

enum capture_class { CAPTURE_RT, CAPTURE_CERTIFICATE, CAPTURE_DUMP };

struct capture_stats {
	uint64_t samples;
	uint64_t lost_ring, lost_queue, late, undecodable;
	uint64_t held, unproved, fault, pressure;
	uint64_t overlap;	/* not proved, but agreeing with the dump */
	uint64_t dumped;	/* all of the stack was in the kernel's dump */
	uint64_t wakes;		/* of all readers */
	uint64_t running_ns;	/* of all tasks, once capture has ended */
	uint64_t readers_cpu_ns;
	uint64_t stack_bytes;	/* copied in all */
};

int capture_open(struct capture **out, const struct capture_opts *opts,
		 const struct capture_hooks *hooks, struct err *err);
/*
 * Enables the events; a spawned command runs from here on. The calling thread
 * is the consumer: it gets a nicer value where that is permitted, so that a
 * target of many threads does not starve it.
 */
int capture_start(struct capture *c, struct err *err);
/*
 * Waits up to timeout_ms for data, then drains rings and queues and moves the
 * watermark. 1: more may come; 0: the target has ended and everything has
 * been drained (capture_next still gives the rest); negative: error.
 */
int capture_next_pass(struct capture *c, int timeout_ms, struct err *err);
/* The next record in time order, or NULL; valid until the next call. */
const struct perf_rec *capture_next(struct capture *c);
/* Makes capture_next_pass() return early; async-signal-safe. */
void capture_interrupt(struct capture *c);
/* Disables the events; the next passes drain what is left and end with 0. */
void capture_stop(struct capture *c);
/* The end of a thread's stack in use, learnt by a complete walk. */
void capture_stack_hint(struct capture *c, pid_t tid, uint64_t hi_avma);
/* The spawned child's pid, 0 when attached. */
pid_t capture_child(const struct capture *c);
/* wait status of the spawned child; false while it lives. */
bool capture_child_status(struct capture *c, int *wait_status);
enum capture_class capture_class(const struct capture *c);
/* What was really opened, for REC_EVENT; borrowed. */
size_t capture_events(const struct capture *c, const struct rec_event **events,
		      const char *const **names);
const struct capture_stats *capture_stats(struct capture *c);
void capture_free(struct capture *c);

#endif
