/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc of other processes. Names in it are chosen by those processes: a comm
 * may hold ")", blanks and digits, a path blanks and newlines (the kernel
 * writes a newline of a path as \012, and nothing else: fs/proc/task_mmu.c).
 */
#include "adder/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "adder/mem.h"
#include "adder/vec.h"

#define MAPS_LIMIT_BYTES (256u << 20)
#define PF_KTHREAD 0x00200000u	/* include/linux/sched.h */

int sys_proc_root(pid_t pid)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	return fd < 0 ? -errno : fd;
}

int sys_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* --- maps --- */

static bool take_hex(char **p, uint64_t *v)
{
	char *s = *p;
	uint64_t x = 0;
	int digit, n = 0;

	for (; n < 16; n++, s++) {
		if (*s >= '0' && *s <= '9')
			digit = *s - '0';
		else if (*s >= 'a' && *s <= 'f')
			digit = *s - 'a' + 10;
		else
			break;
		x = x << 4 | (uint64_t)digit;
	}
	*p = s;
	*v = x;
	return n > 0;
}

static bool take_dec(char **p, uint64_t *v)
{
	char *s = *p;
	uint64_t x = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (__builtin_mul_overflow(x, (uint64_t)10, &x) ||
		    __builtin_add_overflow(x, (uint64_t)(*s - '0'), &x))
			return false;
	}
	if (s == *p)
		return false;
	*p = s;
	*v = x;
	return true;
}

