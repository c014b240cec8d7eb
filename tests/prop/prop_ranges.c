/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two tables of ranges in which the later one wins, against an array with
 * one cell per address: the executable mappings of a process, and a perf map
 * read in pieces of any size.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/prng.h"

#include "adder/buf.h"
#include "adder/space.h"
#include "python/python_priv.h"
#include "space/space_priv.h"

#define CELLS 512

static uint64_t below(struct prng *r, uint64_t n)
{
	return prng_below(r, (uint32_t)n);
}

static int fail(uint64_t seed, const char *what, uint64_t at)
{
	printf("PROP_SEED=%llu: %s at %llu\n", (unsigned long long)seed, what,
	       (unsigned long long)at);
	return 1;
}

/* A few addresses are near each other, some ranges are long. */
static void random_range(struct prng *seed, uint64_t *lo, uint64_t *hi)
{
	*lo = below(seed, CELLS);
	*hi = *lo + 1 + below(seed, below(seed, 8) ? 12 : CELLS - *lo);
	if (*hi > CELLS)
		*hi = CELLS;
}

/* --- mappings --- */

static int compare_maps(uint64_t seed, const struct process *p,
			const uint64_t *cell)
{
	const struct mapping *m;
	uint64_t i;

	for (i = 0; i < CELLS; i++) {
		m = process_find(p, i);
		if (!m != !cell[i])
			return fail(seed, "mapping there or not", i);
		/* fileoff runs on through whatever was cut out of it */
		if (m && m->fileoff + (i - m->lo_avma) != cell[i])
			return fail(seed, "another mapping", i);
	}
	for (i = 1; i < p->map_count; i++)
		if (p->maps[i].lo_avma < p->maps[i - 1].hi_avma)
			return fail(seed, "order", i);
	return 0;
}

static int try_maps(uint64_t seed)
{
	static struct module module;	/* never looked into */
	struct process p[2];
	uint64_t cell[2][CELLS] = { { 0 } }, lo, hi, i, n;
	struct prng rng = { seed };
	unsigned int who = 0;
	int bad = 0;

	memset(p, 0, sizeof(p));
	for (n = 0; n < 60 && !bad; n++) {
		struct mapping m = { .module = &module };

		who = (unsigned int)below(&rng, 2);
		random_range(&rng, &lo, &hi);
		if (!below(&rng, 10)) {		/* one forks the other */
			maps_release(&p[who]);
			maps_share(&p[who], &p[!who]);
			memcpy(cell[who], cell[!who], sizeof(cell[who]));
		} else if (!below(&rng, 5)) {
			maps_cut(&p[who], lo, hi);
			memset(&cell[who][lo], 0, (hi - lo) * 8);
		} else {
			m.lo_avma = lo;
			m.hi_avma = hi;
			m.fileoff = 1 + below(&rng, 1000000) * CELLS;
			maps_put(&p[who], &m);
			for (i = lo; i < hi; i++)
				cell[who][i] = m.fileoff + (i - lo);
		}
		bad = compare_maps(seed, &p[0], cell[0]) ||
		      compare_maps(seed, &p[1], cell[1]);
	}
	maps_release(&p[0]);
	maps_release(&p[1]);
	return bad;
}

/* --- a perf map --- */

static int compare_table(uint64_t seed, struct map_table *t,
			 const uint64_t *cell)
{
	const struct map_entry *e;
	uint64_t i, want;
	char name[32];

	for (i = 0; i < CELLS; i++) {
		e = map_table_find(t, i);
		want = cell[i];
		if (!e != !want)
			return fail(seed, "name there or not", i);
		snprintf(name, sizeof(name), "f%llu",
			 (unsigned long long)want);
		if (e && (strcmp(e->text, name) || i < e->lo_avma ||
			  i >= e->hi_avma))
			return fail(seed, "another name", i);
	}
	return 0;
}

static int try_table(uint64_t seed)
{
	uint64_t cell[CELLS] = { 0 }, lo, hi, i, n, k, off = 0;
	struct prng rng = { seed };
	struct buf text = { 0 };
	struct map_table t;
	size_t used;
	int bad = 0;

	map_table_init(&t);
	for (n = 1; n < 200 && !bad; n++) {
		for (k = below(&rng, 6); k > 0; k--, n++) {
			random_range(&rng, &lo, &hi);
			buf_printf(&text, "%llx %llx py::f%llu:/x.py\n",
				   (unsigned long long)lo,
				   (unsigned long long)(hi - lo),
				   (unsigned long long)n);
			for (i = lo; i < hi; i++)
				cell[i] = n;
		}
		while (text.len) {	/* in pieces, each as far as it goes */
			k = 1 + below(&rng, text.len);
			used = map_text_take(&t, text.data, k, off);
			off += used;
			text.len -= used;
			memmove(text.data, text.data + used, text.len);
		}
		bad = compare_table(seed, &t, cell);
	}
	map_table_release(&t);
	buf_release(&text);
	return bad;
}

int main(void)
{
	const char *one = getenv("PROP_SEED"), *runs = getenv("PROP_RUNS");
	uint64_t seed, count = runs ? strtoull(runs, NULL, 0) : 200;
	int failed = 0;

	if (one) {
		seed = strtoull(one, NULL, 0);
		return try_maps(seed) || try_table(seed);
	}
	for (seed = 1; seed <= count; seed++)
		failed += try_maps(seed) + try_table(seed);
	printf("%llu seeds, %d failed\n", (unsigned long long)count, failed);
	return failed != 0;
}
