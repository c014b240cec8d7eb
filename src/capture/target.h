/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The events of a target: attributes as this kernel and these rights permit
 * them, one descriptor per event, thread and CPU, and where their ids lead.
 */
#ifndef CAPTURE_TARGET_H
#define CAPTURE_TARGET_H

#include <linux/perf_event.h>

#include "adder/capture.h"
#include "adder/hmap.h"
#include "adder/vec.h"
#include "capture/reader.h"

struct target_fd {
	int fd;
	bool side, clock;
};

struct target {
	const struct sys_ops *sys;
	const struct capture_hooks *hooks;
	VEC(struct perf_event_attr) attrs;	/* of the sampling events */
	VEC(struct rec_event) events;		/* the same, as told */
	VEC(char *) names;			/* owned */
	struct perf_event_attr side;
	VEC(struct target_fd) fds;
	struct hmap event_of_id;	/* id -> thread << 32 | event */
	uint32_t dump_bytes;
	bool spawned;
};

/* Chooses the events and probes what the kernel takes; opens nothing yet. */
int target_init(struct target *t, const struct capture_opts *opts,
		const struct capture_hooks *hooks, struct err *err);
/* After the readers' class is known: layout of all records. */
void target_set_class(struct target *t, enum capture_class cls,
		      uint32_t dump_bytes);
/* The events of one thread on each reader's CPU, redirected to its rings. */
int target_open_task(struct target *t, pid_t tid, struct reader *readers,
		     size_t reader_count, struct err *err);
void target_enable(struct target *t);
void target_disable(struct target *t);
/* Records lost as the kernel counts them per event; 0 where it does not. */
uint64_t target_lost(const struct target *t);
/*
 * CPU time of all tasks: what the first clock event counted, in kernel mode
 * too, whatever it may sample (perf_swevent has no filter on the count of a
 * clock). 0 without such an event.
 */
uint64_t target_running_ns(const struct target *t);
void target_release(struct target *t);

/*
 * A process, its threads and live descendants, until nothing new appears.
 * *raced: some appeared late, and may have inherited events already.
 */
int target_attach(struct target *t, const struct capture_opts *opts,
		  struct reader *readers, size_t reader_count,
		  struct hmap *tids, bool *raced, struct err *err);

#endif
