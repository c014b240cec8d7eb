/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/json.h"

#include <string.h>

#include "adder/buf.h"
#include "adder/text.h"

static bool must_escape(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x61c ||
	       (cp >= 0x200e && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

static void put_string(struct buf *b, const char *s, size_t len)
{
	size_t i = 0, n;
	uint32_t cp;

	buf_putc(b, '"');
	while (i < len) {
		n = text_utf8(s + i, len - i, &cp);
		if (!n) {
			buf_printf(b, "\\\\x%02x", (unsigned char)s[i]);
			i++;
			continue;
		}
		if (cp == '"' || cp == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)cp);
		} else if (must_escape(cp)) {
			buf_printf(b, "\\u%04x", cp);
		} else {
			buf_put(b, s + i, n);
		}
		i += n;
	}
	buf_putc(b, '"');
}

static void before_value(struct json *j, const char *key, size_t key_len)
{
	if (j->has_before)
		buf_putc(j->b, ',');
	j->has_before = true;
	if (!key)
		return;
	put_string(j->b, key, key_len);
	buf_putc(j->b, ':');
}

static void before(struct json *j, const char *key)
{
	before_value(j, key, key ? strlen(key) : 0);
}

void json_open(struct json *j, const char *key, char bracket)
{
	before(j, key);
	buf_putc(j->b, bracket);
	j->has_before = false;
}

void json_close(struct json *j, char bracket)
{
	buf_putc(j->b, bracket);
	j->has_before = true;
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	before(j, key);
	buf_printf(j->b, "%llu", (unsigned long long)v);
}

void json_u64_at(struct json *j, const char *key, size_t key_len, uint64_t v)
{
	before_value(j, key, key_len);
	buf_printf(j->b, "%llu", (unsigned long long)v);
}

void json_double(struct json *j, const char *key, double v)
{
	before(j, key);
	buf_printf(j->b, "%.6f", v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	before(j, key);
	buf_puts(j->b, v ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	before(j, key);
	buf_puts(j->b, "null");
}

void json_text(struct json *j, const char *key, const char *bytes, size_t len)
{
	before(j, key);
	put_string(j->b, bytes, len);
}

void json_str(struct json *j, const char *key, const char *s)
{
	json_text(j, key, s, strlen(s));
}

void json_line(struct json *j)
{
	if (j->has_before) {
		buf_puts(j->b, ",\n");
		j->has_before = false;
	} else {
		buf_putc(j->b, '\n');
	}
}
