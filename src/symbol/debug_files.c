/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/debug_files.h"

#include <string.h>

#include "adder/cursor.h"
#include "adder/sys.h"

#define DEBUG_DIR "/usr/lib/debug/"
#define BUILD_ID_LIMIT_BYTES 64

static bool build_id_path(struct buf *out, const uint8_t *id, size_t len)
{
	size_t i;

	if (len < 2 || len > BUILD_ID_LIMIT_BYTES)
		return false;
	buf_printf(out, DEBUG_DIR ".build-id/%02x/", id[0]);
	for (i = 1; i < len; i++)
		buf_printf(out, "%02x", id[i]);
	buf_puts(out, ".debug");
	return true;
}

/* GDB's three places for a debug link. */
static bool link_path(struct buf *out, const char *module_path,
		      uint8_t attempt, const char *name, size_t len)
{
	const char *slash = strrchr(module_path, '/');
	size_t dir = slash ? (size_t)(slash - module_path) : 0;

	if (!len || memchr(name, '/', len) || memchr(name, '\0', len) ||
	    (len == 1 && name[0] == '.') ||
	    (len == 2 && name[0] == '.' && name[1] == '.') ||
	    module_path[0] != '/')
		return false;
	if (attempt == 2)
		buf_puts(out, DEBUG_DIR);
	buf_put(out, module_path, dir);
	buf_puts(out, attempt == 1 ? "/.debug/" : "/");
	buf_put(out, name, len);
	return attempt < NEED_LINK_ATTEMPTS;
}

/*
 * Absolute, or relative to a debug file, which is then taken to lie in a
 * .build-id/xx folder. Dots are taken out by their text.
 */
static bool alt_path(struct buf *out, const char *name, size_t len)
{
	const char *p = name, *end = name + len, *slash;
	size_t start = out->len, n;

	if (!len || memchr(name, '\0', len))
		return false;
	if (*name != '/')
		buf_puts(out, DEBUG_DIR ".build-id/xx");
	for (; p < end; p = slash + 1) {
		slash = memchr(p, '/', (size_t)(end - p));
		if (!slash)
			slash = end;
		n = (size_t)(slash - p);
		if (!n || (n == 1 && p[0] == '.'))
			continue;
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			while (out->len > start && out->data[--out->len] != '/')
				;
			continue;
		}
		buf_putc(out, '/');
		buf_put(out, p, n);
	}
	return out->len - start > strlen(DEBUG_DIR) &&
	       !memcmp(out->data + start, DEBUG_DIR, strlen(DEBUG_DIR));
}

bool debug_file_path(struct buf *out, const char *module_path,
		     enum need_kind kind, uint8_t attempt,
		     const uint8_t *bytes, size_t len)
{
	switch (kind) {
	case NEED_BUILD_ID:
		return build_id_path(out, bytes, len);
	case NEED_LINK:
		return link_path(out, module_path, attempt,
				 (const char *)bytes, len);
	case NEED_ALT:
		return alt_path(out, (const char *)bytes, len);
	}
	return false;
}

int debug_file_open(int root_fd, const char *module_path,
		    const struct buf *need)
{
	struct cursor c = cursor_of(need->data, need->len);
	enum need_kind kind = (enum need_kind)cursor_u8(&c);
	uint8_t attempt = cursor_u8(&c);
	uint16_t len = cursor_u16(&c);
	const uint8_t *bytes = cursor_bytes(&c, len);
	struct buf path = { 0 };
	int fd = -1;

	if (!c.bad && !cursor_left(&c) && len <= NEED_LIMIT_BYTES &&
	    debug_file_path(&path, module_path, kind, attempt, bytes, len))
		fd = sys_open_in_root(root_fd, buf_cstr(&path), false);
	buf_release(&path);
	return fd;
}
