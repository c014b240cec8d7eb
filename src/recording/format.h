/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of docs/format.md, and the pieces of a file that both writer and
 * reader handle: headers, chunk bodies, checksums.
 */
#ifndef RECORDING_FORMAT_H
#define RECORDING_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define FORMAT_MAJOR 1
#define FORMAT_MINOR 0

#define FILE_MAGIC "\x89" "ADDER\r\n"
#define FILE_MAGIC_BYTES 8
#define FILE_HEADER_BYTES 32
#define FILE_HEADER_MAX_BYTES 4096
#define CHUNK_HEADER_BYTES 48
#define END_BODY_BYTES 32

#define MAX_BODY_BYTES (4u << 20)
#define MAX_EXPANSION 64u
#define MAX_STRING_BYTES (1u << 20)
#define MAX_STACK_DEPTH 65535u

#define CHUNK_DATA 0x41544144u	/* "DATA" */
#define CHUNK_INDX 0x58444e49u	/* "INDX" */
#define CHUNK_END 0x20444e45u	/* "END " */

#define CHUNK_F_ZSTD (1u << 0)
#define CHUNK_F_DEFINES (1u << 1)

struct file_header {
	uint16_t major, minor;
	uint16_t machine;	/* EM_*, 0 = not stated */
	uint8_t byte_order, address_bytes;
	uint32_t header_bytes;
};

void file_header_put(const struct file_header *h,
		     uint8_t out[FILE_HEADER_BYTES]);
/* false: the checksum is wrong. The magic has been looked at before. */
bool file_header_get(struct file_header *h,
		     const uint8_t in[FILE_HEADER_BYTES]);

struct chunk_header {
	uint32_t type, flags, number;
	uint32_t stored_bytes, raw_bytes;
	uint32_t body_crc;
	uint64_t first_ns, last_ns;
	uint32_t records;
};

void chunk_header_put(const struct chunk_header *h,
		      uint8_t out[CHUNK_HEADER_BYTES]);
/* false: the checksum is wrong. */
bool chunk_header_get(struct chunk_header *h,
		      const uint8_t in[CHUNK_HEADER_BYTES]);

/* The last chunk's body. */
struct file_totals {
	uint64_t index_off, chunks, records, file_bytes;
};

void file_totals_put(const struct file_totals *t, uint8_t out[END_BODY_BYTES]);
void file_totals_get(struct file_totals *t, const uint8_t in[END_BODY_BYTES]);

uint32_t crc32c(const void *bytes, size_t len);

static inline uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static inline uint64_t unzigzag(uint64_t v)
{
	return v >> 1 ^ (UINT64_C(0) - (v & 1));
}

/* --- compression of bodies (body.c); contexts are kept between chunks --- */
struct body_codec;

struct body_codec *body_codec_new(void);
void body_codec_free(struct body_codec *c);
/*
 * Puts header (its stored_bytes, raw_bytes, flags and checksums are set here)
 * and body behind what *out holds. Without may_compress the body stays as is.
 */
void body_put(struct body_codec *c, struct chunk_header *h, const void *raw,
	      size_t raw_bytes, bool may_compress, struct buf *out);
/*
 * The body of a chunk whose checksum has been found right, as it was before
 * compression; borrowed, valid until the next call. NULL: it does not expand
 * to what the header says.
 */
const uint8_t *body_get(struct body_codec *c, const struct chunk_header *h,
			const uint8_t *stored);

#endif
