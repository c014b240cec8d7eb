/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of a DATA chunk back into records; it believes nothing. */
#ifndef RECORDING_DECODE_H
#define RECORDING_DECODE_H

#include "recording/state.h"

struct column_in {
	const uint8_t *p, *end;	/* both NULL: absent, all zeros */
};

struct decoder {
	struct state state;
	struct column_in columns[COLUMN_COUNT];
	bool bad;		/* a column ended too early or overflowed */
	char what[160];		/* what is wrong with the body */
};

enum { DECODE_MALFORMED = 1 };

void decoder_init(struct decoder *d);
void decoder_release(struct decoder *d);
/*
 * Pushes the records of a body: 0, DECODE_MALFORMED (d->what says how; what
 * precedes the fault has been pushed) or the sink's negative error.
 */
int decoder_push(struct decoder *d, const uint8_t *body, size_t len,
		 uint32_t records, const struct sink *sink);

#endif
