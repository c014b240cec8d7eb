/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A random stream of records that obeys the rules of sink.h and nothing else:
 * every type, every field over its whole range, ids anywhere in what has been
 * defined. Strings are NUL-ended garbage.
 */
#ifndef TESTS_RANDOM_STREAM_H
#define TESTS_RANDOM_STREAM_H

#include "record_list.h"

void random_stream(struct record_list *out, uint64_t seed, size_t count);

#endif
