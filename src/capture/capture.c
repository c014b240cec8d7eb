/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a session: open, start, passes, stop. */
#include "capture/session.h"

#include <errno.h>
#include <poll.h>

#include "adder/arch.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"

#define STACK_LIMIT_BYTES ((size_t)1280 << 10)
/*
 * The ring's memory cannot be swapped, and counts against an unprivileged
 * user's limit of locked memory: bounded over all CPUs, and less where the
 * limit asks for it.
 */
#define RING_BYTES ((size_t)1 << 20)
#define LARGE_RING_BYTES ((size_t)4 << 20)
#define RINGS_TOTAL_BYTES ((size_t)64 << 20)
#define RING_LEAST_BYTES ((size_t)64 << 10)
#define SIDE_BYTES ((size_t)128 << 10)
#define SIDE_LEAST_BYTES ((size_t)16 << 10)
/*
 * Right even where a read is not proved, and mostly all that is needed. The
 * kernel copies only up to the end of the stack, but takes the ring's space
 * for all of it; a record ends at 64 KiB, its kernel chain included.
 */
#define DUMP_BYTES 16384
#define LARGE_DUMP_BYTES 63488
/* Enough to see whether a read that came late is of the same moment. */
#define CHECK_DUMP_BYTES 1024
#define LARGE_DUMP_RING_BYTES ((size_t)2 << 20)
/* Where memory cannot be read: all there is. */
#define ONLY_DUMP_BYTES 32768
#define CHECK_NS UINT64_C(1000000000)

static uint64_t event_of_id(void *ctx, uint64_t id)
{
	struct capture *c = ctx;
	const uint64_t *v = hmap_find(&c->target.event_of_id, id);

	c->sample_owner = v ? (uint32_t)(*v >> 32) : 0;
	return v ? (uint32_t)*v : UINT64_MAX;
}

static void step(struct capture *c, const char *text)
{
	if (c->hooks.step)
		c->hooks.step(c->hooks.ctx, text);
}

static int start_readers(struct capture *c, struct err *err)
{
	size_t count, i;
	int *cpus, ret;

	ret = sys_cpus_online(&cpus, &count);
	if (ret)
		return err_set_errno(err, ERR_IO, -ret,
				     "cannot tell which CPUs are online");
	c->readers = mem_calloc(count, sizeof(*c->readers));
	for (i = 0; i < count && !ret; i++) {
		ret = reader_start(&c->readers[i], &c->shared, cpus[i], err);
		c->reader_count++;
	}
	mem_free(cpus);
	return ret;
}

/* Memory of a target that we may not trace cannot be read. */
static bool may_read(const struct capture *c)
{
	pid_t pid = c->child.pid ? c->child.pid : c->opts.pids[0];
	uint8_t byte;
	int64_t ret = c->opts.sys->mem_read(pid, 0, &byte, 1);

	return ret != -EPERM && ret != -EACCES && ret != -ENOSYS;
}

static void choose_class(struct capture *c)
{
	bool all_rt = true;
	size_t i;

	for (i = 0; i < c->reader_count; i++)
		if (c->readers[i].rt_status || c->readers[i].pin_status)
			all_rt = false;
	c->cls = all_rt ? CAPTURE_RT : CAPTURE_CERTIFICATE;
	if (!may_read(c)) {
		c->cls = CAPTURE_DUMP;
		step(c, "the target's memory may not be read: stacks end after "
		     "32 KiB (run as root or with CAP_SYS_PTRACE)");
	} else if (!all_rt && !c->opts.no_rt) {
		step(c, "no right to the real-time class: a stack counts only "
		     "where its thread provably stood still (run as root or "
		     "with CAP_SYS_NICE)");
	}
	c->shared.rt = all_rt;
	c->shared.no_read = c->cls == CAPTURE_DUMP;
	if (c->cls != CAPTURE_DUMP)
		c->cert = cert_new();
}

static uint32_t dump_bytes(const struct capture *c)
{
	size_t i;

	if (c->cls == CAPTURE_DUMP)
		return ONLY_DUMP_BYTES;
	if (c->cls == CAPTURE_RT && c->opts.always_hold)
		return CHECK_DUMP_BYTES;
	for (i = 0; i < c->reader_count; i++)
		if (c->readers[i].ring.data_bytes < LARGE_DUMP_RING_BYTES)
			return DUMP_BYTES;
	return LARGE_DUMP_BYTES;
}

