/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that threads take over time, and the lines of FORK, COMM and EXIT
 * that perf prints of them when asked (--show-task-events).
 */
#include <stdlib.h>
#include <time.h>

#include "adder/text.h"
#include "export/script_internal.h"

static int line_order(const void *pa, const void *pb)
{
	const struct task_line *a = pa, *b = pb;

	if (a->t_mono_ns != b->t_mono_ns)
		return a->t_mono_ns < b->t_mono_ns ? -1 : 1;
	if (a->what != b->what)
		return a->what < b->what ? -1 : 1;
	if (a->thread.v != b->thread.v)
		return a->thread.v < b->thread.v ? -1 : 1;
	return a->name.v < b->name.v ? -1 : a->name.v > b->name.v;
}

struct task_line *script_task_lines(struct script *s, size_t *count)
{
	size_t changes, threads = model_thread_count(s->m), n = 0, i;
	const struct model_name_change *c = model_name_changes(s->m, &changes);
	uint64_t start = model_totals(s->m)->start_mono_ns;
	struct task_line *lines;

	lines = mem_alloc((changes + 2 * threads + 1) * sizeof(*lines));
	for (i = 0; i < changes; i++)
		lines[n++] = (struct task_line){
			c[i].t_mono_ns, TASK_COMM, c[i].thread, c[i].name,
		};
	for (i = 1; i < threads && s->opts->task_events; i++) {
		struct thread_id id = { (uint32_t)i };
		const struct model_thread *t = model_thread(s->m, id);

		if (t->start_mono_ns > start)
			lines[n++] = (struct task_line){
				.t_mono_ns = t->start_mono_ns,
				.what = TASK_FORK, .thread = id,
			};
		if (t->end_mono_ns)
			lines[n++] = (struct task_line){
				.t_mono_ns = t->end_mono_ns,
				.what = TASK_EXIT, .thread = id,
			};
	}
	qsort(lines, n, sizeof(*lines), line_order);
	*count = n;
	return lines;
}

static void put_parent(struct script *s, const struct model_thread *t)
{
	struct process_id parent = { 0 };
	int32_t pid = t->pid;

	/* a process's first thread comes from its parent */
	if (t->tid == t->pid && t->process.v)
		parent = model_process(s->m, t->process)->parent;
	if (parent.v && parent.v < model_process_count(s->m))
		pid = model_process(s->m, parent)->pid;
	buf_printf(&s->o->buf, "(%d:%d):(%d:%d)\n", t->pid, t->tid, pid, pid);
}

void script_do_task(struct script *s, const struct task_line *l)
{
	const struct model_thread *t = model_thread(s->m, l->thread);
	const struct piece *comm;
	struct buf *b = &s->o->buf;

	if (l->what == TASK_COMM)
		script_name_thread(s, l->thread, l->name);
	if (!s->opts->task_events ||
	    !profile_wants_thread(s->p, l->thread))
		return;
	script_put_start(s, l->thread, 0, l->t_mono_ns);
	switch (l->what) {
	case TASK_COMM:
		buf_puts(b, "PERF_RECORD_COMM: ");
		comm = script_comm(s, l->thread);
		buf_put(b, s->comm_text.data + comm->at, comm->len);
		buf_printf(b, ":%d/%d\n", t->pid, t->tid);
		break;
	case TASK_FORK:
		buf_puts(b, "PERF_RECORD_FORK");
		put_parent(s, t);
		break;
	default:
		buf_puts(b, "PERF_RECORD_EXIT");
		put_parent(s, t);
		break;
	}
}

static void put_meta(struct script *s, const char *word, const char *key)
{
	const char *value = model_meta(s->m, key);
	struct buf *b = &s->o->buf;

	if (!value)
		return;
	buf_printf(b, "# %s : ", word);
	text_escape(b, value, strlen(value));
	buf_putc(b, '\n');
}

void script_put_header(struct script *s)
{
	const char *start = model_meta(s->m, "start_realtime_ns");
	struct buf *b = &s->o->buf;
	char text[64];
	struct tm tm;
	time_t t;

	buf_puts(b, "# ========\n");
	t = start ? (time_t)(strtoull(start, NULL, 10) / 1000000000) : 0;
	if (start && gmtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm))
		buf_printf(b, "# captured on    : %s\n", text);
	put_meta(s, "hostname", "hostname");
	put_meta(s, "os release", "kernel");
	put_meta(s, "arch", "arch");
	put_meta(s, "nrcpus online", "cpus");
	put_meta(s, "cpudesc", "cpu_model");
	put_meta(s, "adder version", "version");
	put_meta(s, "cmdline", "command");
	buf_puts(b, "# ========\n#\n");
}
