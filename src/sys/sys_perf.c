/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf_event_open(2), its ioctls and its rings. */
#include "adder/sys_perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adder/sys.h"

static int real_open(struct perf_event_attr *attr, pid_t pid, int cpu,
		     int group_fd, unsigned long flags)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, cpu, group_fd, flags);

	return fd < 0 ? -errno : (int)fd;
}

const struct sys_ops sys_real = {
	.perf_event_open = real_open,
	.mem_read = sys_mem_read,
};

int sys_event_enable(int fd)
{
	return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}

int sys_event_disable(int fd)
{
	return ioctl(fd, PERF_EVENT_IOC_DISABLE, 0) < 0 ? -errno : 0;
}

int sys_event_redirect(int fd, int owner_fd)
{
	return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, owner_fd) < 0 ? -errno : 0;
}

int sys_event_id(int fd, uint64_t *id)
{
	return ioctl(fd, PERF_EVENT_IOC_ID, id) < 0 ? -errno : 0;
}

int sys_event_read(int fd, void *buf, size_t len)
{
	ssize_t n = read(fd, buf, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

size_t sys_page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int sys_ring_map(int fd, size_t data_bytes, void **map)
{
	void *p = mmap(NULL, sys_page_bytes() + data_bytes,
		       PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	*map = p;
	return 0;
}

void sys_ring_unmap(void *map, size_t data_bytes)
{
	if (map)
		munmap(map, sys_page_bytes() + data_bytes);
}

void *sys_lazy_alloc(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void sys_lazy_free(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}
