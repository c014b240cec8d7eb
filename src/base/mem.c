/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The out-of-memory hook is process-wide by nature: set once by main. */
static mem_oom_hook oom_hook;
static void *oom_ctx;

void mem_set_oom_hook(mem_oom_hook hook, void *ctx)
{
	oom_hook = hook;
	oom_ctx = ctx;
}

__attribute__((noreturn)) static void out_of_memory(size_t bytes)
{
	mem_oom_hook hook = oom_hook;

	oom_hook = NULL;	/* the hook may run out of memory itself */
	if (hook)
		hook(oom_ctx);
	fprintf(stderr, "adder: out of memory (asked for %zu bytes)\n", bytes);
	abort();
}

void *mem_alloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_calloc(size_t count, size_t elem_bytes)
{
	void *p = calloc(count ? count : 1, elem_bytes ? elem_bytes : 1);

	if (!p)
		out_of_memory(count * elem_bytes);
	return p;
}

void *mem_realloc_array(void *p, size_t count, size_t elem_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, elem_bytes, &bytes))
		out_of_memory(SIZE_MAX);
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_dup(const void *p, size_t bytes)
{
	void *q = mem_alloc(bytes);

	if (bytes)
		memcpy(q, p, bytes);
	return q;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return mem_strdup("");
	s = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

void mem_free(void *p)
{
	free(p);
}

void *mem_try_array(size_t count, size_t elem_bytes, size_t limit_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, elem_bytes, &bytes))
		return NULL;
	if (bytes > limit_bytes)
		return NULL;
	return calloc(count ? count : 1, elem_bytes ? elem_bytes : 1);
}
