/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Never beyond a symbol's size: on a stripped build 9 % of the text have a
 * symbol, and the nearest one before an address is then nearly always the
 * wrong one. Assembly symbols without a size (_start) reach to the next symbol
 * or to the end of their section, and only where no sized symbol is.
 */
#include "symbol/table.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "adder/mem.h"
#include "adder/vec.h"

/* Hostile nests of symbols: do not look further back than this. */
#define BACK_LIMIT 1024

void table_add(struct symbol_table *t, const struct table_symbol *s)
{
	*vec_push(t) = *s;
}

static size_t underscores(const char *name)
{
	return strspn(name, "_");
}

static int bind_rank(uint8_t bind)
{
	return bind == STB_LOCAL ? 1 : 0;
}

int table_prefer(const struct table_symbol *a, const struct table_symbol *b)
{
	size_t x, y;

	if (a->is_plt != b->is_plt)
		return a->is_plt - b->is_plt;
	if (!a->size_bytes != !b->size_bytes)
		return !a->size_bytes - !b->size_bytes;
	if (a->is_func != b->is_func)
		return b->is_func - a->is_func;
	/* .symtab of a debug file has write@@GLIBC_2.2.5 beside write. */
	if (!strchr(a->name, '@') != !strchr(b->name, '@'))
		return strchr(a->name, '@') ? 1 : -1;
	/* glibc: read is weak, __read global, __GI___read local. */
	if (bind_rank(a->bind) != bind_rank(b->bind))
		return bind_rank(a->bind) - bind_rank(b->bind);
	x = underscores(a->name);
	y = underscores(b->name);
	if (x != y)
		return x < y ? -1 : 1;
	if ((a->bind == STB_GLOBAL) != (b->bind == STB_GLOBAL))
		return a->bind == STB_GLOBAL ? -1 : 1;
	x = strlen(a->name);
	y = strlen(b->name);
	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare(const void *a, const void *b)
{
	const struct table_symbol *x = a, *y = b;

	if (x->start_svma != y->start_svma)
		return x->start_svma < y->start_svma ? -1 : 1;
	return table_prefer(x, y);
}

static uint64_t end_of(const struct table_symbol *s)
{
	uint64_t end;

	if (__builtin_add_overflow(s->start_svma, s->size_bytes, &end))
		return UINT64_MAX;
	return end;
}

/* One symbol per address stays: the best, with the largest extent of all. */
static void merge_aliases(struct symbol_table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->count; i++) {
		if (n && t->data[n - 1].start_svma == t->data[i].start_svma) {
			if (t->data[i].size_bytes > t->data[n - 1].size_bytes)
				t->data[n - 1].size_bytes =
					t->data[i].size_bytes;
			continue;
		}
		t->data[n++] = t->data[i];
	}
	t->count = n;
}

/*
 * Symbols without size inside a sized one are labels: they go. The others get
 * a size.
 */
static void size_the_sizeless(struct symbol_table *t)
{
	uint64_t reach = 0, end;
	size_t i, n = 0;

	for (i = 0; i < t->count; i++) {
		struct table_symbol s = t->data[i];

		if (!s.size_bytes) {
			if (s.start_svma < reach)
				continue;
			end = s.limit_svma;
			if (i + 1 < t->count && t->data[i + 1].start_svma < end)
				end = t->data[i + 1].start_svma;
			if (end <= s.start_svma)
				continue;
			s.size_bytes = end - s.start_svma;
		}
		if (end_of(&s) > reach)
			reach = end_of(&s);
		t->data[n++] = s;
	}
	t->count = n;
}

void table_seal(struct symbol_table *t)
{
	uint64_t reach = 0;
	size_t i;

	if (!t->count)
		return;
	qsort(t->data, t->count, sizeof(*t->data), compare);
	merge_aliases(t);
	size_the_sizeless(t);
	t->reach = mem_realloc_array(t->reach, t->count, sizeof(*t->reach));
	for (i = 0; i < t->count; i++) {
		if (end_of(&t->data[i]) > reach)
			reach = end_of(&t->data[i]);
		t->reach[i] = reach;
	}
}

const struct table_symbol *table_find(const struct symbol_table *t,
				      uint64_t svma)
{
	size_t lo = 0, hi = t->count, mid, back;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (t->data[mid].start_svma <= svma)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (back = 0; lo && back < BACK_LIMIT; back++) {
		lo--;
		if (t->reach[lo] <= svma)
			return NULL;
		if (end_of(&t->data[lo]) > svma)
			return &t->data[lo];
	}
	return NULL;
}

void table_release(struct symbol_table *t)
{
	vec_release(t);
	mem_free(t->reach);
	t->reach = NULL;
}
