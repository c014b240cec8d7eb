/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the stacks of threads end, told by the consumer (after a walk that
 * reached the root) to the readers. One slot per tid modulo the table's size:
 * tids are dense, and a lost hint costs only a longer read.
 */
#ifndef CAPTURE_HINT_H
#define CAPTURE_HINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hints;

struct hints *hints_new(void);
void hints_free(struct hints *h);
/* Consumer. hi_avma 0 forgets. */
void hints_set(struct hints *h, int32_t tid, uint64_t hi_avma);
/*
 * Whether the bytes [sp, sp + len) reach the end of tid's stack; or_else
 * where that is not known.
 */
bool hints_covers(struct hints *h, int32_t tid, uint64_t sp, size_t len,
		  bool or_else);
/*
 * Any reader: how many bytes from sp on to read of tid's stack, at most
 * limit_bytes; *unknown: nobody has told yet.
 */
size_t hints_want(struct hints *h, int32_t tid, uint64_t sp,
		  size_t limit_bytes, bool *unknown);

#endif
