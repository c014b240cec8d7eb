/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Says whether perf_event_open works here at all: one software event on this
 * process, user time only, which an unpatched kernel permits to everybody. A
 * test that skips where this succeeds hides that nothing was tested.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.exclude_kernel = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			      PERF_FLAG_FD_CLOEXEC);

	if (fd < 0) {
		perror("perf_event_open");
		return 1;
	}
	close(fd);
	return 0;
}
