/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adder dump: the stacks of all threads of a process now, once, without
 * stopping it. A thread that does not run stands still by itself and is read
 * from outside; one that runs is caught by its next samples.
 */
#include "cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/model.h"
#include "adder/sys.h"
#include "adder/text.h"
#include "cmd/blocked.h"
#include "cmd/session.h"

/* A running thread has samples every millisecond. */
#define DUMP_HZ 999
#define CATCH_NS UINT64_C(200000000)
#define PASS_MS 10

struct dump_thread {
	pid_t tid;
	enum blocked_result result;
	bool was_blocked;
	struct stack_id stack;	/* of its latest sample */
	uint64_t t_mono_ns;
};

struct dump {
	pid_t pid;
	enum show show;
	struct dump_thread *threads;
	size_t count;
	struct model *model;
	struct session *session;
};

static int list_threads(struct dump *d, struct err *err)
{
	pid_t *tids;
	size_t i;

	if (sys_proc_threads(d->pid, &tids, &d->count) < 0 || !d->count)
		return err_set(err, ERR_NOTFOUND, "no process %d",
			       (int)d->pid);
	d->threads = mem_calloc(d->count, sizeof(*d->threads));
	for (i = 0; i < d->count; i++)
		d->threads[i].tid = tids[i];
	mem_free(tids);
	return 0;
}

/* Takes what samples have come; how many threads are still without one. */
static size_t take_samples(struct dump *d)
{
	const struct model_sample *samples;
	size_t count, i, j, missing = 0;

	samples = model_samples(d->model, &count);
	for (i = 0; i < count; i++) {
		const struct model_thread *t;

		t = model_thread(d->model, samples[i].thread);
		for (j = 0; j < d->count; j++) {
			if (d->threads[j].tid != t->tid ||
			    samples[i].t_mono_ns < d->threads[j].t_mono_ns)
				continue;
			d->threads[j].stack = samples[i].stack;
			d->threads[j].t_mono_ns = samples[i].t_mono_ns;
		}
	}
	for (j = 0; j < d->count; j++)
		missing += !d->threads[j].t_mono_ns &&
			d->threads[j].result != BLOCKED_GONE &&
			d->threads[j].result != BLOCKED_REFUSED;
	return missing;
}

static void feed_blocked(struct dump *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		struct dump_thread *t = &d->threads[i];

		if (t->t_mono_ns || t->was_blocked)
			continue;
		t->result = blocked_feed(session_pipeline(d->session), d->pid,
					 t->tid);
		t->was_blocked = t->result == BLOCKED_FED;
	}
}

static int catch_all(struct dump *d, struct err *err)
{
	uint64_t until = sys_mono_ns() + CATCH_NS;
	int rc;

	do {
		feed_blocked(d);
		if (!take_samples(d))
			return 0;
		rc = session_pass(d->session, PASS_MS, err);
		if (rc < 0)
			return rc;
	} while (rc > 0 && sys_mono_ns() < until);
	take_samples(d);
	return 0;
}

static void print_place(struct dump *d, const struct rec_frame *f,
			const struct model_place *p)
{
	struct buf name = { 0 }, out = { 0 };
	struct model_text where;

	model_function_name(d->model, p->function, &name);
	buf_puts(&out, "    ");
	text_escape(&out, name.data ? name.data : "", name.len);
	/* an unnamed function says its module in place of a name */
	if (f->kind == FRAME_END ||
	    !model_function(d->model, p->function)->name.v)
		goto print;
	if (p->file.v)
		where = model_string(d->model, p->file);
	else
		where = model_module_name(d->model, f->module);
	buf_puts(&out, p->file.v ? " (" : " [");
	text_escape(&out, where.bytes, where.len);
	if (p->line)
		buf_printf(&out, ":%u", p->line);
	buf_puts(&out, p->file.v ? ")" : "]");
print:
	puts(buf_cstr(&out));
	buf_release(&name);
	buf_release(&out);
}

static void print_stack(struct dump *d, struct stack_id stack)
{
	const struct stack_id *parents = model_stack_parents(d->model);
	const struct frame_id *frames = model_stack_frames(d->model);
	const struct model_place *places;
	const struct rec_frame *f;
	size_t count, i;

	for (; stack.v; stack = parents[stack.v]) {
		f = model_frame(d->model, frames[stack.v]);
		if (!profile_shows(d->show, f))
			continue;
		places = model_places(d->model, frames[stack.v], &count);
		for (i = 0; i < count; i++)
			print_place(d, f, &places[i]);
	}
}

