/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "adder/buf.h"

size_t text_utf8(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	uint32_t v;
	size_t n, i;

	if (!len)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xf8 || p[0] < 0xc0)
		return 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (n > len)
		return 0;
	v = p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < smallest[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*cp = v;
	return n;
}

/* Code points that move the cursor or turn the text around. */
static bool is_dangerous(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x61c ||
	       (cp >= 0x200e && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

void text_escape(struct buf *out, const char *bytes, size_t len)
{
	size_t i = 0, n;
	uint32_t cp;

	while (i < len) {
		n = text_utf8(bytes + i, len - i, &cp);
		if (n && !is_dangerous(cp)) {
			buf_put(out, bytes + i, n);
			i += n;
		} else if (n > 1) {
			buf_printf(out, "\\u{%x}", cp);
			i += n;
		} else {
			buf_printf(out, "\\x%02x", (unsigned char)bytes[i]);
			i++;
		}
	}
}

char *text_escape_to(char *out, size_t out_bytes, const char *bytes,
		     size_t len)
{
	struct buf b = { 0 };
	size_t n;

	if (!out_bytes)
		return out;
	text_escape(&b, bytes, len);
	n = b.len < out_bytes - 1 ? b.len : out_bytes - 1;
	while (n && n < b.len && ((unsigned char)b.data[n] & 0xc0) == 0x80)
		n--;	/* never cut inside a sequence */
	if (n)
		memcpy(out, b.data, n);
	out[n] = '\0';
	buf_release(&b);
	return out;
}

/*
 * Wide and zero-width ranges of Unicode (East Asian Width W and F, and
 * combining marks), coarse: what names in programs use.
 */
static int columns_of(uint32_t cp)
{
	if ((cp >= 0x300 && cp <= 0x36f) || (cp >= 0x200b && cp <= 0x200d) ||
	    (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0x20d0 && cp <= 0x20ff))
		return 0;
	if ((cp >= 0x1100 && cp <= 0x115f) || (cp >= 0x2e80 && cp <= 0xa4cf) ||
	    (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0xf900 && cp <= 0xfaff) ||
	    (cp >= 0xfe30 && cp <= 0xfe6f) || (cp >= 0xff00 && cp <= 0xff60) ||
	    (cp >= 0xffe0 && cp <= 0xffe6) ||
	    (cp >= 0x1f300 && cp <= 0x1faff) ||
	    (cp >= 0x20000 && cp <= 0x3fffd))
		return 2;
	return 1;
}

size_t text_columns(const char *p, size_t len)
{
	size_t i = 0, columns = 0, n;
	uint32_t cp;

	while (i < len) {
		n = text_utf8(p + i, len - i, &cp);
		if (!n) {
			n = 1;
			cp = '?';
		}
		columns += (size_t)columns_of(cp);
		i += n;
	}
	return columns;
}

struct text_unit {
	uint64_t one;
	const char *name;
};

/* Three significant digits in the largest unit that is reached. */
static char *text_scaled(char *out, size_t out_bytes, uint64_t value,
			 const struct text_unit *units, const char *smallest)
{
	double v;

	for (; units->one; units++) {
		if (value < units->one)
			continue;
		v = (double)value / (double)units->one;
		snprintf(out, out_bytes, "%.*f %s",
			 v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v, units->name);
		return out;
	}
	snprintf(out, out_bytes, "%u %s", (unsigned int)value, smallest);
	return out;
}

char *text_duration(char *out, size_t out_bytes, uint64_t ns)
{
	static const struct text_unit units[] = {
		{ UINT64_C(1000000000), "s" }, { 1000000, "ms" },
		{ 1000, "us" }, { 0, NULL },
	};

	return text_scaled(out, out_bytes, ns, units, "ns");
}

char *text_bytes(char *out, size_t out_bytes, uint64_t bytes)
{
	static const struct text_unit units[] = {
		{ UINT64_C(1000000000), "GB" }, { 1000000, "MB" },
		{ 1000, "KB" }, { 0, NULL },
	};

	return text_scaled(out, out_bytes, bytes, units, "B");
}
