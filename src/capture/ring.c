/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <time.h>

#include "adder/err.h"
#include "adder/sys.h"
#include "adder/sys_perf.h"

/* kernel: head store-release in perf_output_put_handle(); tail acquire. */
uint64_t ring_head(const struct ring *r)
{
	const struct perf_event_mmap_page *p = r->map;

	return __atomic_load_n(&p->data_head, __ATOMIC_ACQUIRE);
}

uint64_t ring_tail(const struct ring *r)
{
	const struct perf_event_mmap_page *p = r->map;

	return __atomic_load_n(&p->data_tail, __ATOMIC_ACQUIRE);
}

void ring_advance(struct ring *r, uint64_t tail)
{
	struct perf_event_mmap_page *p = r->map;

	__atomic_store_n(&p->data_tail, tail, __ATOMIC_RELEASE);
}

static int open_owner(const struct ring_opts *o, struct err *err)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY, .disabled = 1,
		.exclude_kernel = 1, .exclude_hv = 1,
		.use_clockid = 1, .clockid = CLOCK_MONOTONIC,
		.watermark = 1, .wakeup_watermark = o->watermark_bytes,
	};
	int fd = o->sys->perf_event_open(&attr, 0, o->cpu, -1,
					 PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (fd == -EMFILE || fd == -ENFILE)
		return err_set(err, ERR_LIMIT,
			       "too many open files for the rings of all CPUs: "
			       "raise the limit (ulimit -n)");
	if (fd == -ENOSYS)
		return err_set(err, ERR_UNSUPPORTED,
			       "this kernel has no perf_event_open");
	return err_set_errno(err, ERR_PERM, -fd,
			     "the kernel refuses perf_event_open, even on "
			     "ourselves: perf_event_paranoid is above 2, or a "
			     "seccomp filter forbids it (in a container: "
			     "--cap-add PERFMON, or a profile that allows it)");
}

int ring_open(struct ring *r, const struct ring_opts *o, struct err *err)
{
	size_t bytes = o->want_bytes;
	int ret = -EPERM;

	memset(r, 0, sizeof(*r));
	r->cpu = o->cpu;
	r->fd = open_owner(o, err);
	if (r->fd < 0)
		return r->fd;
	/* EPERM: above perf_event_mlock_kb and RLIMIT_MEMLOCK */
	for (; bytes >= o->least_bytes && bytes >= sys_page_bytes();
	     bytes /= 2) {
		ret = sys_ring_map(r->fd, bytes, &r->map);
		if (!ret)
			break;
	}
	if (ret) {
		ring_close(r);
		return err_set_errno(err, ERR_PERM, -ret,
				     "cannot map a ring of %zu KiB for cpu %d: "
				     "raise kernel.perf_event_mlock_kb or the "
				     "limit of locked memory (ulimit -l)",
				     o->least_bytes / 1024, o->cpu);
	}
	r->data_bytes = bytes;
	r->data = (uint8_t *)r->map + sys_page_bytes();
	return 0;
}

void ring_close(struct ring *r)
{
	sys_ring_unmap(r->map, r->data_bytes);
	r->map = NULL;
	if (r->fd >= 0)
		sys_close(r->fd);
	r->fd = -1;
}

void ring_copy(const struct ring *r, uint64_t tail, void *to, size_t len)
{
	size_t at = (size_t)(tail & (r->data_bytes - 1));
	size_t first = r->data_bytes - at;

	if (first > len)
		first = len;
	memcpy(to, r->data + at, first);
	memcpy((uint8_t *)to + first, r->data, len - first);
}

const uint8_t *ring_view(const struct ring *r, uint64_t tail, size_t len,
			 uint8_t *scratch)
{
	size_t at = (size_t)(tail & (r->data_bytes - 1));

	if (len <= r->data_bytes - at)
		return r->data + at;
	ring_copy(r, tail, scratch, len);
	return scratch;
}

size_t ring_record_bytes(const struct ring *r, uint64_t tail, uint64_t head)
{
	struct perf_event_header h;

	if (head - tail < sizeof(h) || head - tail > r->data_bytes)
		return 0;
	ring_copy(r, tail, &h, sizeof(h));
	if (h.size < sizeof(h) || h.size % 8 || h.size > head - tail)
		return 0;
	return h.size;
}

bool ring_oldest(const struct ring *r, size_t time_off, size_t time_off_end,
		 uint64_t *t_mono_ns)
{
	struct perf_event_header h;
	uint64_t tail, head, off;

	for (;;) {
		tail = ring_tail(r);
		head = ring_head(r);
		if (tail == head)
			return false;
		ring_copy(r, tail, &h, sizeof(h));
		off = h.type == PERF_RECORD_SAMPLE ? time_off :
		      (uint64_t)h.size - time_off_end;
		*t_mono_ns = 0;
		if (off + 8 <= h.size)
			ring_copy(r, tail + off, t_mono_ns, 8);
		/* overwritten only after the tail has moved on */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (ring_tail(r) == tail)
			return true;
	}
}
