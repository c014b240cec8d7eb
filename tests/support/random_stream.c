/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random_stream.h"

#include <string.h>

#include "prng.h"

struct maker {
	struct prng prng;
	struct record_list *out;
	uint32_t strings, modules, processes, threads, events, frames, stacks;
	uint64_t t_ns;
};

/* Small and huge values and the edges alike. */
static uint64_t number(struct maker *m)
{
	switch (prng_below(&m->prng, 5)) {
	case 0:
		return 0;
	case 1:
		return prng_below(&m->prng, 200);
	case 2:
		return UINT64_MAX - prng_below(&m->prng, 3);
	default:
		return prng_next(&m->prng) >> prng_below(&m->prng, 64);
	}
}

static uint32_t number32(struct maker *m)
{
	return (uint32_t)number(m);
}

static bool flag(struct maker *m)
{
	return prng_below(&m->prng, 2);
}

/* 0 (none) .. count */
static uint32_t maybe(struct maker *m, uint32_t count)
{
	return prng_below(&m->prng, count + 1);
}

static uint64_t when(struct maker *m)
{
	if (!prng_below(&m->prng, 20))
		return number(m);	/* clocks of hostile kernels */
	m->t_ns += prng_below(&m->prng, 2000000);
	return m->t_ns - prng_below(&m->prng, 5000);
}

static void make_string(struct maker *m, struct rec_string *r)
{
	static char bytes[300];
	uint32_t i;

	r->id.v = ++m->strings;
	r->len = prng_below(&m->prng, prng_below(&m->prng, 50) ? 20 : 299);
	for (i = 0; i < r->len; i++)
		bytes[i] = (char)prng_next(&m->prng);
	bytes[r->len] = '\0';
	r->bytes = bytes;
}

static void make_module(struct maker *m, struct rec_module *r)
{
	uint32_t i;

	r->id.v = ++m->modules;
	r->kind = MODULE_FILE + prng_below(&m->prng, 5);
	r->path.v = maybe(m, m->strings);
	r->build_id_bytes = (uint8_t)prng_below(&m->prng, 21);
	for (i = 0; i < r->build_id_bytes; i++)
		r->build_id[i] = (uint8_t)prng_next(&m->prng);
}

static void make_process(struct maker *m, struct rec_process *r)
{
	r->parent.v = maybe(m, m->processes);
	r->id.v = ++m->processes;
	r->pid = (int32_t)number32(m);
	r->start_mono_ns = number(m);
	r->exe.v = maybe(m, m->strings);
	r->after_exec = flag(m);
}

static void make_thread(struct maker *m, struct rec_thread *r)
{
	r->id.v = ++m->threads;
	r->process.v = 1 + prng_below(&m->prng, m->processes);
	r->tid = (int32_t)number32(m);
	r->start_mono_ns = number(m);
	r->name.v = maybe(m, m->strings);
}

static void make_event(struct maker *m, struct rec_event *r)
{
	r->id.v = ++m->events;
	r->name.v = maybe(m, m->strings);
	r->unit = flag(m) ? UNIT_NS : UNIT_COUNT;
	r->period = number(m);
	r->frequency_hz = number32(m);
	r->user_only = flag(m);
}

static void make_frame(struct maker *m, struct rec_frame *r)
{
	r->id.v = ++m->frames;
	r->kind = FRAME_NATIVE + prng_below(&m->prng, 4);
	r->flags = number32(m);
	r->module.v = maybe(m, m->modules);
	r->addr = number(m);
	r->name.v = maybe(m, m->strings);
	r->file.v = maybe(m, m->strings);
	r->line = number32(m);
	r->first_line = number32(m);
}

static void make_sample(struct maker *m, struct rec_sample *r)
{
	r->thread.v = 1 + prng_below(&m->prng, m->threads);
	r->event.v = 1 + prng_below(&m->prng, m->events);
	r->stack.v = maybe(m, m->stacks);
	r->t_mono_ns = when(m);
	r->weight = number(m);
	r->running_ns = flag(m) ? r->weight : flag(m) ? 0 : number(m);
	r->cpu = number32(m);
}

