/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording of unknown origin. The checksums would stop nearly every mutated
 * input at the door, so an input that does not begin with the magic is taken
 * for bodies of DATA chunks, each behind its 16-bit length, and put into a
 * file with right checksums.
 *
 * Whatever is pushed must keep the promises of sink.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adder/err.h"
#include "adder/recording.h"
#include "../support/recording_file.h"
#include "recording/format.h"
#include "recording/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
	if (!truth)
		abort();
}

static int check_push(void *self, const struct record *rec)
{
	struct state *s = self;

	demand(!state_check(s, rec));
	if (rec->type == REC_STRING)
		demand(!rec->string.bytes[rec->string.len] &&
		       rec->string.len <= MAX_STRING_BYTES);
	state_note(s, rec);
	return 0;
}

static void read_it(const void *bytes, size_t len)
{
	struct recording_info info;
	struct err err = { 0 };
	struct state state;
	struct sink sink = { check_push, &state };

	state_init(&state);
	if (recording_read_memory(bytes, len, &sink, &info, &err))
		demand(err.code && err.message[0]);
	else
		demand((info.state == RECORDING_WHOLE) == !info.what[0] &&
		       info.read_bytes <= len);
	state_release(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = { 0 }, body = { 0 };
	uint32_t number = 0, records;
	size_t len;

	if (size >= FILE_MAGIC_BYTES &&
	    !memcmp(data, FILE_MAGIC, FILE_MAGIC_BYTES)) {
		read_it(data, size);
		return 0;
	}
	recording_file_begin(&file);
	while (size > 4) {
		len = data[0] | (size_t)data[1] << 8;
		records = data[2] | (uint32_t)data[3] << 8;
		data += 4;
		size -= 4;
		if (len > size)
			len = size;
		buf_clear(&body);
		buf_put(&body, data, len);
		recording_file_chunk(&file, CHUNK_DATA, number++, records,
				     &body);
		data += len;
		size -= len;
	}
	read_it(file.data, file.len);
	buf_release(&file);
	buf_release(&body);
	return 0;
}
