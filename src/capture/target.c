/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes and descriptors. Oldest kernel supported: 5.4. What came later
 * is probed on ourselves and left out where it is missing: build-ids in MMAP2
 * (5.12), lost counts per event (6.0).
 */
#include "capture/target.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "adder/arch.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/sys_perf.h"

/* More often, and the target gets nowhere between two samples. */
#define CLOCK_LEAST_NS 50000
/* No event has this index; UINT64_MAX is the side event's. */
#define NO_CLOCK (UINT64_MAX - 1)
#ifndef PERF_FORMAT_LOST
#define PERF_FORMAT_LOST (1U << 4)
#endif

#define SAMPLE_TYPE							\
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |	\
	 PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |	\
	 PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER)

static int open_fd(const struct target *t, const struct perf_event_attr *attr,
		   pid_t pid, int cpu)
{
	struct perf_event_attr copy = *attr;	/* the kernel may write size */

	return t->sys->perf_event_open(&copy, pid, cpu, -1,
				       PERF_FLAG_FD_CLOEXEC);
}

/* 0 or -errno: would the kernel open it on ourselves? */
static int probe(const struct target *t, const struct perf_event_attr *attr)
{
	int fd = open_fd(t, attr, 0, -1);

	if (fd < 0)
		return fd;
	sys_close(fd);
	return 0;
}

static void step(const struct target *t, const char *text)
{
	if (t->hooks->step)
		t->hooks->step(t->hooks->ctx, text);
}

static struct perf_event_attr event_attr(const struct target *t,
					 const struct event_spec *spec,
					 const struct capture_opts *opts)
{
	struct perf_event_attr a = {
		.type = spec->type, .size = sizeof(a),
		.config = spec->config, .config1 = spec->config1,
		.config2 = spec->config2,
		.sample_type = SAMPLE_TYPE,
		.read_format = t->side.read_format,
		.disabled = 1, .inherit = 1, .enable_on_exec = t->spawned,
		.exclude_user = spec->exclude_user,
		.exclude_kernel = spec->exclude_kernel,
		.exclude_callchain_user = 1,
		.exclude_callchain_kernel = spec->exclude_kernel,
		.sample_id_all = 1, .wakeup_events = 1,
		.use_clockid = 1, .clockid = CLOCK_MONOTONIC,
		.sample_regs_user = arch_native()->perf_regs_mask,
	};

	if (spec->period || (opts->period && !opts->frequency_hz)) {
		a.sample_period = spec->period ? spec->period : opts->period;
	} else {
		a.freq = 1;
		a.sample_freq = opts->frequency_hz ? opts->frequency_hz : 999;
	}
	return a;
}

static int64_t paranoid(void)
{
	int64_t level;

	if (sys_read_i64("/proc/sys/kernel/perf_event_paranoid", &level))
		return 99;
	return level;
}

static int refused(int e, const char *name, struct err *err)
{
	switch (e) {
	case -ENOENT:
	case -EOPNOTSUPP:
	case -ENODEV:
	case -EINVAL:
		return err_set_errno(err, ERR_UNSUPPORTED, -e,
				     "this machine cannot sample event '%s'",
				     name);
	case -ENOSYS:
		return err_set(err, ERR_UNSUPPORTED,
			       "this kernel has no perf_event_open");
	case -EBUSY:
		return err_set(err, ERR_LIMIT,
			       "the counter for event '%s' is taken by "
			       "somebody else", name);
	default:
		return err_set_errno(err, ERR_PERM, -e,
				     "the kernel refuses event '%s' "
				     "(perf_event_paranoid is %d): lower it, or "
				     "run with CAP_PERFMON; in a container a "
				     "seccomp profile may forbid it", name,
				     (int)paranoid());
	}
}

/*
 * Opens one event on ourselves to see what the kernel says. Kernel samples
 * need perf_event_paranoid <= 1 or CAP_PERFMON: without, user mode only.
 */
static int add_event(struct target *t, const struct event_spec *spec,
		     const struct capture_opts *opts, bool *user_only)
{
	struct perf_event_attr a = event_attr(t, spec, opts);
	int ret = probe(t, &a);

	if ((ret == -EACCES || ret == -EPERM) && !a.exclude_kernel) {
		a.exclude_kernel = a.exclude_callchain_kernel = 1;
		ret = probe(t, &a);
		*user_only = !ret;
	}
	if (ret)
		return ret;
	*vec_push(&t->events) = (struct rec_event){
		.id = { (uint32_t)t->attrs.count + 1 },
		.unit = spec->is_clock ? UNIT_NS : UNIT_COUNT,
		.period = a.freq ? 0 : a.sample_period,
		.frequency_hz = a.freq ? (uint32_t)a.sample_freq : 0,
		.user_only = a.exclude_kernel,
	};
	*vec_push(&t->names) = mem_strdup(spec->text);
	*vec_push(&t->attrs) = a;
	return 0;
}