static bool take_char(char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static void unescape_newlines(char *s)
{
	char *to = s;

	while (*s) {
		if (!strncmp(s, "\\012", 4)) {
			*to++ = '\n';
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

bool sys_map_parse(char *line, struct sys_map *m)
{
	uint64_t major, minor;
	char *p = line, *perm;

	memset(m, 0, sizeof(*m));
	if (!take_hex(&p, &m->lo_avma) || !take_char(&p, '-') ||
	    !take_hex(&p, &m->hi_avma) || !take_char(&p, ' '))
		return false;
	perm = p;
	if (strnlen(p, 5) < 5 || perm[4] != ' ')
		return false;
	m->readable = perm[0] == 'r';
	m->writable = perm[1] == 'w';
	m->executable = perm[2] == 'x';
	m->shared = perm[3] == 's';
	p += 5;
	if (!take_hex(&p, &m->fileoff) || !take_char(&p, ' ') ||
	    !take_hex(&p, &major) || !take_char(&p, ':') ||
	    !take_hex(&p, &minor) || !take_char(&p, ' ') ||
	    !take_dec(&p, &m->ino) || m->lo_avma >= m->hi_avma)
		return false;
	m->dev_major = (uint32_t)major;
	m->dev_minor = (uint32_t)minor;
	/* "%lu " and then padding with blanks up to the path */
	p += strspn(p, " ");
	unescape_newlines(p);
	m->path = p;
	return true;
}

int sys_proc_maps(pid_t pid, int (*fn)(void *ctx, const struct sys_map *m),
		  void *ctx)
{
	struct buf text = { 0 };
	struct sys_map m;
	char path[40], *line, *end;
	int rc;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/maps");
	rc = sys_read_file(path, &text, MAPS_LIMIT_BYTES);
	if (rc)
		goto out;
	buf_cstr(&text);
	for (line = text.data; line < text.data + text.len; line = end + 1) {
		end = memchr(line, '\n',
			     (size_t)(text.data + text.len - line));
		if (!end)
			break;
		*end = '\0';
		if (!sys_map_parse(line, &m))
			continue;
		rc = fn(ctx, &m);
		if (rc)
			break;
	}
out:
	buf_release(&text);
	return rc;
}

/* --- lists of ids --- */

static bool parse_pid(const char *s, pid_t *pid)
{
	int64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > INT32_MAX / 10)
			return false;
		v = v * 10 + (*s - '0');
	}
	if (v <= 0 || v > INT32_MAX)
		return false;
	*pid = (pid_t)v;
	return true;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

/* Ids in a directory for which keep (nullable) says so. */
static int list_pids(const char *dir, bool (*keep)(pid_t pid, pid_t arg),
		     pid_t arg, pid_t **pids, size_t *count)
{
	VEC(pid_t) v = { 0 };
	struct dirent *e;
	pid_t pid;
	DIR *d = opendir(dir);

	*pids = NULL;
	*count = 0;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (parse_pid(e->d_name, &pid) && (!keep || keep(pid, arg)))
			*vec_push(&v) = pid;
	}
	closedir(d);
	if (v.count)
		qsort(v.data, v.count, sizeof(*v.data), compare_pids);
	*pids = v.data;
	*count = v.count;
	return 0;
}

int sys_proc_threads(pid_t pid, pid_t **tids, size_t *count)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return list_pids(path, NULL, 0, tids, count);
}

static bool is_live_child(pid_t pid, pid_t parent)
{
	struct sys_proc_stat st;

	return pid != parent && !sys_proc_stat(pid, 0, &st) &&
	       st.ppid == parent && st.state != 'Z' && st.state != 'X';
}

int sys_proc_children(pid_t pid, pid_t **pids, size_t *count)
{
	return list_pids("/proc", is_live_child, pid, pids, count);
}

int sys_proc_families(struct sys_family **out, size_t *count)
{
	struct sys_proc_stat st;
	pid_t *pids;
	size_t i, n;
	int rc = list_pids("/proc", NULL, 0, &pids, &n);

	*out = NULL;
	*count = 0;
	if (rc)
		return rc;
	*out = mem_calloc(n + 1, sizeof(**out));
	for (i = 0; i < n; i++) {
		if (sys_proc_stat(pids[i], 0, &st) || st.state == 'Z' ||
		    st.state == 'X')
			continue;
		(*out)[(*count)++] = (struct sys_family){ pids[i], st.ppid };
	}
	mem_free(pids);
	return 0;
}

/* --- stat --- */

int sys_proc_stat_parse(const char *text, size_t len,
			struct sys_proc_stat *st)
{
	const char *open_paren = memchr(text, '(', len);
	const char *close_paren = memrchr(text, ')', len);
	unsigned long long utime, stime, start;
	char rest[512];
	unsigned int flags;
	int ppid, pgrp;
	size_t n;

	memset(st, 0, sizeof(*st));
	if (!open_paren || !close_paren || close_paren < open_paren)
		return -EINVAL;
	n = (size_t)(close_paren - open_paren) - 1;
	if (n >= sizeof(st->comm))
		n = sizeof(st->comm) - 1;
	memcpy(st->comm, open_paren + 1, n);
	n = (size_t)(text + len - (close_paren + 1));
	if (n >= sizeof(rest))
		n = sizeof(rest) - 1;
	memcpy(rest, close_paren + 1, n);
	rest[n] = '\0';
	/* proc(5): fields 3, 4, 5, 9, 14, 15, 22 */
	if (sscanf(rest, " %c %d %d %*d %*d %*d %u %*u %*u %*u %*u %llu %llu"
		   " %*d %*d %*d %*d %*d %*d %llu", &st->state, &ppid, &pgrp,
		   &flags, &utime, &stime, &start) != 7)
		return -EINVAL;
	st->ppid = ppid;
	st->pgrp = pgrp;
	st->utime_ticks = utime;
	st->stime_ticks = stime;
	st->start_ticks = start;
	st->kernel_thread = flags & PF_KTHREAD;
	return 0;
}

int sys_proc_stat(pid_t pid, pid_t tid, struct sys_proc_stat *st)
{
	struct buf b = { 0 };
	char path[64];
	int rc;

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid,
			 (int)tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	rc = sys_read_file(path, &b, 4096);
	if (!rc)
		rc = b.len ? sys_proc_stat_parse(b.data, b.len, st) : -ESRCH;
	buf_release(&b);
	return rc;
}

uint64_t sys_proc_start_mono_ns(const struct sys_proc_stat *st)
{
	struct timespec boot, mono;
	int64_t asleep_ns, hz = sysconf(_SC_CLK_TCK), start_ns;

	if (hz <= 0 || clock_gettime(CLOCK_BOOTTIME, &boot) ||
	    clock_gettime(CLOCK_MONOTONIC, &mono))
		return 0;
	asleep_ns = (int64_t)(boot.tv_sec - mono.tv_sec) * 1000000000 +
		    (boot.tv_nsec - mono.tv_nsec);
	start_ns = (int64_t)(st->start_ticks * (UINT64_C(1000000000) /
						(uint64_t)hz)) - asleep_ns;
	return start_ns > 0 ? (uint64_t)start_ns : 0;
}

/* --- status --- */

/* The n-th number (from 0) of a line; false if there are fewer. */
static bool number_at(const char *line, int n, uint64_t *v)
{
	char *end;

	for (;; n--) {
		line += strspn(line, " \t");
		*v = strtoull(line, &end, 10);
		if (end == line)
			return false;
		if (!n)
			return true;
		line = end;
	}
}

static void status_line(const char *line, struct sys_proc_status *st,
			unsigned int *seen)
{
	uint64_t v;
	int n;

	if (!strncmp(line, "Tgid:", 5) && number_at(line + 5, 0, &v)) {
		st->tgid = (pid_t)v;
		*seen |= 1;
	} else if (!strncmp(line, "Uid:", 4) && number_at(line + 4, 1, &v)) {
		st->euid = (uint32_t)v;
		*seen |= 2;
	} else if (!strncmp(line, "Gid:", 4) && number_at(line + 4, 1, &v)) {
		st->egid = (uint32_t)v;
		*seen |= 4;
	} else if (!strncmp(line, "NSpid:", 6)) {
		for (n = 0; n < 64 && number_at(line + 6, n, &v); n++)
			st->ns_pid = (pid_t)v;
		st->other_pid_ns = n > 1;
	}
}

int sys_proc_status_parse(const char *text, size_t len,
			  struct sys_proc_status *st)
{
	const char *p = text, *end = text + len, *nl;
	unsigned int seen = 0;
	char line[512];
	size_t n;

	memset(st, 0, sizeof(*st));
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		n = (size_t)(nl - p);
		if (n >= sizeof(line))
			continue;
		memcpy(line, p, n);
		line[n] = '\0';
		status_line(line, st, &seen);
	}
	if (!st->ns_pid)	/* before 4.1, or no PID namespaces */
		st->ns_pid = st->tgid;
	return seen == 7 ? 0 : -EINVAL;
}

