/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A buffered way out for text: writers append to `buf` and call out_check()
 * now and then; the bytes go to a function in large pieces. The first error
 * is kept, and everything after it is dropped.
 */
#ifndef ADDER_OUT_H
#define ADDER_OUT_H

#include "adder/buf.h"

#define OUT_FLUSH_BYTES (256u << 10)

struct out {
	struct buf buf;
	/* 0, or -errno; writes all of it. */
	int (*write)(void *self, const void *bytes, size_t len);
	void *self;
	int error;	/* 0 or the first -errno */
};

void out_init(struct out *o,
	      int (*write)(void *self, const void *bytes, size_t len),
	      void *self);
/* What is left is written. Returns the first error of all, 0 if none. */
int out_close(struct out *o);
void out_flush(struct out *o);

/* Returns the first error, so that a long loop can end early. */
static inline int out_check(struct out *o)
{
	if (o->buf.len >= OUT_FLUSH_BYTES)
		out_flush(o);
	return o->error;
}

#endif
