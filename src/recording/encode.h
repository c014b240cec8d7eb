/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records into the columns of one chunk's body, and back (docs/format.md). */
#ifndef RECORDING_ENCODE_H
#define RECORDING_ENCODE_H

#include "adder/buf.h"
#include "recording/state.h"

/*
 * A column whose values have all been 0 so far is only counted: most stay so
 * and are left out of the body.
 */
struct column_out {
	struct buf bytes;
	uint32_t zeros;		/* not in bytes; only while bytes is empty */
};

struct encoder {
	struct state state;
	struct column_out columns[COLUMN_COUNT];
	uint32_t base_count[ID_KINDS];	/* defined before this chunk */
	size_t raw_bytes;		/* of the columns so far */
	uint32_t records;		/* in this chunk */
	uint64_t first_ns, last_ns;	/* of this chunk; 0, 0 = no times */
	uint64_t cut_strings;		/* longer than a string may be */
	bool has_base, has_times, defines;
};

void encoder_init(struct encoder *e);
void encoder_release(struct encoder *e);
/* NULL, or what is wrong with the record; then it has left no trace. */
const char *encoder_put(struct encoder *e, const struct record *rec);
/* Appends the chunk's body to *out and begins the next chunk. */
void encoder_take(struct encoder *e, struct buf *out);

#endif
