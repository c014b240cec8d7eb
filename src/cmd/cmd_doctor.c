/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * adder doctor: the whole permission ladder of this machine, and of one
 * process, each line with what it means and what would change it. Everything
 * is tried, nothing is concluded from a version.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cmd/cmd.h"

#include <getopt.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/log.h"
#include "adder/python.h"
#include "adder/space.h"
#include "adder/symbol.h"
#include "adder/sys.h"
#include "adder/text.h"

enum verdict { GOOD, STEP_DOWN, BAD };

struct doctor {
	int worst;		/* enum verdict */
	bool colour;
	int64_t paranoid;	/* -100 = not known */
};

static void line(struct doctor *d, enum verdict v, const char *what,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void line(struct doctor *d, enum verdict v, const char *what,
		 const char *fmt, ...)
{
	static const char *const mark[] = { "ok", "--", "NO" };
	static const char *const ansi[] = { "\033[32m", "\033[33m", "\033[31m" };
	struct buf safe = { 0 };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_escape(&safe, text, strlen(text));
	printf("  %s%s%s  %-17s %s\n", d->colour ? ansi[v] : "", mark[v],
	       d->colour ? "\033[0m" : "", what, buf_cstr(&safe));
	buf_release(&safe);
	if ((int)v > d->worst)
		d->worst = v;
}

static void remedy(const char *text)
{
	printf("        %-17s %s\n", "", text);
}

/* Opens and closes one event on pid; 0 or -errno. */
static int try_event(uint32_t type, uint64_t config, pid_t pid,
		     bool exclude_kernel)
{
	struct perf_event_attr attr = {
		.type = type, .config = config, .size = sizeof(attr),
		.sample_period = 1000000, .disabled = 1,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID,
		.exclude_kernel = exclude_kernel, .exclude_hv = 1,
	};
	int fd = sys_real.perf_event_open(&attr, pid, -1, -1,
					  PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void check_events(struct doctor *d)
{
	int user, kernel, hw;

	user = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0, true);
	if (user < 0) {
		line(d, BAD, "perf events", "refused: %s", strerror(-user));
		remedy(d->paranoid > 2 ?
		       "sysctl kernel.perf_event_paranoid=2 (or lower), or "
		       "run as root" :
		       "a seccomp filter, as in containers: allow "
		       "perf_event_open, or run outside");
		return;
	}
	line(d, GOOD, "perf events", "permitted on your own processes");
	kernel = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0,
			   false);
	if (kernel < 0) {
		line(d, STEP_DOWN, "kernel frames", "not permitted: user time "
		     "only, kernel time stays unsampled");
		remedy("sysctl kernel.perf_event_paranoid=1, or CAP_PERFMON");
	} else {
		line(d, GOOD, "kernel frames", "permitted");
	}
	hw = try_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0, true);
	if (hw < 0)
		line(d, STEP_DOWN, "hardware counters", "none here (%s): "
		     "samples are taken by cpu-clock", strerror(-hw));
	else
		line(d, GOOD, "hardware counters", "cycles can be counted");
}

static void check_kallsyms(struct doctor *d)
{
	struct err err = { 0 };
	struct kallsyms *k = kallsyms_read(&err);

	if (k) {
		line(d, GOOD, "kernel symbols", "/proc/kallsyms shows "
		     "addresses");
		kallsyms_free(k);
		return;
	}
	line(d, STEP_DOWN, "kernel symbols", "%s", err.message);
	remedy("sysctl kernel.kptr_restrict=0, or run as root");
}

static void check_realtime(struct doctor *d)
{
	struct sched_param sp = { .sched_priority = 1 }, none = { 0 };

	if (!sched_setscheduler(0, SCHED_FIFO, &sp)) {
		sched_setscheduler(0, SCHED_OTHER, &none);
		line(d, GOOD, "held reads", "real-time class permitted: every "
		     "stack is read while its thread stands still");
		return;
	}
	line(d, STEP_DOWN, "held reads", "no real-time class: a read that "
	     "cannot be proved is replaced by the kernel's own copy");
	remedy("CAP_SYS_NICE, or RLIMIT_RTPRIO of 1 (ulimit -r 1)");
}

static void check_limits(struct doctor *d)
{
	struct rlimit files, locked;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		if (files.rlim_max < 4096)
			line(d, STEP_DOWN, "descriptors", "%llu at most: "
			     "enough for about %llu threads when attaching",
			     (unsigned long long)files.rlim_max,
			     (unsigned long long)files.rlim_max / 2 /
			     (unsigned long long)sysconf(_SC_NPROCESSORS_ONLN));
		else
			line(d, GOOD, "descriptors", "%llu at most",
			     (unsigned long long)files.rlim_max);
	}
	if (!getrlimit(RLIMIT_MEMLOCK, &locked) &&
	    locked.rlim_cur != RLIM_INFINITY)
		line(d, GOOD, "locked memory", "%llu KB beside the kernel's "
		     "allowance per CPU (perf_event_mlock_kb)",
		     (unsigned long long)locked.rlim_cur >> 10);
}

