/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where and how eagerly the calling thread runs. */
#include "adder/sys_perf.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/mem.h"
#include "adder/sys.h"

#define CPUS_MAX 8192

int sys_pin_cpu(int cpu)
{
	size_t bytes = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *set;
	int ret;

	if (cpu < 0 || cpu >= CPUS_MAX)
		return -EINVAL;
	set = CPU_ALLOC(CPUS_MAX);
	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(bytes, set);
	CPU_SET_S((size_t)cpu, bytes, set);
	ret = sched_setaffinity(0, bytes, set) ? -errno : 0;
	CPU_FREE(set);
	return ret;
}

int sys_rt_class(void)
{
	struct sched_param p = {
		.sched_priority = sched_get_priority_min(SCHED_FIFO),
	};

	return sched_setscheduler(0, SCHED_FIFO, &p) ? -errno : 0;
}

/* sched_setattr(2) has no wrapper before glibc 2.41. */
struct quick_attr {
	uint32_t attr_bytes, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

/*
 * From Linux 6.12 on, sched_runtime of a normal task is its slice: a small
 * one gives an early deadline, and so the preemption of the target that a
 * held read lives from. It needs no privilege; a lower nice value does.
 */
void sys_quick_class(void)
{
	struct quick_attr a = {
		.attr_bytes = sizeof(a), .policy = SCHED_OTHER, .nice = -20,
		.runtime_ns = 100 * 1000,
	};

	if (!syscall(SYS_sched_setattr, 0, &a, 0))
		return;
	a.nice = getpriority(PRIO_PROCESS, 0);
	(void)!syscall(SYS_sched_setattr, 0, &a, 0);
}

void sys_favoured_class(void)
{
	(void)!setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), -10);
}

void sys_thread_name(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}

/* "0-3,8,10-11" */
int sys_cpus_online(int **cpus, size_t *count)
{
	struct buf b = { 0 };
	unsigned long lo, hi;
	const char *s;
	char *end;
	size_t n = 0;
	int ret;

	*cpus = NULL;
	*count = 0;
	ret = sys_read_file("/sys/devices/system/cpu/online", &b, 65536);
	if (ret < 0) {
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		buf_clear(&b);
		buf_printf(&b, "0-%ld", online > 0 ? online - 1 : 0);
	}
	*cpus = mem_calloc(CPUS_MAX, sizeof(**cpus));
	for (s = buf_cstr(&b); *s >= '0' && *s <= '9'; s = end + 1) {
		lo = hi = strtoul(s, &end, 10);
		if (*end == '-')
			hi = strtoul(end + 1, &end, 10);
		for (; lo <= hi && lo < CPUS_MAX && n < CPUS_MAX; lo++)
			(*cpus)[n++] = (int)lo;
		if (*end != ',')
			break;
	}
	buf_release(&b);
	*count = n;
	return n ? 0 : -ENODATA;
}

void sys_signals_block(void *old_mask, size_t mask_bytes)
{
	sigset_t all;

	if (mask_bytes < sizeof(sigset_t))
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old_mask);
}

void sys_signals_restore(const void *old_mask, size_t mask_bytes)
{
	if (mask_bytes >= sizeof(sigset_t))
		pthread_sigmask(SIG_SETMASK, old_mask, NULL);
}
