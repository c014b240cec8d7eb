/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recording files for tests: written from a list of records, read into
 * memory, or put together chunk by chunk with right checksums and any content.
 */
#ifndef TESTS_RECORDING_FILE_H
#define TESTS_RECORDING_FILE_H

#include "adder/buf.h"
#include "record_list.h"

/* Writes the list to path, flushed after every `flush_every` records. */
void recording_file_write(const char *path, const struct record_list *l,
			  size_t flush_every);
void recording_file_load(const char *path, struct buf *out);

/* --- by hand --- */
void recording_file_begin(struct buf *out);
/* A chunk of this type with this body, uncompressed, number as given. */
void recording_file_chunk(struct buf *out, uint32_t type, uint32_t number,
			  uint32_t records, const struct buf *body);
/* The preamble of a first chunk. */
void recording_body_begin(struct buf *body);
void recording_body_column(struct buf *body, unsigned int type,
			   unsigned int field, const void *bytes, size_t len);

#endif
