/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executable mappings of a process: a sorted array of disjoint ranges.
 * munmap is never reported by perf, so what is mapped later takes its range
 * from whatever was there. A forked child shares its parent's array until one
 * of the two changes: a server that forks ten thousand times costs one array.
 */
#include <string.h>

#include "space_priv.h"

#define MAPS_MAX (1u << 20)	/* vm.max_map_count is 65530 by default */

/* Stands in front of the array that process.maps points to. */
struct block {
	size_t refs;
	struct mapping maps[];
};

static struct block *block_of(const struct process *p)
{
	return (struct block *)((char *)p->maps -
				offsetof(struct block, maps));
}

void maps_release(struct process *p)
{
	if (p->maps && !--block_of(p)->refs)
		mem_free(block_of(p));
	p->maps = NULL;
	p->map_count = p->map_capacity = 0;
}

void maps_share(struct process *to, const struct process *from)
{
	to->maps = from->maps;
	to->map_count = from->map_count;
	to->map_capacity = from->map_capacity;
	if (to->maps)
		block_of(to)->refs++;
}

/* An array of our own with room for `more`. */
static void make_writable(struct process *p, size_t more)
{
	size_t need = p->map_count + more, capacity = p->map_capacity;
	struct block *b;

	if (p->maps && block_of(p)->refs == 1 && need <= capacity)
		return;
	if (need > capacity)
		capacity = need + need / 2 + 8;
	b = mem_alloc(offsetof(struct block, maps) +
		      capacity * sizeof(b->maps[0]));
	b->refs = 1;
	if (p->map_count)
		memcpy(b->maps, p->maps, p->map_count * sizeof(b->maps[0]));
	need = p->map_count;
	maps_release(p);
	p->maps = b->maps;
	p->map_count = need;
	p->map_capacity = capacity;
}

/* Index of the first mapping that ends behind avma. */
static size_t first_behind(const struct process *p, uint64_t avma)
{
	size_t lo = 0, hi = p->map_count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (p->maps[mid].hi_avma > avma)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void insert_at(struct process *p, size_t i, const struct mapping *m)
{
	memmove(&p->maps[i + 1], &p->maps[i],
		(p->map_count - i) * sizeof(p->maps[0]));
	p->maps[i] = *m;
	p->map_count++;
}

/* Lets m begin at lo; its bias stays. */
static void cut_head(struct mapping *m, uint64_t lo_avma)
{
	m->fileoff += lo_avma - m->lo_avma;
	m->lo_avma = lo_avma;
}

bool maps_cut(struct process *p, uint64_t lo, uint64_t hi)
{
	size_t i = first_behind(p, lo), end;
	struct mapping rest;

	if (i == p->map_count || p->maps[i].lo_avma >= hi)
		return false;
	make_writable(p, 1);
	if (p->maps[i].lo_avma < lo) {
		rest = p->maps[i];
		p->maps[i].hi_avma = lo;
		i++;
		if (rest.hi_avma > hi) {
			cut_head(&rest, hi);
			insert_at(p, i, &rest);
			return true;
		}
	}
	for (end = i; end < p->map_count && p->maps[end].hi_avma <= hi;)
		end++;
	memmove(&p->maps[i], &p->maps[end],
		(p->map_count - end) * sizeof(p->maps[0]));
	p->map_count -= end - i;
	if (i < p->map_count && p->maps[i].lo_avma < hi)
		cut_head(&p->maps[i], hi);
	return true;
}

static bool same_mapping(const struct mapping *a, const struct mapping *b)
{
	return a->lo_avma == b->lo_avma && a->hi_avma == b->hi_avma &&
	       a->module == b->module &&
	       (!a->module || a->fileoff == b->fileoff);
}

bool maps_put(struct process *p, const struct mapping *m)
{
	size_t i = first_behind(p, m->lo_avma);

	if (i < p->map_count && same_mapping(&p->maps[i], m))
		return false;
	maps_cut(p, m->lo_avma, m->hi_avma);
	if (p->map_count >= MAPS_MAX)
		return false;
	make_writable(p, 1);
	insert_at(p, first_behind(p, m->lo_avma), m);
	return true;
}

const struct mapping *process_find(const struct process *p, uint64_t avma)
{
	/* the cache of the last hit is no part of what a caller sees */
	struct process *q = (struct process *)p;
	size_t i = p->last_hit;

	if (i >= p->map_count || avma < p->maps[i].lo_avma ||
	    avma >= p->maps[i].hi_avma) {
		i = first_behind(p, avma);
		if (i == p->map_count || avma < p->maps[i].lo_avma)
			return NULL;
		q->last_hit = (uint32_t)i;
	}
	return &p->maps[i];
}
