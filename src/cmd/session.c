/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cmd/session.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/space.h"
#include "adder/sys.h"

struct session {
	struct session_opts opts;
	struct capture *capture;
	struct pipeline *pipeline;
	struct hmap said;	/* hash of a step's text -> 1 */
	struct buf unsaid;	/* notes until it starts, each with its NUL */
	bool started;
	uint64_t start_mono_ns, end_mono_ns;
};

static void say_note(struct session *s, const char *text)
{
	if (!s->opts.quiet)
		log_note("%s", text);
}

/* What it took to start is of no interest if it does not. */
static void say_unsaid(struct session *s)
{
	size_t at;

	s->started = true;
	for (at = 0; at < s->unsaid.len; at += strlen(s->unsaid.data + at) + 1)
		say_note(s, s->unsaid.data + at);
}

/* Each thing is said once, and kept in the recording. */
static void say(struct session *s, const char *text, bool is_warning)
{
	bool is_new;

	hmap_put(&s->said, hash_bytes(text, strlen(text)), &is_new);
	if (!is_new)
		return;
	if (is_warning)
		log_warning("%s", text);
	else if (s->started)
		say_note(s, text);
	else
		buf_put(&s->unsaid, text, strlen(text) + 1);
	pipeline_step(s->pipeline, text, 1, is_warning);
}

static void on_capture_step(void *ctx, const char *text)
{
	say(ctx, text, false);
}

static void on_pipeline_step(void *ctx, const char *text, bool is_warning)
{
	struct session *s = ctx;

	if (s->opts.advise && !is_warning)
		log_note("%s", text);
	say(s, text, is_warning);
}

static void on_side_band(void *ctx, const struct perf_rec *rec)
{
	struct session *s = ctx;

	pipeline_sight(s->pipeline, rec);
}

static void on_stack_hint(void *ctx, pid_t tid, uint64_t hi_avma)
{
	struct session *s = ctx;

	capture_stack_hint(s->capture, tid, hi_avma);
}

/* A word as a shell would take it back. */
static void put_shell_word(struct buf *b, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-+=./:,@%^";

	if (b->len)
		buf_putc(b, ' ');
	if (*word && strspn(word, plain) == strlen(word)) {
		buf_puts(b, word);
		return;
	}
	buf_putc(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_puts(b, "'\\''");
		else
			buf_putc(b, *word);
	}
	buf_putc(b, '\'');
}

static void meta_u64(struct session *s, const char *key, uint64_t v)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	pipeline_meta(s->pipeline, key, text);
}

static void meta_cpu_model(struct session *s)
{
	struct buf b = { 0 };
	const char *p, *end;

	if (sys_read_file("/proc/cpuinfo", &b, 1 << 16) < 0)
		goto out;
	p = strstr(buf_cstr(&b), "model name");
	if (p)
		p = strchr(p, ':');
	if (!p)
		goto out;
	p += strspn(p, ": \t");
	end = strchr(p, '\n');
	b.len = end ? (size_t)(end - b.data) : b.len;
	buf_cstr(&b);
	pipeline_meta(s->pipeline, "cpu_model", p);
out:
	buf_release(&b);
}

