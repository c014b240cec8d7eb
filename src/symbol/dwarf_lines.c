/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .debug_aranges is not used: clang leaves it out and linkers mix units that
 * have it with units that do not. The units' own ranges cost one DIE each.
 *
 *	ranges of units, sorted --> unit --> functions, sorted (lazy)
 *	                                 \-> line table (libdw, lazy)
 *	function DIE --> the inlined_subroutine DIEs that cover the address
 */
#include "symbol/dwarf_lines.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "adder/arena.h"
#include "adder/hmap.h"
#include "adder/mem.h"
#include "adder/vec.h"

/* Hostile trees: no namespace or block nests deeper in earnest. */
#define DEPTH_LIMIT 64
#define RANGES_LIMIT 100000	/* of one DIE */
#define BACK_LIMIT 64
#define PATH_LIMIT_BYTES 4096

struct range {
	uint64_t lo, hi;
	uint32_t index;		/* of unit or function */
};

struct ranges {
	struct range *data;
	size_t count, capacity;
};

struct unit {
	Dwarf_Die die;
	struct ranges ranges;	/* of functions */
	VEC(Dwarf_Die) functions;
	bool is_read;
};

struct dwarf_lines {
	Dwarf *dw;
	VEC(struct unit) units;
	struct ranges ranges;	/* of units */
	struct hmap paths;	/* relative name to its whole path in arena */
	struct arena arena;
};

static void add_ranges(struct ranges *r, Dwarf_Die *die, uint32_t index)
{
	Dwarf_Addr base = 0, lo = 0, hi = 0;
	ptrdiff_t at = 0;
	size_t n = 0;

	while ((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0 &&
	       n++ < RANGES_LIMIT) {
		/* Discarded sections are left at 0 by the linker. */
		if (lo < hi && lo)
			*vec_push(r) = (struct range){ lo, hi, index };
	}
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	if (x->hi != y->hi)
		return x->hi > y->hi ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void sort_ranges(struct ranges *r)
{
	if (r->count)
		qsort(r->data, r->count, sizeof(*r->data), compare);
}

/* The innermost range around svma: index into r, or -1. */
static int64_t find_range(const struct ranges *r, uint64_t svma)
{
	size_t lo = 0, hi = r->count, mid, back;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (r->data[mid].lo <= svma)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (back = 0; lo && back < BACK_LIMIT; back++)
		if (r->data[--lo].hi > svma)
			return (int64_t)lo;
	return -1;
}

struct dwarf_lines *dwarf_lines_new(Dwarf *dw)
{
	struct dwarf_lines *d = mem_calloc(1, sizeof(*d));
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;
	struct unit *u;

	d->dw = dw;
	hmap_init(&d->paths);
	arena_init(&d->arena);
	while (!dwarf_get_units(dw, cu, &cu, NULL, &type, &die, NULL)) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		u = vec_push(&d->units);
		*u = (struct unit){ .die = die };
		add_ranges(&d->ranges, &die, (uint32_t)(d->units.count - 1));
	}
	sort_ranges(&d->ranges);
	return d;
}

void dwarf_lines_free(struct dwarf_lines *d)
{
	size_t i;

	if (!d)
		return;
	for (i = 0; i < d->units.count; i++) {
		vec_release(&d->units.data[i].ranges);
		vec_release(&d->units.data[i].functions);
	}
	vec_release(&d->units);
	vec_release(&d->ranges);
	hmap_release(&d->paths);
	arena_release(&d->arena);
	mem_free(d);
}

/* Functions stand in units, and in namespaces and types within them. */
static bool may_hold_functions(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return true;
	default:
		return false;
	}
}

static void read_functions(struct unit *u, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	size_t before;
	int tag;

	if (depth > DEPTH_LIMIT || dwarf_child(parent, &die))
		return;
	do {
		tag = dwarf_tag(&die);
		if (tag == DW_TAG_subprogram) {
			before = u->ranges.count;
			add_ranges(&u->ranges, &die,
				   (uint32_t)u->functions.count);
			if (u->ranges.count > before)
				*vec_push(&u->functions) = die;
		} else if (may_hold_functions(tag) && dwarf_haschildren(&die)) {
			read_functions(u, &die, depth + 1);
		}
	} while (!dwarf_siblingof(&die, &die));
}

static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name;

	name = dwarf_formstring(dwarf_attr_integrate(
		die, DW_AT_linkage_name, &attr));
	if (!name)
		name = dwarf_formstring(dwarf_attr_integrate(
			die, DW_AT_MIPS_linkage_name, &attr));
	return name ? name : dwarf_diename(die);
}

