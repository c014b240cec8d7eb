/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up session: the records that the pipeline would push for a mixed
 * Python program, in the order and with the repetition that it would have
 * (a stack is defined where it is first seen, names come a second later).
 * The same options give the same records everywhere.
 */
#ifndef TESTS_GEN_STREAM_H
#define TESTS_GEN_STREAM_H

#include "adder/sink.h"

struct gen_opts {
	uint32_t samples;
	uint32_t depth;		/* frames of every stack, at least 6 */
	uint32_t stacks;	/* distinct ones, if there are samples enough */
	uint32_t threads;
	uint64_t seed;
	bool hostile;		/* names that break careless consumers */
};

#define GEN_DEFAULTS { .samples = 10000, .depth = 40, .stacks = 2000, \
		       .threads = 4, .seed = 1 }

/* `second` (nullable) is called once for each second of the session. */
int gen_stream(const struct gen_opts *opts, const struct sink *sink,
	       int (*second)(void *ctx), void *ctx);

#endif