static int add_default(struct target *t, const struct capture_opts *opts,
		       bool *user_only, struct err *err)
{
	static const struct event_spec cycles = {
		.text = (char *)"cycles", .type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};
	static const struct event_spec clock = {
		.text = (char *)"cpu-clock", .type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK, .is_clock = true,
	};
	int ret = add_event(t, &cycles, opts, user_only);

	if (!ret)
		return 0;
	if (ret == -ENOENT || ret == -EOPNOTSUPP || ret == -ENODEV ||
	    ret == -EINVAL) {
		step(t, "no hardware counter for cycles here: sampling "
		     "cpu-clock instead");
	}
	ret = add_event(t, &clock, opts, user_only);
	return ret ? refused(ret, clock.text, err) : 0;
}

/* The kernel lets a clock tick every 10 us (perf_swevent_start_hrtimer). */
static int check_clocks(const struct target *t, struct err *err)
{
	const struct rec_event *ev;
	size_t i;

	for (i = 0; i < t->events.count; i++) {
		ev = &t->events.data[i];
		if (ev->unit == UNIT_NS && ev->period &&
		    ev->period < CLOCK_LEAST_NS)
			return err_set(err, ERR_USAGE, "-c of '%s' counts "
				       "nanoseconds: give %d or more",
				       t->names.data[i], CLOCK_LEAST_NS);
	}
	return 0;
}

static void probe_side(struct target *t)
{
	t->side = (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(t->side),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = SAMPLE_TYPE & ~(uint64_t)(
			PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER),
		.read_format = PERF_FORMAT_LOST,
		.disabled = t->spawned, .inherit = 1,
		.enable_on_exec = t->spawned,
		.exclude_kernel = 1, .exclude_hv = 1,
		.mmap = 1, .mmap2 = 1, .comm = 1, .comm_exec = 1, .task = 1,
		.sample_id_all = 1, .use_clockid = 1,
		.clockid = CLOCK_MONOTONIC, .build_id = 1,
	};
	if (!probe(t, &t->side))
		return;
	t->side.build_id = 0;
	if (!probe(t, &t->side))
		return;
	t->side.read_format = 0;
}

int target_init(struct target *t, const struct capture_opts *opts,
		const struct capture_hooks *hooks, struct err *err)
{
	bool user_only = false;
	size_t i;
	int ret = 0;

	memset(t, 0, sizeof(*t));
	t->sys = opts->sys;
	t->hooks = hooks;
	t->spawned = opts->argv != NULL;
	hmap_init(&t->event_of_id);
	probe_side(t);
	if (!opts->event_count)
		ret = add_default(t, opts, &user_only, err);
	for (i = 0; i < opts->event_count && !ret; i++) {
		ret = add_event(t, &opts->events[i], opts, &user_only);
		if (ret)
			ret = refused(ret, opts->events[i].text, err);
	}
	if (!ret)
		ret = check_clocks(t, err);
	if (!ret && user_only)
		step(t, "kernel time is not permitted: user mode only "
		     "(lower kernel.perf_event_paranoid to 1, or run with "
		     "CAP_PERFMON)");
	return ret;
}

/*
 * What proves a held read, see cert.h: in the real-time class only whether
 * the thread was moved to another CPU meanwhile.
 */
void target_set_class(struct target *t, enum capture_class cls,
		      uint32_t dump_bytes)
{
	size_t i;

	t->dump_bytes = dump_bytes;
	if (cls == CAPTURE_RT && !t->events.data[0].user_only) {
		/* one sample when a thread begins to run on another CPU */
		t->side.config = PERF_COUNT_SW_CPU_MIGRATIONS;
		t->side.exclude_kernel = 0;
		t->side.sample_period = 1;
		t->side.watermark = 1;
	} else if (cls != CAPTURE_DUMP) {
		t->side.context_switch = 1;
	}
	for (i = 0; i < t->attrs.count; i++) {
		t->attrs.data[i].sample_stack_user = dump_bytes;
		if (dump_bytes)
			t->attrs.data[i].sample_type |= PERF_SAMPLE_STACK_USER;
	}
}

