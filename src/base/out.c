/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/out.h"

#include <string.h>

void out_init(struct out *o,
	      int (*write)(void *self, const void *bytes, size_t len),
	      void *self)
{
	memset(o, 0, sizeof(*o));
	o->write = write;
	o->self = self;
}

void out_flush(struct out *o)
{
	if (!o->error && o->buf.len)
		o->error = o->write(o->self, o->buf.data, o->buf.len);
	buf_clear(&o->buf);
}

int out_close(struct out *o)
{
	out_flush(o);
	buf_release(&o->buf);
	return o->error;
}
