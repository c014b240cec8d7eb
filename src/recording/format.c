/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording/format.h"

#include <string.h>

#include "adder/cursor.h"

static void put16(uint8_t *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

void file_header_put(const struct file_header *h,
		     uint8_t out[FILE_HEADER_BYTES])
{
	memset(out, 0, FILE_HEADER_BYTES);
	memcpy(out, FILE_MAGIC, FILE_MAGIC_BYTES);
	put16(out + 8, h->major);
	put16(out + 10, h->minor);
	put16(out + 12, h->machine);
	out[14] = h->byte_order;
	out[15] = h->address_bytes;
	put32(out + 16, h->header_bytes);
	put32(out + 28, crc32c(out, 28));
}

bool file_header_get(struct file_header *h,
		     const uint8_t in[FILE_HEADER_BYTES])
{
	struct cursor c = cursor_of(in, FILE_HEADER_BYTES);

	cursor_bytes(&c, FILE_MAGIC_BYTES);
	h->major = cursor_u16(&c);
	h->minor = cursor_u16(&c);
	h->machine = cursor_u16(&c);
	h->byte_order = cursor_u8(&c);
	h->address_bytes = cursor_u8(&c);
	h->header_bytes = cursor_u32(&c);
	cursor_u64(&c);
	return cursor_u32(&c) == crc32c(in, 28);
}

void chunk_header_put(const struct chunk_header *h,
		      uint8_t out[CHUNK_HEADER_BYTES])
{
	put32(out, h->type);
	put32(out + 4, h->flags);
	put32(out + 8, h->number);
	put32(out + 12, h->stored_bytes);
	put32(out + 16, h->raw_bytes);
	put32(out + 20, h->body_crc);
	put64(out + 24, h->first_ns);
	put64(out + 32, h->last_ns);
	put32(out + 40, h->records);
	put32(out + 44, crc32c(out, 44));
}

bool chunk_header_get(struct chunk_header *h,
		      const uint8_t in[CHUNK_HEADER_BYTES])
{
	struct cursor c = cursor_of(in, CHUNK_HEADER_BYTES);

	h->type = cursor_u32(&c);
	h->flags = cursor_u32(&c);
	h->number = cursor_u32(&c);
	h->stored_bytes = cursor_u32(&c);
	h->raw_bytes = cursor_u32(&c);
	h->body_crc = cursor_u32(&c);
	h->first_ns = cursor_u64(&c);
	h->last_ns = cursor_u64(&c);
	h->records = cursor_u32(&c);
	return cursor_u32(&c) == crc32c(in, 44);
}

void file_totals_put(const struct file_totals *t, uint8_t out[END_BODY_BYTES])
{
	put64(out, t->index_off);
	put64(out + 8, t->chunks);
	put64(out + 16, t->records);
	put64(out + 24, t->file_bytes);
}

void file_totals_get(struct file_totals *t, const uint8_t in[END_BODY_BYTES])
{
	struct cursor c = cursor_of(in, END_BODY_BYTES);

	t->index_off = cursor_u64(&c);
	t->chunks = cursor_u64(&c);
	t->records = cursor_u64(&c);
	t->file_bytes = cursor_u64(&c);
}
