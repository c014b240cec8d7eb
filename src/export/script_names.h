/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names in perf script text. The format escapes nothing, so a name that
 * holds a blank, a bracket or a newline is read as something else, by each
 * reader in its own way. `exact` leaves what perf would print, but for bytes
 * that break lines or terminals.
 */
#ifndef EXPORT_SCRIPT_NAMES_H
#define EXPORT_SCRIPT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* A thread's name: no blanks, two characters or more, never only digits. */
void script_put_comm(struct buf *out, const char *s, size_t len, bool exact);
/* An event's name: no blanks. */
void script_put_event(struct buf *out, const char *s, size_t len, bool exact);
/* A function's name. */
void script_put_symbol(struct buf *out, const char *s, size_t len, bool exact);
/* A file's name, without " (deleted)": no blanks, no round brackets. */
void script_put_dso(struct buf *out, const char *s, size_t len, bool exact);

#endif
