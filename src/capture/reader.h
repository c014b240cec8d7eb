/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One reader thread per CPU, pinned to it. Where the target is to be held the
 * kernel wakes it for every sample, before the target returns to user mode;
 * while it runs there, the target cannot, and stands still while its stack is
 * copied. A reader only copies; it sleeps in poll() and never spins, whatever
 * the target does.
 */
#ifndef CAPTURE_READER_H
#define CAPTURE_READER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "adder/decode.h"
#include "capture/queue.h"
#include "capture/ring.h"

struct err;
struct hints;
struct sys_ops;

/* What the readers of a session have in common. */
struct readers_shared {
	const struct sys_ops *sys;
	struct hints *hints;
	struct perf_layout layout, side_layout;	/* without event_of_id */
	uint32_t sp_index;	/* of the SP among the registers */
	size_t stack_limit_bytes;
	bool no_rt;
	bool rt;	/* reads are held by the class, not by certificate */
	bool no_read;	/* dumps only */
	/*
	 * The dumps hold all stacks: nobody needs to be held, and readers
	 * sleep for lazy_ms at a time while samples come. Set by the consumer,
	 * cleared by it or by the first reader that sees otherwise.
	 */
	atomic_bool lazy;
	int lazy_ms;	/* before half a ring is full; 0 = never lazy */
	size_t dump_bytes;	/* the most that a dump holds */
	int wake_fd;		/* the consumer's */
	atomic_bool woken;	/* set by who signals, cleared by the consumer */
	atomic_bool stop;	/* release; pairs with the readers' acquire */
};

/* Written by the reader, read when it has stopped, or roughly before. */
struct reader_counts {
	uint64_t samples, lost_queue, undecodable, stack_bytes, cpu_ns;
	uint64_t wakes;
};

struct reader {
	struct readers_shared *shared;
	int cpu;
	struct ring ring, side;		/* samples; everything else */
	struct queue queue, side_queue;
	int kick_fd;			/* drain now; or stop */
	int rt_status, pin_status;	/* 0 or -errno, when started */
	struct reader_counts counts;
	uint64_t last_hurry_ns;
	bool slept;	/* through samples: too late to hold */
	uint8_t *scratch;		/* two records */
	pthread_t thread;
	bool running;
	pthread_mutex_t gate_lock;	/* of started and go */
	pthread_cond_t gate;
	bool started, go;
};

/*
 * Starts the thread and waits until it stands in its class; then its rings
 * may be opened, and reader_go() lets it work.
 */
int reader_start(struct reader *r, struct readers_shared *s, int cpu,
		 struct err *err);
void reader_go(struct reader *r);
/* Makes it drain its rings. */
void reader_kick(struct reader *r);
/* After shared->stop: drains what is left, ends the thread. */
void reader_join(struct reader *r);
void reader_release(struct reader *r);

#endif
