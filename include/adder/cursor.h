/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded reading of outside data, little endian. A read beyond the end
 * yields 0 and sets `bad`, which stays set: check once, after a group of
 * reads. The bytes are borrowed.
 */
#ifndef ADDER_CURSOR_H
#define ADDER_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline struct cursor cursor_of(const void *bytes, size_t len)
{
	struct cursor c = { bytes, (const uint8_t *)bytes + len, false };

	return c;
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* len bytes to read from, or NULL (and bad) if there are not so many. */
static inline const uint8_t *cursor_bytes(struct cursor *c, size_t len)
{
	const uint8_t *p = c->p;

	if (c->bad || len > cursor_left(c)) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	c->p += len;
	return p;
}

#define CURSOR_READ(name, type)						\
	static inline type cursor_##name(struct cursor *c)		\
	{								\
		type v = 0;						\
		const uint8_t *p = cursor_bytes(c, sizeof(v));		\
									\
		if (p)							\
			memcpy(&v, p, sizeof(v));			\
		return v;						\
	}

CURSOR_READ(u8, uint8_t)
CURSOR_READ(u16, uint16_t)
CURSOR_READ(u32, uint32_t)
CURSOR_READ(u64, uint64_t)
CURSOR_READ(i16, int16_t)
CURSOR_READ(i32, int32_t)
CURSOR_READ(i64, int64_t)

/* LEB128; more than 64 bits of value, or more than 10 bytes, is bad. */
uint64_t cursor_uleb(struct cursor *c);
int64_t cursor_sleb(struct cursor *c);
/* A NUL-ended string inside the data, or NULL and bad. */
const char *cursor_str(struct cursor *c);

#endif
