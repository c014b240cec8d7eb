/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON writer that streams: nothing is held but the text. Strings may be
 * any bytes: what is no UTF-8 becomes the four characters \xNN (a backslash
 * in JSON's own escape), so that names which differ stay different; control
 * and direction characters are \u escapes.
 */
#ifndef REPORT_JSONW_H
#define REPORT_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct jsonw {
	struct buf *b;
	bool has_before;	/* a comma is due */
};

/* key may be NULL in an array and at the top. */
void jsonw_open(struct jsonw *j, const char *key, char bracket);
void jsonw_close(struct jsonw *j, char bracket);
void jsonw_u64(struct jsonw *j, const char *key, uint64_t v);
void jsonw_double(struct jsonw *j, const char *key, double v);
void jsonw_bool(struct jsonw *j, const char *key, bool v);
void jsonw_null(struct jsonw *j, const char *key);
void jsonw_text(struct jsonw *j, const char *key, const char *bytes, size_t len);
void jsonw_str(struct jsonw *j, const char *key, const char *s);
/* A key that is any bytes. */
void jsonw_u64_at(struct jsonw *j, const char *key, size_t key_len, uint64_t v);
/* A new line in the text, for people who look into it. */
void jsonw_line(struct jsonw *j);

#endif
