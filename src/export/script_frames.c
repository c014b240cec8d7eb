/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a frame. A frame stands in many stacks and prints the same in
 * each, so its text is made once and copied from then on.
 */
#include "export/script_internal.h"
#include "export/script_names.h"

static void put_address(struct buf *b, uint64_t addr)
{
	buf_printf(b, "\t%16llx ", (unsigned long long)addr);
}

static void put_module(struct script *s, struct module_id id)
{
	struct buf *b = &s->frame_text;
	struct model_text path = model_string(s->m, model_module(s->m, id)->path);

	buf_puts(b, " (");
	if (path.len)
		script_put_dso(b, path.bytes, path.len, s->opts->exact);
	else
		buf_puts(b, "[unknown]");
	buf_puts(b, ")\n");
}

static void put_python(struct script *s, const struct rec_frame *f)
{
	struct model_text name = model_string(s->m, f->name);
	struct model_text file = model_string(s->m, f->file);
	struct buf *b = &s->frame_text;

	put_address(b, f->addr);
	if (name.len) {
		script_put_symbol(b, name.bytes, name.len, s->opts->exact);
		buf_puts(b, "+0x0 (");
	} else {
		buf_puts(b, "[unknown] (");
	}
	if (file.len)
		script_put_dso(b, file.bytes, file.len, s->opts->exact);
	else
		buf_puts(b, "[python]");
	buf_puts(b, ")\n");
}

static void put_native(struct script *s, const struct rec_frame *f,
		       struct frame_id id)
{
	const struct model_place *places;
	struct buf *b = &s->frame_text;
	struct model_text name;
	uint64_t start;
	size_t count, i;

	places = model_places(s->m, id, &count);
	for (i = 0; i < count; i++) {
		name = model_string(s->m,
			model_function(s->m, places[i].function)->name);
		start = places[i].start_svma;
		put_address(b, f->addr);
		if (name.len) {
			script_put_symbol(b, name.bytes, name.len,
					  s->opts->exact);
			buf_printf(b, "+0x%llx", (unsigned long long)
				   (start && f->addr >= start ?
				    f->addr - start : 0));
		} else {
			buf_puts(b, "[unknown]");
		}
		if (i + 1 < count)
			buf_puts(b, " (inlined)\n");
		else
			put_module(s, f->module);
	}
}

/*
 * A stack that is not whole must not look like one: it gets an outermost
 * frame that whole ones never have. A kernel thread's lacks nothing.
 */
static void put_end(struct script *s, const struct rec_frame *f)
{
	struct buf *b = &s->frame_text;

	if (f->addr == END_NO_USER || s->opts->exact)
		return;
	put_address(b, 0);
	buf_puts(b, "[unknown] ([cut])\n");
}

const struct piece *script_frame(struct script *s, struct frame_id id)
{
	struct piece *piece = &s->frames[id.v];
	const struct rec_frame *f;

	if (piece->made)
		return piece;
	if (s->frame_text.len > TEXT_MAX_BYTES) {
		buf_clear(&s->frame_text);
		memset(s->frames, 0, model_frame_count(s->m) *
		       sizeof(*s->frames));
	}
	f = model_frame(s->m, id);
	piece->at = s->frame_text.len;
	if (profile_shows(s->show, f)) {
		if (f->kind == FRAME_PYTHON)
			put_python(s, f);
		else if (f->kind == FRAME_END)
			put_end(s, f);
		else
			put_native(s, f, id);
	}
	piece->len = (uint32_t)(s->frame_text.len - piece->at);
	piece->made = true;
	return piece;
}