int sys_proc_status(pid_t pid, struct sys_proc_status *st)
{
	struct buf b = { 0 };
	char path[40];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	rc = sys_read_file(path, &b, 65536);
	if (!rc)
		rc = sys_proc_status_parse(b.data, b.len, st);
	buf_release(&b);
	return rc;
}

/* --- links --- */

int sys_proc_ns(pid_t pid, const char *name, uint64_t *ino)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	if (stat(path, &st))
		return -errno;
	*ino = st.st_ino;
	return 0;
}

int sys_proc_ns_root_uid(pid_t pid, uint32_t *uid)
{
	uint64_t ours = 0, theirs = 0, inside, outside, n;
	struct buf b = { 0 };
	const char *line;
	char path[40];
	int rc;

	rc = sys_proc_ns(getpid(), "user", &ours);
	if (!rc)
		rc = sys_proc_ns(pid, "user", &theirs);
	if (rc)
		return rc;
	*uid = 0;
	if (ours == theirs)
		return 0;
	/* user_namespaces(7): the second column is as the reader sees it */
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	rc = sys_read_file(path, &b, 65536);
	if (rc)
		goto out;
	rc = -ENOENT;
	for (line = buf_cstr(&b); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!number_at(line, 0, &inside) ||
		    !number_at(line, 1, &outside) || !number_at(line, 2, &n))
			break;
		if (!inside && n) {
			*uid = (uint32_t)outside;
			rc = 0;
			break;
		}
	}
out:
	buf_release(&b);
	return rc;
}

int sys_proc_exe(pid_t pid, struct buf *out)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return sys_readlink(path, out);
}
