/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf script text: one block of lines per sample, the leaf first, a blank
 * line behind each. What is known of its readers, and which of its traps the
 * default form avoids, stands in tests/lint/perfscript_lint.py.
 */
#include "adder/export.h"

#include <string.h>

#include "export/script_internal.h"
#include "export/script_names.h"

#define NUMBER_BYTES 24
#define NS_PER_S UINT64_C(1000000000)

/* Digits of v at the end of a field of that width, padded in front. */
static void put_number(struct buf *b, uint64_t v, size_t width, char pad)
{
	char text[NUMBER_BYTES];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (sizeof(text) - at < width)
		text[--at] = pad;
	put_fast(b, text + at, sizeof(text) - at);
}

static void put_time(struct script *s, uint64_t t_mono_ns)
{
	struct buf *b = &s->o->buf;

	put_number(b, t_mono_ns / NS_PER_S, 5, ' ');
	put_fast(b, ".", 1);
	if (s->opts->nanoseconds)
		put_number(b, t_mono_ns % NS_PER_S, 9, '0');
	else
		put_number(b, t_mono_ns % NS_PER_S / 1000, 6, '0');
	put_fast(b, ": ", 2);
}

void script_put_start(struct script *s, struct thread_id thread, uint32_t cpu,
		      uint64_t t_mono_ns)
{
	const struct model_thread *t = model_thread(s->m, thread);
	const struct piece *comm = script_comm(s, thread);
	struct buf *b = &s->o->buf;

	put_fast(b, s->comm_text.data + comm->at, comm->len);
	put_fast(b, " ", 1);
	if (s->opts->with_pid) {
		put_number(b, (uint32_t)t->pid, s->opts->exact ? 5 : 0, ' ');
		put_fast(b, "/", 1);
		buf_printf(b, s->opts->exact ? "%-5u" : "%u",
			   (unsigned int)t->tid);
	} else {
		put_number(b, (uint32_t)t->tid, 5, ' ');
	}
	put_fast(b, " ", 1);
	if (s->opts->with_cpu)
		buf_printf(b, "[%03u] ", cpu);
	put_time(s, t_mono_ns);
}

void script_name_thread(struct script *s, struct thread_id thread,
			struct str_id name)
{
	s->names[thread.v] = name;
	s->comms[thread.v].made = false;
}

const struct piece *script_comm(struct script *s, struct thread_id thread)
{
	struct piece *comm = &s->comms[thread.v];
	struct model_text text;

	if (comm->made)
		return comm;
	if (s->comm_text.len > TEXT_MAX_BYTES) {
		buf_clear(&s->comm_text);
		memset(s->comms, 0, model_thread_count(s->m) *
		       sizeof(*s->comms));
	}
	text = model_string(s->m, s->names[thread.v]);
	comm->at = s->comm_text.len;
	script_put_comm(&s->comm_text, text.bytes, text.len, s->opts->exact);
	comm->len = (uint32_t)(s->comm_text.len - comm->at);
	comm->made = true;
	return comm;
}

static void first_names(struct script *s)
{
	struct thread_id id;

	s->names = mem_calloc(model_thread_count(s->m) + 1, sizeof(*s->names));
	for (id.v = 1; id.v < model_thread_count(s->m); id.v++)
		s->names[id.v] = model_thread(s->m, id)->first_name;
}

static void put_frames(struct script *s, struct stack_id stack)
{
	const struct stack_id *parents = model_stack_parents(s->m);
	const struct frame_id *frames = model_stack_frames(s->m);
	struct buf *b = &s->o->buf;
	const struct piece *piece;
	bool any = false;

	/* out_check() lets go of what is long: a stack may be a terabyte */
	for (; stack.v && !out_check(s->o); stack = parents[stack.v]) {
		piece = &s->frames[frames[stack.v].v];
		if (!piece->made)
			piece = script_frame(s, frames[stack.v]);
		put_fast(b, s->frame_text.data + piece->at, piece->len);
		any = any || piece->len;
	}
	if (!any && !s->opts->exact)
		buf_printf(b, "\t%16x [unknown] ([no_stack])\n", 0);
}

static void put_sample(struct script *s, const struct model_sample *sample)
{
	const struct piece *event = &s->events[sample->event.v];
	struct buf *b = &s->o->buf;

	script_put_start(s, sample->thread, sample->cpu, sample->t_mono_ns);
	put_number(b, sample->weight, 10, ' ');
	put_fast(b, s->event_text.data + event->at, event->len);
	put_frames(s, sample->stack);
	put_fast(b, "\n", 1);
}

/* " name: \n", in the exact form padded to the longest name of the file. */
static void make_event_texts(struct script *s)
{
	size_t count = model_event_count(s->m), longest = 0, i;
	struct buf *b = &s->event_text;
	struct buf name = { 0 };
	struct model_text text;

	for (i = 1; i < count && s->opts->exact; i++) {
		text = model_string(s->m, model_event(s->m,
			(struct event_id){ (uint32_t)i })->name);
		if (text.len > longest)
			longest = text.len;
	}
	for (i = 1; i < count; i++) {
		text = model_string(s->m, model_event(s->m,
			(struct event_id){ (uint32_t)i })->name);
		buf_clear(&name);
		script_put_event(&name, text.bytes, text.len, s->opts->exact);
		s->events[i].at = b->len;
		buf_putc(b, ' ');
		for (size_t n = name.len; n < longest; n++)
			buf_putc(b, ' ');
		buf_put(b, name.data, name.len);
		buf_puts(b, ": \n");
		s->events[i].len = (uint32_t)(b->len - s->events[i].at);
	}
	buf_release(&name);
}

static uint64_t put_samples(struct script *s)
{
	size_t count, tasks, task = 0, i;
	const struct model_sample *samples = model_samples(s->m, &count);
	struct task_line *lines = script_task_lines(s, &tasks);
	uint64_t put = 0;

	for (i = 0; i < count && !out_check(s->o); i++) {
		while (task < tasks &&
		       lines[task].t_mono_ns <= samples[i].t_mono_ns)
			script_do_task(s, &lines[task++]);
		if ((s->event.v && samples[i].event.v != s->event.v) ||
		    !profile_wants_sample(s->p, &samples[i]))
			continue;
		put_sample(s, &samples[i]);
		put++;
	}
	while (task < tasks && !out_check(s->o))
		script_do_task(s, &lines[task++]);
	mem_free(lines);
	return put;
}

int script_write(struct out *o, struct profile *p,
		 const struct script_opts *opts, struct script_stats *stats)
{
	struct script s = {
		.o = o, .p = p, .m = profile_model(p), .opts = opts,
		.show = profile_selection(p)->show,
	};

	if (!opts->exact)
		s.event = profile_event(p);
	s.frames = mem_calloc(model_frame_count(s.m) + 1, sizeof(*s.frames));
	s.comms = mem_calloc(model_thread_count(s.m) + 1, sizeof(*s.comms));
	s.events = mem_calloc(model_event_count(s.m) + 1, sizeof(*s.events));
	first_names(&s);
	make_event_texts(&s);
	if (opts->header)
		script_put_header(&s);
	stats->samples = put_samples(&s);
	mem_free(s.events);
	mem_free(s.names);
	mem_free(s.comms);
	mem_free(s.frames);
	buf_release(&s.event_text);
	buf_release(&s.comm_text);
	buf_release(&s.frame_text);
	return out_check(o);
}
