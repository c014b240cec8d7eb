/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only system calls about other processes and about perf. errno is read
 * in src/sys/ only; everybody else gets -errno (a negative int) or an error
 * object. What the kernel cannot be made to refuse on demand goes through
 * struct sys_ops, so that a test can stand in for it.
 */
#ifndef ADDER_SYS_H
#define ADDER_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "adder/buf.h"

struct perf_event_attr;
struct err;

struct sys_ops {
	/* fd or -errno */
	int (*perf_event_open)(struct perf_event_attr *attr, pid_t pid, int cpu,
			       int group_fd, unsigned long flags);
	/* bytes read (may be fewer: a page could not be read) or -errno */
	int64_t (*mem_read)(pid_t pid, uint64_t avma, void *buf, size_t len);
};

extern const struct sys_ops sys_real;

/* --- clocks (sys/clock.c) --- */
uint64_t sys_mono_ns(void);
uint64_t sys_realtime_ns(void);
uint64_t sys_thread_cpu_ns(void);	/* of the calling thread */
uint64_t sys_process_cpu_ns(void);

/* --- a process's memory (sys/mem.c) --- */
int64_t sys_mem_read(pid_t pid, uint64_t avma, void *buf, size_t len);

/* --- files that others may have made (sys/file.c) --- */
/*
 * All of these open for reading, O_CLOEXEC, never blocking, regular files
 * only, and never open a device, not even for a moment. They return an fd or
 * -errno: -ELOOP for a refused link, -EINVAL where the file is not regular.
 */
/*
 * `path` under `root_fd` (an O_PATH descriptor of a directory, for example
 * /proc/PID/root), so that no symbolic or magic link leads out of it
 * (openat2, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS; where openat2 is missing,
 * a walk by components that follows no link at all). no_link refuses a
 * symbolic link as the last component.
 */
int sys_open_in_root(int root_fd, const char *path, bool no_link);
/* A path of our own root. */
int sys_open_file(const char *path, bool no_link);
/* The file behind /proc/PID/map_files/LO-HI: exact even when it is deleted. */
int sys_open_map_file(pid_t pid, uint64_t lo_avma, uint64_t hi_avma);
/* Closes fd if it is one (>= 0). */
void sys_close(int fd);
/* pread until len, the end of the file or an error: bytes or -errno. */
int64_t sys_pread_full(int fd, void *buf, size_t len, uint64_t off);
/* Whole small file under /proc or /sys into *out: 0 or -errno. */
int sys_read_file(const char *path, struct buf *out, size_t limit_bytes);
/* A number from a one-number file: 0 or -errno. */
int sys_read_i64(const char *path, int64_t *out);

struct sys_stat {
	uint64_t dev, ino, size_bytes, mtime_ns;
	uint64_t btime_ns;	/* made; 0 = not known */
	uint64_t mnt_id;	/* 0 = not known (before 5.8) */
	uint32_t dev_major, dev_minor;
	uint32_t uid, mode;
};
int sys_fstat(int fd, struct sys_stat *st);
/* Text of a link, the real path of a path: 0 or -errno. NUL behind it. */
int sys_readlink(const char *path, struct buf *out);
int sys_realpath(const char *path, struct buf *out);
/* On overlayfs: a file's device and inode are not those of its mappings. */
bool sys_is_overlay(int fd);
/* How many descriptors we may have open (the soft RLIMIT_NOFILE). */
size_t sys_fd_limit(void);
/* A regular file that we may execute. */
bool sys_is_executable(const char *path);
int sys_unlink(const char *path);

/* --- other descriptors (sys/handle.c) --- */
/* An O_PATH descriptor of a directory, for sys_open_in_root(), or -errno. */
int sys_open_dir(const char *path);
/* Anonymous memory that holds these bytes, as a descriptor, or -errno. */
int sys_memfd(const char *name, const void *bytes, size_t len);

/* --- files that we write (sys/output.c) --- */
enum sys_file_kind {
	SYS_FILE_NONE, SYS_FILE_REGULAR, SYS_FILE_LOCKED, SYS_FILE_LINK,
	SYS_FILE_DIR, SYS_FILE_OTHER,
};
/*
 * What stands at a path, a link not followed; LOCKED is a regular file that a
 * live writer holds. A kind or -errno.
 */
