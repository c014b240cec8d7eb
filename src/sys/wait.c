/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting and being woken; the limit of descriptors. */
#include "adder/sys_perf.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

int sys_poll(struct pollfd *fds, size_t count, int timeout_ms)
{
	int n = poll(fds, (nfds_t)count, timeout_ms);

	return n < 0 ? -errno : n;
}

int sys_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void sys_eventfd_signal(int fd)
{
	uint64_t one = 1;
	int saved = errno;

	(void)!write(fd, &one, sizeof(one));
	errno = saved;
}

void sys_eventfd_drain(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}

int sys_fd_limit_raise(uint64_t *limit)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return -errno;
	if (r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &r) &&
		    getrlimit(RLIMIT_NOFILE, &r))
			return -errno;
	}
	*limit = r.rlim_cur;
	return 0;
}