static void check_ptrace(struct doctor *d)
{
	int64_t scope;

	if (sys_read_i64("/proc/sys/kernel/yama/ptrace_scope", &scope) < 0 ||
	    scope == 0) {
		line(d, GOOD, "reading memory", "permitted on your own "
		     "processes");
		return;
	}
	if (geteuid() == 0 && scope < 3) {
		line(d, GOOD, "reading memory", "permitted (Yama's ptrace_scope "
		     "is %d, but you are root)", (int)scope);
		return;
	}
	line(d, STEP_DOWN, "reading memory", "Yama's ptrace_scope is %d: only "
	     "of commands that adder starts", (int)scope);
	remedy("sysctl kernel.yama.ptrace_scope=0, or CAP_SYS_PTRACE");
}

static void check_machine(struct doctor *d)
{
	struct utsname u;

	if (!uname(&u))
		printf("adder %s on %s %s, %ld CPUs, %s\n", PACKAGE_VERSION,
		       u.sysname, u.release, sysconf(_SC_NPROCESSORS_ONLN),
		       u.machine);
	d->paranoid = -100;
	sys_read_i64("/proc/sys/kernel/perf_event_paranoid", &d->paranoid);
	printf("perf_event_paranoid is %lld, you are %s\n\n",
	       (long long)d->paranoid, geteuid() ? "not root" : "root");
	check_events(d);
	check_kallsyms(d);
	check_realtime(d);
	check_ptrace(d);
	check_limits(d);
}

static void check_python(struct doctor *d, struct process *p)
{
	enum py_map_state state = PY_MAP_NONE;
	struct buf why = { 0 };
	struct py_build b;

	py_build_of(p, &b);
	if (!b.is_python) {
		line(d, GOOD, "Python", "none in this process: native frames");
		return;
	}
	p->python = py_process_new(p);
	state = py_process_refresh(p->python, &why);
	if (state == PY_MAP_GOOD)
		line(d, GOOD, "Python", "3.%d (%s), its perf map is there: "
		     "Python functions are named", b.minor, b.path);
	else if (why.len)
		line(d, BAD, "Python", "%s", buf_cstr(&why));
	else if (py_advice(p, state, true, &why))
		line(d, STEP_DOWN, "Python", "%s", buf_cstr(&why));
	else
		line(d, STEP_DOWN, "Python", "3.%d (%s), no perf map",
		     b.minor, b.path);
	py_process_free(p->python);
	p->python = NULL;
	buf_release(&why);
}

static int check_process(struct doctor *d, pid_t pid)
{
	struct sys_proc_stat st;
	struct err err = { 0 };
	struct space *space;
	struct process *p;
	uint64_t word;
	int rc;

	if (sys_proc_stat(pid, 0, &st) < 0) {
		err_set(&err, ERR_NOTFOUND, "no process %d", (int)pid);
		return cmd_fail(&err);
	}
	printf("\nprocess %d\n\n", (int)pid);
	rc = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, pid, true);
	if (rc < 0) {
		line(d, BAD, "recording it", "refused: %s", strerror(-rc));
		remedy("it belongs to another user or has raised rights: run "
		       "as root, or with CAP_PERFMON and CAP_SYS_PTRACE");
		return 0;
	}
	line(d, GOOD, "recording it", "permitted");
	space = space_new(&(struct space_hooks){ 0 });
	rc = space_attach(space, pid, &err);
	p = rc < 0 ? NULL : space_process(space, pid);
	if (!p) {
		line(d, BAD, "its mappings", "%s", err.message);
		goto out;
	}
	if (p->map_count && sys_mem_read(pid, p->maps[0].lo_avma, &word,
					 sizeof(word)) < 0) {
		line(d, BAD, "reading its stack", "refused");
		remedy("CAP_SYS_PTRACE, or kernel.yama.ptrace_scope=0");
	} else {
		line(d, GOOD, "reading its stack", "permitted");
	}
	check_python(d, p);
out:
	space_free(space);
	return 0;
}

static const char doctor_help[] =
"usage: adder doctor [-p PID]\n"
"\n"
"Says what this machine (and this process) permits, and what would change it.\n"
"`ok` works, `--` is a step down that adder takes by itself, `NO` stops it.\n"
"\n"
"  -p, --pid PID    look at this process as well\n"
"  -h, --help       this text\n";

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "pid", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct doctor d = { .colour = isatty(STDOUT_FILENO) };
	pid_t pid = 0;
	int c, rc = 0;

	while ((c = getopt_long(argc, argv, ":p:h", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			if (!cmd_parse_pid(optarg, &pid))
				return cmd_usage("doctor",
						 "-p takes a process id");
			break;
		case 'h':
			fputs(doctor_help, stdout);
			return 0;
		default:
			return cmd_bad_option("doctor", argc, argv, c, options,
					      NULL);
		}
	}
	if (optind < argc)
		return cmd_usage("doctor", "it takes no words but -p PID");
	check_machine(&d);
	if (pid)
		rc = check_process(&d, pid);
	if (rc)
		return rc;
	return d.worst == BAD ? CMD_FAILED : 0;
}
