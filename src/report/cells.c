/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "adder/text.h"
#include "report/internal.h"

char *cell_count(char *out, size_t out_bytes, uint64_t v)
{
	char digits[24];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%llu",
				    (unsigned long long)v);
	size_t at = 0, i;

	for (i = 0; i < n && at + 2 < out_bytes; i++) {
		if (i && (n - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

char *cell_percent(char *out, size_t out_bytes, uint64_t part, uint64_t whole)
{
	if (!whole)
		snprintf(out, out_bytes, "-");
	else
		snprintf(out, out_bytes, "%.1f%%",
			 100.0 * (double)part / (double)whole);
	return out;
}

char *cell_share(char *out, size_t out_bytes, uint64_t part, uint64_t whole)
{
	cell_percent(out, out_bytes, part, whole);
	if (part < whole && !strcmp(out, "100.0%"))
		snprintf(out, out_bytes, ">99.9%%");
	return out;
}

char *cell_weight(char *out, size_t out_bytes, enum event_unit unit,
		  uint64_t weight)
{
	static const char *const units[] = { "", " k", " M", " G", " T", " P" };
	double v = (double)weight;
	size_t i = 0;

	if (unit == UNIT_NS && weight)
		return text_duration(out, out_bytes, weight);
	while (v >= 999.5 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000;
		i++;
	}
	snprintf(out, out_bytes, "%.*f%s",
		 !i || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v, units[i]);
	return out;
}

size_t cell_columns(const struct buf *text)
{
	return text->len ? text_columns(text->data, text->len) : 0;
}

/* Bytes of the longest beginning that fits. */
static size_t fit_head(const struct buf *text, size_t columns)
{
	size_t at = 0, n, used = 0, wide;
	uint32_t cp;

	while (at < text->len) {
		n = text_utf8(text->data + at, text->len - at, &cp);
		if (!n)
			n = 1;
		wide = text_columns(text->data + at, n);
		if (used + wide > columns)
			break;
		used += wide;
		at += n;
	}
	return at;
}

/* Where the longest end that fits begins. */
static size_t fit_tail(const struct buf *text, size_t columns)
{
	size_t at = text->len, start, used = 0, wide;

	while (at) {
		start = at - 1;
		while (start && ((unsigned char)text->data[start] & 0xc0) == 0x80)
			start--;
		wide = text_columns(text->data + start, at - start);
		if (used + wide > columns)
			break;
		used += wide;
		at = start;
	}
	return at;
}

void cell_put_cut(struct buf *out, const struct buf *text, size_t columns,
		  bool utf8)
{
	const char *dots = utf8 ? "\xe2\x80\xa6" : "..";
	size_t dots_columns = utf8 ? 1 : 2, room, tail;

	if (cell_columns(text) <= columns) {
		buf_put(out, text->data, text->len);
		return;
	}
	if (columns <= dots_columns) {
		buf_put(out, text->data, fit_head(text, columns));
		return;
	}
	room = columns - dots_columns;
	tail = fit_tail(text, room / 2);
	buf_put(out, text->data, fit_head(text, room - room / 2));
	buf_puts(out, dots);
	buf_put(out, text->data + tail, text->len - tail);
}

void cell_put_right(struct buf *out, const char *text, size_t columns)
{
	size_t n = strlen(text);

	for (; n < columns; n++)
		buf_putc(out, ' ');
	buf_puts(out, text);
}
