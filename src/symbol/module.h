/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ELF file with its separate debug files, open in the child. Everything
 * here runs on hostile input: outside the child only tests and fuzz targets
 * call it.
 */
#ifndef SYMBOL_MODULE_H
#define SYMBOL_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adder/symbol.h"
#include "symbol/wire.h"

struct err;
struct module;

enum need_kind {
	NEED_BUILD_ID = 1,	/* bytes: a build-id */
	NEED_LINK = 2,		/* bytes: a file name, in DIR, DIR/.debug, ... */
	NEED_ALT = 3,		/* bytes: a path under /usr/lib/debug */
};

#define NEED_LINK_ATTEMPTS 3
#define NEED_LIMIT_BYTES 512

/* Gives a descriptor, which is the module's then, or -1. */
struct module_files {
	int (*get)(void *ctx, enum need_kind kind, uint8_t attempt,
		   const void *bytes, size_t len);
	void *ctx;
};

/*
 * flags are WIRE_*. The module owns fd then, on failure too. want_id (len 0:
 * any) is the build-id that the file has to have.
 */
struct module *module_open(int fd_owned, uint32_t flags,
			   const uint8_t *want_id, size_t want_id_bytes,
			   const struct module_files *files, struct err *err);
void module_free(struct module *m);
/* What of it cannot be read, or NULL: names may be missing. */
const char *module_damage(const struct module *m);

/*
 * Names are mangled and borrowed from the module. lines has room for
 * WIRE_LINES.
 */
void module_lookup(struct module *m, uint64_t svma, struct symbol_line *lines,
		   struct symbol_result *out);

#endif