int sys_file_kind(const char *path);
/*
 * Makes a new file, mode 0600, never through a link and never one that is
 * there (-EEXIST), and holds its lock until it is closed. fd or -errno.
 */
int sys_create_locked(const char *path);
/*
 * Writes all of it: 0 or -errno, -EFBIG without the signal; after an error a
 * part may stand there.
 */
int sys_write_full(int fd, const void *bytes, size_t len);
int sys_truncate(int fd, uint64_t len);
/* no_replace: -EEXIST where `to` is there. 0 or -errno. */
int sys_rename(const char *from, const char *to, bool no_replace);
/* close() whose answer counts (quotas, network file systems): 0 or -errno. */
int sys_close_written(int fd);

/* --- /proc (sys/proc.c) --- */
/* Opened O_PATH | O_CLOEXEC: /proc/PID/root. fd or -errno. */
int sys_proc_root(pid_t pid);
/* fd of pidfd_open, or -errno. */
int sys_pidfd(pid_t pid);

struct sys_map {
	uint64_t lo_avma, hi_avma, fileoff;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	bool readable, writable, executable, shared;
	const char *path;	/* "" when anonymous; " (deleted)" kept */
};
/*
 * Calls fn for each line of /proc/PID/maps until it returns non-zero, which is
 * returned; 0 at the end; -errno. A line that is malformed is left out. pid 0
 * is ourselves.
 */
int sys_proc_maps(pid_t pid, int (*fn)(void *ctx, const struct sys_map *m),
		  void *ctx);
/* One line of it, without the newline; m->path points into a changed `line`. */
bool sys_map_parse(char *line, struct sys_map *m);
/* Thread ids, ascending; the caller frees *tids with mem_free(). */
int sys_proc_threads(pid_t pid, pid_t **tids, size_t *count);
/* Live children of every thread of pid (ppid scan), likewise. */
int sys_proc_children(pid_t pid, pid_t **pids, size_t *count);
struct sys_family {
	pid_t pid, parent;
};
/* All live processes and their parents, to be freed by mem_free(). */
int sys_proc_families(struct sys_family **out, size_t *count);

struct sys_proc_stat {
	char comm[64];
	char state;		/* R S D Z T t X */
	pid_t ppid, pgrp;
	uint64_t start_ticks;	/* since boot, in USER_HZ */
	uint64_t utime_ticks, stime_ticks;
	bool kernel_thread;
};
/* tid = 0 for the process itself. */
int sys_proc_stat(pid_t pid, pid_t tid, struct sys_proc_stat *st);
/* The text of such a file: 0 or -EINVAL. */
int sys_proc_stat_parse(const char *text, size_t len,
			struct sys_proc_stat *st);
/* Start time on CLOCK_MONOTONIC, ns (resolution 10 ms); 0 if not known. */
uint64_t sys_proc_start_mono_ns(const struct sys_proc_stat *st);

struct sys_proc_status {
	uint32_t euid, egid;
	pid_t tgid;
	pid_t ns_pid;		/* innermost of NSpid */
	bool other_pid_ns;	/* NSpid has more than one entry */
};
int sys_proc_status(pid_t pid, struct sys_proc_status *st);
int sys_proc_status_parse(const char *text, size_t len,
			  struct sys_proc_status *st);
/* Who root of pid's user namespace is, as we see it: 0 or -errno. */
int sys_proc_ns_root_uid(pid_t pid, uint32_t *uid);
/* Inode of /proc/PID/ns/NAME ("mnt", "pid", "user"): 0 or -errno. */
int sys_proc_ns(pid_t pid, const char *name, uint64_t *ino);
/* Link text of /proc/PID/exe: 0 or -errno. */
int sys_proc_exe(pid_t pid, struct buf *out);

/* --- a thread that stands still (sys/thread.c) --- */
struct sys_where {
	bool running;		/* on a CPU or waiting for one: nothing else set */
	int syscall;		/* number; -1 = not in a system call */
	uint64_t sp_avma, pc_avma;
};
/* 0 or -errno (-EACCES/-EPERM without ptrace access, -ENOENT gone). */
int sys_thread_where(pid_t pid, pid_t tid, struct sys_where *out);
/* Context switches so far: unchanged means that the thread has not run. */
int sys_thread_switches(pid_t pid, pid_t tid, uint64_t *count);

#endif
