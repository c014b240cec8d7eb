/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of register rules are few and their users many (a program's million
 * return addresses share some hundred lists), so each list is kept once and
 * stays in the cache while the rows around it come and go.
 */
#include "cfi.h"

#include <string.h>

void cfi_pool_init(struct cfi_pool *p)
{
	arena_init(&p->arena);
	hmap_init(&p->by_hash);
}

void cfi_pool_release(struct cfi_pool *p)
{
	arena_release(&p->arena);
	hmap_release(&p->by_hash);
}

static void describe(struct cfi_regs *l)
{
	const struct cfi_reg *r;
	uint8_t i;

	l->plain = true;
	for (i = 0; i < l->count; i++) {
		r = &l->r[i];
		if (r->kind != CFI_UNDEFINED)
			l->mask |= UINT64_C(1) << r->reg;
		if (r->kind != CFI_OFFSET || r->off > INT32_MAX - 8) {
			l->plain = false;
			continue;
		}
		if (!i || r->off < l->lo_off)
			l->lo_off = r->off;
		if (!i || r->off + 8 > l->hi_off)
			l->hi_off = r->off + 8;
	}
}

const struct cfi_regs *cfi_pool_put(struct cfi_pool *p,
				    const struct cfi_reg *r, uint8_t count)
{
	size_t bytes = count * sizeof(*r);
	struct cfi_regs *l;
	uint64_t *head;

	head = hmap_put(&p->by_hash, hash_bytes(r, bytes) ^ count, NULL);
	for (l = (struct cfi_regs *)(uintptr_t)*head; l; l = l->next)
		if (l->count == count && !memcmp(l->r, r, bytes))
			return l;
	l = arena_alloc(&p->arena, sizeof(*l) + bytes);
	memset(l, 0, sizeof(*l));
	l->count = count;
	if (bytes)
		memcpy(l->r, r, bytes);
	l->next = (struct cfi_regs *)(uintptr_t)*head;
	*head = (uintptr_t)l;
	describe(l);
	return l;
}

void cfi_row_of_rule(struct cfi_pool *p, const struct cfi_rule *rule,
		     struct cfi_row *row)
{
	*row = (struct cfi_row){
		.cfa_kind = rule->cfa_kind,
		.cfa_reg = rule->cfa_reg,
		.cfa_reg2 = rule->cfa_reg2,
		.flags = (rule->signal ? CFI_ROW_SIGNAL : 0) |
			 (rule->by_fp ? CFI_ROW_FP : 0),
		.cfa_off = rule->cfa_off,
		.cfa_off2 = rule->cfa_off2,
		.ra = rule->ra,
		.regs = cfi_pool_put(p, rule->regs, rule->reg_count),
	};
}
