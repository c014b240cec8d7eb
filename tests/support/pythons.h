/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interpreters with the perf trampoline to test against: ADDER_PYTHONS, paths
 * with colons between, else python3.12 to python3.15 and python3 in PATH.
 */
#ifndef TESTS_PYTHONS_H
#define TESTS_PYTHONS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PYTHONS_MAX 16

static char pythons[PYTHONS_MAX][512];
static size_t python_count;

/* Runs it: a name in PATH may be a shim for a version that is not there. */
static inline bool python_has_trampoline(const char *path)
{
	char command[1200];

	snprintf(command, sizeof(command),
		 "'%s' -c 'import sys; sys.exit(not hasattr(sys, "
		 "\"activate_stack_trampoline\"))' >/dev/null 2>&1", path);
	return system(command) == 0;
}

static inline void pythons_add(const char *path)
{
	if (python_count < PYTHONS_MAX && python_has_trampoline(path))
		snprintf(pythons[python_count++], sizeof(pythons[0]), "%s",
			 path);
}

static inline void pythons_from_path(const char *name)
{
	const char *dir = getenv("PATH");
	char path[512];
	size_t n;

	for (; dir; dir = dir[n] ? dir + n + 1 : NULL) {
		n = strcspn(dir, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)n, dir, name);
		if (access(path, X_OK))
			continue;
		pythons_add(path);
		return;
	}
}

/* How many there are; says why not if there are none. */
static inline size_t pythons_find(void)
{
	static const char *const names[] = { "python3.12", "python3.13",
					     "python3.14", "python3.15" };
	char *list = getenv("ADDER_PYTHONS"), *save = NULL, *copy, *p;
	size_t i;

	if (list && *list) {
		copy = strdup(list);
		for (p = strtok_r(copy, ":", &save); p;
		     p = strtok_r(NULL, ":", &save))
			pythons_add(p);
		free(copy);
	} else {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			pythons_from_path(names[i]);
		if (!python_count)
			pythons_from_path("python3");
	}
	if (!python_count)
		printf("skipped: no Python with the perf trampoline (3.12 or "
		       "newer) in ADDER_PYTHONS or PATH\n");
	return python_count;
}

#endif
