/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making outside bytes safe to show. Names come from programs that may be
 * hostile: no control byte, escape sequence, newline or invalid UTF-8 may
 * reach a terminal.
 */
#ifndef ADDER_TEXT_H
#define ADDER_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Appends the bytes; each C0/C1 control, DEL, bidirectional override,
 * line/paragraph separator and invalid UTF-8 byte becomes \xNN (a code point
 * above 0x7f \u{N}), a backslash stays as it is.
 */
void text_escape(struct buf *out, const char *bytes, size_t len);
/* The same to a fixed buffer, cut if need be, NUL-ended; returns out. */
char *text_escape_to(char *out, size_t out_bytes, const char *bytes,
		     size_t len);
/* Length of the valid UTF-8 sequence at p, 0 if it is none; *cp the point. */
size_t text_utf8(const char *p, size_t len, uint32_t *cp);
/* Columns on a terminal of valid UTF-8 text (wcwidth, C.UTF-8 not needed). */
size_t text_columns(const char *p, size_t len);
/* "1.25 s", "312 ms", "48 us": three significant digits. */
char *text_duration(char *out, size_t out_bytes, uint64_t ns);
/* "812 B", "48.1 KB", "2.10 MB": units of 1000. */
char *text_bytes(char *out, size_t out_bytes, uint64_t bytes);

#endif
