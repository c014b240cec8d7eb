/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/script_names.h"

#include <stdint.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/text.h"

/* What \s takes in the readers' regular expressions, Unicode's included. */
static bool is_blank(uint32_t cp)
{
	return cp == ' ' || (cp >= '\t' && cp <= '\r') ||
	       (cp >= 0x1c && cp <= 0x1f) || cp == 0x85 || cp == 0xa0 ||
	       cp == 0x1680 || (cp >= 0x2000 && cp <= 0x200a) ||
	       cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
	       cp == 0x3000 || cp == 0xfeff;
}

enum place { IN_WORD, IN_SYMBOL };

/*
 * Copies with blanks as '_' (inside a symbol a plain one stays, unless a
 * bracket follows, which readers take for the file), ';' as ':' since the
 * folded form separates by it.
 */
static void put_safe(struct buf *out, const char *s, size_t len,
		     enum place place)
{
	size_t i = 0, n;
	uint32_t cp;

	while (i < len) {
		n = text_utf8(s + i, len - i, &cp);
		if (n && is_blank(cp)) {
			if (place == IN_SYMBOL && cp == ' ' && i &&
			    i + 1 < len && s[i + 1] != '(' && s[i + 1] != ' ')
				buf_putc(out, ' ');
			else
				buf_putc(out, '_');
		} else if (n == 1 && cp == ';') {
			buf_putc(out, ':');
		} else {
			text_escape(out, s + i, n ? n : 1);
		}
		i += n ? n : 1;
	}
}

static bool is_number(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((s[i] < '0' || s[i] > '9') && s[i] != '/')
			return false;
	}
	return true;
}

void script_put_comm(struct buf *out, const char *s, size_t len, bool exact)
{
	size_t start = out->len;

	if (exact) {
		text_escape(out, s, len);
		return;
	}
	if (!len) {
		buf_puts(out, "[unnamed]");
		return;
	}
	if (is_number(s, len))
		buf_putc(out, '_');
	put_safe(out, s, len, IN_WORD);
	if (out->data[start] == '#')
		out->data[start] = '_';
	if (out->len - start < 2)
		buf_putc(out, '_');
}

void script_put_event(struct buf *out, const char *s, size_t len, bool exact)
{
	if (exact)
		text_escape(out, s, len);
	else
		put_safe(out, s, len, IN_WORD);
	if (!len)
		buf_puts(out, "event");
}

/* "(anonymous namespace)::f" to "{anonymous namespace}::f". */
static void open_round(char *s, size_t len)
{
	size_t i, depth = 0;

	if (!len || s[0] != '(')
		return;
	for (i = 0; i < len; i++) {
		if (s[i] == '(')
			depth++;
		if (s[i] == ')' && !--depth) {
			s[i] = '}';
			break;
		}
	}
	s[0] = '{';
}

void script_put_symbol(struct buf *out, const char *s, size_t len, bool exact)
{
	size_t start = out->len, i;

	if (exact) {
		text_escape(out, s, len);
		return;
	}
	put_safe(out, s, len, IN_SYMBOL);
	open_round(out->data + start, out->len - start);
	/* "operator->": taken apart at the arrow by stackcollapse-perf */
	for (i = start; i + 1 < out->len; i++) {
		if (out->data[i] == '-' && out->data[i + 1] == '>')
			out->data[i] = '_';
	}
}

void script_put_dso(struct buf *out, const char *s, size_t len, bool exact)
{
	static const char deleted[] = " (deleted)";
	size_t start = out->len, n = sizeof(deleted) - 1, i;

	if (exact) {
		text_escape(out, s, len);
		return;
	}
	if (len > n && !memcmp(s + len - n, deleted, n))
		len -= n;
	put_safe(out, s, len, IN_WORD);
	for (i = start; i < out->len; i++) {
		if (out->data[i] == '(')
			out->data[i] = '{';
		else if (out->data[i] == ')')
			out->data[i] = '}';
	}
}
