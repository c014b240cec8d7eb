/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open-addressing hash map from 64-bit keys to 64-bit values, for hot paths.
 * Any key is legal. Iteration order is that of the slots and means nothing:
 * sort before you print. hmap128 has keys of two words.
 */
#ifndef ADDER_HMAP_H
#define ADDER_HMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hmap_slot;

struct hmap {
	struct hmap_slot *slots;
	size_t mask;		/* capacity - 1, or 0 when empty */
	size_t count;
	size_t tombs;
};

void hmap_init(struct hmap *m);
void hmap_release(struct hmap *m);
void hmap_clear(struct hmap *m);

/* The value's place, or NULL. Valid until the next insertion or removal. */
uint64_t *hmap_find(const struct hmap *m, uint64_t key);
/* The value's place; *is_new (nullable) says whether it was made (value 0). */
uint64_t *hmap_put(struct hmap *m, uint64_t key, bool *is_new);
bool hmap_remove(struct hmap *m, uint64_t key);
/* Walks the slots: start with *pos = 0; false at the end. */
bool hmap_next(const struct hmap *m, size_t *pos, uint64_t *key,
	       uint64_t *value);

struct hmap128_slot;

struct hmap128 {
	struct hmap128_slot *slots;
	size_t mask;
	size_t count;
};

void hmap128_init(struct hmap128 *m);
void hmap128_release(struct hmap128 *m);
uint64_t *hmap128_find(const struct hmap128 *m, uint64_t hi, uint64_t lo);
uint64_t *hmap128_put(struct hmap128 *m, uint64_t hi, uint64_t lo,
		      bool *is_new);

/* A mixing function for 64 bits, good enough for addresses and ids. */
static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	x ^= x >> 32;
	return x;
}

uint64_t hash_bytes(const void *p, size_t len);

#endif
