/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear probing at a load of at most 5/8. A slot is free, used or a tomb;
 * the state stands beside the key so that every key is legal.
 */
#include "adder/hmap.h"

#include <string.h>

#include "adder/mem.h"

enum { SLOT_FREE = 0, SLOT_USED, SLOT_TOMB };

struct hmap_slot {
	uint64_t key, value;
	uint8_t state;
};

struct hmap128_slot {
	uint64_t hi, lo, value;
	uint8_t used;
};

void hmap_init(struct hmap *m)
{
	memset(m, 0, sizeof(*m));
}

void hmap_release(struct hmap *m)
{
	mem_free(m->slots);
	hmap_init(m);
}

void hmap_clear(struct hmap *m)
{
	if (m->slots)
		memset(m->slots, 0, (m->mask + 1) * sizeof(*m->slots));
	m->count = m->tombs = 0;
}

uint64_t *hmap_find(const struct hmap *m, uint64_t key)
{
	size_t i;

	if (!m->slots)
		return NULL;
	for (i = hash_u64(key) & m->mask;; i = (i + 1) & m->mask) {
		struct hmap_slot *s = &m->slots[i];

		if (s->state == SLOT_FREE)
			return NULL;
		if (s->state == SLOT_USED && s->key == key)
			return &s->value;
	}
}

static void hmap_rehash(struct hmap *m, size_t capacity)
{
	struct hmap_slot *old = m->slots;
	size_t old_capacity = old ? m->mask + 1 : 0, i, j;

	m->slots = mem_calloc(capacity, sizeof(*m->slots));
	m->mask = capacity - 1;
	m->tombs = 0;
	for (i = 0; i < old_capacity; i++) {
		if (old[i].state != SLOT_USED)
			continue;
		j = hash_u64(old[i].key) & m->mask;
		while (m->slots[j].state != SLOT_FREE)
			j = (j + 1) & m->mask;
		m->slots[j] = old[i];
	}
	mem_free(old);
}

uint64_t *hmap_put(struct hmap *m, uint64_t key, bool *is_new)
{
	struct hmap_slot *tomb = NULL, *s;
	size_t i, capacity = m->slots ? m->mask + 1 : 0;

	if ((m->count + m->tombs + 1) * 8 > capacity * 5)
		hmap_rehash(m, m->count * 4 > capacity ? capacity * 2 :
			    capacity ? capacity : 16);
	for (i = hash_u64(key) & m->mask;; i = (i + 1) & m->mask) {
		s = &m->slots[i];
		if (s->state == SLOT_FREE)
			break;
		if (s->state == SLOT_TOMB) {
			if (!tomb)
				tomb = s;
		} else if (s->key == key) {
			if (is_new)
				*is_new = false;
			return &s->value;
		}
	}
	if (tomb) {
		s = tomb;
		m->tombs--;
	}
	s->state = SLOT_USED;
	s->key = key;
	s->value = 0;
	m->count++;
	if (is_new)
		*is_new = true;
	return &s->value;
}

bool hmap_remove(struct hmap *m, uint64_t key)
{
	uint64_t *v = hmap_find(m, key);
	struct hmap_slot *s;

	if (!v)
		return false;
	s = (struct hmap_slot *)((char *)v -
				 offsetof(struct hmap_slot, value));
	s->state = SLOT_TOMB;
	m->count--;
	m->tombs++;
	return true;
}

bool hmap_next(const struct hmap *m, size_t *pos, uint64_t *key,
	       uint64_t *value)
{
	if (!m->slots)
		return false;
	for (; *pos <= m->mask; (*pos)++) {
		const struct hmap_slot *s = &m->slots[*pos];

		if (s->state != SLOT_USED)
			continue;
		*key = s->key;
		*value = s->value;
		(*pos)++;
		return true;
	}
	return false;
}

void hmap128_init(struct hmap128 *m)
{
	memset(m, 0, sizeof(*m));
}

void hmap128_release(struct hmap128 *m)
{
	mem_free(m->slots);
	hmap128_init(m);
}

static size_t hash128(uint64_t hi, uint64_t lo)
{
	return hash_u64(hi * UINT64_C(0x9e3779b97f4a7c15) + lo);
}

uint64_t *hmap128_find(const struct hmap128 *m, uint64_t hi, uint64_t lo)
{
	size_t i;

	if (!m->slots)
		return NULL;
	for (i = hash128(hi, lo) & m->mask;; i = (i + 1) & m->mask) {
		struct hmap128_slot *s = &m->slots[i];

		if (!s->used)
			return NULL;
		if (s->hi == hi && s->lo == lo)
			return &s->value;
	}
}

static void hmap128_grow(struct hmap128 *m)
{
	struct hmap128_slot *old = m->slots;
	size_t old_capacity = old ? m->mask + 1 : 0, i, j;
	size_t capacity = old_capacity ? old_capacity * 2 : 16;

	m->slots = mem_calloc(capacity, sizeof(*m->slots));
	m->mask = capacity - 1;
	for (i = 0; i < old_capacity; i++) {
		if (!old[i].used)
			continue;
		j = hash128(old[i].hi, old[i].lo) & m->mask;
		while (m->slots[j].used)
			j = (j + 1) & m->mask;
		m->slots[j] = old[i];
	}
	mem_free(old);
}

uint64_t *hmap128_put(struct hmap128 *m, uint64_t hi, uint64_t lo,
		      bool *is_new)
{
	size_t i;

	if (!m->slots || (m->count + 1) * 8 > (m->mask + 1) * 5)
		hmap128_grow(m);
	for (i = hash128(hi, lo) & m->mask;; i = (i + 1) & m->mask) {
		struct hmap128_slot *s = &m->slots[i];

		if (s->used && (s->hi != hi || s->lo != lo))
			continue;
		if (is_new)
			*is_new = !s->used;
		if (!s->used) {
			s->used = 1;
			s->hi = hi;
			s->lo = lo;
			s->value = 0;
			m->count++;
		}
		return &s->value;
	}
}

/* FNV-1a over words, then mixed: names are short and come often. */
uint64_t hash_bytes(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ len, w;

	for (; len >= 8; len -= 8, b += 8) {
		memcpy(&w, b, 8);
		h = (h ^ w) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	w = 0;
	if (len)
		memcpy(&w, b, len);
	return hash_u64(h ^ w);
}
