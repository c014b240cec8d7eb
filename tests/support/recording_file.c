/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/recording.h"
#include "recording/format.h"
#include "recording/state.h"

__attribute__((noreturn))
static void give_up(const char *path, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", path, err->message);
	abort();
}

void recording_file_write(const char *path, const struct record_list *l,
			  size_t flush_every)
{
	struct recording_writer *w;
	struct err err = { 0 };
	struct sink sink;
	size_t i;

	if (recording_writer_open(&w, path, &err))
		give_up(path, &err);
	sink = recording_writer_sink(w);
	for (i = 0; i < l->records.count; i++) {
		if (sink_push(&sink, &l->records.data[i]) ||
		    ((i + 1) % flush_every == 0 &&
		     recording_writer_flush(w, NULL)))
			give_up(path, recording_writer_err(w));
	}
	if (recording_writer_close(w, &err))
		give_up(path, &err);
}

void recording_file_load(const char *path, struct buf *out)
{
	struct err err = { .message = "cannot be read" };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf_clear(out);
	do {
		n = read(fd, buf_reserve(out, 65536), 65536);
		if (n < 0)
			give_up(path, &err);
		out->len += (size_t)n;
	} while (n);
	close(fd);
}

void recording_file_begin(struct buf *out)
{
	const struct file_header h = {
		.major = FORMAT_MAJOR, .minor = FORMAT_MINOR, .byte_order = 1,
		.address_bytes = 8, .header_bytes = FILE_HEADER_BYTES,
	};
	uint8_t bytes[FILE_HEADER_BYTES];

	file_header_put(&h, bytes);
	buf_clear(out);
	buf_put(out, bytes, sizeof(bytes));
}

void recording_file_chunk(struct buf *out, uint32_t type, uint32_t number,
			  uint32_t records, const struct buf *body)
{
	struct chunk_header h = { .type = type, .number = number,
				  .records = records };

	body_put(NULL, &h, body->data, body->len, false, out);
}

void recording_body_begin(struct buf *body)
{
	static const char preamble[] = { 8, 0, 0, 0, 0, 0, 0, 0, 0 };

	buf_clear(body);
	buf_put(body, preamble, sizeof(preamble));
}

void recording_body_column(struct buf *body, unsigned int type,
			   unsigned int field, const void *bytes, size_t len)
{
	buf_put_uleb(body, COLUMN(type, field));
	buf_put_uleb(body, len);
	buf_put(body, bytes, len);
}
