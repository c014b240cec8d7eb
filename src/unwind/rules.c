/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule cache: an open-addressing table of one-line entries, filled as
 * walks come upon addresses. Generations are never reused, so entries of
 * address spaces that are gone cost room only; when there are too many, all
 * are dropped.
 *
 * Entries move when the table grows. The old table lives on until the next
 * walk begins, because frames point to the cookies in it; the epoch tells
 * memos that theirs are gone.
 */
#include "walk.h"

#include "adder/mem.h"

#define FIRST_ENTRIES	1024u
#define ENTRIES_LIMIT	(1u << 19)	/* 32 MB */
#define REGIONS_LIMIT	(1u << 17)

static struct rule_entry *new_entries(size_t count)
{
	return mem_calloc(count, sizeof(struct rule_entry));
}

struct unwinder *unwinder_new(const struct arch *arch)
{
	struct unwinder *u = mem_calloc(1, sizeof(*u));

	u->arch = arch;
	u->entries = new_entries(FIRST_ENTRIES);
	u->mask = FIRST_ENTRIES - 1;
	u->epoch = 1;
	u->next_number = 1;
	hmap_init(&u->numbers);
	hmap128_init(&u->by_region);
	cfi_pool_init(&u->pool);
	return u;
}

static void free_retired(struct unwinder *u)
{
	size_t i;

	for (i = 0; i < u->retired.count; i++)
		mem_free(u->retired.data[i]);
	vec_clear(&u->retired);
}

void unwinder_free(struct unwinder *u)
{
	if (!u)
		return;
	free_retired(u);
	vec_release(&u->retired);
	mem_free(u->entries);
	hmap_release(&u->numbers);
	hmap128_release(&u->by_region);
	vec_release(&u->regions);
	cfi_pool_release(&u->pool);
	mem_free(u);
}

const struct unwind_stats *unwinder_stats(const struct unwinder *u)
{
	return &u->stats;
}

static void drop_all(struct unwinder *u)
{
	mem_free(u->entries);
	u->entries = new_entries(FIRST_ENTRIES);
	u->mask = FIRST_ENTRIES - 1;
	u->count = 0;
	u->epoch++;
	u->next_number = 1;
	u->generation = 0;
	hmap_clear(&u->numbers);
	hmap128_release(&u->by_region);
	hmap128_init(&u->by_region);
	vec_clear(&u->regions);
	cfi_pool_release(&u->pool);
	cfi_pool_init(&u->pool);
}

void rules_begin(struct unwinder *u, const struct unwind_space *space)
{
	uint64_t *number;

	if (u->retired.count)
		free_retired(u);
	if (u->count > ENTRIES_LIMIT || u->regions.count > REGIONS_LIMIT ||
	    u->next_number > INT32_MAX - 1)
		drop_all(u);
	if (u->key && u->generation == space->generation)
		return;
	number = hmap_put(&u->numbers, space->generation, NULL);
	if (!*number)
		*number = u->next_number++;
	u->generation = space->generation;
	u->key = (uint32_t)*number << 1;
}

static void insert_moved(struct unwinder *u, const struct rule_entry *e)
{
	size_t i = rules_slot(e->pc_avma, e->key) & u->mask;

	while (u->entries[i].key)
		i = (i + 1) & u->mask;
	u->entries[i] = *e;
}

static void grow(struct unwinder *u)
{
	struct rule_entry *old = u->entries;
	size_t i, old_count = u->mask + 1;

	u->entries = new_entries(old_count * 2);
	u->mask = old_count * 2 - 1;
	for (i = 0; i < old_count; i++)
		if (old[i].key)
			insert_moved(u, &old[i]);
	*vec_push(&u->retired) = old;
	u->epoch++;
}

static struct rule_entry *insert(struct unwinder *u, uint64_t pc, uint32_t key)
{
	struct rule_entry *e;
	size_t i;

	if (u->count * 2 > u->mask)
		grow(u);
	i = rules_slot(pc, key) & u->mask;
	while (u->entries[i].key)
		i = (i + 1) & u->mask;
	e = &u->entries[i];
	e->pc_avma = pc;
	e->key = key;
	u->count++;
	return e;
}

static uint32_t region_index(struct unwinder *u, const struct unwind_region *r)
{
	uint64_t *slot = hmap128_put(&u->by_region, u->key, r->lo_avma, NULL);
	struct rule_region *x;

	if (!*slot) {
		x = vec_push(&u->regions);
		*x = (struct rule_region){
			r->cfi, r->module,
			r->kind == CODE_MODULE ? r->bias : 0,
			(uint8_t)r->kind };
		*slot = u->regions.count;
	}
	return (uint32_t)(*slot - 1);
}

/*
 * A return address stands behind its call, which may have been the last
 * instruction of its function: look up one byte before it. C libraries let
 * the FDE of their signal return begin one byte early for the same reason;
 * the kernel's vdso does not everywhere, so a signal frame is also taken when
 * only the address itself has it.
 */
static bool row_from_table(struct cfi_table *cfi, uint64_t svma, bool exact,
			   struct cfi_row *row)
{
	if (exact)
		return cfi_table_row(cfi, svma, row);
	if (cfi_table_row(cfi, svma - 1, row))
		return true;
	return cfi_table_row(cfi, svma, row) && (row->flags & CFI_ROW_SIGNAL);
}

static void row_from_fp(struct unwinder *u, struct cfi_row *row)
{
	struct cfi_rule rule = {
		.cfa_kind = CFI_CFA_REG,
		.cfa_reg = u->arch->reg_fp,
		.cfa_off = 16,
		.by_fp = true,
		.ra = { .reg = u->arch->ra_column, .kind = CFI_OFFSET,
			.off = -8 },
		.reg_count = 1,
		.regs = { { .reg = u->arch->reg_fp, .kind = CFI_OFFSET,
			    .off = -16 } },
	};

	cfi_row_of_rule(&u->pool, &rule, row);
}

struct rule_entry *rules_miss(struct unwinder *u,
			      const struct unwind_space *space, uint64_t pc,
			      bool exact)
{
	struct unwind_region region = { 0 };
	struct rule_entry *e;
	struct cfi_rule rule;
	uint64_t before;
	bool found;

	u->stats.rule_misses++;
	if (!space->find(space->ctx, pc, &region) || region.kind == CODE_NONE)
		return NULL;
	e = insert(u, pc, u->key + exact);
	e->region = region_index(u, &region);
	if (region.kind == CODE_JIT && space->jit_rule &&
	    space->jit_rule(space->ctx, pc, &rule)) {
		cfi_row_of_rule(&u->pool, &rule, &e->row);
		return e;
	}
	if (region.kind == CODE_MODULE && region.cfi) {
		before = cfi_table_compiled(region.cfi);
		found = row_from_table(region.cfi, pc - region.bias, exact,
				       &e->row);
		u->stats.fdes_compiled +=
			cfi_table_compiled(region.cfi) - before;
		if (found)
			return e;
	}
	row_from_fp(u, &e->row);
	return e;
}
