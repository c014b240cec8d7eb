/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/reader.h"

#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/sys_perf.h"
#include "capture/hint.h"

/* Untouched until the consumer is starved; then better than losing. */
#define QUEUE_BYTES ((size_t)64 << 20)
#define RECORD_MAX_BYTES 65536
/* Above this fill stacks are left out, so that records still find room. */
#define PRESSURE_BYTES (QUEUE_BYTES / 4 * 3)
#define SMALL_BYTES ((size_t)64 << 10)
#define WAKE_BYTES ((size_t)1 << 20)
/* From a sample in user mode to its read: 5 to 30 us, not more. */
#define LATE_NS UINT64_C(100000)
#define HURRY_NS UINT64_C(2000000)
#define RETRY_MS 5
#define THREAD_STACK_BYTES ((size_t)256 << 10)

static void wake_consumer(struct readers_shared *s)
{
	if (!atomic_exchange_explicit(&s->woken, true, memory_order_acq_rel))
		sys_eventfd_signal(s->wake_fd);
}

/* Where a walk of this thread ends is not known yet: let it be learnt soon. */
static void hurry(struct reader *r)
{
	uint64_t now = sys_mono_ns();

	if (now - r->last_hurry_ns < HURRY_NS)
		return;
	r->last_hurry_ns = now;
	wake_consumer(r->shared);
}

static uint64_t user_sp(const struct reader *r, const struct perf_sample *s)
{
	uint64_t sp = 0;

	if (r->shared->sp_index < s->reg_count)
		memcpy(&sp, s->regs + 8 * (size_t)r->shared->sp_index, 8);
	return sp;
}

/*
 * A real-time reader runs before anybody returns to user mode on its CPU,
 * unless its class was throttled. Then other samples were taken before the
 * read had ended, or the read began late. A sample in a long system call is
 * followed by others of the same thread and the same registers: those do no
 * harm, and being late neither.
 */
static bool ran_on(struct reader *r, uint64_t tail, const struct perf_rec *rec)
{
	uint64_t head = ring_head(&r->ring);
	const uint8_t *bytes;
	struct perf_rec later;
	size_t len;

	for (; tail < head; tail += len) {
		len = ring_record_bytes(&r->ring, tail, head);
		if (!len)
			return true;
		bytes = ring_view(&r->ring, tail, len,
				  r->scratch + RECORD_MAX_BYTES);
		if (perf_rec_decode(&r->shared->layout, bytes, len, &later,
				    NULL) || later.kind != PERF_REC_SAMPLE)
			continue;
		if (later.tid != rec->tid ||
		    later.sample.reg_count != rec->sample.reg_count ||
		    memcmp(later.sample.regs, rec->sample.regs,
			   8 * (size_t)rec->sample.reg_count))
			return true;
	}
	return false;
}

/* Copies the stack behind the record that stands in the entry. */
static void hold(struct reader *r, struct queue_entry *e, uint64_t sp,
		 size_t want, const struct perf_rec *rec, uint64_t next_tail)
{
	struct readers_shared *s = r->shared;
	uint64_t late_ns = sys_mono_ns() - rec->t_mono_ns;
	int64_t got = s->sys->mem_read(rec->tid, sp, queue_stack(e), want);

	e->held_until_ns = sys_mono_ns();
	if (got <= 0) {
		e->held = HELD_FAULT;
		return;
	}
	e->stack_bytes = (uint32_t)got;
	e->held = HELD_UNPROVED;
	if (s->rt && (late_ns < LATE_NS || !rec->sample.user_mode) &&
	    !ran_on(r, next_tail, rec))
		e->held = HELD_CERTAIN;
	r->counts.stack_bytes += (uint64_t)got;
}

/* How much of the stack to read, 0 for none. */
static size_t stack_wanted(struct reader *r, const struct perf_rec *rec,
			   uint64_t sp)
{
	struct readers_shared *s = r->shared;
	bool unknown = false;
	size_t want;

	if (rec->kind != PERF_REC_SAMPLE || s->no_read || !sp)
		return 0;
	want = hints_want(s->hints, rec->tid, sp, s->stack_limit_bytes,
			  &unknown);
	if (unknown)
		hurry(r);
	return want;
}

/* What the dump lacks of it, 0 if that is nothing, or too late to read. */
static size_t read_wanted(struct reader *r, const struct perf_rec *rec,
			  size_t want)
{
	size_t dump = rec->sample.stack_bytes;

	/* a dump that is shorter than it might be ends where the stack does */
	if (want <= dump || (dump && dump < r->shared->dump_bytes))
		return 0;
	if (!r->slept)
		return want;
	atomic_store_explicit(&r->shared->lazy, false, memory_order_relaxed);
	return 0;
}

/*
 * Copies a record, but of its dump only `keep` bytes: what is in use. The
 * sizes are made to fit, so that it is a record like any other.
 */
