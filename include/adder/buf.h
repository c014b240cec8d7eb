/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A growing byte buffer for text and for encoding. Zero-initialised is empty. */
#ifndef ADDER_BUF_H
#define ADDER_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;		/* not NUL-ended unless buf_cstr() was called */
	size_t len, capacity;
};

void buf_release(struct buf *b);
void buf_clear(struct buf *b);
/* Room for `more` further bytes; returns the place behind the last byte. */
char *buf_reserve(struct buf *b, size_t more);
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_put_u32(struct buf *b, uint32_t v);	/* little endian */
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_uleb(struct buf *b, uint64_t v);
void buf_put_sleb(struct buf *b, int64_t v);
/* The content with a NUL behind it (not counted in len). */
const char *buf_cstr(struct buf *b);

#endif
