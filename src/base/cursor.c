/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/cursor.h"

uint64_t cursor_uleb(struct cursor *c)
{
	unsigned int shift = 0;
	uint64_t v = 0;
	uint8_t b;

	do {
		b = cursor_u8(c);
		if (shift >= 64 || (shift == 63 && (b & 0x7e))) {
			c->bad = true;
			return 0;
		}
		v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while ((b & 0x80) && !c->bad);
	return c->bad ? 0 : v;
}

int64_t cursor_sleb(struct cursor *c)
{
	unsigned int shift = 0;
	uint64_t v = 0;
	uint8_t b;

	do {
		b = cursor_u8(c);
		if (shift >= 64) {
			c->bad = true;
			return 0;
		}
		v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while ((b & 0x80) && !c->bad);
	if (shift < 64 && (b & 0x40))
		v |= ~UINT64_C(0) << shift;
	return c->bad ? 0 : (int64_t)v;
}

const char *cursor_str(struct cursor *c)
{
	const uint8_t *end, *p = c->p;

	if (c->bad)
		return NULL;
	end = memchr(p, 0, cursor_left(c));
	if (!end) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	c->p = end + 1;
	return (const char *)p;
}
