/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens separate debug files for the child, which cannot. What it asks for
 * comes from a hostile file: a build-id becomes hex, a debug link one plain
 * file name, and a shared DWARF file must lie under /usr/lib/debug.
 */
#ifndef SYMBOL_DEBUG_FILES_H
#define SYMBOL_DEBUG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adder/buf.h"
#include "symbol/module.h"

/*
 * Appends the path to open below the root; false if there is none that may be.
 * module_path is that of the module itself.
 */
bool debug_file_path(struct buf *out, const char *module_path,
		     enum need_kind kind, uint8_t attempt,
		     const uint8_t *bytes, size_t len);
/* The file a NEED payload asks for, or -1. */
int debug_file_open(int root_fd, const char *module_path,
		    const struct buf *need);

#endif
