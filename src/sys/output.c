/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that we write. They may lie in a directory that others write to as
 * well (/tmp), and adder often runs as root: nothing is opened through a link,
 * nothing that exists is opened for writing.
 */
#include "adder/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool is_locked(int fd)
{
	if (!flock(fd, LOCK_SH | LOCK_NB))
		return false;	/* close() gives it back */
	return errno == EWOULDBLOCK;
}

int sys_file_kind(const char *path)
{
	struct stat st;
	bool locked;
	int fd;

	if (lstat(path, &st))
		return errno == ENOENT ? SYS_FILE_NONE : -errno;
	if (S_ISLNK(st.st_mode))
		return SYS_FILE_LINK;
	if (S_ISDIR(st.st_mode))
		return SYS_FILE_DIR;
	if (!S_ISREG(st.st_mode))
		return SYS_FILE_OTHER;
	fd = sys_open_file(path, true);
	if (fd < 0)
		return fd;
	locked = is_locked(fd);
	close(fd);
	return locked ? SYS_FILE_LOCKED : SYS_FILE_REGULAR;
}

int sys_create_locked(const char *path)
{
	int fd, error;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return -errno;
	/*
	 * A file system without locks is no reason not to record: then a dead
	 * run's file cannot be told from a live one's, and counts as dead.
	 */
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		error = errno;
		close(fd);
		return -error;
	}
	return fd;
}

static int write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Beyond RLIMIT_FSIZE the kernel sends SIGXFSZ, which kills, before it says
 * EFBIG. Ignoring it would be inherited by a program that we start; so it is
 * held back from this thread for the time of the write, and taken off it.
 */
int sys_write_full(int fd, const void *bytes, size_t len)
{
	const struct timespec at_once = { 0 };
	sigset_t xfsz, old;
	int ret;

	sigemptyset(&xfsz);
	sigaddset(&xfsz, SIGXFSZ);
	if (pthread_sigmask(SIG_BLOCK, &xfsz, &old))
		return write_all(fd, bytes, len);
	ret = write_all(fd, bytes, len);
	if (ret == -EFBIG && !sigismember(&old, SIGXFSZ))
		sigtimedwait(&xfsz, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

int sys_truncate(int fd, uint64_t len)
{
	return ftruncate(fd, (off_t)len) ? -errno : 0;
}

int sys_rename(const char *from, const char *to, bool no_replace)
{
	struct stat st;

	if (!no_replace)
		return rename(from, to) ? -errno : 0;
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* The file system cannot (NFS): look first, which is not atomic. */
	if (!lstat(to, &st))
		return -EEXIST;
	return rename(from, to) ? -errno : 0;
}

int sys_close_written(int fd)
{
	return close(fd) ? -errno : 0;
}
