/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libiberty does the work, with its own limit on recursion left on. What it
 * prints is cut off, because substitutions let a short name stand for an
 * exponentially long one.
 */
#include "adder/symbol.h"

#include <string.h>

#include <libiberty/demangle.h>

#include "adder/buf.h"

#define MANGLED_LIMIT_BYTES 16384
#define DEMANGLED_LIMIT_BYTES 8000

struct demangled {
	struct buf *out;
	size_t start;
};

static void take(const char *s, size_t len, void *ctx)
{
	struct demangled *d = ctx;
	size_t room = DEMANGLED_LIMIT_BYTES - (d->out->len - d->start);

	buf_put(d->out, s, len < room ? len : room);
}

static bool demangle(struct buf *out, const char *mangled)
{
	const int options = DMGL_PARAMS | DMGL_ANSI;
	struct demangled d = { out, out->len };

	/* Old Rust names are well-formed C++ ones: first the former. */
	if (rust_demangle_callback(mangled, options, take, &d) &&
	    out->len > d.start)
		return true;
	out->len = d.start;
	if (mangled[1] == 'Z' &&
	    cplus_demangle_v3_callback(mangled, options, take, &d) &&
	    out->len > d.start)
		return true;
	out->len = d.start;
	return false;
}

void symbol_demangle(struct buf *out, const char *mangled)
{
	const char *at = strchr(mangled[0] ? mangled + 1 : mangled, '@');
	size_t len = at ? (size_t)(at - mangled) : strlen(mangled);
	struct buf plain = { 0 };
	bool done = false;

	if (mangled[0] == '_' && len < MANGLED_LIMIT_BYTES) {
		buf_put(&plain, mangled, len);
		done = demangle(out, buf_cstr(&plain));
		buf_release(&plain);
	}
	if (!done)
		buf_put(out, mangled, len);
	if (at && !strcmp(at, "@plt"))
		buf_puts(out, at);
}
