/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adder record: a command or running processes into a recording.
 *
 * Ctrl-C reaches a started command too (it shares our terminal and process
 * group, as under perf or time): one lets it end, two within three seconds stop
 * recording. Whatever ends the work, what was recorded is kept.
 */
#include "cmd/cmd.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/event.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/python.h"
#include "adder/recording.h"
#include "adder/sys.h"
#include "adder/text.h"
#include "adder/vec.h"
#include "cmd/session.h"
#include "cmd/target.h"

#define PASS_MS 100
#define FLUSH_NS UINT64_C(1000000000)
#define NAMES_NS UINT64_C(10000000000)
#define PROGRESS_NS UINT64_C(500000000)
/* Two signals within this time end the recording of a command. */
#define TWICE_NS UINT64_C(3000000000)

struct record_args {
	struct target_args target;
	const char *output;
	uint64_t duration_ns;
	bool no_python, quiet;
};

struct recorder {
	struct record_args args;
	struct py_spawn spawn;
	struct recording_writer *writer;
	struct session *session;
	uint64_t start_realtime_ns;
	bool duration_over, interrupted;
	int stops_seen;		/* of stop_count */
	uint64_t stop_ns;	/* when the last one was seen */
	uint64_t last_flush_ns, last_names_ns, last_progress_ns;
};

/* How long a command that is told to end may take before it is mentioned. */
#define ENDING_NS UINT64_C(1000000000)

/*
 * Set by the handler, read by the loop: how often a signal came, the last one
 * that a command of ours did not get by itself (0: none).
 */
static volatile sig_atomic_t stop_count, forward_signal;
static struct capture *volatile stop_capture;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	/* The terminal signals the whole group, kill(1) us alone. */
	if (info->si_code == SI_USER)
		forward_signal = sig;
	stop_count++;
	if (stop_capture)
		capture_interrupt(stop_capture);
}

static const char record_help[] =
"usage: adder record [options] [--] COMMAND [ARG...]\n"
"       adder record [options] -p PID[,PID...]\n"
"\n"
"Records where a program spends its CPU time: Python, native and kernel\n"
"frames, complete to the root. Look at it with `adder report`.\n"
"\n"
TARGET_HELP
"  -o, --output FILE     the recording (default adder.rec)\n"
"  -d, --duration S      stop after S seconds; a command is then ended\n"
"      --no-python       leave the command's environment alone, native only\n"
"  -q, --quiet           say only what went wrong\n"
"  -v, --verbose         say what it cost, too\n"
"  -h, --help            this text\n";

enum { OPT_NO_PYTHON = TARGET_OPT_LAST };

/* parse_args() has printed the help: nothing is left to do. */
#define PARSED_HELP (-1)

/* What users of perf and py-spy type. */
static const struct word_hint record_hints[] = {
	{ "--format", "'adder script' and 'adder report' write a recording "
	  "in other formats" },
	{ "-f", "'adder script' and 'adder report' write a recording in other "
	  "formats" },
	{ "-a", "give -p PID or a command: the whole machine is not recorded "
	  "by this version" },
	{ "-t", "threads are always told apart: 'adder report --by thread'" },
	{ "--native", "native frames are always recorded" },
	{ "-n", "native frames are always recorded" },
	{ "--gil", "this version does not know who holds the GIL" },
	{ "--idle", "only time on a CPU is recorded by this version" },
	{ NULL, NULL },
};

