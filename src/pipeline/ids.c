/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids for strings, modules, frames and stacks, each defined towards the sink
 * the moment it is first needed. Ids are dense and start at 1.
 */
#include "pipeline/internal.h"

#include <string.h>

int pl_push(struct pipeline *pl, const struct record *rec)
{
	int rc;

	if (pl->sink_error)
		return pl->sink_error;
	rc = sink_push(&pl->opts.sink, rec);
	if (rc < 0)
		pl->sink_error = rc;
	return rc;
}

void pl_ids_init(struct pipeline *pl)
{
	intern_init(&pl->strings);
	hmap128_init(&pl->frame_ids);
	hmap_init(&pl->stack_ids);
	memset(vec_push(&pl->frames), 0, sizeof(*pl->frames.data));
	*vec_push(&pl->modules) = NULL;
}

void pl_ids_release(struct pipeline *pl)
{
	intern_release(&pl->strings);
	hmap128_release(&pl->frame_ids);
	hmap_release(&pl->stack_ids);
	vec_release(&pl->frames);
	vec_release(&pl->modules);
}

struct str_id pl_string(struct pipeline *pl, const char *bytes, size_t len)
{
	struct record r = { .type = REC_STRING };
	bool is_new;

	r.string.id = intern_put(&pl->strings, bytes, len, &is_new);
	if (is_new) {
		size_t kept;

		r.string.bytes = intern_at(&pl->strings, r.string.id, &kept);
		r.string.len = (uint32_t)kept;
		pl_push(pl, &r);
	}
	return r.string.id;
}

uint32_t pl_module(struct pipeline *pl, struct module *m)
{
	struct record r = { .type = REC_MODULE };

	if (m->id.v)
		return m->id.v;
	module_image(m);	/* learns the build-id */
	m->id.v = (uint32_t)pl->modules.count;
	*vec_push(&pl->modules) = m;
	r.module.id = m->id;
	r.module.kind = m->kind;
	r.module.path = pl_string(pl, m->path, strlen(m->path));
	memcpy(r.module.build_id, m->build_id, sizeof(r.module.build_id));
	r.module.build_id_bytes = m->build_id_bytes;
	pl_push(pl, &r);
	return m->id.v;
}

/* Modules that no struct module stands for: JIT memory. */
static uint32_t pl_pseudo_module(struct pipeline *pl, enum module_kind kind,
				 const char *path)
{
	struct record r = { .type = REC_MODULE };

	r.module.id.v = (uint32_t)pl->modules.count;
	*vec_push(&pl->modules) = NULL;
	r.module.kind = kind;
	r.module.path = pl_string(pl, path, strlen(path));
	pl_push(pl, &r);
	return r.module.id.v;
}

uint32_t pl_jit_module(struct pipeline *pl)
{
	if (!pl->jit_module.v)
		pl->jit_module.v = pl_pseudo_module(pl, MODULE_JIT, "//anon");
	return pl->jit_module.v;
}

static uint32_t frame_new(struct pipeline *pl, const struct record *rec)
{
	struct frame_info *f = vec_push(&pl->frames);

	memset(f, 0, sizeof(*f));
	f->kind = (uint8_t)rec->frame.kind;
	f->flags = (uint8_t)rec->frame.flags;
	f->module = rec->frame.module.v;
	f->addr = rec->frame.addr;
	f->named = rec->frame.kind == FRAME_PYTHON ||
		rec->frame.kind == FRAME_END;
	pl_push(pl, rec);
	return rec->frame.id.v;
}

/*
 * The key of a frame: kind, flags and module in one word, the address in the
 * other. Python frames have their names' ids for an address.
 */
static uint32_t frame_put(struct pipeline *pl, struct record *rec,
			  uint64_t lo)
{
	uint64_t hi = (uint64_t)rec->frame.kind << 56 |
		(uint64_t)rec->frame.flags << 48 | rec->frame.module.v;
	uint64_t *id;
	bool is_new;

	id = hmap128_put(&pl->frame_ids, hi, lo, &is_new);
	if (is_new) {
		*id = pl->frames.count;
		rec->frame.id.v = (uint32_t)*id;
		return frame_new(pl, rec);
	}
	return (uint32_t)*id;
}

uint32_t pl_frame_native(struct pipeline *pl, uint32_t module, uint64_t addr,
			 uint32_t flags)
{
	struct record r = { .type = REC_FRAME };

	r.frame.kind = FRAME_NATIVE;
	r.frame.flags = flags;
	r.frame.module.v = module;
	r.frame.addr = addr;
	return frame_put(pl, &r, addr);
}

uint32_t pl_frame_kernel(struct pipeline *pl, uint64_t addr, bool leaf)
{
	struct record r = { .type = REC_FRAME };

	if (!pl->kernel_module.v)
		pl->kernel_module.v = pl_pseudo_module(pl, MODULE_KERNEL,
						       "[kernel.kallsyms]");
	r.frame.kind = FRAME_KERNEL;
	r.frame.flags = leaf ? FRAME_F_LEAF : 0;
	r.frame.module = pl->kernel_module;
	r.frame.addr = addr;
	return frame_put(pl, &r, addr);
}

uint32_t pl_frame_python(struct pipeline *pl, uint64_t addr,
			 struct str_id name, struct str_id file)
{
	struct record r = { .type = REC_FRAME };

	r.frame.kind = FRAME_PYTHON;
	r.frame.addr = addr;
	r.frame.name = name;
	r.frame.file = file;
	return frame_put(pl, &r, (uint64_t)name.v << 32 | file.v);
}

uint32_t pl_frame_evaluator(struct pipeline *pl, uint32_t frame)
{
	struct frame_info *f = &pl->frames.data[frame];
	uint32_t twin;

	if (f->kind != FRAME_NATIVE || (f->flags & FRAME_F_EVALUATOR))
		return frame;
	if (!f->evaluator) {
		twin = pl_frame_native(pl, f->module, f->addr,
				       f->flags | FRAME_F_EVALUATOR);
		f = &pl->frames.data[frame];	/* the vector may have moved */
		f->evaluator = twin;
	}
	return f->evaluator;
}

uint32_t pl_stack(struct pipeline *pl, uint32_t parent, uint32_t frame)
{
	struct record r = { .type = REC_STACK };
	uint64_t *id;
	bool is_new;

	id = hmap_put(&pl->stack_ids, (uint64_t)parent << 32 | frame, &is_new);
	if (is_new) {
		*id = ++pl->stack_count;
		r.stack.id.v = (uint32_t)*id;
		r.stack.parent.v = parent;
		r.stack.frame.v = frame;
		pl_push(pl, &r);
	}
	return (uint32_t)*id;
}

uint32_t pl_end_stack(struct pipeline *pl, enum stack_end end)
{
	struct record r = { .type = REC_FRAME };

	if (end == END_COMPLETE)
		return 0;
	if (!pl->end_stacks[end]) {
		r.frame.kind = FRAME_END;
		r.frame.addr = end;
		pl->end_stacks[end] = pl_stack(pl, 0,
					       frame_put(pl, &r, end));
	}
	return pl->end_stacks[end];
}
