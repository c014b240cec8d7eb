/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a function is called in a line of text. */
#include <string.h>

#include "adder/text.h"
#include "report/internal.h"

void label_name(struct buf *out, const struct report *r, uint32_t function)
{
	struct buf raw = { 0 };

	profile_function_name(r->p, function, &raw);
	text_escape(out, raw.data ? raw.data : "", raw.len);
	buf_release(&raw);
}

/*
 * The last component; of a package's __init__.py and the like, which say
 * nothing alone, the last two.
 */
static const char *short_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *before;

	if (!slash || !slash[1])
		return path;
	if (strncmp(slash + 1, "__", 2) || slash == path)
		return slash + 1;
	before = memrchr(path, '/', (size_t)(slash - path));
	return before ? before + 1 : path;
}

static void put_where(struct buf *out, const struct report *r,
		      uint32_t function)
{
	const struct model_function *f;
	struct model_text text;
	const char *shown;

	if (function == PROFILE_FUNCTION_NONE)
		return;
	f = model_function(r->m, function);
	if (f->kind == FUNCTION_PYTHON && f->file.v) {
		text = model_string(r->m, f->file);
		shown = r->opts->full_paths ? text.bytes :
			short_path(text.bytes);
		buf_putc(out, '(');
		text_escape(out, shown,
			    text.len - (size_t)(shown - text.bytes));
		if (f->line)
			buf_printf(out, ":%u", f->line);
		buf_putc(out, ')');
	} else if (f->module.v && f->name.v) {
		text = r->opts->full_paths ?
		       model_string(r->m, model_module(r->m, f->module)->path) :
		       model_module_name(r->m, f->module);
		/* the kernel's own names have brackets already */
		buf_puts(out, text.bytes[0] == '[' ? "" : "[");
		text_escape(out, text.bytes, text.len);
		buf_puts(out, text.bytes[0] == '[' ? "" : "]");
	}
}

void label_put(struct buf *out, const struct report *r, uint32_t function,
	       bool is_inlined, size_t columns)
{
	struct buf name = { 0 }, where = { 0 };
	size_t name_columns, where_columns, share;

	label_name(&name, r, function);
	put_where(&where, r, function);
	if (is_inlined)
		buf_puts(&where, where.len ? " inlined" : "inlined");
	name_columns = cell_columns(&name);
	where_columns = cell_columns(&where);
	if (!columns || name_columns + 1 + where_columns <= columns) {
		buf_put(out, name.data, name.len);
	} else {
		/* The name has two thirds, and what the place leaves. */
		share = columns / 3;
		if (name_columns + 1 + share < columns)
			share = columns - name_columns - 1;
		if (where_columns > share)
			where_columns = share;
		cell_put_cut(out, &name, columns -
			     (where_columns ? where_columns + 1 : 0),
			     r->opts->utf8);
	}
	if (where_columns) {
		buf_putc(out, ' ');
		cell_put_cut(out, &where, where_columns, r->opts->utf8);
	}
	buf_release(&where);
	buf_release(&name);
}
