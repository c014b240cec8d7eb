/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a perf map: lines of "START SIZE NAME", both numbers in hex
 * (Linux, tools/perf/Documentation/jit-interface.txt). CPython writes NAME as
 * "py::QUALNAME:FILE" (Python/perf_trampoline.c) and escapes nothing: either
 * part may hold blanks, colons and newlines. What does not look like a line
 * is counted and left out.
 */
#include <string.h>

#include "python_priv.h"

#define LINE_MAX_BYTES 65536

static const char *take_hex(const char *p, const char *end, uint64_t *v)
{
	const char *start;
	uint64_t x = 0;
	int digit;

	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	for (start = p; p < end; p++) {
		if (*p >= '0' && *p <= '9')
			digit = *p - '0';
		else if (*p >= 'a' && *p <= 'f')
			digit = *p - 'a' + 10;
		else if (*p >= 'A' && *p <= 'F')
			digit = *p - 'A' + 10;
		else
			break;
		if (x >> 60)
			return NULL;
		x = x << 4 | (uint64_t)digit;
	}
	*v = x;
	return p == start ? NULL : p;
}

static bool take_line(struct map_table *t, const char *p, const char *end,
		      uint64_t at_fileoff)
{
	uint64_t lo, bytes, hi;

	p = take_hex(p, end, &lo);
	if (!p || p == end || *p++ != ' ')
		return false;
	p = take_hex(p, end, &bytes);
	if (!p || p == end || *p++ != ' ')
		return false;
	if (p == end || !bytes || __builtin_add_overflow(lo, bytes, &hi))
		return false;
	map_table_add(t, lo, hi, at_fileoff, p, (size_t)(end - p));
	return true;
}

size_t map_text_take(struct map_table *t, const char *bytes, size_t len,
		     uint64_t fileoff)
{
	const char *p = bytes, *end = bytes + len, *nl;

	while (p < end && t->entry_count < PY_MAP_LIMIT_ENTRIES) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl) {
			/* no line is so long: what follows is garbage, too */
			if (end - p > LINE_MAX_BYTES) {
				t->malformed++;
				p = end;
			}
			break;
		}
		if (nl - p > LINE_MAX_BYTES ||
		    !take_line(t, p, nl, fileoff + (uint64_t)(p - bytes)))
			t->malformed++;
		p = nl + 1;
	}
	return (size_t)(p - bytes);
}

/*
 * A file is a path, a "<thing>", or has no further colon: the rest of a
 * qualified name with a colon in it looks like none of these.
 */
static bool is_plausible_file(const char *p, size_t len)
{
	if (!len)
		return false;
	if (p[0] == '/' || p[0] == '.')
		return true;
	if (p[0] == '<')
		return p[len - 1] == '>';
	return !memchr(p, ':', len);
}

void map_text_split(const char *text, size_t len, size_t *name_len,
		    const char **file, size_t *file_len)
{
	const char *end = text + len, *p = text, *colon;

	while ((colon = memchr(p, ':', (size_t)(end - p)))) {
		p = colon + 1;
		if (!is_plausible_file(p, (size_t)(end - p)) && p < end)
			continue;
		*name_len = (size_t)(colon - text);
		*file = p;
		*file_len = (size_t)(end - p);
		return;
	}
	*name_len = len;
	*file = end;
	*file_len = 0;
}
