/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queues of all CPUs as one stream in time order, in place: an entry is
 * looked at where it stands, and given back when the next one is asked for.
 * Records of the side rings come before samples of the same time.
 */
#ifndef CAPTURE_MERGE_H
#define CAPTURE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/queue.h"

struct merge_source {
	struct queue *queue;
	bool side;
	size_t pos;			/* of the head */
	const struct queue_entry *head;
};

struct merge {
	struct merge_source *sources;
	size_t count;
	struct merge_source *current;	/* its head was given out */
	uint64_t last_ns, late;
};

/* Two sources per CPU are added; the queues are borrowed. */
void merge_init(struct merge *m, size_t source_count);
void merge_add(struct merge *m, struct queue *q, bool side);
void merge_release(struct merge *m);
/*
 * The next entry before watermark_ns, or NULL; valid until the next call.
 * *side says which kind of ring it came from.
 */
const struct queue_entry *merge_next(struct merge *m, uint64_t watermark_ns,
				     bool *side);

#endif