/*
 * libdw leaves names relative to the unit's folder as they are. They are
 * borrowed from it and each belongs to one unit, so that its address is a key.
 */
static const char *whole_path(struct dwarf_lines *d, struct unit *u,
			      const char *file)
{
	Dwarf_Attribute attr;
	const char *dir;
	size_t dir_len, len;
	uint64_t *known;
	char *path;

	if (!file || file[0] == '/')
		return file;
	known = hmap_put(&d->paths, (uint64_t)(uintptr_t)file, NULL);
	if (*known)
		return (const char *)(uintptr_t)*known;
	dir = dwarf_formstring(dwarf_attr(&u->die, DW_AT_comp_dir, &attr));
	dir_len = dir ? strnlen(dir, PATH_LIMIT_BYTES) : 0;
	len = strnlen(file, PATH_LIMIT_BYTES);
	path = arena_alloc(&d->arena, dir_len + len + 2);
	if (dir_len) {
		memcpy(path, dir, dir_len);
		path[dir_len++] = '/';
	}
	memcpy(path + dir_len, file, len);
	path[dir_len + len] = '\0';
	*known = (uint64_t)(uintptr_t)path;
	return path;
}

/* Where the function that is inlined here was called. */
static void call_line(struct dwarf_lines *d, struct unit *u, Dwarf_Die *die,
		      struct symbol_line *line)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word v;
	size_t n;

	if (!dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attr), &v) &&
	    v <= UINT32_MAX)
		line->line = (uint32_t)v;
	if (!dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attr), &v) &&
	    !dwarf_getsrcfiles(&u->die, &files, &n) && v < n)
		line->file = whole_path(d, u,
					dwarf_filesrc(files, v, NULL, NULL));
}

/* The child of *die that is inlined or a block and covers svma. */
static bool next_scope(Dwarf_Die *die, uint64_t svma)
{
	Dwarf_Die child;
	int tag;

	if (dwarf_child(die, &child))
		return false;
	do {
		tag = dwarf_tag(&child);
		if ((tag == DW_TAG_inlined_subroutine ||
		     tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
		     tag == DW_TAG_catch_block) &&
		    dwarf_haspc(&child, svma) > 0) {
			*die = child;
			return true;
		}
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

static void reverse(struct symbol_line *lines, size_t n)
{
	struct symbol_line swap;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		swap = lines[i];
		lines[i] = lines[n - 1 - i];
		lines[n - 1 - i] = swap;
	}
}

/* From the function inwards: each call's line belongs to its caller. */
static size_t walk_inlines(struct dwarf_lines *d, struct unit *u,
			   Dwarf_Die die, uint64_t svma,
			   struct symbol_line *lines, size_t max)
{
	size_t n = 0, depth;

	lines[n++] = (struct symbol_line){ .name = name_of(&die) };
	for (depth = 0; depth < 4 * DEPTH_LIMIT && n < max; depth++) {
		if (!next_scope(&die, svma))
			break;
		if (dwarf_tag(&die) != DW_TAG_inlined_subroutine)
			continue;
		call_line(d, u, &die, &lines[n - 1]);
		lines[n] = (struct symbol_line){ .name = name_of(&die) };
		if (!lines[n].name)
			lines[n].name = "??";
		n++;
	}
	return n;
}

size_t dwarf_lines_find(struct dwarf_lines *d, uint64_t svma,
			struct symbol_line *lines, size_t max, uint64_t *start)
{
	int64_t at = find_range(&d->ranges, svma);
	Dwarf_Line *src;
	struct unit *u;
	size_t n = 1;
	int number;

	*start = 0;
	if (at < 0 || !max)
		return 0;
	u = &d->units.data[d->ranges.data[at].index];
	if (!u->is_read) {
		read_functions(u, &u->die, 0);
		sort_ranges(&u->ranges);
		u->is_read = true;
	}
	at = find_range(&u->ranges, svma);
	lines[0] = (struct symbol_line){ 0 };
	if (at >= 0) {
		n = walk_inlines(d, u,
				 u->functions.data[u->ranges.data[at].index],
				 svma, lines, max);
		*start = u->ranges.data[at].lo;
	}
	src = dwarf_getsrc_die(&u->die, svma);
	if (src) {
		lines[n - 1].file = whole_path(d, u,
					       dwarf_linesrc(src, NULL, NULL));
		if (!dwarf_lineno(src, &number) && number > 0)
			lines[n - 1].line = (uint32_t)number;
	}
	reverse(lines, n);
	return n;
}
