/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel ring, owned by a dummy event on a thread of ours, so that it does
 * not hang up when the target's tasks exit. The events of the target are
 * redirected into it. One thread (its CPU's reader) takes records out;
 * ring_oldest() may be asked by another at the same time.
 */
#ifndef CAPTURE_RING_H
#define CAPTURE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sys_ops;

struct ring {
	int fd;			/* of the owner, to poll; -1 = none */
	int cpu;
	size_t data_bytes;
	void *map;
	uint8_t *data;
};

struct ring_opts {
	const struct sys_ops *sys;
	int cpu;
	size_t want_bytes, least_bytes;	/* powers of two */
	uint32_t watermark_bytes;	/* wake at; 0 = only by wakeup_events */
};

int ring_open(struct ring *r, const struct ring_opts *opts, struct err *err);
void ring_close(struct ring *r);

/* What stands in the ring: positions that only grow. */
uint64_t ring_head(const struct ring *r);
uint64_t ring_tail(const struct ring *r);
/*
 * Size of the record at tail, 0 if the ring is broken. The header never
 * straddles the end, sizes being multiples of 8.
 */
size_t ring_record_bytes(const struct ring *r, uint64_t tail, uint64_t head);
void ring_copy(const struct ring *r, uint64_t tail, void *to, size_t len);
/* The bytes where they stand, or in scratch where they straddle the end. */
const uint8_t *ring_view(const struct ring *r, uint64_t tail, size_t len,
			 uint8_t *scratch);
/* Gives the bytes before tail back to the kernel. */
void ring_advance(struct ring *r, uint64_t tail);
/*
 * Time of the oldest record that is still in the ring. time_off is the time's
 * place in a sample, time_off_end its distance from the end of any other
 * record. False: the ring is empty.
 */
bool ring_oldest(const struct ring *r, size_t time_off, size_t time_off_end,
		 uint64_t *t_mono_ns);

#endif
