/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address ranges with names, where the later one wins, appended in bursts and
 * looked up in between. Ranges stand in sorted runs of falling size; a new
 * burst becomes a run, and neighbours are merged when the newer one has grown
 * to half of the older one. So n entries cost O(n log n) in all, however
 * small the bursts, and a look-up a binary search in a few runs.
 */
#include <stdlib.h>
#include <string.h>

#include "python_priv.h"

void map_table_init(struct map_table *t)
{
	memset(t, 0, sizeof(*t));
	arena_init(&t->text);
}

void map_table_release(struct map_table *t)
{
	size_t i;

	for (i = 0; i < t->run_count; i++)
		mem_free(t->runs[i].data);
	vec_release(&t->fresh);
	arena_release(&t->text);
	t->run_count = 0;
}

static const char *keep_text(struct map_table *t, const char *name,
			     size_t name_len, const char *file,
			     size_t file_len)
{
	char *p = arena_alloc(&t->text, name_len + file_len + 2);

	if (name_len)
		memcpy(p, name, name_len);
	p[name_len] = '\0';
	if (file_len)
		memcpy(p + name_len + 1, file, file_len);
	p[name_len + 1 + file_len] = '\0';
	return p;
}

void map_table_add(struct map_table *t, uint64_t lo_avma, uint64_t hi_avma,
		   uint64_t at_fileoff, const char *name, size_t len)
{
	struct map_entry e = { .lo_avma = lo_avma, .hi_avma = hi_avma,
			       .at_fileoff = at_fileoff };
	size_t name_len = len, file_len = 0;
	const char *file = "";

	if (len >= 4 && !memcmp(name, "py::", 4)) {
		e.is_python = true;
		name += 4;
		map_text_split(name, len - 4, &name_len, &file, &file_len);
	}
	e.name_len = (uint32_t)name_len;
	e.file_len = (uint32_t)file_len;
	e.text = keep_text(t, name, name_len, file, file_len);
	*vec_push(&t->fresh) = e;
	t->entry_count++;
}

/* --- runs --- */

static void run_push(struct map_run *r, const struct map_entry *e)
{
	struct map_entry *last = r->count ? &r->data[r->count - 1] : NULL;

	/* two pieces of one entry that nothing came between */
	if (last && last->text == e->text && last->hi_avma == e->lo_avma) {
		last->hi_avma = e->hi_avma;
		return;
	}
	vec_reserve(r, r->count + 1);
	r->data[r->count++] = *e;
}

/* Merges two runs; where they overlap, the newer one's entries stand. */
static struct map_run merge(const struct map_run *old,
			    const struct map_run *new)
{
	struct map_run out = { 0 };
	struct map_entry e;
	size_t i = 0, j = 0;

	vec_reserve(&out, old->count + new->count);
	if (old->count)
		e = old->data[0];
	while (i < old->count) {
		if (j == new->count || e.hi_avma <= new->data[j].lo_avma) {
			run_push(&out, &e);
		} else if (new->data[j].hi_avma <= e.lo_avma) {
			run_push(&out, &new->data[j++]);
			continue;
		} else {
			if (e.lo_avma < new->data[j].lo_avma) {
				struct map_entry head = e;

				head.hi_avma = new->data[j].lo_avma;
				run_push(&out, &head);
			}
			if (e.hi_avma > new->data[j].hi_avma) {
				e.lo_avma = new->data[j].hi_avma;
				run_push(&out, &new->data[j++]);
				continue;
			}
		}
		if (++i < old->count)
			e = old->data[i];
	}
	for (; j < new->count; j++)
		run_push(&out, &new->data[j]);
	return out;
}

static void merge_last_two(struct map_table *t)
{
	struct map_run *old = &t->runs[t->run_count - 2];
	struct map_run *new = &t->runs[t->run_count - 1];
	struct map_run both;

	/* the common case: code is given out at ascending addresses */
	if (new->count && old->count &&
	    old->data[old->count - 1].hi_avma <= new->data[0].lo_avma) {
		vec_reserve(old, old->count + new->count);
		memcpy(old->data + old->count, new->data,
		       new->count * sizeof(*new->data));
		old->count += new->count;
		mem_free(new->data);
	} else {
		both = merge(old, new);
		mem_free(old->data);
		mem_free(new->data);
		*old = both;
	}
	memset(new, 0, sizeof(*new));
	t->run_count--;
}

static void run_add(struct map_table *t, struct map_run run_owned)
{
	t->runs[t->run_count++] = run_owned;
	while (t->run_count > 1 &&
	       t->runs[t->run_count - 1].count * 2 >=
	       t->runs[t->run_count - 2].count)
		merge_last_two(t);
}

/* Ascending by address; of one address the later line first. */
static int compare_entries(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;

	if (x->lo_avma != y->lo_avma)
		return x->lo_avma < y->lo_avma ? -1 : 1;
	return x->at_fileoff > y->at_fileoff ? -1 :
	       x->at_fileoff < y->at_fileoff;
}

static bool is_disjoint(const struct map_entry *e, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (e[i].lo_avma < e[i - 1].hi_avma)
			return false;
	return true;
}

/* The run of [from, from + n) in the order of lines, whatever they cover. */
static struct map_run run_of(const struct map_entry *lines, size_t n)
{
	struct map_run r = { 0 }, a, b;

	if (n <= 1) {
		if (n)
			run_push(&r, lines);
		return r;
	}
	a = run_of(lines, n / 2);
	b = run_of(lines + n / 2, n - n / 2);
	r = merge(&a, &b);
	mem_free(a.data);
	mem_free(b.data);
	return r;
}

static void settle(struct map_table *t)
{
	struct map_run r = { 0 };
	struct map_entry *copy;
	size_t n = t->fresh.count;

	copy = mem_dup(t->fresh.data, n * sizeof(*copy));
	if (!is_disjoint(copy, n))
		qsort(copy, n, sizeof(*copy), compare_entries);
	if (is_disjoint(copy, n)) {
		r.data = copy;
		r.count = r.capacity = n;
	} else {
		mem_free(copy);
		r = run_of(t->fresh.data, n);
	}
	vec_clear(&t->fresh);
	run_add(t, r);
}

static const struct map_entry *run_find(const struct map_run *r,
					uint64_t avma)
{
	size_t lo = 0, hi = r->count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (r->data[mid].hi_avma <= avma)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == r->count || r->data[lo].lo_avma > avma)
		return NULL;
	return &r->data[lo];
}

const struct map_entry *map_table_find(struct map_table *t, uint64_t avma)
{
	const struct map_entry *e;
	size_t i;

	if (t->fresh.count)
		settle(t);
	for (i = t->run_count; i-- > 0;) {
		e = run_find(&t->runs[i], avma);
		if (e)
			return e;
	}
	return NULL;
}
