/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the records that a sink is given, strings copied, so that two streams
 * can be compared record by record.
 */
#ifndef TESTS_RECORD_LIST_H
#define TESTS_RECORD_LIST_H

#include "adder/arena.h"
#include "adder/sink.h"
#include "adder/vec.h"

struct record_list {
	VEC(struct record) records;
	struct arena arena;
	size_t fail_after;	/* 0 = never: the sink's error at that record */
};

void record_list_init(struct record_list *l);
void record_list_release(struct record_list *l);
struct sink record_list_sink(struct record_list *l);
/* Field by field; padding and unused members do not count. */
bool record_equal(const struct record *a, const struct record *b);
/*
 * Index of the first record of `part` that is not the same in `whole`, or
 * part's count when it is a prefix of it.
 */
size_t record_list_match(const struct record_list *part,
			 const struct record_list *whole);

#endif