static size_t copy_trimmed(uint8_t *to, const uint8_t *bytes,
			   const struct perf_sample *s, size_t keep)
{
	size_t head = (size_t)(s->stack - bytes), len = head + keep + 8;
	uint64_t room = keep;
	uint16_t size = (uint16_t)len;

	memcpy(to, bytes, head + keep);
	memcpy(to + 6, &size, 2);
	memcpy(to + head - 8, &room, 8);
	memcpy(to + head + keep, &room, 8);
	return len;
}

static struct queue_entry *make_room(struct reader *r, size_t len,
				     size_t *want)
{
	struct queue_entry *e = NULL;
	size_t fill = queue_fill_bytes(&r->queue);

	if (fill > WAKE_BYTES)
		wake_consumer(r->shared);
	if (*want && fill < PRESSURE_BYTES) {
		e = queue_reserve(&r->queue, len + *want);
		if (!e && *want > SMALL_BYTES) {
			*want = SMALL_BYTES;
			e = queue_reserve(&r->queue, len + *want);
		}
	}
	if (!e) {
		*want = 0;
		e = queue_reserve(&r->queue, len);
	}
	return e;
}

static void take_sample(struct reader *r, uint64_t tail, size_t len)
{
	const uint8_t *bytes = ring_view(&r->ring, tail, len, r->scratch);
	struct queue_entry *e;
	size_t want, room, hold_bytes, dump;
	struct perf_rec rec;
	uint64_t sp = 0;

	if (perf_rec_decode(&r->shared->layout, bytes, len, &rec, NULL)) {
		r->counts.undecodable++;
		return;
	}
	if (rec.kind == PERF_REC_SAMPLE) {
		sp = user_sp(r, &rec.sample);
		r->counts.samples++;
	}
	want = stack_wanted(r, &rec, sp);
	dump = want ? rec.sample.stack_bytes : 0;
	room = hold_bytes = want ? read_wanted(r, &rec, want) : 0;
	e = make_room(r, len, &room);
	if (!e) {
		r->counts.lost_queue++;
		return;
	}
	*e = (struct queue_entry){
		.rec_bytes = (uint32_t)len, .t_mono_ns = rec.t_mono_ns,
		.held = hold_bytes && !room ? HELD_PRESSURE : HELD_NONE,
	};
	if (want && want < dump)
		e->rec_bytes = (uint32_t)copy_trimmed(queue_rec(e), bytes,
						      &rec.sample,
						      (want + 7) & ~(size_t)7);
	else
		memcpy(queue_rec(e), bytes, len);
	if (room)
		hold(r, e, sp, room, &rec, tail + len);
	queue_commit(&r->queue, e);
}

static void drain_samples(struct reader *r)
{
	uint64_t head, tail = ring_tail(&r->ring);
	size_t len;

	while ((head = ring_head(&r->ring)) != tail) {
		len = ring_record_bytes(&r->ring, tail, head);
		if (!len) {
			r->counts.undecodable++;
			ring_advance(&r->ring, head);
			return;
		}
		take_sample(r, tail, len);
		tail += len;
		ring_advance(&r->ring, tail);
	}
}

/* False: no room in the queue, the rest stays in the kernel's ring. */
static bool drain_side(struct reader *r)
{
	uint64_t head, tail = ring_tail(&r->side);
	struct queue_entry *e;
	struct perf_rec rec;
	size_t len;

	while ((head = ring_head(&r->side)) != tail) {
		len = ring_record_bytes(&r->side, tail, head);
		if (!len) {
			r->counts.undecodable++;
			ring_advance(&r->side, head);
			return true;
		}
		e = queue_reserve(&r->side_queue, len);
		if (!e)
			return false;
		*e = (struct queue_entry){ .rec_bytes = (uint32_t)len };
		ring_copy(&r->side, tail, queue_rec(e), len);
		tail += len;
		if (perf_rec_decode(&r->shared->side_layout, queue_rec(e), len,
				    &rec, NULL)) {
			r->counts.undecodable++;
		} else {
			e->t_mono_ns = rec.t_mono_ns;
			queue_commit(&r->side_queue, e);
		}
		ring_advance(&r->side, tail);
	}
	if (queue_fill_bytes(&r->side_queue) > WAKE_BYTES)
		wake_consumer(r->shared);
	return true;
}

/* True if there were any. */
static bool drain_all(struct reader *r, bool *side_full)
{
	uint64_t before = r->counts.samples;

	r->counts.wakes++;
	drain_samples(r);
	*side_full = !drain_side(r);
	if (*side_full)
		wake_consumer(r->shared);
	return r->counts.samples != before;
}

/* A ring that hung up would be ready for ever: never spin. */
static bool drop_hung_up(struct pollfd *p, size_t count)
{
	bool hung = false;
	size_t i;

	for (i = 0; i < count; i++) {
		if (p[i].revents & (POLLHUP | POLLERR | POLLNVAL))
			p[i].events = 0, p[i].fd = -1;
		hung = hung || !p[i].events;
	}
	return hung;
}

