/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in time order in, a sink's records out. What a record does to the
 * address spaces is space's; this file decides what reaches the sink.
 */
#include "pipeline/internal.h"

#include <string.h>

#include "adder/python.h"
#include "adder/symbol.h"
#include "adder/sys.h"

static void on_thread_name(void *ctx, struct thread *t, uint64_t t_mono_ns)
{
	struct record r = { .type = REC_THREAD_NAME };
	struct pipeline *pl = ctx;

	if (!t->id.v)
		return;
	r.thread_name.thread = t->id;
	r.thread_name.t_mono_ns = t_mono_ns;
	r.thread_name.name = pl_string(pl, t->name, strlen(t->name));
	pl_push(pl, &r);
}

static void on_thread_exit(void *ctx, struct thread *t, uint64_t t_mono_ns)
{
	struct record r = { .type = REC_THREAD_EXIT };
	struct pipeline *pl = ctx;

	if (t->id.v) {
		r.thread_exit.thread = t->id;
		r.thread_exit.t_mono_ns = t_mono_ns;
		pl_push(pl, &r);
	}
	pl_thread_drop(t);
}

/* At once: what its map holds by now is an earlier process's. */
static void on_process_new(void *ctx, struct process *p)
{
	struct pipeline *pl = ctx;

	if (!p->python && !pl->opts.no_python)
		p->python = py_process_new(p);
}

static void on_process_free(void *ctx, struct process *p)
{
	(void)ctx;
	pl_process_drop(p);
}

static void free_cfi(void *ctx, struct module *m)
{
	(void)ctx;
	cfi_table_free(m->cfi);
	m->cfi = NULL;
}

struct pipeline *pipeline_new(const struct pipeline_opts *opts)
{
	struct pipeline *pl = mem_calloc(1, sizeof(*pl));
	struct space_hooks hooks = {
		.thread_name = on_thread_name, .thread_exit = on_thread_exit,
		.process_new = on_process_new, .process_free = on_process_free,
		.ctx = pl,
	};

	pl->opts = *opts;
	if (!pl->opts.sys)
		pl->opts.sys = &sys_real;
	pl->arch = arch_native();
	pl->unwinder = unwinder_new(pl->arch);
	pl->space = space_new(&hooks);
	pl_symbolize_prepare(pl);
	hmap_init(&pl->advised);
	pl_ids_init(pl);
	return pl;
}

void pipeline_free(struct pipeline *pl)
{
	if (!pl)
		return;
	unwinder_free(pl->unwinder);
	space_each_module(pl->space, free_cfi, NULL);
	space_free(pl->space);
	symbolizer_free(pl->quick);
	symbolizer_free(pl->full);
	kallsyms_free(pl->kallsyms);
	pl_ids_release(pl);
	hmap_release(&pl->advised);
	vec_release(&pl->events);
	vec_release(&pl->throttle_start);
	mem_free(pl);
}

int pipeline_attach(struct pipeline *pl, pid_t pid, struct err *err)
{
	return space_attach(pl->space, pid, err);
}

void pipeline_sight(struct pipeline *pl, const struct perf_rec *rec)
{
	space_sight(pl->space, rec);
}

static int feed_sample(struct pipeline *pl, const struct perf_rec *rec)
{
	const struct perf_sample *s = &rec->sample;
	struct record r = { .type = REC_SAMPLE };
	const struct rec_event *ev;
	enum stack_end end;
	struct thread *t;

	t = space_thread(pl->space, rec->pid, rec->tid, rec->t_mono_ns);
	if (!t || s->event >= pl->events.count)
		return 0;
	ev = &pl->events.data[s->event];
	pl->sample_ns = rec->t_mono_ns;
	r.sample.stack.v = pl_sample_stack(pl, t, s, &end);
	pl_define_thread(pl, t);
	pl->stats.samples++;
	pl->stats.end[end]++;
	r.sample.t_mono_ns = rec->t_mono_ns;
	r.sample.weight = s->period;
	r.sample.running_ns = ev->unit == UNIT_NS ? s->period : 0;
	r.sample.thread = t->id;
	r.sample.event = ev->id;
	r.sample.cpu = rec->cpu;
	return pl_push(pl, &r);
}

