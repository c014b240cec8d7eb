/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing arrays. A vector is a struct of data, count and capacity, declared
 * by VEC(type); the macros below are the project's only generic ones.
 *
 *	VEC(struct range) ranges = { 0 };
 *	*vec_push(&ranges) = r;
 *	vec_release(&ranges);
 */
#ifndef ADDER_VEC_H
#define ADDER_VEC_H

#include <stddef.h>

#include "adder/mem.h"

#define VEC(type) struct { type *data; size_t count, capacity; }

/* Room for at least n elements; returns the data pointer, to be stored. */
void *vec_grow_data(void *data, size_t *capacity, size_t n, size_t elem_bytes);

#define vec_reserve(v, n) \
	((void)((n) > (v)->capacity && \
		((v)->data = vec_grow_data((v)->data, &(v)->capacity, (n), \
					   sizeof(*(v)->data)), 0)))

/* A pointer to a new last element, uninitialised, valid until the next push. */
#define vec_push(v) \
	(vec_reserve(v, (v)->count + 1), &(v)->data[(v)->count++])

#define vec_clear(v) ((void)((v)->count = 0))

#define vec_release(v) \
	(mem_free((v)->data), (v)->data = NULL, \
	 (v)->count = (v)->capacity = 0, (void)0)

#endif
