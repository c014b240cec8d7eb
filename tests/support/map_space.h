/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address space of a live process as the unwinder wants it, from
 * /proc/PID/maps as of now: for tests and benches that need the unwinder and
 * not the rooms around it.
 */
#ifndef TESTS_MAP_SPACE_H
#define TESTS_MAP_SPACE_H

#include <sys/types.h>

#include "adder/unwind.h"

struct map_space;

/* NULL when the process's maps cannot be read. */
struct map_space *map_space_new(pid_t pid, const struct arch *arch);
void map_space_free(struct map_space *s);
const struct unwind_space *map_space_of(const struct map_space *s);
/* Path of the mapping that holds avma, or NULL. */
const char *map_space_path(const struct map_space *s, uint64_t avma);

#endif
