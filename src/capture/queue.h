/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte queue between one reader thread and the consumer.
 *
 *	0        read          write           capacity
 *	|  free   |== entries ==|     free      |
 *
 * Entries are contiguous, so that a stack is copied straight into its place
 * and unwound there. The writer goes back to the start as soon as there is
 * room before what is still unread, not only at the end: what is in use stays
 * small, and warm in the cache. If the consumer then stays away and that room
 * fills up, the writer goes on behind the place from which it went back:
 *
 *	0     from      read        base       write     capacity
 *	|= 2nd =| free  |== first ==|== third ==|   free   |
 *
 * Memory that was never reached is never touched.
 *
 * Writer thread: queue_reserve, queue_commit, queue_fill. Consumer thread:
 * the rest.
 */
#ifndef CAPTURE_QUEUE_H
#define CAPTURE_QUEUE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* One record of a kernel ring, and behind it the stack that was held. */
struct queue_entry {
	uint32_t total_bytes;	/* 0: the next entry stands elsewhere, */
	uint32_t rec_bytes;	/* at 8 times this */
	uint32_t stack_bytes;
	uint32_t held;		/* enum held_state */
	uint64_t t_mono_ns;
	uint64_t held_until_ns;
};

struct queue {
	uint8_t *data;
	size_t capacity_bytes;
	_Alignas(64) atomic_size_t write;	/* release; pairs with peek */
	/* The writer's own: as in the picture; base 0 = has not jumped. */
	size_t write_private, end, from, base;
	_Alignas(64) atomic_size_t read;	/* release; pairs with the writer */
};

int queue_init(struct queue *q, size_t capacity_bytes);
void queue_release(struct queue *q);

/* Room for payload_bytes behind the header, or NULL. */
struct queue_entry *queue_reserve(struct queue *q, size_t payload_bytes);
/* Publishes the entry that was reserved last: rec_bytes and stack_bytes. */
void queue_commit(struct queue *q, struct queue_entry *e);
/* Bytes in use, about. */
size_t queue_fill_bytes(const struct queue *q);

static inline uint8_t *queue_rec(const struct queue_entry *e)
{
	return (uint8_t *)(uintptr_t)(e + 1);
}

static inline uint8_t *queue_stack(const struct queue_entry *e)
{
	return queue_rec(e) + e->rec_bytes;
}

/* The entry at *pos (which may move to the start), or NULL at the end. */
const struct queue_entry *queue_peek(const struct queue *q, size_t *pos);
static inline void queue_skip(size_t *pos, const struct queue_entry *e)
{
	*pos += e->total_bytes;
}
/* Everything before pos may be overwritten. */
void queue_free_until(struct queue *q, size_t pos);

#endif