static int feed_lost(struct pipeline *pl, const struct perf_rec *rec)
{
	struct record r = { .type = REC_LOST };

	r.lost.t_mono_ns = rec->t_mono_ns;
	r.lost.why = LOST_RING;
	r.lost.count = rec->lost.count;
	return pl_push(pl, &r);
}

static int feed_throttle(struct pipeline *pl, const struct perf_rec *rec)
{
	struct record r = { .type = REC_THROTTLE };
	uint64_t *start;

	if (rec->cpu >= 65536)
		return 0;
	while (pl->throttle_start.count <= rec->cpu)
		*vec_push(&pl->throttle_start) = 0;
	start = &pl->throttle_start.data[rec->cpu];
	if (rec->kind == PERF_REC_THROTTLE) {
		*start = rec->t_mono_ns;
		return 0;
	}
	if (!*start || rec->t_mono_ns < *start)
		return 0;
	r.throttle.t_mono_ns = *start;
	r.throttle.duration_ns = rec->t_mono_ns - *start;
	r.throttle.cpu = rec->cpu;
	*start = 0;
	return pl_push(pl, &r);
}

int pipeline_feed(struct pipeline *pl, const struct perf_rec *rec)
{
	switch (rec->kind) {
	case PERF_REC_SAMPLE:
		return feed_sample(pl, rec);
	case PERF_REC_LOST:
		return feed_lost(pl, rec);
	case PERF_REC_THROTTLE:
	case PERF_REC_UNTHROTTLE:
		return feed_throttle(pl, rec);
	default:
		space_apply(pl->space, rec);
		return pl->sink_error;
	}
}

int pipeline_event(struct pipeline *pl, const struct rec_event *ev,
		   const char *name)
{
	struct record r = { .type = REC_EVENT, .event = *ev };

	r.event.id.v = (uint32_t)pl->events.count + 1;
	r.event.name = pl_string(pl, name, strlen(name));
	*vec_push(&pl->events) = r.event;
	return pl_push(pl, &r);
}

int pipeline_meta(struct pipeline *pl, const char *key, const char *value)
{
	struct record r = { .type = REC_META };

	r.meta.key = pl_string(pl, key, strlen(key));
	r.meta.value = pl_string(pl, value, strlen(value));
	return pl_push(pl, &r);
}

int pipeline_step(struct pipeline *pl, const char *text, uint64_t count,
		  bool is_warning)
{
	struct record r = { .type = REC_STEP };

	r.step.text = pl_string(pl, text, strlen(text));
	r.step.count = count;
	r.step.is_warning = is_warning;
	return pl_push(pl, &r);
}

int pipeline_lost(struct pipeline *pl, uint64_t t_mono_ns, enum lost_why why,
		  uint64_t count)
{
	struct record r = { .type = REC_LOST };

	if (!count)
		return pl->sink_error;
	r.lost.t_mono_ns = t_mono_ns;
	r.lost.why = why;
	r.lost.count = count;
	return pl_push(pl, &r);
}

struct pids {
	VEC(pid_t) v;
};

static void take_pid(void *ctx, struct process *p)
{
	struct pids *pids = ctx;

	if (pl_interpreter(p))
		*vec_push(&pids->v) = p->pid;
}

size_t pipeline_python_pids(struct pipeline *pl, pid_t **pids)
{
	struct pids p = { 0 };

	space_each_process(pl->space, take_pid, &p);
	*pids = p.v.data;
	return p.v.count;
}

int pipeline_finish(struct pipeline *pl, const struct rec_finish *totals,
		    struct err *err)
{
	struct record r = { .type = REC_FINISH, .finish = *totals };
	struct err symbol_err = { 0 };
	int rc;

	pl_advise_finish(pl);
	rc = pipeline_symbolize(pl, true, &symbol_err);
	if (rc < 0 && !pl->sink_error)	/* nameless is better than nothing */
		pl->opts.step(pl->opts.ctx, symbol_err.message, true);
	if (pl->sink_error)
		return err_set(err, ERR_IO, "the recording cannot be written");
	r.finish.samples = pl->stats.samples;
	return pl_push(pl, &r);
}

const struct pipeline_stats *pipeline_stats(const struct pipeline *pl)
{
	return &pl->stats;
}
