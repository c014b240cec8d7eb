/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a perf map, hostile. Read whole and in two pieces it gives the
 * same names; no range is found outside of itself; every text is ended.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "python/python_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a refresh does: what is left of a piece is read again with the next. */
static void read_in_pieces(struct map_table *t, const char *text, size_t size,
			   size_t cut)
{
	size_t used = map_text_take(t, text, cut, 0);

	if (used > cut)
		abort();
	map_table_find(t, 0);
	used += map_text_take(t, text + used, size - used, used);
	if (used > size)
		abort();
}

static void check_entry(const struct map_entry *e, uint64_t avma)
{
	if (!e)
		return;
	if (avma < e->lo_avma || avma >= e->hi_avma)
		abort();
	if (e->text[e->name_len] || e->text[e->name_len + 1 + e->file_len])
		abort();
}

static void compare(struct map_table *a, struct map_table *b, uint64_t avma)
{
	const struct map_entry *x = map_table_find(a, avma);
	const struct map_entry *y = map_table_find(b, avma);

	check_entry(x, avma);
	check_entry(y, avma);
	if (!x != !y || (x && (x->at_fileoff != y->at_fileoff ||
			       x->name_len != y->name_len ||
			       memcmp(x->text, y->text, x->name_len))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct map_table whole, cut;
	struct map_run *r;
	size_t i, k;

	map_table_init(&whole);
	map_table_init(&cut);
	map_text_take(&whole, text, size, 0);
	/* a line beyond the bound is skipped piece by piece: not the same */
	read_in_pieces(&cut, text, size, size < 60000 ? size / 2 : 0);
	compare(&whole, &cut, 0);
	for (i = 0; i < whole.run_count; i++) {
		r = &whole.runs[i];
		for (k = 0; k < r->count; k++) {
			compare(&whole, &cut, r->data[k].lo_avma);
			compare(&whole, &cut, r->data[k].hi_avma - 1);
			compare(&whole, &cut, r->data[k].hi_avma);
		}
	}
	map_table_release(&whole);
	map_table_release(&cut);
	return 0;
}