static int open_failed(const struct target *t, pid_t tid, int e,
		       struct err *err)
{
	switch (e) {
	case -ESRCH:
		return err_set(err, ERR_GONE, "no process or thread %d",
			       (int)tid);
	case -EMFILE:
	case -ENFILE:
		return err_set(err, ERR_LIMIT,
			       "too many open files: %zu events are open and "
			       "more are needed (one per thread, CPU and "
			       "event); raise the limit (ulimit -n)",
			       t->fds.count);
	case -EACCES:
	case -EPERM:
		return err_set(err, ERR_PERM,
			       "not permitted to profile process %d: it is "
			       "another user's, or not ours to trace; run as "
			       "its owner, or with CAP_PERFMON and "
			       "CAP_SYS_PTRACE", (int)tid);
	default:
		return err_set_errno(err, ERR_IO, -e,
				     "cannot open an event on thread %d",
				     (int)tid);
	}
}

/* The index of the first event that counts time, or NO_CLOCK. */
static uint64_t first_clock(const struct target *t)
{
	size_t i;

	for (i = 0; i < t->events.count; i++)
		if (t->events.data[i].unit == UNIT_NS)
			return i;
	return NO_CLOCK;
}

static int open_one(struct target *t, const struct perf_event_attr *attr,
		    pid_t tid, const struct ring *ring, uint64_t event,
		    struct err *err)
{
	int fd = open_fd(t, attr, tid, ring->cpu), ret;
	uint64_t id;

	if (fd < 0)
		return open_failed(t, tid, fd, err);
	ret = sys_event_redirect(fd, ring->fd);
	if (!ret)
		ret = sys_event_id(fd, &id);
	if (ret) {
		sys_close(fd);
		return err_set_errno(err, ERR_IO, -ret,
				     "cannot lead an event of thread %d to the "
				     "ring of cpu %d", (int)tid, ring->cpu);
	}
	*vec_push(&t->fds) = (struct target_fd){
		.fd = fd, .side = event == UINT64_MAX,
		.clock = event == first_clock(t),
	};
	if (event != UINT64_MAX)
		*hmap_put(&t->event_of_id, id, NULL) =
			(uint64_t)(uint32_t)tid << 32 | event;
	return 0;
}

int target_open_task(struct target *t, pid_t tid, struct reader *readers,
		     size_t reader_count, struct err *err)
{
	size_t cpu, e;
	int ret;

	for (cpu = 0; cpu < reader_count; cpu++) {
		ret = open_one(t, &t->side, tid, &readers[cpu].side,
			       UINT64_MAX, err);
		if (ret)
			return ret;
		for (e = 0; e < t->attrs.count; e++) {
			ret = open_one(t, &t->attrs.data[e], tid,
				       &readers[cpu].ring, e, err);
			if (ret)
				return ret;
		}
	}
	return 0;
}

void target_enable(struct target *t)
{
	size_t i;

	for (i = 0; i < t->fds.count; i++)
		sys_event_enable(t->fds.data[i].fd);
}

void target_disable(struct target *t)
{
	size_t i;

	for (i = 0; i < t->fds.count; i++)
		sys_event_disable(t->fds.data[i].fd);
}

uint64_t target_lost(const struct target *t)
{
	uint64_t v[2], lost = 0;
	size_t i;

	if (!t->side.read_format)
		return 0;
	for (i = 0; i < t->fds.count; i++)
		if (!t->fds.data[i].side &&
		    !sys_event_read(t->fds.data[i].fd, v, sizeof(v)))
			lost += v[1];
	return lost;
}

uint64_t target_running_ns(const struct target *t)
{
	uint64_t v[2], running_ns = 0;
	size_t i;

	for (i = 0; i < t->fds.count; i++)
		if (t->fds.data[i].clock &&
		    !sys_event_read(t->fds.data[i].fd, v,
				    t->side.read_format ? 16 : 8))
			running_ns += v[0];
	return running_ns;
}

void target_release(struct target *t)
{
	size_t i;

	for (i = 0; i < t->fds.count; i++)
		sys_close(t->fds.data[i].fd);
	for (i = 0; i < t->names.count; i++)
		mem_free(t->names.data[i]);
	vec_release(&t->fds);
	vec_release(&t->names);
	vec_release(&t->events);
	vec_release(&t->attrs);
	hmap_release(&t->event_of_id);
}