static void print_thread(struct dump *d, const struct dump_thread *t)
{
	static const char *const trouble[] = {
		[BLOCKED_RUNS] = "it runs, but no sample of it came",
		[BLOCKED_MOVED] = "it ran at every look, no sample of it came",
		[BLOCKED_GONE] = "it has ended",
		[BLOCKED_REFUSED] = "its stack may not be read "
				    "(see adder doctor -p)",
	};
	struct sys_proc_stat st;
	char name[256] = "";

	if (sys_proc_stat(d->pid, t->tid, &st) == 0)
		text_escape_to(name, sizeof(name), st.comm, strlen(st.comm));
	printf("\nthread %d \"%s\" (%s)\n", (int)t->tid, name,
	       !t->t_mono_ns ? "no stack" :
	       t->was_blocked ? "waiting" : "running");
	if (t->t_mono_ns)
		print_stack(d, t->stack);
	else
		printf("    [%s]\n", t->result == BLOCKED_FED ? "no stack" :
		       trouble[t->result]);
}

static void print_all(struct dump *d)
{
	struct buf exe = { 0 }, safe = { 0 };
	size_t i;

	if (sys_proc_exe(d->pid, &exe))
		buf_puts(&exe, "no program");	/* of the kernel, or ended */
	text_escape(&safe, exe.data ? exe.data : "", exe.len);
	printf("process %d: %s, %zu thread%s\n", (int)d->pid, buf_cstr(&safe),
	       d->count, d->count == 1 ? "" : "s");
	buf_release(&exe);
	buf_release(&safe);
	for (i = 0; i < d->count; i++)
		print_thread(d, &d->threads[i]);
}

static int dump(struct dump *d, struct err *err)
{
	struct session_opts opts = { 0 };
	int rc;

	rc = list_threads(d, err);
	if (rc < 0)
		return rc;
	d->model = model_new();
	model_keep_samples(d->model);
	opts.capture.pids = &d->pid;
	opts.capture.pid_count = 1;
	opts.capture.no_children = true;
	opts.capture.frequency_hz = DUMP_HZ;
	opts.capture.sys = &sys_real;
	opts.sink = model_sink(d->model);
	opts.quiet = opts.advise = true;
	rc = session_open(&d->session, &opts, err);
	if (rc < 0)
		return rc;
	rc = session_start(d->session, err);
	if (rc < 0)
		return rc;
	rc = catch_all(d, err);
	if (rc < 0)
		return rc;
	capture_stop(session_capture(d->session));
	rc = session_finish(d->session, false, err);
	if (rc < 0)
		return rc;
	print_all(d);
	return 0;
}

static const char dump_help[] =
"usage: adder dump [options] -p PID\n"
"\n"
"Prints the stacks of all threads of a process now, innermost frame first,\n"
"without stopping it.\n"
"\n"
"  -p, --pid PID       the process\n"
"      --show WHAT     python, native or both (default)\n"
"  -n, --native        both, as py-spy writes it\n"
"  -h, --help          this text\n";

int cmd_dump(int argc, char **argv)
{
	enum { OPT_SHOW = 256 };
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "show", required_argument, NULL, OPT_SHOW },
		{ "native", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *const shows[] = {
		[SHOW_BOTH] = "both", [SHOW_PYTHON] = "python",
		[SHOW_NATIVE] = "native",
	};
	struct dump d = { .show = SHOW_BOTH };
	struct err err = { 0 };
	int c, rc, show;

	while ((c = getopt_long(argc, argv, ":p:nh", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			if (!cmd_parse_pid(optarg, &d.pid))
				return cmd_usage("dump",
						 "-p takes a process id");
			break;
		case OPT_SHOW:
			show = cmd_choice(optarg, shows, ARRAY_LEN(shows));
			if (show < 0)
				return cmd_bad_value("dump", "--show", optarg,
						     "python, native or both");
			d.show = (enum show)show;
			break;
		case 'n':
			d.show = SHOW_BOTH;
			break;
		case 'h':
			fputs(dump_help, stdout);
			return 0;
		default:
			return cmd_bad_option("dump", argc, argv, c, options,
					      NULL);
		}
	}
	if (!d.pid || optind < argc)
		return cmd_usage("dump", "give one process with -p PID");
	rc = dump(&d, &err);
	session_free(d.session);
	model_free(d.model);
	mem_free(d.threads);
	return rc < 0 ? cmd_fail(&err) : 0;
}
