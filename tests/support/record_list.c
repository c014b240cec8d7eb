/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_list.h"

#include <string.h>

#include "adder/err.h"

void record_list_init(struct record_list *l)
{
	memset(l, 0, sizeof(*l));
	arena_init(&l->arena);
}

void record_list_release(struct record_list *l)
{
	vec_release(&l->records);
	arena_release(&l->arena);
}

static int list_push(void *self, const struct record *rec)
{
	struct record_list *l = self;
	struct record *copy;

	if (l->fail_after && l->records.count == l->fail_after)
		return -ERR_LIMIT;
	copy = vec_push(&l->records);
	*copy = *rec;
	if (rec->type == REC_STRING)
		copy->string.bytes = arena_strndup(&l->arena,
						   rec->string.bytes,
						   rec->string.len);
	return 0;
}

struct sink record_list_sink(struct record_list *l)
{
	return (struct sink){ .push = list_push, .self = l };
}

static bool modules_equal(const struct rec_module *a,
			  const struct rec_module *b)
{
	return a->id.v == b->id.v && a->kind == b->kind &&
	       a->path.v == b->path.v &&
	       a->build_id_bytes == b->build_id_bytes &&
	       !memcmp(a->build_id, b->build_id, a->build_id_bytes);
}

static bool processes_equal(const struct rec_process *a,
			    const struct rec_process *b)
{
	return a->id.v == b->id.v && a->parent.v == b->parent.v &&
	       a->pid == b->pid && a->start_mono_ns == b->start_mono_ns &&
	       a->exe.v == b->exe.v && a->after_exec == b->after_exec;
}

static bool threads_equal(const struct rec_thread *a,
			  const struct rec_thread *b)
{
	return a->id.v == b->id.v && a->process.v == b->process.v &&
	       a->tid == b->tid && a->start_mono_ns == b->start_mono_ns &&
	       a->name.v == b->name.v;
}

static bool events_equal(const struct rec_event *a, const struct rec_event *b)
{
	return a->id.v == b->id.v && a->name.v == b->name.v &&
	       a->unit == b->unit && a->period == b->period &&
	       a->frequency_hz == b->frequency_hz &&
	       a->user_only == b->user_only;
}

static bool frames_equal(const struct rec_frame *a, const struct rec_frame *b)
{
	return a->id.v == b->id.v && a->kind == b->kind &&
	       a->flags == b->flags && a->module.v == b->module.v &&
	       a->addr == b->addr && a->name.v == b->name.v &&
	       a->file.v == b->file.v && a->line == b->line &&
	       a->first_line == b->first_line;
}

static bool symbols_equal(const struct rec_symbol *a,
			  const struct rec_symbol *b)
{
	return a->frame.v == b->frame.v && a->depth == b->depth &&
	       a->is_outer == b->is_outer && a->name.v == b->name.v &&
	       a->file.v == b->file.v && a->line == b->line &&
	       a->start_svma == b->start_svma;
}

static bool samples_equal(const struct rec_sample *a,
			  const struct rec_sample *b)
{
	return a->t_mono_ns == b->t_mono_ns && a->weight == b->weight &&
	       a->running_ns == b->running_ns && a->thread.v == b->thread.v &&
	       a->event.v == b->event.v && a->stack.v == b->stack.v &&
	       a->cpu == b->cpu;
}

bool record_equal(const struct record *a, const struct record *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case REC_META:
		return a->meta.key.v == b->meta.key.v &&
		       a->meta.value.v == b->meta.value.v;
	case REC_STRING:
		return a->string.id.v == b->string.id.v &&
		       a->string.len == b->string.len &&
		       !memcmp(a->string.bytes, b->string.bytes,
			       a->string.len + 1u);
	case REC_MODULE:
		return modules_equal(&a->module, &b->module);
	case REC_PROCESS:
		return processes_equal(&a->process, &b->process);
	case REC_THREAD:
		return threads_equal(&a->thread, &b->thread);
	case REC_THREAD_NAME:
		return a->thread_name.thread.v == b->thread_name.thread.v &&
		       a->thread_name.t_mono_ns == b->thread_name.t_mono_ns &&
		       a->thread_name.name.v == b->thread_name.name.v;
	case REC_THREAD_EXIT:
		return a->thread_exit.thread.v == b->thread_exit.thread.v &&
		       a->thread_exit.t_mono_ns == b->thread_exit.t_mono_ns;
	case REC_EVENT:
		return events_equal(&a->event, &b->event);
	case REC_FRAME:
		return frames_equal(&a->frame, &b->frame);
	case REC_STACK:
		return a->stack.id.v == b->stack.id.v &&
		       a->stack.parent.v == b->stack.parent.v &&
		       a->stack.frame.v == b->stack.frame.v;
	case REC_SYMBOL:
		return symbols_equal(&a->symbol, &b->symbol);
	case REC_SAMPLE:
		return samples_equal(&a->sample, &b->sample);
	case REC_LOST:
		return a->lost.t_mono_ns == b->lost.t_mono_ns &&
		       a->lost.why == b->lost.why &&
		       a->lost.count == b->lost.count;
	case REC_THROTTLE:
		return a->throttle.t_mono_ns == b->throttle.t_mono_ns &&
		       a->throttle.duration_ns == b->throttle.duration_ns &&
		       a->throttle.cpu == b->throttle.cpu;
	case REC_STEP:
		return a->step.text.v == b->step.text.v &&
		       a->step.count == b->step.count &&
		       a->step.is_warning == b->step.is_warning;
	case REC_FINISH:
		return a->finish.start_mono_ns == b->finish.start_mono_ns &&
		       a->finish.end_mono_ns == b->finish.end_mono_ns &&
		       a->finish.samples == b->finish.samples &&
		       a->finish.lost == b->finish.lost &&
		       a->finish.running_ns == b->finish.running_ns &&
		       a->finish.interrupted == b->finish.interrupted;
	}
	return false;
}

size_t record_list_match(const struct record_list *part,
			 const struct record_list *whole)
{
	size_t i;

	for (i = 0; i < part->records.count; i++) {
		if (i >= whole->records.count ||
		    !record_equal(&part->records.data[i],
				  &whole->records.data[i]))
			break;
	}
	return i;
}
