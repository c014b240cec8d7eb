/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies of chunks, in and out of zstd. Both contexts live as long as the
 * codec: making one costs more than compressing a second of samples.
 */
#include "recording/format.h"

#include <zstd.h>

#include "adder/buf.h"
#include "adder/mem.h"

/* Measured on columns of samples: see bench_recording. */
#define ZSTD_LEVEL 3

struct body_codec {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	struct buf raw;
};

struct body_codec *body_codec_new(void)
{
	return mem_calloc(1, sizeof(struct body_codec));
}

void body_codec_free(struct body_codec *c)
{
	if (!c)
		return;
	ZSTD_freeCCtx(c->compressor);
	ZSTD_freeDCtx(c->decompressor);
	buf_release(&c->raw);
	mem_free(c);
}

/* The compressed length, or 0 where the body had better stay as it is. */
static size_t compress(struct body_codec *c, const void *raw, size_t raw_bytes,
		       char *out, size_t out_bytes)
{
	size_t n;

	if (!c->compressor) {
		c->compressor = ZSTD_createCCtx();
		if (!c->compressor)
			return 0;
		ZSTD_CCtx_setParameter(c->compressor, ZSTD_c_compressionLevel,
				       ZSTD_LEVEL);
	}
	n = ZSTD_compress2(c->compressor, out, out_bytes, raw, raw_bytes);
	if (ZSTD_isError(n) || n >= raw_bytes || raw_bytes / MAX_EXPANSION >= n)
		return 0;
	return n;
}

void body_put(struct body_codec *c, struct chunk_header *h, const void *raw,
	      size_t raw_bytes, bool may_compress, struct buf *out)
{
	size_t bound = ZSTD_compressBound(raw_bytes), n = 0;
	char *p = buf_reserve(out, CHUNK_HEADER_BYTES + bound);

	if (may_compress)
		n = compress(c, raw, raw_bytes, p + CHUNK_HEADER_BYTES, bound);
	out->len += CHUNK_HEADER_BYTES;
	if (n) {
		h->flags |= CHUNK_F_ZSTD;
		out->len += n;
	} else {
		n = raw_bytes;
		buf_put(out, raw, raw_bytes);
	}
	h->stored_bytes = (uint32_t)n;
	h->raw_bytes = (uint32_t)raw_bytes;
	h->body_crc = crc32c(p + CHUNK_HEADER_BYTES, n);
	chunk_header_put(h, (uint8_t *)p);
}

const uint8_t *body_get(struct body_codec *c, const struct chunk_header *h,
			const uint8_t *stored)
{
	char *raw;
	size_t n;

	if (!(h->flags & CHUNK_F_ZSTD))
		return h->stored_bytes == h->raw_bytes ? stored : NULL;
	if (!c->decompressor)
		c->decompressor = ZSTD_createDCtx();
	if (!c->decompressor)
		return NULL;
	buf_clear(&c->raw);
	raw = buf_reserve(&c->raw, h->raw_bytes);
	n = ZSTD_decompressDCtx(c->decompressor, raw, h->raw_bytes, stored,
				h->stored_bytes);
	if (ZSTD_isError(n) || n != h->raw_bytes)
		return NULL;
	return (const uint8_t *)raw;
}
