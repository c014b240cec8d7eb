/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bump allocator: many small things with one life, freed at once. */
#ifndef ADDER_ARENA_H
#define ADDER_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used_bytes;	/* in all blocks, for statistics */
};

void arena_init(struct arena *a);
/* Aligned to 8 bytes, uninitialised; lives until arena_release(). */
void *arena_alloc(struct arena *a, size_t bytes);
void *arena_dup(struct arena *a, const void *p, size_t bytes);
/* Copies len bytes and ends them with a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void arena_release(struct arena *a);

#endif
