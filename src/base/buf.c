/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adder/mem.h"

void buf_release(struct buf *b)
{
	mem_free(b->data);
	memset(b, 0, sizeof(*b));
}

void buf_clear(struct buf *b)
{
	b->len = 0;
}

char *buf_reserve(struct buf *b, size_t more)
{
	size_t capacity;

	if (b->capacity - b->len < more) {
		capacity = b->capacity + b->capacity / 2;
		if (capacity < b->len + more)
			capacity = b->len + more;
		if (capacity < 64)
			capacity = 64;
		b->data = mem_realloc_array(b->data, capacity, 1);
		b->capacity = capacity;
	}
	return b->data + b->len;
}

void buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (!len)
		return;
	memcpy(buf_reserve(b, len), bytes, len);
	b->len += len;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->len++;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	buf_reserve(b, 128);
	va_start(ap, fmt);
	n = vsnprintf(b->data + b->len, b->capacity - b->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= b->capacity - b->len) {
		buf_reserve(b, (size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(b->data + b->len, b->capacity - b->len, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	buf_put(b, &v, sizeof(v));
}

void buf_put_uleb(struct buf *b, uint64_t v)
{
	char *p = buf_reserve(b, 10), *start = p;

	do {
		*p = (char)(v & 0x7f);
		v >>= 7;
		if (v)
			*p |= (char)0x80;
		p++;
	} while (v);
	b->len += (size_t)(p - start);
}

void buf_put_sleb(struct buf *b, int64_t v)
{
	char *p = buf_reserve(b, 10), *start = p;
	int more = 1;
	uint8_t byte;

	while (more) {
		byte = (uint8_t)(v & 0x7f);
		v >>= 7;	/* arithmetic on every compiler we support */
		if ((v == 0 && !(byte & 0x40)) || (v == -1 && (byte & 0x40)))
			more = 0;
		else
			byte |= 0x80;
		*p++ = (char)byte;
	}
	b->len += (size_t)(p - start);
}

const char *buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = '\0';
	return b->data;
}
