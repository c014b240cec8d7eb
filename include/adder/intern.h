/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte strings to dense ids from 1 on; the empty string is id 0. Bytes are
 * kept as given (names may hold anything, NUL included) with a NUL behind.
 */
#ifndef ADDER_INTERN_H
#define ADDER_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adder/arena.h"
#include "adder/types.h"

struct intern_entry {
	const char *bytes;
	uint32_t len;
	uint32_t next;		/* chain of equal hashes */
};

struct intern {
	struct arena arena;
	uint32_t *buckets;
	size_t mask;
	struct intern_entry *entries;	/* index = id; [0] is "" */
	size_t count, capacity;		/* [0] counts */
};

void intern_init(struct intern *in);
void intern_release(struct intern *in);
/* The id; *is_new (nullable) says whether the string was not there before. */
struct str_id intern_put(struct intern *in, const char *bytes, size_t len,
			 bool *is_new);
/* The bytes of an id, NUL behind; "" for 0 and for an unknown id. Borrowed. */
const char *intern_at(const struct intern *in, struct str_id id, size_t *len);

#endif
