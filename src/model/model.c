/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Life cycle of the model, its sink, and plain access to its tables. */
#include "adder/model.h"

#include <stdlib.h>
#include <string.h>

#include "model/internal.h"

static void add_lost(struct model *m, const struct rec_lost *l)
{
	if (l->why == LOST_LATE)
		m->totals.late += l->count;
	else
		m->totals.lost += l->count;
}

static void finish(struct model *m, const struct rec_finish *f)
{
	struct model_totals *t = &m->totals;

	t->is_finished = true;
	t->interrupted = f->interrupted;
	t->said_samples = f->samples;
	t->running_ns = f->running_ns;
	if (f->lost > t->lost)
		t->lost = f->lost;
	if (f->start_mono_ns)
		t->start_mono_ns = f->start_mono_ns;
	if (f->end_mono_ns > t->end_mono_ns)
		t->end_mono_ns = f->end_mono_ns;
}

static int model_push(void *self, const struct record *rec)
{
	struct model *m = self;

	m->records++;
	switch (rec->type) {
	case REC_SAMPLE:
		return model_sum_sample(m, &rec->sample);
	case REC_LOST:
		add_lost(m, &rec->lost);
		return 0;
	case REC_THROTTLE:
		m->totals.throttled_ns += rec->throttle.duration_ns;
		return 0;
	case REC_FINISH:
		finish(m, &rec->finish);
		return 0;
	default:
		return model_define(m, rec);
	}
}

struct model *model_new(void)
{
	struct model *m = mem_calloc(1, sizeof(*m));

	arena_init(&m->arena);
	hmap128_init(&m->cell_index);
	hmap128_init(&m->function_index);
	m->is_sorted = true;
	return m;
}

struct sink model_sink(struct model *m)
{
	return (struct sink){ .push = model_push, .self = m };
}

void model_free(struct model *m)
{
	if (!m)
		return;
	model_functions_drop(m);
	hmap128_release(&m->cell_index);
	vec_release(&m->cells);
	vec_release(&m->samples);
	vec_release(&m->steps);
	vec_release(&m->stack_ends);
	vec_release(&m->stack_frames);
	vec_release(&m->stack_parents);
	vec_release(&m->symbols);
	vec_release(&m->frame_symbols);
	vec_release(&m->frames);
	vec_release(&m->events);
	vec_release(&m->name_changes);
	vec_release(&m->threads);
	vec_release(&m->processes);
	vec_release(&m->modules);
	vec_release(&m->metas);
	vec_release(&m->strings);
	arena_release(&m->arena);
	mem_free(m);
}

const struct err *model_err(const struct model *m)
{
	return &m->err;
}

void model_keep_samples(struct model *m)
{
	m->keep_samples = true;
}

void model_limit_time(struct model *m, uint64_t from_ns, uint64_t to_ns)
{
	m->from_ns = from_ns;
	m->to_ns = to_ns;
}

struct model_text model_string(const struct model *m, struct str_id id)
{
	if (!id.v || id.v >= m->strings.count || !m->strings.data[id.v].bytes)
		return (struct model_text){ .bytes = "", .len = 0 };
	return m->strings.data[id.v];
}

const char *model_meta(const struct model *m, const char *key)
{
	size_t i;

	for (i = m->metas.count; i-- > 0;) {
		if (!strcmp(model_string(m, m->metas.data[i].key).bytes, key))
			return model_string(m, m->metas.data[i].value).bytes;
	}
	return NULL;
}

const struct model_totals *model_totals(const struct model *m)
{
	return &m->totals;
}

size_t model_event_count(const struct model *m)
{
	return m->events.count;
}

const struct rec_event *model_event(const struct model *m, struct event_id id)
{
	return &m->events.data[id.v];
}

size_t model_thread_count(const struct model *m)
{
	return m->threads.count;
}

const struct model_thread *model_thread(const struct model *m,
					struct thread_id id)
{
	return &m->threads.data[id.v];
}

size_t model_process_count(const struct model *m)
{
	return m->processes.count;
}

const struct rec_process *model_process(const struct model *m,
					struct process_id id)
{
	return &m->processes.data[id.v];
}

const struct rec_module *model_module(const struct model *m,
				      struct module_id id)
{
	static const struct rec_module none;

	return id.v < m->modules.count ? &m->modules.data[id.v] : &none;
}

size_t model_frame_count(const struct model *m)
{
	return m->frames.count;
}

const struct rec_frame *model_frame(const struct model *m, struct frame_id id)
{
	return &m->frames.data[id.v];
}

size_t model_stack_count(const struct model *m)
{
	return m->stack_frames.count;
}

const struct stack_id *model_stack_parents(const struct model *m)
{
	return m->stack_parents.data;
}

const struct frame_id *model_stack_frames(const struct model *m)
{
	return m->stack_frames.data;
}

const uint8_t *model_stack_ends(const struct model *m)
{
	return m->stack_ends.data;
}

const struct model_step *model_steps(const struct model *m, size_t *count)
{
	*count = m->steps.count;
	return m->steps.data;
}

const struct model_name_change *model_name_changes(const struct model *m,
						   size_t *count)
{
	*count = m->name_changes.count;
	return m->name_changes.data;
}

static int sample_order(const void *pa, const void *pb)
{
	const struct model_sample *a = pa, *b = pb;

	if (a->t_mono_ns != b->t_mono_ns)
		return a->t_mono_ns < b->t_mono_ns ? -1 : 1;
	if (a->thread.v != b->thread.v)
		return a->thread.v < b->thread.v ? -1 : 1;
	if (a->event.v != b->event.v)
		return a->event.v < b->event.v ? -1 : 1;
	return a->stack.v < b->stack.v ? -1 : a->stack.v > b->stack.v;
}

const struct model_sample *model_samples(struct model *m, size_t *count)
{
	if (!m->is_sorted)
		qsort(m->samples.data, m->samples.count,
		      sizeof(*m->samples.data), sample_order);
	m->is_sorted = true;
	*count = m->samples.count;
	return m->samples.data;
}

const char *model_end_name(unsigned int end)
{
	if (end == MODEL_END_NO_STACK)
		return "no_stack";
	return end < END_COUNT ? stack_end_name((enum stack_end)end) :
	       "unknown";
}

const char *model_end_text(unsigned int end)
{
	static const char *const texts[MODEL_ENDS] = {
		[END_COMPLETE] = "complete",
		[END_CUT] = "cut: stack copy too short",
		[END_NO_RULE] = "cut: no unwind rule",
		[END_NO_PROGRESS] = "cut: no progress",
		[END_READ_FAULT] = "cut: unreadable memory",
		[END_NO_USER] = "no user stack",
		[END_TOO_DEEP] = "cut: too deep",
		[END_NOT_HELD] = "cut: read not proved",
		[END_PRESSURE] = "cut: too many samples",
		[MODEL_END_UNKNOWN] = "cut: unknown reason",
		[MODEL_END_NO_STACK] = "no stack",
	};

	return texts[end < MODEL_ENDS ? end : MODEL_END_UNKNOWN];
}
