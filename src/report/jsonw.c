/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/jsonw.h"

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

static void before_value(struct jsonw *j, const char *key, size_t key_len)
{
	if (j->has_before)
		buf_putc(j->b, ',');
	j->has_before = true;
	if (!key)
		return;
	put_string(j->b, key, key_len);
	buf_putc(j->b, ':');
}

static void before(struct jsonw *j, const char *key)
{
	before_value(j, key, key ? strlen(key) : 0);
}

void jsonw_open(struct jsonw *j, const char *key, char bracket)
{
	before(j, key);
	buf_putc(j->b, bracket);
	j->has_before = false;
}

void jsonw_close(struct jsonw *j, char bracket)
{
	buf_putc(j->b, bracket);
	j->has_before = true;
}

void jsonw_u64(struct jsonw *j, const char *key, uint64_t v)
{
	before(j, key);
	buf_printf(j->b, "%llu", (unsigned long long)v);
}

void jsonw_u64_at(struct jsonw *j, const char *key, size_t key_len, uint64_t v)
{
	before_value(j, key, key_len);
	buf_printf(j->b, "%llu", (unsigned long long)v);
}

void jsonw_double(struct jsonw *j, const char *key, double v)
{
	before(j, key);
	buf_printf(j->b, "%.6f", v);
}

void jsonw_bool(struct jsonw *j, const char *key, bool v)
{
	before(j, key);
	buf_puts(j->b, v ? "true" : "false");
}

void jsonw_null(struct jsonw *j, const char *key)
{
	before(j, key);
	buf_puts(j->b, "null");
}

void jsonw_text(struct jsonw *j, const char *key, const char *bytes, size_t len)
{
	before(j, key);
	put_string(j->b, bytes, len);
}

void jsonw_str(struct jsonw *j, const char *key, const char *s)
{
	jsonw_text(j, key, s, strlen(s));
}

void jsonw_line(struct jsonw *j)
{
	if (j->has_before) {
		buf_puts(j->b, ",\n");
		j->has_before = false;
	} else {
		buf_putc(j->b, '\n');
	}
}
