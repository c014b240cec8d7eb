/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records into tables. Ids are dense by contract; one that lies further ahead
 * than records have come cannot be honest, and would make us reserve memory
 * for nothing. Whatever a record refers to must stand in a table already.
 */
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

#define ID_SLACK 1024u
/*
 * Functions inlined at one address. Every stack with the frame is as many
 * calls deeper, so what a hostile file may say is bounded; adder itself
 * writes 64 at most.
 */
#define FRAME_SYMBOLS_MAX 256u

static int bad_id(struct model *m, const char *what, uint32_t id)
{
	return err_set(&m->err, ERR_FORMAT,
		       "%s %u is used before it is defined", what, id);
}

static int check_new(struct model *m, const char *what, uint32_t id)
{
	if (!id || id > m->records + ID_SLACK)
		return err_set(&m->err, ERR_FORMAT,
			       "%s %u is numbered out of sequence", what, id);
	return 0;
}

/* Makes table[id] exist, zeroed where it is new. */
#define TABLE_AT(v, id) \
	(vec_reserve((v), (size_t)(id) + 1), \
	 (v)->count <= (id) ? \
	 (void)(memset(&(v)->data[(v)->count], 0, \
		       ((id) + 1 - (v)->count) * sizeof(*(v)->data)), \
		(v)->count = (size_t)(id) + 1) : (void)0, \
	 &(v)->data[id])

/* References: 0 is legal where a record may leave the thing out. */
#define CHECK_REF(m, table, id, what) \
	do { \
		if ((id).v && (id).v >= (m)->table.count) \
			return bad_id((m), (what), (id).v); \
	} while (0)

static int define_string(struct model *m, const struct rec_string *s)
{
	struct model_text *t;

	if (check_new(m, "string", s->id.v))
		return -m->err.code;
	t = TABLE_AT(&m->strings, s->id.v);
	t->bytes = arena_strndup(&m->arena, s->bytes, s->len);
	t->len = s->len;
	return 0;
}

static uint64_t parse_u64(const char *s)
{
	return strtoull(s, NULL, 10);
}

static int define_meta(struct model *m, const struct rec_meta *r)
{
	CHECK_REF(m, strings, r->key, "string");
	CHECK_REF(m, strings, r->value, "string");
	*vec_push(&m->metas) = (struct model_meta_pair){ r->key, r->value };
	if (!strcmp(model_string(m, r->key).bytes, "start_mono_ns")) {
		m->totals.start_mono_ns =
			parse_u64(model_string(m, r->value).bytes);
		m->has_start = true;
	}
	return 0;
}

static int define_module(struct model *m, const struct rec_module *r)
{
	if (check_new(m, "module", r->id.v))
		return -m->err.code;
	CHECK_REF(m, strings, r->path, "string");
	*TABLE_AT(&m->modules, r->id.v) = *r;
	return 0;
}

static int define_process(struct model *m, const struct rec_process *r)
{
	if (check_new(m, "process", r->id.v))
		return -m->err.code;
	CHECK_REF(m, strings, r->exe, "string");
	*TABLE_AT(&m->processes, r->id.v) = *r;
	return 0;
}

static int define_thread(struct model *m, const struct rec_thread *r)
{
	if (check_new(m, "thread", r->id.v))
		return -m->err.code;
	CHECK_REF(m, processes, r->process, "process");
	CHECK_REF(m, strings, r->name, "string");
	*TABLE_AT(&m->threads, r->id.v) = (struct model_thread){
		.process = r->process,
		.pid = r->process.v ? m->processes.data[r->process.v].pid : 0,
		.tid = r->tid, .first_name = r->name, .name = r->name,
		.start_mono_ns = r->start_mono_ns,
	};
	return 0;
}

static int rename_thread(struct model *m, const struct rec_thread_name *r)
{
	CHECK_REF(m, strings, r->name, "string");
	if (!r->thread.v || r->thread.v >= m->threads.count)
		return bad_id(m, "thread", r->thread.v);
	m->threads.data[r->thread.v].name = r->name;
	*vec_push(&m->name_changes) = (struct model_name_change){
		.t_mono_ns = r->t_mono_ns, .thread = r->thread,
		.name = r->name,
	};
	return 0;
}

static int end_thread(struct model *m, const struct rec_thread_exit *r)
{
	if (!r->thread.v || r->thread.v >= m->threads.count)
		return bad_id(m, "thread", r->thread.v);
	m->threads.data[r->thread.v].end_mono_ns = r->t_mono_ns;
	if (r->t_mono_ns > m->totals.end_mono_ns)
		m->totals.end_mono_ns = r->t_mono_ns;
	return 0;
}

static int define_event(struct model *m, const struct rec_event *r)
{
	if (!r->id.v || r->id.v > MODEL_MAX_EVENTS)
		return err_set(&m->err, ERR_LIMIT,
			       "event %u is beyond the limit of %d events",
			       r->id.v, MODEL_MAX_EVENTS);
	CHECK_REF(m, strings, r->name, "string");
	*TABLE_AT(&m->events, r->id.v) = *r;
	return 0;
}

static int define_frame(struct model *m, const struct rec_frame *r)
{
	if (check_new(m, "frame", r->id.v))
		return -m->err.code;
	CHECK_REF(m, modules, r->module, "module");
	CHECK_REF(m, strings, r->name, "string");
	CHECK_REF(m, strings, r->file, "string");
	*TABLE_AT(&m->frames, r->id.v) = *r;
	*TABLE_AT(&m->frame_symbols, r->id.v) = 0;
	m->has_functions = false;
	return 0;
}

