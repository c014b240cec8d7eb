/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that capture needs beside those of sys.h: events and their
 * rings, scheduling of the readers, waking, and the start of a command. All
 * return 0 (or a descriptor, or a count) or -errno.
 */
#ifndef ADDER_SYS_PERF_H
#define ADDER_SYS_PERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pollfd;

/* --- events and rings (sys/sys_perf.c) --- */
int sys_event_enable(int fd);	/* and every inherited copy of it */
int sys_event_disable(int fd);
/* The records of fd go into owner_fd's ring; same cpu, same clock. */
int sys_event_redirect(int fd, int owner_fd);
int sys_event_id(int fd, uint64_t *id);
/* Reads the event's values; needs len bytes whole. */
int sys_event_read(int fd, void *buf, size_t len);
/* Maps (1 + data_pages) pages, writable; *map on success. */
int sys_ring_map(int fd, size_t data_bytes, void **map);
void sys_ring_unmap(void *map, size_t data_bytes);
size_t sys_page_bytes(void);
/* Memory of our own that costs nothing until it is touched; NULL if none. */
void *sys_lazy_alloc(size_t bytes);
void sys_lazy_free(void *p, size_t bytes);

/* --- scheduling of the calling thread (sys/sched.c) --- */
int sys_pin_cpu(int cpu);
/* SCHED_FIFO at the lowest priority. */
int sys_rt_class(void);
/* Normal class with a small slice, and nicer to us where that is permitted. */
void sys_quick_class(void);
/* A nicer value, where that is permitted; else nothing. */
void sys_favoured_class(void);
void sys_thread_name(const char *name);
/* CPUs that are online, ascending; *cpus is freed with mem_free(). */
int sys_cpus_online(int **cpus, size_t *count);
/* Blocks all signals for the calling thread; threads inherit it. */
void sys_signals_block(void *old_mask, size_t mask_bytes);
void sys_signals_restore(const void *old_mask, size_t mask_bytes);

/* --- waking (sys/wait.c) --- */
int sys_poll(struct pollfd *fds, size_t count, int timeout_ms);
int sys_eventfd(void);
void sys_eventfd_signal(int fd);	/* async-signal-safe, keeps errno */
void sys_eventfd_drain(int fd);

/* --- limits (sys/wait.c) --- */
/* Raises the soft limit of descriptors to the hard one; *limit is it then. */
int sys_fd_limit_raise(uint64_t *limit);

/* --- a command of ours (sys/spawn.c) --- */
/*
 * Notes which signals we were started with ignored or blocked: so a command of
 * ours is started, too (nohup, a shell's trap ''). Call it before any changes.
 */
void sys_signals_inherited(void);

struct sys_child {
	pid_t pid;
	int go_fd;	/* -1 after sys_spawn_go() */
	int report_fd;
};
/*
 * Forks; the child waits for sys_spawn_go() and then executes argv, found in
 * PATH, in our process group. Its limits are ours as they are now: spawn
 * before sys_fd_limit_raise(), which a program with select() would not survive.
 */
int sys_spawn(struct sys_child *child, char *const *argv, char *const *envp);
/* Lets it go: 0 once it runs argv, -errno of the exec that failed. */
int sys_spawn_go(struct sys_child *child);
/* 1 and the wait status if it has ended, 0 while it lives, -errno. */
int sys_child_status(pid_t pid, int *wait_status);
/* Kills a child that has not been let go, and reaps it. */
void sys_spawn_abort(struct sys_child *child);

#endif
