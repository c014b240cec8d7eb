/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recording: one file that keeps the records of a sink (docs/format.md).
 * Written under PATH.partial, mode 0600, created exclusively; renamed to PATH
 * at the close (an older PATH becomes PATH.old). Readable up to the last whole
 * chunk after a crash.
 */
#ifndef ADDER_RECORDING_H
#define ADDER_RECORDING_H

#include "adder/sink.h"

struct err;
struct recording_writer;

struct recording_writer_stats {
	uint64_t file_bytes;	/* in whole chunks so far */
	uint64_t raw_bytes;	/* before compression */
	uint64_t chunks, records;
	uint64_t cut_strings;	/* longer than 1 MiB, kept up to there */
};

/* Refuses at once what could not be written at the end: one clear line. */
int recording_writer_open(struct recording_writer **out, const char *path,
			  struct err *err);
/* The sink that writes; its errors are kept for recording_writer_err(). */
struct sink recording_writer_sink(struct recording_writer *w);
/* Closes the chunk under way so that a crash loses nothing before it. */
int recording_writer_flush(struct recording_writer *w, struct err *err);
/*
 * Writes the end, syncs nothing, renames. The writer is freed in any case;
 * after an error PATH.partial stays, readable up to its last whole chunk.
 */
int recording_writer_close(struct recording_writer *w, struct err *err);
/* After a failure: keeps PATH.partial with the whole chunks; frees. */
void recording_writer_abandon(struct recording_writer *w);
const struct err *recording_writer_err(const struct recording_writer *w);
const struct recording_writer_stats *
recording_writer_stats(const struct recording_writer *w);
/* The name being written (PATH.partial). */
const char *recording_writer_path(const struct recording_writer *w);

enum recording_state {
	RECORDING_WHOLE,	/* closed properly */
	RECORDING_CUT,		/* ends without an end, or inside a chunk */
	RECORDING_DAMAGED,	/* a chunk's checksum is wrong: read up to it */
};

struct recording_info {
	enum recording_state state;
	uint64_t read_bytes, file_bytes;
	char what[256];		/* one line about a cut or damage */
};

/*
 * Pushes every record of the file into the sink. 0 with *info telling a cut
 * or damaged file (its readable part was pushed); negative when it is no
 * recording, of a newer major version, or cannot be opened. An error of the
 * sink's own ends the reading and is returned as it is, without a message.
 */
int recording_read(const char *path, const struct sink *sink,
		   struct recording_info *info, struct err *err);
/* The same from memory (fuzzing, tests). */
int recording_read_memory(const void *bytes, size_t len,
			  const struct sink *sink, struct recording_info *info,
			  struct err *err);

#endif