static void work(struct reader *r)
{
	struct readers_shared *s = r->shared;
	struct pollfd p[3] = {
		{ .fd = r->ring.fd, .events = POLLIN },
		{ .fd = r->side.fd, .events = POLLIN },
		{ .fd = r->kick_fd, .events = POLLIN },
	};
	bool some, side_full, hung;
	int timeout_ms = -1;

	while (!atomic_load_explicit(&s->stop, memory_order_acquire)) {
		sys_poll(p, 3, timeout_ms);
		some = drain_all(r, &side_full);
		if (p[2].revents)
			sys_eventfd_drain(r->kick_fd);
		hung = drop_hung_up(p, 2);
		timeout_ms = hung || side_full ? RETRY_MS : -1;
		r->slept = false;
		if (!p[0].events)
			continue;
		/*
		 * Not to wait on the ring is to sleep through its samples.
		 * When none came, the next one wakes again.
		 */
		p[0].fd = r->ring.fd;
		if (some && s->lazy_ms && timeout_ms < 0 &&
		    atomic_load_explicit(&s->lazy, memory_order_relaxed)) {
			p[0].fd = -1;
			timeout_ms = s->lazy_ms;
			r->slept = true;
		}
	}
	drain_samples(r);
	drain_side(r);
}

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	bool work_wanted;

	sys_thread_name("adder-reader");
	r->pin_status = sys_pin_cpu(r->cpu);
	r->rt_status = r->shared->no_rt ? -1 : sys_rt_class();
	if (r->rt_status)
		sys_quick_class();
	pthread_mutex_lock(&r->gate_lock);
	r->started = true;
	pthread_cond_broadcast(&r->gate);
	while (!r->go && !atomic_load(&r->shared->stop))
		pthread_cond_wait(&r->gate, &r->gate_lock);
	work_wanted = r->go;
	pthread_mutex_unlock(&r->gate_lock);
	if (work_wanted)
		work(r);
	r->counts.cpu_ns = sys_thread_cpu_ns();
	return NULL;
}

static int start_thread(struct reader *r)
{
	pthread_attr_t attr;
	sigset_t mask;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	sys_signals_block(&mask, sizeof(mask));
	ret = pthread_create(&r->thread, &attr, reader_main, r);
	sys_signals_restore(&mask, sizeof(mask));
	pthread_attr_destroy(&attr);
	return ret;
}

int reader_start(struct reader *r, struct readers_shared *s, int cpu,
		 struct err *err)
{
	int ret;

	memset(r, 0, sizeof(*r));
	r->shared = s;
	r->cpu = cpu;
	r->ring.fd = r->side.fd = -1;
	pthread_mutex_init(&r->gate_lock, NULL);
	pthread_cond_init(&r->gate, NULL);
	r->scratch = mem_alloc(2 * RECORD_MAX_BYTES);
	r->kick_fd = sys_eventfd();
	if (r->kick_fd < 0)
		return err_set_errno(err, ERR_LIMIT, -r->kick_fd,
				     "cannot make an eventfd");
	if (queue_init(&r->queue, QUEUE_BYTES) ||
	    queue_init(&r->side_queue, QUEUE_BYTES))
		return err_set(err, ERR_NOMEM,
			       "no address space for the queues of cpu %d",
			       cpu);
	ret = start_thread(r);
	if (ret)
		return err_set_errno(err, ERR_LIMIT, ret,
				     "cannot start the reader of cpu %d", cpu);
	r->running = true;
	pthread_mutex_lock(&r->gate_lock);
	while (!r->started)
		pthread_cond_wait(&r->gate, &r->gate_lock);
	pthread_mutex_unlock(&r->gate_lock);
	return 0;
}

void reader_go(struct reader *r)
{
	pthread_mutex_lock(&r->gate_lock);
	r->go = true;
	pthread_cond_broadcast(&r->gate);
	pthread_mutex_unlock(&r->gate_lock);
}

void reader_kick(struct reader *r)
{
	sys_eventfd_signal(r->kick_fd);
}

void reader_join(struct reader *r)
{
	if (!r->running)
		return;
	pthread_mutex_lock(&r->gate_lock);
	pthread_cond_broadcast(&r->gate);
	pthread_mutex_unlock(&r->gate_lock);
	reader_kick(r);
	pthread_join(r->thread, NULL);
	r->running = false;
}

void reader_release(struct reader *r)
{
	if (!r->shared)
		return;
	reader_join(r);
	ring_close(&r->ring);
	ring_close(&r->side);
	queue_release(&r->queue);
	queue_release(&r->side_queue);
	sys_close(r->kick_fd);
	mem_free(r->scratch);
	pthread_cond_destroy(&r->gate);
	pthread_mutex_destroy(&r->gate_lock);
	r->shared = NULL;
}