/* What all records look like, once class and rings are known. */
static void set_layout(struct capture *c)
{
	c->shared.dump_bytes = dump_bytes(c);
	target_set_class(&c->target, c->cls, (uint32_t)c->shared.dump_bytes);
	c->shared.layout = (struct perf_layout){
		.sample_type = c->target.attrs.data[0].sample_type,
		.regs_mask = c->target.attrs.data[0].sample_regs_user,
	};
	c->shared.side_layout.sample_type = c->target.side.sample_type;
	c->layout = c->shared.layout;
	c->layout.event_of_id = event_of_id;
	c->layout.ctx = c;
	lazy_init(c);
}

static int open_sample_rings(struct capture *c, size_t want_bytes,
			     struct err *err)
{
	struct ring_opts o = {
		.sys = c->opts.sys, .want_bytes = want_bytes,
		.least_bytes = want_bytes > RING_BYTES ? want_bytes :
			       RING_LEAST_BYTES,
	};
	size_t i;
	int ret = 0;

	for (i = 0; i < c->reader_count && !ret; i++) {
		o.cpu = c->readers[i].cpu;
		ret = ring_open(&c->readers[i].ring, &o, err);
	}
	while (ret && i-- > 0)
		ring_close(&c->readers[i].ring);
	return ret;
}

/*
 * As large as the limit of locked memory allows on every CPU alike: a ring
 * that is smaller on one of them would shorten the dumps on all.
 */
static int open_rings(struct capture *c, struct err *err)
{
	struct ring_opts side = {
		.sys = c->opts.sys, .want_bytes = SIDE_BYTES,
		.least_bytes = SIDE_LEAST_BYTES,
		.watermark_bytes = SIDE_LEAST_BYTES / 2,
	};
	size_t i, bytes = LARGE_RING_BYTES;
	int ret = 0;

	for (i = 0; i < c->reader_count && !ret; i++) {
		side.cpu = c->readers[i].cpu;
		ret = ring_open(&c->readers[i].side, &side, err);
	}
	if (ret)
		return ret;
	while (bytes > RING_BYTES && bytes * c->reader_count > RINGS_TOTAL_BYTES)
		bytes /= 2;
	for (; bytes > RING_BYTES; bytes /= 2)
		if (!open_sample_rings(c, bytes, NULL))
			break;
	if (bytes <= RING_BYTES)
		ret = open_sample_rings(c, RING_BYTES, err);
	if (ret)
		return ret;
	for (i = 0; i < c->reader_count; i++) {
		merge_add(&c->merge, &c->readers[i].side_queue, true);
		merge_add(&c->merge, &c->readers[i].queue, false);
	}
	set_layout(c);
	for (i = 0; i < c->reader_count; i++)
		reader_go(&c->readers[i]);
	return 0;
}

static int open_target(struct capture *c, struct err *err)
{
	uint64_t key, value;
	struct hmap tids;
	size_t pos = 0;
	int ret;

	if (c->child.pid) {
		pass_task(c, c->child.pid, 0, true);
		return target_open_task(&c->target, c->child.pid, c->readers,
					c->reader_count, err);
	}
	hmap_init(&tids);
	ret = target_attach(&c->target, &c->opts, c->readers, c->reader_count,
			    &tids, &c->raced, err);
	while (hmap_next(&tids, &pos, &key, &value)) {
		pass_task(c, (int32_t)(uint32_t)key, 0, true);
		if (c->raced)
			*hmap_put(&c->owners, key, NULL) = key;
	}
	hmap_release(&tids);
	return ret;
}

static uint32_t sp_index(const struct arch *a)
{
	uint32_t i, n = (uint32_t)__builtin_popcountll(a->perf_regs_mask);

	for (i = 0; i < n; i++)
		if (a->perf_regs_dwarf[i] == a->reg_sp)
			break;
	return i;
}

