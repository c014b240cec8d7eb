/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/intern.h"

#include <string.h>

#include "adder/hmap.h"
#include "adder/mem.h"

void intern_init(struct intern *in)
{
	memset(in, 0, sizeof(*in));
	arena_init(&in->arena);
	in->capacity = 64;
	in->entries = mem_calloc(in->capacity, sizeof(*in->entries));
	in->entries[0].bytes = "";
	in->count = 1;
	in->mask = 63;
	in->buckets = mem_calloc(in->mask + 1, sizeof(*in->buckets));
}

void intern_release(struct intern *in)
{
	arena_release(&in->arena);
	mem_free(in->entries);
	mem_free(in->buckets);
	memset(in, 0, sizeof(*in));
}

static void intern_grow(struct intern *in)
{
	uint32_t i;
	size_t b;

	in->capacity *= 2;
	in->entries = mem_realloc_array(in->entries, in->capacity,
					sizeof(*in->entries));
	mem_free(in->buckets);
	in->mask = in->capacity - 1;
	in->buckets = mem_calloc(in->mask + 1, sizeof(*in->buckets));
	for (i = 1; i < in->count; i++) {
		struct intern_entry *e = &in->entries[i];

		b = hash_bytes(e->bytes, e->len) & in->mask;
		e->next = in->buckets[b];
		in->buckets[b] = i;
	}
}

struct str_id intern_put(struct intern *in, const char *bytes, size_t len,
			 bool *is_new)
{
	struct intern_entry *e;
	struct str_id id;
	size_t b;

	if (is_new)
		*is_new = false;
	if (!len)
		return (struct str_id){ 0 };
	if (len > UINT32_MAX / 2)
		len = UINT32_MAX / 2;
	b = hash_bytes(bytes, len) & in->mask;
	for (id.v = in->buckets[b]; id.v; id.v = e->next) {
		e = &in->entries[id.v];
		if (e->len == len && !memcmp(e->bytes, bytes, len))
			return id;
	}
	if (in->count == in->capacity) {
		intern_grow(in);
		b = hash_bytes(bytes, len) & in->mask;
	}
	id.v = (uint32_t)in->count++;
	e = &in->entries[id.v];
	e->bytes = arena_strndup(&in->arena, bytes, len);
	e->len = (uint32_t)len;
	e->next = in->buckets[b];
	in->buckets[b] = id.v;
	if (is_new)
		*is_new = true;
	return id;
}

const char *intern_at(const struct intern *in, struct str_id id, size_t *len)
{
	const struct intern_entry *e;

	e = &in->entries[id.v < in->count ? id.v : 0];
	if (len)
		*len = e->len;
	return e->bytes;
}
