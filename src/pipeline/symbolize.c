/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for native and kernel frames. While recording, symbol tables only, so
 * that a recording which ends by SIGKILL has names and nothing is held up; at
 * the close once more with inlined functions and lines, where DWARF has them.
 */
#include "pipeline/internal.h"

#include <stdlib.h>
#include <string.h>

#include "adder/symbol.h"
#include "adder/elf_image.h"
#include "adder/log.h"

/* One frame to be named, sorted by module and address for the batch. */
struct want {
	uint32_t module, frame;
	uint64_t svma;
};

struct batch {
	struct pipeline *pl;
	const struct want *wants;	/* of one module, sorted by svma */
	size_t count;
	const uint64_t *svmas;		/* distinct */
	size_t at;			/* first want not answered yet */
	struct module *module;
	bool at_close;
};

static int by_module_and_svma(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	if (x->svma != y->svma)
		return x->svma < y->svma ? -1 : 1;
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void push_symbols(struct pipeline *pl, uint32_t frame,
			 const struct symbol_result *res)
{
	struct record r = { .type = REC_SYMBOL };
	size_t i;

	for (i = 0; i < res->count; i++) {
		const struct symbol_line *l = &res->lines[i];

		r.symbol.frame.v = frame;
		r.symbol.depth = (uint32_t)i;
		r.symbol.is_outer = i + 1 == res->count;
		r.symbol.name = pl_string(pl, l->name, strlen(l->name));
		r.symbol.file.v = 0;
		if (l->file)
			r.symbol.file = pl_string(pl, l->file,
						  strlen(l->file));
		r.symbol.line = l->line;
		r.symbol.start_svma = res->start_svma;
		pl_push(pl, &r);
	}
}

/*
 * A function without a symbol is told from others by its unwind entry: all its
 * addresses are one thing, named by where it begins.
 */
static void push_unnamed(struct batch *b, const struct want *w)
{
	struct record r = { .type = REC_SYMBOL };
	uint64_t hi;

	if (!b->module->cfi || !cfi_table_fde(b->module->cfi, w->svma,
					      &r.symbol.start_svma, &hi))
		return;
	r.symbol.frame.v = w->frame;
	r.symbol.is_outer = true;
	pl_push(b->pl, &r);
}

static void take_result(void *ctx, size_t index,
			const struct symbol_result *res)
{
	struct batch *b = ctx;
	bool adds = res->count > 1 || (res->count && res->lines[0].file);

	for (; b->at < b->count && b->wants[b->at].svma == b->svmas[index];
	     b->at++) {
		struct frame_info *f;

		f = &b->pl->frames.data[b->wants[b->at].frame];
		if (res->count && (adds || !f->named))
			push_symbols(b->pl, b->wants[b->at].frame, res);
		if (res->count)
			f->named = 1;
		else if (b->at_close && !f->named)
			push_unnamed(b, &b->wants[b->at]);
	}
}

static void name_module(struct pipeline *pl, struct symbolizer *sym,
			struct module *m, const struct want *wants,
			size_t count, bool at_close)
{
	struct batch b = { .pl = pl, .wants = wants, .count = count,
			   .module = m, .at_close = at_close };
	VEC(uint64_t) svmas = { 0 };
	struct err err = { 0 };
	const void *bytes;
	int rc = 0;
	size_t i, len;

	for (i = 0; i < count; i++)
		if (!i || wants[i].svma != wants[i - 1].svma)
			*vec_push(&svmas) = wants[i].svma;
	b.svmas = svmas.data;
	bytes = m->image ? elf_image_bytes(m->image, &len) : NULL;
	if (bytes)
		rc = symbolizer_lookup_memory(sym, bytes, len, svmas.data,
					      svmas.count, take_result, &b,
					      &err);
	else if (m->fd >= 0)
		rc = symbolizer_lookup(sym, m->fd, m->path, m->build_id,
				       m->build_id_bytes, svmas.data,
				       svmas.count, take_result, &b, &err);
	if (rc < 0)
		log_debug("no names for '%s': %s", m->path, err.message);
	vec_release(&svmas);
}

static void name_kernel(struct pipeline *pl, const struct want *wants,
			size_t count)
{
	struct symbol_line line = { 0 };
	struct symbol_result res = { .lines = &line, .count = 1 };
	const char *module;
	size_t i;

	/* Kept: reading it costs 40 ms, most of it the kernel's. */
	if (!pl->kallsyms && !pl->kallsyms_tried)
		pl->kallsyms = kallsyms_read(NULL);
	pl->kallsyms_tried = true;
	if (!pl->kallsyms)
		return;
	for (i = 0; i < count; i++) {
		if (pl->frames.data[wants[i].frame].named ||
		    !kallsyms_find(pl->kallsyms, wants[i].svma, &line.name, &module,
				   &res.start_svma))
			continue;
		push_symbols(pl, wants[i].frame, &res);
		pl->frames.data[wants[i].frame].named = 1;
	}
}

/* The frames from id `from` on that have a module to be looked up in. */
static struct want *collect(struct pipeline *pl, uint32_t from, size_t *count)
{
	VEC(struct want) v = { 0 };
	uint32_t i;

	for (i = from; i < pl->frames.count; i++) {
		const struct frame_info *f = &pl->frames.data[i];
		struct want *w;

		if (f->kind != FRAME_NATIVE && f->kind != FRAME_KERNEL)
			continue;
		w = vec_push(&v);
		w->module = f->module;
		w->frame = i;
		w->svma = f->addr;
		if (!(f->flags & (FRAME_F_LEAF | FRAME_F_SIGNAL)))
			w->svma--;
	}
	if (v.count)
		qsort(v.data, v.count, sizeof(*v.data), by_module_and_svma);
	*count = v.count;
	return v.data;
}

static int symbolize(struct pipeline *pl, struct symbolizer *sym,
		     uint32_t from, bool at_close)
{
	struct want *wants;
	size_t count, i, j;

	wants = collect(pl, from, &count);
	for (i = 0; i < count; i = j) {
		struct module *m = pl->modules.data[wants[i].module];

		for (j = i; j < count && wants[j].module == wants[i].module;)
			j++;
		if (wants[i].module == pl->kernel_module.v)
			name_kernel(pl, wants + i, j - i);
		else if (m)
			name_module(pl, sym, m, wants + i, j - i, at_close);
	}
	mem_free(wants);
	return pl->sink_error;
}

/* Forks, so it is called while adder is small and has one thread. */
void pl_symbolize_prepare(struct pipeline *pl)
{
	struct symbol_opts opts = { .no_inlines = true };

	pl->quick = symbolizer_new(&opts, &pl->symbol_err);
	opts.no_inlines = false;
	pl->full = symbolizer_new(&opts, &pl->symbol_err);
	pl->symbolized_to = 1;
}

int pipeline_symbolize(struct pipeline *pl, bool at_close, struct err *err)
{
	struct symbolizer *sym = at_close ? pl->full : pl->quick;
	uint32_t from = at_close ? 1 : pl->symbolized_to;

	pl->symbolized_to = (uint32_t)pl->frames.count;
	if (!sym)
		return err_set(err, pl->symbol_err.code, "%s",
			       pl->symbol_err.message);
	return symbolize(pl, sym, from, at_close);
}
