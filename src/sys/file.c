/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening files that others may have made. adder runs as root over programs
 * of other users: a path of theirs may be a link to our files, a FIFO that
 * never has a writer, or a device that acts when it is opened. So each file is
 * first opened O_PATH, which touches nothing, looked at, and only then opened
 * for reading through /proc/self/fd.
 */
#include "adder/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "adder/mem.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U	/* Linux 5.8 */
#endif

void sys_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Turns an O_PATH descriptor (consumed) into one for reading. */
static int reopen_regular(int path_fd_owned)
{
	char link[40];
	struct stat st;
	int fd = -EINVAL;

	if (fstat(path_fd_owned, &st)) {
		fd = -errno;
	} else if (S_ISLNK(st.st_mode)) {
		fd = -ELOOP;
	} else if (S_ISREG(st.st_mode)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd_owned);
		fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	close(path_fd_owned);
	return fd;
}

/* Without openat2: one component at a time, following nothing. */
static int walk_in_root(int root_fd, const char *path)
{
	char name[NAME_MAX + 1];
	size_t len;
	int fd, next;

	fd = openat(root_fd, ".", O_PATH | O_CLOEXEC | O_DIRECTORY);
	while (fd >= 0) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len)
			break;
		if (len > NAME_MAX || (len == 2 && !memcmp(path, "..", 2))) {
			close(fd);
			return len > NAME_MAX ? -ENAMETOOLONG : -EXDEV;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		/* a link before the end is no directory: ENOTDIR */
		next = openat(fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW |
			      (*path ? O_DIRECTORY : 0));
		if (next < 0)
			next = errno == ENOTDIR ? -ELOOP : -errno;
		close(fd);
		fd = next;
	}
	return fd == -1 ? -errno : fd;
}

int sys_open_in_root(int root_fd, const char *path, bool no_link)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (no_link ? O_NOFOLLOW : 0),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	if (root_fd < 0)
		return -EBADF;
	do {	/* EAGAIN: a directory above was renamed meanwhile */
		fd = (int)syscall(SYS_openat2, root_fd, path, &how,
				  sizeof(how));
	} while (fd < 0 && errno == EAGAIN && ++tries < 16);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = walk_in_root(root_fd, path);
	else if (fd < 0)
		fd = -errno;
	return fd < 0 ? fd : reopen_regular(fd);
}

int sys_open_file(const char *path, bool no_link)
{
	int fd = open(path, O_PATH | O_CLOEXEC | (no_link ? O_NOFOLLOW : 0));

	return fd < 0 ? -errno : reopen_regular(fd);
}

int sys_open_map_file(pid_t pid, uint64_t lo_avma, uint64_t hi_avma)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)pid,
		 (unsigned long long)lo_avma, (unsigned long long)hi_avma);
	return sys_open_file(path, false);
}

int64_t sys_pread_full(int fd, void *buf, size_t len, uint64_t off)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)buf + done, len - done,
			  (off_t)(off + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

int sys_read_file(const char *path, struct buf *out, size_t limit_bytes)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t want;
	ssize_t n;
	int rc = 0;

	buf_clear(out);
	if (fd < 0)
		return -errno;
	while (out->len < limit_bytes) {
		want = limit_bytes - out->len;
		if (want > 65536)
			want = 65536;
		n = read(fd, buf_reserve(out, want), want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = -errno;
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	close(fd);
	return rc;
}

int sys_read_i64(const char *path, int64_t *out)
{
	struct buf b = { 0 };
	char *end;
	int rc = sys_read_file(path, &b, 64);

	if (!rc) {
		errno = 0;
		*out = strtoll(buf_cstr(&b), &end, 10);
		if (errno)
			rc = -errno;
		else if (end == b.data || (*end && *end != '\n'))
			rc = -EINVAL;
	}
	buf_release(&b);
	return rc;
}

static uint64_t statx_ns(const struct statx_timestamp *t)
{
	if (t->tv_sec < 0)
		return 0;
	return (uint64_t)t->tv_sec * UINT64_C(1000000000) + t->tv_nsec;
}

int sys_fstat(int fd, struct sys_stat *out)
{
	struct statx x;

	memset(out, 0, sizeof(*out));
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &x))
		return -errno;
	out->dev_major = x.stx_dev_major;
	out->dev_minor = x.stx_dev_minor;
	out->dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	out->ino = x.stx_ino;
	out->size_bytes = x.stx_size;
	out->mtime_ns = statx_ns(&x.stx_mtime);
	if (x.stx_mask & STATX_BTIME)
		out->btime_ns = statx_ns(&x.stx_btime);
	if (x.stx_mask & STATX_MNT_ID)
		/* the field is younger than some headers: behind dev_minor */
		memcpy(&out->mnt_id, (const char *)&x + 0x90, 8);
	out->uid = x.stx_uid;
	out->mode = x.stx_mode;
	return 0;
}

int sys_readlink(const char *path, struct buf *out)
{
	ssize_t n;

	buf_clear(out);
	n = readlink(path, buf_reserve(out, PATH_MAX), PATH_MAX);
	if (n < 0)
		return -errno;
	out->len = (size_t)n;
	buf_cstr(out);
	return 0;
}

int sys_realpath(const char *path, struct buf *out)
{
	char *real = realpath(path, NULL);

	buf_clear(out);
	if (!real)
		return -errno;
	buf_puts(out, real);
	buf_cstr(out);
	mem_free(real);
	return 0;
}

bool sys_is_overlay(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) &&
	       (uint64_t)fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

size_t sys_fd_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return 1024;
	return r.rlim_cur > INT_MAX ? INT_MAX : (size_t)r.rlim_cur;
}

bool sys_is_executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

int sys_unlink(const char *path)
{
	return unlink(path) ? -errno : 0;
}
