/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another process's memory: process_vm_readv(2), which wants ptrace access. */
#include "adder/sys.h"

#include <errno.h>
#include <sys/uio.h>

int64_t sys_mem_read(pid_t pid, uint64_t avma, void *buf, size_t len)
{
	struct iovec local = { buf, len };
	struct iovec remote = { (void *)(uintptr_t)avma, len };
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return n < 0 ? -errno : n;
}
