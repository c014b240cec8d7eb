/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/wire.h"

#include <errno.h>
#include <string.h>

#include "adder/confine.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/vec.h"

int wire_send(int socket_fd, enum wire_type type, const struct buf *payload,
	      int pass_fd)
{
	uint32_t head[2] = { type, payload ? (uint32_t)payload->len : 0 };
	int rc = confine_send(socket_fd, head, sizeof(head), pass_fd);

	if (!rc && head[1])
		rc = confine_send(socket_fd, payload->data, head[1], -1);
	return rc;
}

int wire_recv(int socket_fd, struct wire_frame *f, uint64_t deadline_mono_ns)
{
	uint32_t head[2];
	int rc;

	buf_clear(&f->payload);
	sys_close(f->fd);
	rc = confine_recv(socket_fd, head, sizeof(head), &f->fd,
			  deadline_mono_ns);
	if (rc)
		return rc;
	if (head[1] > WIRE_LIMIT_BYTES) {
		rc = -EBADMSG;
		goto out;
	}
	f->type = (enum wire_type)head[0];
	rc = confine_recv(socket_fd, buf_reserve(&f->payload, head[1]),
			  head[1], NULL, deadline_mono_ns);
	if (!rc)
		f->payload.len = head[1];
out:
	if (rc) {
		sys_close(f->fd);
		f->fd = -1;
	}
	return rc;
}

void wire_frame_release(struct wire_frame *f)
{
	buf_release(&f->payload);
	sys_close(f->fd);
	f->fd = -1;
}

uint32_t wire_put_string(struct wire_writer *w, uint32_t id, const char *s)
{
	size_t len;

	if (!s) {
		buf_put_uleb(&w->buf, 0);
		return 0;
	}
	if (id) {
		buf_put_uleb(&w->buf, id);
		return id;
	}
	id = ++w->strings;
	len = strnlen(s, WIRE_NAME_BYTES - 1);
	buf_put_uleb(&w->buf, id);
	buf_put(&w->buf, s, len);
	buf_putc(&w->buf, '\0');
	return id;
}

/* NULL with c->bad unset means none. */
static const char *get_string(struct cursor *c, struct wire_strings *seen)
{
	uint64_t id = cursor_uleb(c);
	const char *s;

	if (c->bad || !id)
		return NULL;
	if (id <= seen->count)
		return seen->data[id - 1];
	if (id != seen->count + 1) {
		c->bad = true;
		return NULL;
	}
	s = cursor_str(c);
	if (s)
		*vec_push(seen) = s;
	return s;
}

static bool get_result(struct cursor *c, struct wire_strings *seen,
		       struct symbol_line *lines, struct symbol_result *r)
{
	uint64_t n = cursor_uleb(c), line;
	size_t i;

	memset(r, 0, sizeof(*r));
	if (c->bad || n > WIRE_LINES)
		return false;
	if (n)
		r->start_svma = cursor_uleb(c);
	for (i = 0; i < n; i++) {
		lines[i].name = get_string(c, seen);
		lines[i].file = get_string(c, seen);
		line = cursor_uleb(c);
		if (c->bad || !lines[i].name || line > UINT32_MAX)
			return false;
		lines[i].line = (uint32_t)line;
	}
	r->lines = lines;
	r->count = n;
	return !c->bad;
}

static bool walk(const struct buf *payload, uint32_t n, size_t first,
		 symbol_fn fn, void *ctx)
{
	struct cursor c = cursor_of(payload->data, payload->len);
	struct wire_strings seen = { 0 };
	struct symbol_line lines[WIRE_LINES];
	struct symbol_result r;
	bool good = true;
	uint32_t i;

	cursor_u32(&c);
	for (i = 0; i < n && good; i++) {
		good = get_result(&c, &seen, lines, &r);
		if (good && fn)
			fn(ctx, first + i, &r);
	}
	good = good && !cursor_left(&c);
	vec_release(&seen);
	return good;
}

int wire_results(const struct buf *payload, size_t asked, size_t first,
		 symbol_fn fn, void *ctx, struct err *err)
{
	struct cursor c = cursor_of(payload->data, payload->len);
	uint32_t n = cursor_u32(&c);

	if (c.bad || !n || n > asked || n > WIRE_CHUNK ||
	    !walk(payload, n, 0, NULL, NULL))
		return err_set(err, ERR_FORMAT,
			       "the answer about its symbols is malformed");
	walk(payload, n, first, fn, ctx);
	return (int)n;
}
