/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and threads: defined towards the sink when their first sample
 * comes, and the state that hangs on them.
 */
#include "pipeline/internal.h"

#include <stdio.h>
#include <string.h>

#include "adder/python.h"
#include "adder/sys.h"

/*
 * A process that has run this many samples nameless is worth a line, but not
 * while its interpreter starts: the trampoline is not on before it has.
 */
#define ADVISE_AFTER_SAMPLES 20
#define ADVISE_AFTER_NS UINT64_C(1000000000)

void pl_define_process(struct pipeline *pl, struct process *p)
{
	struct record r = { .type = REC_PROCESS };

	if (p->id.v)
		return;
	if (p->parent)
		pl_define_process(pl, p->parent);
	p->id.v = ++pl->process_count;
	r.process.id = p->id;
	if (p->parent)
		r.process.parent = p->parent->id;
	r.process.pid = p->pid;
	r.process.start_mono_ns = p->start_mono_ns;
	if (p->exe)
		r.process.exe = pl_string(pl, p->exe, strlen(p->exe));
	r.process.after_exec = p->after_exec;
	pl_push(pl, &r);
}

void pl_define_thread(struct pipeline *pl, struct thread *t)
{
	struct record r = { .type = REC_THREAD };

	pl_define_process(pl, t->process);
	if (t->id.v)
		return;
	t->id.v = ++pl->thread_count;
	r.thread.id = t->id;
	r.thread.process = t->process->id;
	r.thread.tid = t->tid;
	r.thread.start_mono_ns = t->start_mono_ns;
	r.thread.name = pl_string(pl, t->name, strlen(t->name));
	pl_push(pl, &r);
}

struct pl_process *pl_process_of(struct pipeline *pl, struct process *p)
{
	struct pl_process *pp = p->user;

	if (!pp) {
		pp = mem_calloc(1, sizeof(*pp));
		pp->pl = pl;
		pp->process = p;
		p->user = pp;
	}
	return pp;
}

struct pl_thread *pl_thread_of(struct thread *t)
{
	struct pl_thread *pt = t->user;

	if (!pt) {
		pt = mem_calloc(1, sizeof(*pt));
		pt->memo = unwind_memo_new();
		pt->process = t->process;
		t->user = pt;
	}
	if (pt->process != t->process) {	/* exec */
		pt->process = t->process;
		pt->count = 0;
		pt->hint_avma = pt->root_avma = 0;
		unwind_memo_clear(pt->memo);
	}
	return pt;
}

void pl_thread_drop(struct thread *t)
{
	struct pl_thread *pt = t->user;

	if (!pt)
		return;
	unwind_memo_free(pt->memo);
	mem_free(pt->frame_ids);
	mem_free(pt->stack_ids);
	mem_free(pt->marks);
	mem_free(pt->is_tramp);
	mem_free(pt);
	t->user = NULL;
}

void pl_process_drop(struct process *p)
{
	struct thread *t;

	for (t = p->threads; t; t = t->next)
		pl_thread_drop(t);
	mem_free(p->user);
	p->user = NULL;
	py_process_free(p->python);
	p->python = NULL;
}

/*
 * One line for the first process of a program whose Python frames cannot be
 * named; the others of the same program are counted.
 */
static void advise(struct pipeline *pl, struct pl_process *pp)
{
	struct process *p = pp->process;
	enum py_map_state state = PY_MAP_NONE;
	struct buf line = { 0 };
	uint64_t *count;
	bool is_new;

	pp->advised = true;
	if (p->python)
		state = py_process_refresh(p->python, NULL);
	if (!py_advice(p, state, pl->opts.attached, &line))
		goto out;
	count = hmap_put(&pl->advised, p->exe ? hash_bytes(p->exe,
				strlen(p->exe)) : 0, &is_new);
	(*count)++;
	if (is_new)
		pl->opts.step(pl->opts.ctx, buf_cstr(&line), false);
out:
	buf_release(&line);
}

void pl_advise(struct pipeline *pl, struct pl_process *pp)
{
	pp->samples++;
	if (pp->advised || pp->has_names || pl->opts.no_python)
		return;
	if (pp->samples >= ADVISE_AFTER_SAMPLES &&
	    pl->sample_ns >= pp->process->start_mono_ns + ADVISE_AFTER_NS)
		advise(pl, pp);
}

static void advise_late(void *ctx, struct process *p)
{
	struct pl_process *pp = p->user;

	if (pp && pp->samples && !pp->advised && !pp->has_names)
		advise(ctx, pp);
}

void pl_advise_finish(struct pipeline *pl)
{
	uint64_t key, count, more = 0;
	char line[128];
	size_t pos = 0;

	if (pl->opts.no_python)
		return;
	space_each_process(pl->space, advise_late, pl);
	while (hmap_next(&pl->advised, &pos, &key, &count))
		more += count - 1;
	if (!more)
		return;
	snprintf(line, sizeof(line), "the same holds for %llu more processes",
		 (unsigned long long)more);
	pl->opts.step(pl->opts.ctx, line, false);
}
