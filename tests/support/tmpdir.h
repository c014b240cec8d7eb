/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of a test's own, removed with all that is in it. */
#ifndef TESTS_TMPDIR_H
#define TESTS_TMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmpdir_path[64];

static int tmpdir_remove_one(const char *path, const struct stat *st,
			     int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	remove(path);
	return 0;
}

static inline int tmpdir_setup(void **state)
{
	(void)state;
	snprintf(tmpdir_path, sizeof(tmpdir_path), "/tmp/adder-test-XXXXXX");
	return mkdtemp(tmpdir_path) ? 0 : -1;
}

static inline int tmpdir_teardown(void **state)
{
	(void)state;
	return nftw(tmpdir_path, tmpdir_remove_one, 16,
		    FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* Path of a name in it; four results live at a time. */
static inline const char *tmpdir_at(const char *name)
{
	static char paths[4][512];
	static unsigned int next;
	char *p = paths[next++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", tmpdir_path, name);
	return p;
}

static inline void tmpdir_write(const char *name, const char *text)
{
	int fd = open(tmpdir_at(name), O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		perror(name);
		abort();
	}
	close(fd);
}

#endif
