/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/worker.h"

#include <string.h>

#include "adder/confine.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/sys.h"
#include "symbol/module.h"
#include "symbol/wire.h"

struct worker {
	int fd;
	struct wire_frame in;
	struct module *slots[WIRE_SLOTS];
	struct wire_writer out;
	/* Address of a raw string to its id in this frame. */
	struct hmap names, files;
	struct buf demangled;
};

static int get_file(void *ctx, enum need_kind kind, uint8_t attempt,
		    const void *bytes, size_t len)
{
	struct worker *w = ctx;
	struct buf b = { 0 };
	int rc, fd;

	buf_putc(&b, (char)kind);
	buf_putc(&b, (char)attempt);
	buf_putc(&b, (char)(len & 0xff));
	buf_putc(&b, (char)(len >> 8));
	buf_put(&b, bytes, len);
	rc = wire_send(w->fd, WIRE_NEED, &b, -1);
	buf_release(&b);
	if (rc || wire_recv(w->fd, &w->in, 0))
		return -1;
	fd = w->in.fd;
	w->in.fd = -1;
	return fd;
}

static int serve_open(struct worker *w)
{
	struct cursor c = cursor_of(w->in.payload.data, w->in.payload.len);
	uint32_t slot = cursor_u32(&c), flags = cursor_u32(&c);
	uint8_t id[64], id_bytes = cursor_u8(&c);
	const uint8_t *p = cursor_bytes(&c, id_bytes);
	struct module_files files = { get_file, w };
	struct err err = { 0 };
	struct buf b = { 0 };
	int fd = w->in.fd, rc;

	w->in.fd = -1;
	if (c.bad || slot >= WIRE_SLOTS || id_bytes > sizeof(id) || fd < 0) {
		sys_close(fd);
		return -1;
	}
	/* get_file() reuses the frame. */
	if (p)
		memcpy(id, p, id_bytes);
	module_free(w->slots[slot]);
	w->slots[slot] = module_open(fd, flags, id, id_bytes, &files, &err);
	buf_putc(&b, w->slots[slot] != NULL);
	if (!w->slots[slot])
		buf_puts(&b, err.message);
	else if (module_damage(w->slots[slot]))
		buf_puts(&b, module_damage(w->slots[slot]));
	rc = wire_send(w->fd, WIRE_OPENED, &b, -1);
	buf_release(&b);
	return rc;
}

/* A string is demangled and sent once per frame, however often it is met. */
static void put_name(struct worker *w, const char *s)
{
	uint64_t *id = hmap_put(&w->names, (uint64_t)(uintptr_t)s, NULL);

	if (!*id) {
		buf_clear(&w->demangled);
		symbol_demangle(&w->demangled, s);
		s = buf_cstr(&w->demangled);
	}
	*id = wire_put_string(&w->out, (uint32_t)*id, s);
}

static void put_file(struct worker *w, const char *s)
{
	uint64_t *id;

	if (!s) {
		wire_put_string(&w->out, 0, NULL);
		return;
	}
	id = hmap_put(&w->files, (uint64_t)(uintptr_t)s, NULL);
	*id = wire_put_string(&w->out, (uint32_t)*id, s);
}

static void put_result(struct worker *w, const struct symbol_result *r)
{
	size_t i;

	buf_put_uleb(&w->out.buf, r->count);
	if (r->count)
		buf_put_uleb(&w->out.buf, r->start_svma);
	for (i = 0; i < r->count; i++) {
		put_name(w, r->lines[i].name);
		put_file(w, r->lines[i].file);
		buf_put_uleb(&w->out.buf, r->lines[i].line);
	}
}

static int serve_lookup(struct worker *w)
{
	struct cursor c = cursor_of(w->in.payload.data, w->in.payload.len);
	uint32_t slot = cursor_u32(&c), n = cursor_u32(&c), i;
	struct symbol_line lines[WIRE_LINES];
	struct symbol_result r;

	if (c.bad || slot >= WIRE_SLOTS || !w->slots[slot] || !n ||
	    cursor_left(&c) != (size_t)n * sizeof(uint64_t))
		return -1;
	hmap_clear(&w->names);
	hmap_clear(&w->files);
	w->out.strings = 0;
	buf_clear(&w->out.buf);
	buf_put_u32(&w->out.buf, 0);
	for (i = 0; i < n && w->out.buf.len < WIRE_SOFT_BYTES; i++) {
		module_lookup(w->slots[slot], cursor_u64(&c), lines, &r);
		put_result(w, &r);
	}
	memcpy(w->out.buf.data, &i, sizeof(i));
	return wire_send(w->fd, WIRE_RESULTS, &w->out.buf, -1);
}

static int serve_close(struct worker *w)
{
	struct cursor c = cursor_of(w->in.payload.data, w->in.payload.len);
	uint32_t slot = cursor_u32(&c);

	if (c.bad || slot >= WIRE_SLOTS)
		return -1;
	module_free(w->slots[slot]);
	w->slots[slot] = NULL;
	return 0;
}

static int serve_one(struct worker *w)
{
	switch (w->in.type) {
	case WIRE_OPEN:
		return serve_open(w);
	case WIRE_LOOKUP:
		return serve_lookup(w);
	case WIRE_CLOSE:
		return serve_close(w);
	default:
		return -1;
	}
}

void worker_serve(int socket_fd, void *ctx)
{
	const struct worker_opts *opts = ctx;
	struct worker w = { .fd = socket_fd, .in.fd = -1 };
	int i, rc = 0;

	hmap_init(&w.names);
	hmap_init(&w.files);
	while (!rc && !wire_recv(w.fd, &w.in, 0)) {
		confine_cpu_limit(opts->cpu_seconds);
		rc = serve_one(&w);
		confine_cpu_limit(0);
	}
	for (i = 0; i < WIRE_SLOTS; i++)
		module_free(w.slots[i]);
	hmap_release(&w.names);
	hmap_release(&w.files);
	buf_release(&w.out.buf);
	buf_release(&w.demangled);
	wire_frame_release(&w.in);
}