static void make_symbol(struct maker *m, struct rec_symbol *r)
{
	r->frame.v = 1 + prng_below(&m->prng, m->frames);
	r->depth = number32(m);
	r->is_outer = flag(m);
	r->name.v = maybe(m, m->strings);
	r->file.v = maybe(m, m->strings);
	r->line = number32(m);
	r->start_svma = number(m);
}

static void make_rest(struct maker *m, struct record *rec)
{
	switch (rec->type) {
	case REC_META:
		rec->meta.key.v = maybe(m, m->strings);
		rec->meta.value.v = maybe(m, m->strings);
		break;
	case REC_THREAD_NAME:
		rec->thread_name.thread.v = 1 + prng_below(&m->prng,
							   m->threads);
		rec->thread_name.t_mono_ns = when(m);
		rec->thread_name.name.v = maybe(m, m->strings);
		break;
	case REC_THREAD_EXIT:
		rec->thread_exit.thread.v = 1 + prng_below(&m->prng,
							   m->threads);
		rec->thread_exit.t_mono_ns = when(m);
		break;
	case REC_LOST:
		rec->lost.t_mono_ns = when(m);
		rec->lost.why = LOST_RING + prng_below(&m->prng, 4);
		rec->lost.count = number(m);
		break;
	case REC_THROTTLE:
		rec->throttle.t_mono_ns = when(m);
		rec->throttle.duration_ns = number(m);
		rec->throttle.cpu = number32(m);
		break;
	case REC_STEP:
		rec->step.text.v = maybe(m, m->strings);
		rec->step.count = number(m);
		rec->step.is_warning = flag(m);
		break;
	default:
		rec->finish.start_mono_ns = number(m);
		rec->finish.end_mono_ns = number(m);
		rec->finish.samples = number(m);
		rec->finish.lost = number(m);
		rec->finish.running_ns = number(m);
		rec->finish.interrupted = flag(m);
		break;
	}
}

static void make(struct maker *m, struct record *rec)
{
	switch (rec->type) {
	case REC_STRING:
		make_string(m, &rec->string);
		break;
	case REC_MODULE:
		make_module(m, &rec->module);
		break;
	case REC_PROCESS:
		make_process(m, &rec->process);
		break;
	case REC_THREAD:
		make_thread(m, &rec->thread);
		break;
	case REC_EVENT:
		make_event(m, &rec->event);
		break;
	case REC_FRAME:
		make_frame(m, &rec->frame);
		break;
	case REC_STACK:
		rec->stack.parent.v = maybe(m, m->stacks);
		rec->stack.frame.v = 1 + prng_below(&m->prng, m->frames);
		rec->stack.id.v = ++m->stacks;
		break;
	case REC_SYMBOL:
		make_symbol(m, &rec->symbol);
		break;
	case REC_SAMPLE:
		make_sample(m, &rec->sample);
		break;
	default:
		make_rest(m, rec);
		break;
	}
}

/* A type that can be made with what has been defined. */
static enum record_type pick(struct maker *m)
{
	enum record_type type;

	for (;;) {
		type = prng_below(&m->prng, 3) ?
		       REC_FRAME + prng_below(&m->prng, 4) :
		       REC_META + prng_below(&m->prng, REC_FINISH);
		if (type == REC_THREAD && !m->processes)
			continue;
		if ((type == REC_THREAD_NAME || type == REC_THREAD_EXIT) &&
		    !m->threads)
			continue;
		if ((type == REC_STACK || type == REC_SYMBOL) && !m->frames)
			continue;
		if (type == REC_SAMPLE && (!m->threads || !m->events))
			continue;
		return type;
	}
}

void random_stream(struct record_list *out, uint64_t seed, size_t count)
{
	struct maker m = { .prng = { seed }, .out = out,
			   .t_ns = UINT64_C(123456789012345) };
	struct sink sink = record_list_sink(out);

	while (count--) {
		struct record rec = { .type = pick(&m) };

		make(&m, &rec);
		sink_push(&sink, &rec);
	}
}