static int parse_args(int argc, char **argv, struct record_args *a)
{
	static const struct option options[] = {
		TARGET_LONG_OPTIONS,
		{ "output", required_argument, NULL, 'o' },
		{ "duration", required_argument, NULL, 'd' },
		{ "no-python", no_argument, NULL, OPT_NO_PYTHON },
		{ "quiet", no_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct err err = { 0 };
	int c, rc;

	a->output = "adder.rec";
	target_args_init(&a->target);
	while ((c = getopt_long(argc, argv, "+:" TARGET_SHORT_OPTIONS "o:d:qvh",
				options, NULL)) != -1) {
		rc = target_args_take(&a->target, c, optarg, &err);
		if (rc == 1)
			continue;
		if (rc < 0)
			return cmd_usage("record", err.message);
		switch (c) {
		case 'o':
			a->output = optarg;
			break;
		case 'd':
			if (!cmd_parse_duration(optarg, &a->duration_ns) ||
			    !a->duration_ns)
				return cmd_bad_value("record", "--duration",
						     optarg, "seconds above 0, "
						     "such as 10 or 500ms");
			break;
		case OPT_NO_PYTHON:
			a->no_python = true;
			break;
		case 'q':
			a->quiet = true;
			break;
		case 'v':
			log_set_level(LOG_DEBUG);
			break;
		case 'h':
			fputs(record_help, stdout);
			return PARSED_HELP;
		default:
			return cmd_bad_option("record", argc, argv, c, options,
					      record_hints);
		}
	}
	rc = target_args_finish(&a->target, argc - optind, argv + optind, &err);
	if (rc < 0)
		return cmd_usage("record", err.message);
	return 0;
}

/*
 * What we are told to ignore (nohup's SIGHUP, SIGINT of a script's background
 * job) stays ignored, for us and for the command. SIGCHLD may not be: the
 * command's status would be lost.
 */
static void set_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_flags = SA_SIGINFO }, old;
	size_t i;

	sa.sa_sigaction = on_signal;
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < ARRAY_LEN(signals); i++) {
		if (!sigaction(signals[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* The recording survives an allocation that fails. */
static void on_oom(void *ctx)
{
	struct recorder *r = ctx;

	if (r->writer)
		recording_writer_abandon(r->writer);
	r->writer = NULL;
}

static void show_progress(struct recorder *r, uint64_t now_ns)
{
	const struct pipeline_stats *ps;

	if (r->args.quiet || r->args.target.argv || !isatty(STDERR_FILENO) ||
	    now_ns - r->last_progress_ns < PROGRESS_NS)
		return;
	r->last_progress_ns = now_ns;
	ps = pipeline_stats(session_pipeline(r->session));
	fprintf(stderr, "\rrecording: %llu s, %llu samples (Ctrl-C ends it) ",
		(unsigned long long)(session_elapsed_ns(r->session) /
				     UINT64_C(1000000000)),
		(unsigned long long)ps->samples);
	fflush(stderr);
	log_over_progress(true);
}

/* What signals and the clock ask for. */
static void check_end(struct recorder *r)
{
	struct capture *c = session_capture(r->session);
	uint64_t now_ns = sys_mono_ns();
	pid_t child = capture_child(c);
	bool twice;

	/* A command that goes on after a Ctrl-C, as a prompt does, meant to. */
	if (child && r->stop_ns && now_ns - r->stop_ns > TWICE_NS)
		r->interrupted = false;
	if (stop_count > r->stops_seen) {
		twice = r->interrupted || stop_count > r->stops_seen + 1;
		r->stops_seen = stop_count;
		if (child && forward_signal) {
			kill(child, forward_signal);
			forward_signal = 0;
		}
		if (!child || twice)
			capture_stop(c);
		r->interrupted = true;
		r->stop_ns = now_ns;
	}
	if (r->args.duration_ns && !r->duration_over &&
	    session_elapsed_ns(r->session) >= r->args.duration_ns) {
		r->duration_over = true;
		capture_stop(c);
	}
}

static int housekeeping(struct recorder *r, struct err *err)
{
	uint64_t now_ns = sys_mono_ns();
	int rc;

	show_progress(r, now_ns);
	if (now_ns - r->last_names_ns >= NAMES_NS) {
		r->last_names_ns = now_ns;
		rc = pipeline_symbolize(session_pipeline(r->session), false,
					NULL);
		if (rc < 0 && recording_writer_err(r->writer)->code)
			return rc;
	}
	if (now_ns - r->last_flush_ns >= FLUSH_NS) {
		r->last_flush_ns = now_ns;
		return recording_writer_flush(r->writer, err);
	}
	return 0;
}

static int pass_timeout_ms(const struct recorder *r)
{
	uint64_t elapsed, left;

	if (!r->args.duration_ns || r->duration_over)
		return PASS_MS;
	elapsed = session_elapsed_ns(r->session);
	if (elapsed >= r->args.duration_ns)
		return 0;
	left = (r->args.duration_ns - elapsed) / 1000000 + 1;
	return left < PASS_MS ? (int)left : PASS_MS;
}

static int run(struct recorder *r, struct err *err)
{
	int rc;

	r->last_flush_ns = r->last_names_ns = sys_mono_ns();
	do {
		check_end(r);
		rc = session_pass(r->session, pass_timeout_ms(r), err);
		if (rc < 0)
			return rc;
		if (housekeeping(r, err) < 0)
			return -ERR_IO;
	} while (rc > 0);
	return 0;
}

/* How the sink's own error, if there is one, is told. */
static void prefer_writer_error(struct recorder *r, struct err *err)
{
	const struct err *we = recording_writer_err(r->writer);

	if (we && we->code)
		*err = *we;
}

static void tell_result(struct recorder *r, uint64_t file_bytes)
{
	const struct pipeline_stats *ps;
	const struct capture_stats *cs;
	uint64_t lost, with_user;
	char size[32];

	ps = pipeline_stats(session_pipeline(r->session));
	cs = capture_stats(session_capture(r->session));
	lost = cs->lost_ring + cs->lost_queue;
	with_user = ps->samples - ps->end[END_NO_USER];
	if (lost)
		log_warning("%llu samples were lost: lower the rate (-F) or "
			    "raise RLIMIT_MEMLOCK",
			    (unsigned long long)lost);
	if (r->args.quiet)
		return;
	if (!ps->samples) {
		log_note(r->args.target.event_count ?
			 "no samples: the event did not occur meanwhile" :
			 "no samples: the target used no CPU time meanwhile");
		return;
	}
	text_bytes(size, sizeof(size), file_bytes);
	log_note("%llu samples, %llu lost, %.1f %% of the stacks complete, "
		 "%s in %s; look at it with: adder report%s%s",
		 (unsigned long long)ps->samples, (unsigned long long)lost,
		 with_user ? 100.0 * (double)ps->end[END_COMPLETE] /
		 (double)with_user : 0.0, size, r->args.output,
		 strcmp(r->args.output, "adder.rec") ? " " : "",
		 strcmp(r->args.output, "adder.rec") ? r->args.output : "");
}

/* What it took from the machine; the target's own pauses are not in it. */
static void tell_cost(struct recorder *r)
{
	const struct capture_stats *cs;
	const struct pipeline_stats *ps;
	uint64_t cpu_ns = sys_process_cpu_ns();

	cs = capture_stats(session_capture(r->session));
	ps = pipeline_stats(session_pipeline(r->session));
	if (!ps->samples)
		return;
	log_debug("adder's own CPU time: %.3f s, %.1f us per sample (readers "
		  "%.1f us, woken %.2f times per sample); %.1f frames and "
		  "%.1f KB of stack read per sample",
		  (double)cpu_ns / 1e9,
		  (double)cpu_ns / 1e3 / (double)ps->samples,
		  (double)cs->readers_cpu_ns / 1e3 / (double)ps->samples,
		  (double)cs->wakes / (double)ps->samples,
		  (double)ps->frames / (double)ps->samples,
		  (double)cs->stack_bytes / 1e3 / (double)ps->samples);
	log_debug("stacks held %llu, from the kernel's dump %llu, with a tail "
		  "that agrees %llu, not proved %llu",
		  (unsigned long long)cs->held,
		  (unsigned long long)cs->dumped,
		  (unsigned long long)cs->overlap,
		  (unsigned long long)cs->unproved);
}

/*
 * Waits for a command that was told to end. It may have much to put in order:
 * only a further signal kills it.
 */
static int await_child(struct capture *c, pid_t child)
{
	int status, stops = stop_count;
	uint64_t since_ns = sys_mono_ns();
	bool said = false;

	while (!capture_child_status(c, &status)) {
		if (stop_count > stops)
			kill(child, SIGKILL);
		if (!said && sys_mono_ns() - since_ns >= ENDING_NS) {
			log_note("the recording is over; the command was told "
				 "to end and has not yet: Ctrl-C kills it");
			said = true;
		}
		usleep(2000);
	}
	return status;
}

/*
 * Ends a command that outlives its recording (--duration, a second Ctrl-C),
 * so that its status can be passed on.
 */
static int child_status(struct recorder *r)
{
	struct capture *c = session_capture(r->session);
	pid_t child = capture_child(c);
	int status;

	if (!child)
		return 0;
	if (!capture_child_status(c, &status)) {
		kill(child, SIGTERM);
		status = await_child(c, child);
	}
	if (WIFSIGNALED(status)) {
		if (r->duration_over && WTERMSIG(status) == SIGTERM)
			return 0;	/* it was us */
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

static void remove_maps(struct recorder *r)
{
	pid_t *pids;
	size_t count, i;

	if (!r->args.target.argv || r->args.no_python ||
	    r->spawn.how == PY_ACT_ALREADY)
		return;
	count = pipeline_python_pids(session_pipeline(r->session), &pids);
	for (i = 0; i < count; i++)
		py_map_remove(pids[i], r->start_realtime_ns);
	mem_free(pids);
}

static int open_session(struct recorder *r, struct err *err)
{
	struct session_opts opts = { .no_python = r->args.no_python,
				     .quiet = r->args.quiet };
	int rc;

	target_args_capture(&r->args.target, &opts.capture);
	if (opts.capture.argv && !r->args.no_python) {
		rc = py_spawn_prepare(opts.capture.argv, opts.capture.envp,
				      &r->spawn, err);
		if (rc < 0)
			return rc;
		opts.capture.argv = r->spawn.argv;
		opts.capture.envp = r->spawn.envp;
	}
	opts.sink = recording_writer_sink(r->writer);
	rc = session_open(&r->session, &opts, err);
	if (rc < 0)
		return rc;
	stop_capture = session_capture(r->session);
	return session_start(r->session, err);
}

/* Nothing was recorded: no file is left behind. */
static void drop_file(struct recorder *r)
{
	unlink(recording_writer_path(r->writer));
	recording_writer_abandon(r->writer);
	r->writer = NULL;
}

static int record(struct recorder *r, struct err *err)
{
	uint64_t file_bytes;
	int rc, status;

	rc = recording_writer_open(&r->writer, r->args.output, err);
	if (rc < 0)
		return cmd_fail(err);
	mem_set_oom_hook(on_oom, r);
	set_signals();
	r->start_realtime_ns = sys_realtime_ns();
	rc = open_session(r, err);
	if (rc < 0) {
		drop_file(r);
		cmd_fail(err);
		if (!r->args.target.argv)
			return CMD_FAILED;
		return err->code == ERR_NOTFOUND ? 127 : CMD_FAILED;
	}
	rc = run(r, err);
	if (rc >= 0)
		rc = session_finish(r->session, r->interrupted, err);
	stop_capture = NULL;
	status = child_status(r);
	remove_maps(r);
	if (rc < 0) {
		prefer_writer_error(r, err);
		log_note("what was recorded until then is kept in %s",
			 recording_writer_path(r->writer));
		recording_writer_abandon(r->writer);
		r->writer = NULL;
		return cmd_fail(err);
	}
	recording_writer_flush(r->writer, NULL);
	file_bytes = recording_writer_stats(r->writer)->file_bytes;
	rc = recording_writer_close(r->writer, err);
	r->writer = NULL;
	if (rc < 0)
		return cmd_fail(err);
	tell_result(r, file_bytes);
	tell_cost(r);
	return status;
}

int cmd_record(int argc, char **argv)
{
	struct recorder r = { 0 };
	struct err err = { 0 };
	int rc;

	rc = parse_args(argc, argv, &r.args);
	if (rc == 0)
		rc = record(&r, &err);
	else if (rc == PARSED_HELP)
		rc = 0;
	mem_set_oom_hook(NULL, NULL);
	session_free(r.session);
	py_spawn_release(&r.spawn);
	target_args_release(&r.args.target);
	return rc;
}
