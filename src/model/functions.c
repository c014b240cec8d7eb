/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From frames to functions. A frame is a place in code; several frames are
 * one function, and a native frame into which others were inlined is several
 * functions. Names may come late, so this is made when it is asked for.
 */
#include <string.h>

#include "adder/buf.h"
#include "model/internal.h"

void model_functions_drop(struct model *m)
{
	vec_release(&m->functions);
	vec_release(&m->places);
	vec_release(&m->frame_places);
	hmap128_release(&m->function_index);
	m->has_functions = false;
}

static uint32_t put_function(struct model *m, const struct model_function *f)
{
	bool is_named = f->name.v != 0, is_new;
	uint64_t scope, hi, lo, *index;
	struct model_function *known;

	scope = f->kind == FUNCTION_PYTHON ? f->file.v : f->module.v;
	hi = (uint64_t)f->kind << 56 | (uint64_t)is_named << 48 | scope;
	lo = is_named ? (uint64_t)f->name.v << 32 | f->line : f->addr;
	index = hmap128_put(&m->function_index, hi, lo, &is_new);
	if (is_new) {
		*index = m->functions.count;
		*vec_push(&m->functions) = *f;
		return (uint32_t)*index;
	}
	known = &m->functions.data[*index];
	known->is_inlined = known->is_inlined && f->is_inlined;
	if (!known->file.v)
		known->file = f->file;
	return (uint32_t)*index;
}

static void push_place(struct model *m, const struct model_function *f,
		       uint32_t line, uint64_t start_svma)
{
	*vec_push(&m->places) = (struct model_place){
		.function = put_function(m, f), .file = f->file, .line = line,
		.start_svma = start_svma, .is_inlined = f->is_inlined,
	};
}

static enum function_kind kind_of(const struct rec_frame *f)
{
	switch (f->kind) {
	case FRAME_PYTHON: return FUNCTION_PYTHON;
	case FRAME_KERNEL: return FUNCTION_KERNEL;
	case FRAME_END: return FUNCTION_PSEUDO;
	default: return FUNCTION_NATIVE;
	}
}

static void push_plain(struct model *m, const struct rec_frame *f)
{
	struct model_function fn = {
		.kind = kind_of(f), .name = f->name, .file = f->file,
		.line = f->first_line, .module = f->module, .addr = f->addr,
	};

	if (f->kind == FRAME_END) {
		fn.name = fn.file = (struct str_id){ 0 };
		fn.module = (struct module_id){ 0 };
		if (fn.addr > END_COUNT)
			fn.addr = END_COUNT;
	} else if (f->kind == FRAME_KERNEL) {
		fn.addr = 0;	/* hidden addresses: one row, not thousands */
	}
	push_place(m, &fn, f->line, 0);
}

/*
 * The chain holds the newest first, that is the outer function first; places
 * are pushed in that order and then turned around.
 */
static void push_symbols(struct model *m, const struct rec_frame *f,
			 uint32_t head)
{
	size_t first = m->places.count, i, n;
	const struct model_symbol *s;
	struct model_place swap;
	uint64_t start = m->symbols.data[head].start_svma;

	for (; head; head = s->next) {
		struct model_function fn = { .kind = kind_of(f) };

		s = &m->symbols.data[head];
		fn.name = s->name;
		fn.file = s->file;
		fn.module = f->module;
		fn.addr = s->start_svma;
		fn.is_inlined = !s->is_outer && m->places.count > first;
		push_place(m, &fn, s->line, start);
	}
	n = m->places.count - first;
	for (i = 0; i < n / 2; i++) {
		swap = m->places.data[first + i];
		m->places.data[first + i] = m->places.data[first + n - 1 - i];
		m->places.data[first + n - 1 - i] = swap;
	}
}

void model_functions_make(struct model *m)
{
	struct frame_places *fp;
	const struct rec_frame *f;
	uint32_t head;
	size_t i;

	if (m->has_functions)
		return;
	model_functions_drop(m);
	hmap128_init(&m->function_index);
	*vec_push(&m->functions) =
		(struct model_function){ .kind = FUNCTION_PSEUDO };
	vec_reserve(&m->frame_places, m->frames.count);
	for (i = 0; i < m->frames.count; i++) {
		f = &m->frames.data[i];
		fp = vec_push(&m->frame_places);
		fp->first = (uint32_t)m->places.count;
		head = m->frame_symbols.data[i];
		if (head && (f->kind == FRAME_NATIVE || f->kind == FRAME_KERNEL))
			push_symbols(m, f, head);
		else
			push_plain(m, f);
		fp->count = (uint32_t)m->places.count - fp->first;
	}
	m->has_functions = true;
}

size_t model_function_count(struct model *m)
{
	model_functions_make(m);
	return m->functions.count;
}

const struct model_function *model_function(struct model *m, uint32_t id)
{
	model_functions_make(m);
	return &m->functions.data[id];
}

const struct model_place *model_places(struct model *m, struct frame_id frame,
				       size_t *count)
{
	model_functions_make(m);
	if (frame.v >= m->frame_places.count) {
		*count = 0;
		return NULL;
	}
	*count = m->frame_places.data[frame.v].count;
	return &m->places.data[m->frame_places.data[frame.v].first];
}

struct model_text model_module_name(const struct model *m,
				    struct module_id id)
{
	static const char deleted[] = " (deleted)";	/* says the kernel */
	struct model_text path = model_string(m, model_module(m, id)->path);
	size_t gone = sizeof(deleted) - 1;
	const char *slash;

	if (!path.len)
		return (struct model_text){ "[unknown]", 9 };
	if (path.len > gone &&
	    !memcmp(path.bytes + path.len - gone, deleted, gone))
		path.len -= (uint32_t)gone;
	slash = memrchr(path.bytes, '/', path.len);
	if (!slash || slash == path.bytes + path.len - 1)
		return path;
	slash++;
	path.len -= (uint32_t)(slash - path.bytes);
	path.bytes = slash;
	return path;
}

void model_function_name(struct model *m, uint32_t id, struct buf *out)
{
	const struct model_function *f = model_function(m, id);
	struct model_text text = model_string(m, f->name);

	if (f->kind == FUNCTION_PSEUDO) {
		buf_printf(out, "[%s]", model_end_text((unsigned int)f->addr));
	} else if (text.len) {
		buf_put(out, text.bytes, text.len);
	} else if (f->kind == FUNCTION_PYTHON) {
		buf_puts(out, "[unnamed]");
	} else if (f->kind == FUNCTION_KERNEL) {
		buf_puts(out, "[kernel]");
	} else {
		text = model_module_name(m, f->module);
		buf_put(out, text.bytes, text.len);
		buf_printf(out, "+0x%llx", (unsigned long long)f->addr);
	}
}