static int spawn(struct capture *c, struct err *err)
{
	int ret;

	if (!c->opts.argv)
		return 0;
	ret = sys_spawn(&c->child, c->opts.argv, c->opts.envp);
	if (ret) {
		c->child.pid = 0;
		return err_set_errno(err, ERR_LIMIT, -ret,
				     "cannot start a process for '%s'",
				     c->opts.argv[0]);
	}
	c->child_fd = sys_pidfd(c->child.pid);
	return 0;
}

static int open_all(struct capture *c, struct err *err)
{
	uint64_t fd_limit;
	int ret;

	if (!c->opts.argv && !c->opts.pid_count)
		return err_set(err, ERR_USAGE, "no command and no process");
	if (c->opts.frequency_hz && c->opts.period)
		return err_set(err, ERR_USAGE,
			       "a frequency and a period exclude each other");
	ret = spawn(c, err);	/* first: our raised limit is not for it */
	if (ret)
		return ret;
	sys_fd_limit_raise(&fd_limit);
	c->shared.wake_fd = sys_eventfd();
	if (c->shared.wake_fd < 0)
		return err_set_errno(err, ERR_LIMIT, -c->shared.wake_fd,
				     "cannot make an eventfd");
	ret = target_init(&c->target, &c->opts, &c->hooks, err);
	if (!ret)
		ret = start_readers(c, err);
	if (ret)
		return ret;
	merge_init(&c->merge, 2 * c->reader_count);
	c->scans = mem_calloc(c->reader_count, sizeof(*c->scans));
	choose_class(c);
	ret = open_rings(c, err);
	if (!ret)
		ret = open_target(c, err);
	return ret;
}

int capture_open(struct capture **out, const struct capture_opts *opts,
		 const struct capture_hooks *hooks, struct err *err)
{
	struct capture *c = mem_calloc(1, sizeof(*c));
	int ret;

	*out = NULL;
	c->opts = *opts;
	if (!c->opts.sys)
		c->opts.sys = &sys_real;
	if (hooks)
		c->hooks = *hooks;
	c->child_fd = -1;
	c->child.go_fd = c->child.report_fd = -1;
	hmap_init(&c->tasks);
	hmap_init(&c->owners);
	c->shared = (struct readers_shared){
		.sys = c->opts.sys, .hints = hints_new(),
		.sp_index = sp_index(arch_native()),
		.stack_limit_bytes = opts->stack_limit_bytes ?
				     opts->stack_limit_bytes :
				     STACK_LIMIT_BYTES,
		.no_rt = opts->no_rt, .wake_fd = -1,
	};
	ret = open_all(c, err);
	if (ret) {
		capture_free(c);
		return ret;
	}
	*out = c;
	return 0;
}

int capture_start(struct capture *c, struct err *err)
{
	int ret;

	c->pass_ns = sys_mono_ns();
	sys_favoured_class();
	if (!c->child.pid) {
		target_enable(&c->target);
		return 0;
	}
	ret = sys_spawn_go(&c->child);
	switch (ret) {
	case 0:
		return 0;
	case -ENOENT:
	case -ENOTDIR:
		return err_set(err, ERR_NOTFOUND, "no such command: '%s'",
			       c->opts.argv[0]);
	default:
		return err_set_errno(err, ERR_PERM, -ret, "cannot run '%s'",
				     c->opts.argv[0]);
	}
}

/* Exits may get lost in a storm: ask /proc now and then. */
static void check_tasks(struct capture *c, uint64_t now_ns)
{
	struct sys_proc_stat st;
	uint64_t key, value;
	size_t pos = 0;

	if (now_ns - c->last_check_ns < CHECK_NS)
		return;
	c->last_check_ns = now_ns;
	while (hmap_next(&c->tasks, &pos, &key, &value)) {
		if (!(value & 1)) {
			hmap_remove(&c->tasks, key);
			continue;
		}
		if (sys_proc_stat((pid_t)key, 0, &st) || st.state == 'X' ||
		    st.state == 'Z')
			pass_task(c, (int32_t)(uint32_t)key, now_ns, false);
	}
}

