/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/arena.h"

#include <string.h>

#include "adder/mem.h"

#define BLOCK_BYTES ((size_t)64 << 10)

struct arena_block {
	struct arena_block *next;
	size_t used, capacity;
	char data[];
};

void arena_init(struct arena *a)
{
	a->head = NULL;
	a->used_bytes = 0;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	struct arena_block *b = a->head;
	size_t capacity;
	void *p;

	bytes = (bytes + 7) & ~(size_t)7;
	if (!b || b->capacity - b->used < bytes) {
		capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		b = mem_alloc(sizeof(*b) + capacity);
		b->used = 0;
		b->capacity = capacity;
		b->next = a->head;
		a->head = b;
	}
	p = b->data + b->used;
	b->used += bytes;
	a->used_bytes += bytes;
	return p;
}

void *arena_dup(struct arena *a, const void *p, size_t bytes)
{
	void *q = arena_alloc(a, bytes);

	if (bytes)
		memcpy(q, p, bytes);
	return q;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *q = arena_alloc(a, len + 1);

	if (len)
		memcpy(q, s, len);
	q[len] = '\0';
	return q;
}

void arena_release(struct arena *a)
{
	struct arena_block *b = a->head, *next;

	for (; b; b = next) {
		next = b->next;
		mem_free(b);
	}
	arena_init(a);
}
