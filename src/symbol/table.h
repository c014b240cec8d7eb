/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses to names by symbol tables. Filled from any number of tables, then
 * sealed, then asked. Names are borrowed from whoever gave them.
 */
#ifndef SYMBOL_TABLE_H
#define SYMBOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_symbol {
	uint64_t start_svma;
	uint64_t size_bytes;	/* 0: not stated */
	/* Where a symbol without size ends at the latest. */
	uint64_t limit_svma;
	const char *name;
	uint8_t bind;		/* STB_* */
	bool is_func;		/* STT_FUNC or STT_GNU_IFUNC */
	bool is_plt;		/* a name that we made */
};

struct symbol_table {
	struct table_symbol *data;
	size_t count, capacity;
	uint64_t *reach;	/* furthest end of symbols 0..i */
};

void table_add(struct symbol_table *t, const struct table_symbol *s);
void table_seal(struct symbol_table *t);
/* The innermost symbol that covers svma, or NULL. */
const struct table_symbol *table_find(const struct symbol_table *t,
				      uint64_t svma);
void table_release(struct symbol_table *t);
/*
 * Which of two names for one address is shown: below 0 the first. A total
 * order, so that the choice does not depend on the order in the file.
 */
int table_prefer(const struct table_symbol *a, const struct table_symbol *b);

#endif