static void push_meta(struct session *s)
{
	const struct capture_opts *c = &s->opts.capture;
	struct buf command = { 0 };
	struct utsname u;
	int64_t paranoid;
	size_t i;

	pipeline_meta(s->pipeline, "version", PACKAGE_VERSION);
	if (!uname(&u)) {
		pipeline_meta(s->pipeline, "hostname", u.nodename);
		pipeline_meta(s->pipeline, "kernel", u.release);
		pipeline_meta(s->pipeline, "arch", u.machine);
	}
	meta_u64(s, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	meta_cpu_model(s);
	for (i = 0; c->argv && c->argv[i]; i++)
		put_shell_word(&command, c->argv[i]);
	for (i = 0; i < c->pid_count; i++)
		buf_printf(&command, "%s%d", i ? "," : "-p ",
			   (int)c->pids[i]);
	pipeline_meta(s->pipeline, "command", buf_cstr(&command));
	buf_release(&command);
	pipeline_meta(s->pipeline, "mode", c->argv ? "spawn" : "attach");
	meta_u64(s, "start_realtime_ns", sys_realtime_ns());
	meta_u64(s, "start_mono_ns", s->start_mono_ns);
	meta_u64(s, c->period ? "period" : "frequency_hz",
		 c->period ? c->period : c->frequency_hz);
	meta_u64(s, "uid", (uint64_t)geteuid());
	if (sys_read_i64("/proc/sys/kernel/perf_event_paranoid", &paranoid) == 0)
		meta_u64(s, "perf_event_paranoid", (uint64_t)paranoid);
	pipeline_meta(s->pipeline, "held",
		      capture_class(s->capture) == CAPTURE_RT ? "rt" :
		      capture_class(s->capture) == CAPTURE_CERTIFICATE ?
		      "certificate" : "none");
}

static void push_events(struct session *s)
{
	const struct rec_event *events;
	const char *const *names;
	size_t count, i;

	count = capture_events(s->capture, &events, &names);
	for (i = 0; i < count; i++)
		pipeline_event(s->pipeline, &events[i], names[i]);
}

int session_open(struct session **out, const struct session_opts *opts,
		 struct err *err)
{
	struct session *s = mem_calloc(1, sizeof(*s));
	struct pipeline_opts popts = {
		.sink = opts->sink, .no_python = opts->no_python,
		.attached = !opts->capture.argv, .stack_hint = on_stack_hint,
		.step = on_pipeline_step, .ctx = s, .sys = opts->capture.sys,
	};
	struct capture_hooks hooks = {
		.step = on_capture_step, .side_band = on_side_band, .ctx = s,
	};
	int rc;

	s->opts = *opts;
	s->start_mono_ns = sys_mono_ns();
	hmap_init(&s->said);
	s->pipeline = pipeline_new(&popts);
	rc = capture_open(&s->capture, &opts->capture, &hooks, err);
	if (rc < 0) {
		session_free(s);
		return rc;
	}
	push_meta(s);
	push_events(s);
	*out = s;
	return 0;
}

int session_start(struct session *s, struct err *err)
{
	size_t i;
	int rc;

	rc = capture_start(s->capture, err);
	if (rc < 0)
		return rc;
	s->start_mono_ns = sys_mono_ns();
	/* After the events count, so that no mapping falls between. */
	for (i = 0; i < s->opts.capture.pid_count; i++) {
		rc = pipeline_attach(s->pipeline, s->opts.capture.pids[i], err);
		/* what has ended by now has samples, or nothing to show */
		if (rc < 0 && rc != -ERR_NOTFOUND)
			return rc;
	}
	say_unsaid(s);
	return 0;
}

int session_pass(struct session *s, int timeout_ms, struct err *err)
{
	const struct perf_rec *rec;
	int more, rc;

	more = capture_next_pass(s->capture, timeout_ms, err);
	if (more < 0)
		return more;
	while ((rec = capture_next(s->capture))) {
		rc = pipeline_feed(s->pipeline, rec);
		if (rc < 0)
			return rc;
	}
	return more;
}

int session_finish(struct session *s, bool interrupted, struct err *err)
{
	const struct capture_stats *cs = capture_stats(s->capture);
	struct rec_finish totals = {
		.start_mono_ns = s->start_mono_ns,
		.end_mono_ns = sys_mono_ns(),
		.lost = cs->lost_ring + cs->lost_queue,
		.running_ns = cs->running_ns,
		.interrupted = interrupted,
	};

	s->end_mono_ns = totals.end_mono_ns;
	pipeline_lost(s->pipeline, totals.end_mono_ns, LOST_QUEUE,
		      cs->lost_queue);
	pipeline_lost(s->pipeline, totals.end_mono_ns, LOST_LATE, cs->late);
	pipeline_lost(s->pipeline, totals.end_mono_ns, LOST_DECODE,
		      cs->undecodable);
	return pipeline_finish(s->pipeline, &totals, err);
}

struct capture *session_capture(struct session *s)
{
	return s->capture;
}

struct pipeline *session_pipeline(struct session *s)
{
	return s->pipeline;
}

uint64_t session_elapsed_ns(const struct session *s)
{
	return sys_mono_ns() - s->start_mono_ns;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	capture_free(s->capture);
	pipeline_free(s->pipeline);
	hmap_release(&s->said);
	buf_release(&s->unsaid);
	mem_free(s);
}
