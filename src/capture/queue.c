/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/queue.h"

#include <stdbool.h>

#include "adder/err.h"
#include "adder/sys_perf.h"

/* The writer looks for room at the start once it has come this far. */
#define WARM_BYTES ((size_t)256 << 10)

int queue_init(struct queue *q, size_t capacity_bytes)
{
	q->data = sys_lazy_alloc(capacity_bytes);
	if (!q->data)
		return -ERR_NOMEM;
	q->capacity_bytes = capacity_bytes;
	q->write_private = q->end = q->from = q->base = 0;
	atomic_init(&q->write, 0);
	atomic_init(&q->read, 0);
	return 0;
}

void queue_release(struct queue *q)
{
	sys_lazy_free(q->data, q->capacity_bytes);
	q->data = NULL;
}

static size_t padded(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

/*
 * Published with the entry that follows: the mark stands where the consumer
 * looks only after it has seen the new write position. There is room for its
 * 8 bytes, all sizes being multiples of that.
 */
static void *continue_at(struct queue *q, size_t pos)
{
	struct queue_entry *mark;

	if (q->write_private < q->capacity_bytes) {
		mark = (void *)(q->data + q->write_private);
		mark->total_bytes = 0;
		mark->rec_bytes = (uint32_t)(pos / 8);
	}
	q->write_private = pos;
	return q->data + pos;
}

static bool is_roomy(size_t r, size_t w, size_t need)
{
	return w >= WARM_BYTES && r > 2 * (w - r) + 4 * need;
}

/* write == read means empty: the writer never comes up to it from behind. */
struct queue_entry *queue_reserve(struct queue *q, size_t payload_bytes)
{
	size_t need = sizeof(struct queue_entry) + padded(payload_bytes);
	size_t r = atomic_load_explicit(&q->read, memory_order_acquire);
	size_t w = q->write_private;
	bool fits = need <= q->capacity_bytes - w;

	if (q->base && r < q->base)
		return fits ? (void *)(q->data + w) : NULL;
	q->base = 0;
	if (w < r) {
		if (need < r - w)
			return (void *)(q->data + w);
		/* behind the mark at `end` */
		if (q->capacity_bytes - q->end < need + sizeof(struct queue_entry))
			return NULL;
		q->from = w;
		q->base = q->end + sizeof(struct queue_entry);
		return continue_at(q, q->base);
	}
	if (is_roomy(r, w, need) || (!fits && need < r)) {
		q->end = w;
		return continue_at(q, 0);
	}
	return fits ? (void *)(q->data + w) : NULL;
}

void queue_commit(struct queue *q, struct queue_entry *e)
{
	size_t total = sizeof(*e) + padded((size_t)e->rec_bytes +
					   e->stack_bytes);

	e->total_bytes = (uint32_t)total;
	q->write_private = (size_t)((uint8_t *)e - q->data) + total;
	atomic_store_explicit(&q->write, q->write_private,
			      memory_order_release);
}

size_t queue_fill_bytes(const struct queue *q)
{
	size_t r = atomic_load_explicit(&q->read, memory_order_relaxed);
	size_t w = q->write_private;

	if (q->base && r < q->base)
		return (r > q->from ? q->end - r + q->from : q->from - r) +
		       w - q->base;
	return w >= r ? w - r : q->end - r + w;
}

const struct queue_entry *queue_peek(const struct queue *q, size_t *pos)
{
	size_t w = atomic_load_explicit(&q->write, memory_order_acquire);
	const struct queue_entry *e;

	if (*pos == w)
		return NULL;
	e = (const void *)(q->data + *pos);
	if (*pos == q->capacity_bytes)
		*pos = 0;
	else if (!e->total_bytes)
		*pos = (size_t)e->rec_bytes * 8;
	e = (const void *)(q->data + *pos);
	return e;
}

void queue_free_until(struct queue *q, size_t pos)
{
	atomic_store_explicit(&q->read, pos, memory_order_release);
}
