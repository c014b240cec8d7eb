/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checked allocation. mem_alloc and its kin never return NULL: when memory
 * is out they call the hook (which finalises a recording that is under way)
 * and abort with one line. A size that comes from the kernel, a file or the
 * target goes through mem_try_array() instead, which has a bound.
 *
 * What these return is freed with mem_free().
 */
#ifndef ADDER_MEM_H
#define ADDER_MEM_H

#include <stddef.h>

void *mem_alloc(size_t bytes);				/* uninitialised */
void *mem_calloc(size_t count, size_t elem_bytes);	/* zeroed */
void *mem_realloc_array(void *p, size_t count, size_t elem_bytes);
char *mem_strdup(const char *s);
void *mem_dup(const void *p, size_t bytes);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mem_free(void *p);					/* NULL is legal */

/*
 * NULL when count * elem_bytes overflows, exceeds limit_bytes, or cannot be
 * had; zeroed otherwise.
 */
void *mem_try_array(size_t count, size_t elem_bytes, size_t limit_bytes);

/* Called once when memory is out, before the process aborts. */
typedef void (*mem_oom_hook)(void *ctx);
void mem_set_oom_hook(mem_oom_hook hook, void *ctx);

#endif