static bool has_ended(struct capture *c, uint64_t now_ns)
{
	if (c->child.pid) {
		if (!c->child_ended)
			c->child_ended = sys_child_status(c->child.pid,
							  &c->child_status);
		return c->child_ended;
	}
	check_tasks(c, now_ns);
	return !c->live_tasks;
}

static void finish(struct capture *c)
{
	size_t i;

	target_disable(&c->target);
	atomic_store_explicit(&c->shared.stop, true, memory_order_release);
	for (i = 0; i < c->reader_count; i++)
		reader_join(&c->readers[i]);
	c->finished = true;
	pass_scan_side(c);
	c->watermark_ns = UINT64_MAX;
	c->stats.lost_ring = target_lost(&c->target);
	c->stats.running_ns = target_running_ns(&c->target);
}

static void wait_for_data(struct capture *c, int timeout_ms)
{
	struct pollfd p[2] = {
		{ .fd = c->shared.wake_fd, .events = POLLIN },
		{ .fd = c->child_ended ? -1 : c->child_fd, .events = POLLIN },
	};

	if (sys_poll(p, 2, timeout_ms) > 0 && p[0].revents)
		sys_eventfd_drain(c->shared.wake_fd);
	atomic_store_explicit(&c->shared.woken, false, memory_order_release);
}

int capture_next_pass(struct capture *c, int timeout_ms, struct err *err)
{
	uint64_t now_ns;

	(void)err;
	if (c->finished)
		return 0;
	if (!c->stopping)
		wait_for_data(c, timeout_ms);
	now_ns = sys_mono_ns();
	if (c->stopping || has_ended(c, now_ns)) {
		finish(c);
		return 0;
	}
	/* the mark first: what is scanned after it covers it */
	c->watermark_ns = pass_watermark(c, now_ns);
	pass_scan_side(c);
	if (c->cert)
		cert_prune(c->cert, c->merge.last_ns);
	return 1;
}

void capture_interrupt(struct capture *c)
{
	sys_eventfd_signal(c->shared.wake_fd);
}

void capture_stop(struct capture *c)
{
	c->stopping = true;
}

void capture_stack_hint(struct capture *c, pid_t tid, uint64_t hi_avma)
{
	hints_set(c->shared.hints, tid, hi_avma);
}

pid_t capture_child(const struct capture *c)
{
	return c->child.pid;
}

bool capture_child_status(struct capture *c, int *wait_status)
{
	if (c->child.pid && !c->child_ended)
		c->child_ended = sys_child_status(c->child.pid,
						  &c->child_status) > 0;
	if (c->child_ended)
		*wait_status = c->child_status;
	return c->child_ended;
}

enum capture_class capture_class(const struct capture *c)
{
	return c->cls;
}

size_t capture_events(const struct capture *c, const struct rec_event **events,
		      const char *const **names)
{
	*events = c->target.events.data;
	*names = (const char *const *)c->target.names.data;
	return c->target.events.count;
}

const struct capture_stats *capture_stats(struct capture *c)
{
	struct capture_stats *s = &c->stats;
	const struct reader_counts *n;
	size_t i;

	s->lost_queue = s->readers_cpu_ns = s->stack_bytes = s->wakes = 0;
	s->late = c->merge.late;
	if (c->lost_records > s->lost_ring)
		s->lost_ring = c->lost_records;
	for (i = 0; i < c->reader_count; i++) {
		n = &c->readers[i].counts;
		s->lost_queue += n->lost_queue;
		s->stack_bytes += n->stack_bytes;
		s->readers_cpu_ns += n->cpu_ns;
		s->wakes += n->wakes;
	}
	return s;
}

void capture_free(struct capture *c)
{
	size_t i;

	if (!c)
		return;
	atomic_store_explicit(&c->shared.stop, true, memory_order_release);
	for (i = 0; i < c->reader_count; i++)
		reader_release(&c->readers[i]);
	sys_spawn_abort(&c->child);
	target_release(&c->target);
	merge_release(&c->merge);
	cert_free(c->cert);
	hints_free(c->shared.hints);
	hmap_release(&c->tasks);
	hmap_release(&c->owners);
	mem_free(c->readers);
	mem_free(c->scans);
	sys_close(c->child_fd);
	sys_close(c->shared.wake_fd);
	mem_free(c);
}
