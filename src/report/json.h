/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON writer that streams: nothing is held but the text. Strings may be
 * any bytes: what is no UTF-8 becomes the four characters \xNN (a backslash
 * in JSON's own escape), so that names which differ stay different; control
 * and direction characters are \u escapes.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct json {
	struct buf *b;
	bool has_before;	/* a comma is due */
};

/* key may be NULL in an array and at the top. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_u64(struct json *j, const char *key, uint64_t v);
void json_double(struct json *j, const char *key, double v);
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);
void json_text(struct json *j, const char *key, const char *bytes, size_t len);
void json_str(struct json *j, const char *key, const char *s);
/* A key that is any bytes. */
void json_u64_at(struct json *j, const char *key, size_t key_len, uint64_t v);
/* A new line in the text, for people who look into it. */
void json_line(struct json *j);

#endif