static uint8_t end_of(const struct model *m, const struct rec_stack *r)
{
	const struct rec_frame *f;

	if (r->parent.v)
		return m->stack_ends.data[r->parent.v];
	f = &m->frames.data[r->frame.v];
	if (f->kind != FRAME_END)
		return END_COMPLETE;
	return f->addr < END_COUNT ? (uint8_t)f->addr : END_COUNT;
}

static int define_stack(struct model *m, const struct rec_stack *r)
{
	uint8_t end;

	if (check_new(m, "stack", r->id.v))
		return -m->err.code;
	if (!r->frame.v || r->frame.v >= m->frames.count)
		return bad_id(m, "frame", r->frame.v);
	if (r->parent.v >= r->id.v ||
	    (r->parent.v && r->parent.v >= m->stack_frames.count))
		return bad_id(m, "stack", r->parent.v);
	end = end_of(m, r);
	*TABLE_AT(&m->stack_parents, r->id.v) = r->parent;
	*TABLE_AT(&m->stack_frames, r->id.v) = r->frame;
	*TABLE_AT(&m->stack_ends, r->id.v) = end;
	return 0;
}

static int define_symbol(struct model *m, const struct rec_symbol *r)
{
	uint32_t *head, place = 0;

	if (!r->frame.v || r->frame.v >= m->frames.count)
		return bad_id(m, "frame", r->frame.v);
	CHECK_REF(m, strings, r->name, "string");
	CHECK_REF(m, strings, r->file, "string");
	if (!m->symbols.count)
		*vec_push(&m->symbols) = (struct model_symbol){ 0 };
	head = &m->frame_symbols.data[r->frame.v];
	if (!r->depth)
		*head = 0;	/* a better list begins */
	if (*head)
		place = m->symbols.data[*head].place + 1;
	if (place >= FRAME_SYMBOLS_MAX)
		return err_set(&m->err, ERR_FORMAT,
			       "frame %u has more than %u inlined functions",
			       r->frame.v, FRAME_SYMBOLS_MAX);
	*vec_push(&m->symbols) = (struct model_symbol){
		.next = *head, .depth = r->depth, .place = place,
		.name = r->name,
		.file = r->file, .line = r->line, .is_outer = r->is_outer,
		.start_svma = r->start_svma,
	};
	*head = (uint32_t)m->symbols.count - 1;
	m->has_functions = false;
	return 0;
}

static int add_step(struct model *m, const struct rec_step *r)
{
	CHECK_REF(m, strings, r->text, "string");
	*vec_push(&m->steps) = (struct model_step){
		.text = r->text, .count = r->count,
		.is_warning = r->is_warning,
	};
	return 0;
}

int model_define(struct model *m, const struct record *rec)
{
	switch (rec->type) {
	case REC_META: return define_meta(m, &rec->meta);
	case REC_STRING: return define_string(m, &rec->string);
	case REC_MODULE: return define_module(m, &rec->module);
	case REC_PROCESS: return define_process(m, &rec->process);
	case REC_THREAD: return define_thread(m, &rec->thread);
	case REC_THREAD_NAME: return rename_thread(m, &rec->thread_name);
	case REC_THREAD_EXIT: return end_thread(m, &rec->thread_exit);
	case REC_EVENT: return define_event(m, &rec->event);
	case REC_FRAME: return define_frame(m, &rec->frame);
	case REC_STACK: return define_stack(m, &rec->stack);
	case REC_SYMBOL: return define_symbol(m, &rec->symbol);
	case REC_STEP: return add_step(m, &rec->step);
	default: return 0;	/* of a newer version: nothing to us */
	}
}

static bool in_time(struct model *m, uint64_t t_mono_ns)
{
	uint64_t t_ns;

	if (!m->has_start) {
		m->totals.start_mono_ns = t_mono_ns;
		m->has_start = true;
	}
	if (t_mono_ns > m->totals.end_mono_ns)
		m->totals.end_mono_ns = t_mono_ns;
	t_ns = t_mono_ns > m->totals.start_mono_ns ?
	       t_mono_ns - m->totals.start_mono_ns : 0;
	return t_ns >= m->from_ns && (!m->to_ns || t_ns < m->to_ns);
}

static void keep_sample(struct model *m, const struct rec_sample *s)
{
	if (m->samples.count &&
	    m->samples.data[m->samples.count - 1].t_mono_ns > s->t_mono_ns)
		m->is_sorted = false;
	*vec_push(&m->samples) = (struct model_sample){
		.t_mono_ns = s->t_mono_ns, .weight = s->weight,
		.thread = s->thread, .stack = s->stack, .event = s->event,
		.cpu = s->cpu,
	};
}

int model_sum_sample(struct model *m, const struct rec_sample *s)
{
	struct model_cell *cell;
	uint64_t *index;
	bool is_new;

	if (!s->thread.v || s->thread.v >= m->threads.count)
		return bad_id(m, "thread", s->thread.v);
	if (!s->event.v || s->event.v >= m->events.count)
		return bad_id(m, "event", s->event.v);
	CHECK_REF(m, stack_frames, s->stack, "stack");
	m->totals.samples++;
	if (!in_time(m, s->t_mono_ns))
		return 0;
	m->totals.kept++;
	if (m->keep_samples)
		keep_sample(m, s);
	index = hmap128_put(&m->cell_index,
			    (uint64_t)s->thread.v << 32 | s->event.v,
			    s->stack.v, &is_new);
	if (is_new) {
		*index = m->cells.count;
		*vec_push(&m->cells) = (struct model_cell){
			.thread = s->thread, .event = s->event,
			.stack = s->stack,
		};
	}
	cell = &m->cells.data[*index];
	cell->cost.weight += s->weight;
	cell->cost.running_ns += s->running_ns;
	cell->cost.samples++;
	return 0;
}
