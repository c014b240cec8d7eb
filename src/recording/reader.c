/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a recording from its beginning to the first fault. A file may come
 * from anywhere: every length is bounded before it is used, every body has its
 * checksum compared before it is looked into, and the file is read, never
 * mapped, so that one that shrinks meanwhile is a short read.
 */
#include "adder/recording.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/sys.h"
#include "adder/text.h"
#include "recording/decode.h"
#include "recording/format.h"

struct source {
	int fd;			/* -1: in memory */
	const uint8_t *bytes;
	uint64_t len;
};

struct reader {
	struct source source;
	struct decoder decoder;
	struct body_codec *codec;
	struct buf stored;
	const struct sink *sink;
	struct recording_info *info;
	uint64_t off;
	uint32_t chunk_number;
	uint64_t chunks, records;	/* DATA chunks, and in them */
	uint64_t start_ns, end_ns;
	uint64_t index_off;		/* of the last INDX, 0 = none yet */
	bool ended;			/* END was there and right */
};

/* What read_chunk() says beside a sink's negative error. */
enum { READ_GOOD = 0, READ_STOP = 1 };

/* len bytes at off, or NULL: the source has not so many, or fails (*errnum). */
static const uint8_t *source_at(struct reader *r, uint64_t off, size_t len,
				int *errnum)
{
	int64_t n;
	char *p;

	*errnum = 0;
	if (off > r->source.len || len > r->source.len - off)
		return NULL;
	if (r->source.fd < 0)
		return r->source.bytes + off;
	buf_clear(&r->stored);
	p = buf_reserve(&r->stored, len);
	n = sys_pread_full(r->source.fd, p, len, off);
	if (n == (int64_t)len)
		return (const uint8_t *)p;
	if (n < 0)
		*errnum = (int)-n;
	return NULL;
}

/* "the recording ends at 12.3 s: <what>" */
__attribute__((format(printf, 3, 4)))
static int stop(struct reader *r, enum recording_state state, const char *fmt,
		...)
{
	struct recording_info *info = r->info;
	char t[32];
	va_list ap;
	int n;

	info->state = state;
	if (r->end_ns) {
		text_duration(t, sizeof(t), r->end_ns - r->start_ns);
		n = snprintf(info->what, sizeof(info->what),
			     "the recording ends at %s: ", t);
	} else {
		n = snprintf(info->what, sizeof(info->what),
			     "the recording has no samples: ");
	}
	va_start(ap, fmt);
	vsnprintf(info->what + n, sizeof(info->what) - (size_t)n, fmt, ap);
	va_end(ap);
	return READ_STOP;
}

static int stop_short(struct reader *r, int errnum, uint64_t have,
		      uint64_t want)
{
	if (errnum)
		return stop(r, RECORDING_CUT, "chunk %u cannot be read: %s",
			    r->chunk_number, strerror(errnum));
	return stop(r, RECORDING_CUT, "the file is cut inside chunk %u (%llu "
		    "of %llu bytes)", r->chunk_number, (unsigned long long)have,
		    (unsigned long long)want);
}

static int check_chunk_header(struct reader *r, const struct chunk_header *h)
{
	uint32_t number = r->chunk_number;

	if (h->number != number)
		return stop(r, RECORDING_DAMAGED, "chunk %u says that it is "
			    "chunk %u", number, h->number);
	if (h->stored_bytes > MAX_BODY_BYTES || h->raw_bytes > MAX_BODY_BYTES)
		return stop(r, RECORDING_DAMAGED, "chunk %u is too long",
			    number);
	if (h->raw_bytes / MAX_EXPANSION > h->stored_bytes)
		return stop(r, RECORDING_DAMAGED, "chunk %u expands too much",
			    number);
	return READ_GOOD;
}

static void note_times(struct reader *r, const struct chunk_header *h)
{
	if (!h->last_ns)
		return;
	if (!r->end_ns || h->first_ns < r->start_ns)
		r->start_ns = h->first_ns;
	if (h->last_ns > r->end_ns)
		r->end_ns = h->last_ns;
}

static int read_data(struct reader *r, const struct chunk_header *h,
		     const uint8_t *raw)
{
	int ret;

	ret = decoder_push(&r->decoder, raw, h->raw_bytes, h->records,
			   r->sink);
	if (ret == DECODE_MALFORMED)
		return stop(r, RECORDING_DAMAGED, "chunk %u is malformed: %s",
			    h->number, r->decoder.what);
	if (ret)
		return ret;
	r->chunks++;
	r->records += h->records;
	note_times(r, h);
	return READ_GOOD;
}

static int read_end(struct reader *r, const struct chunk_header *h,
		    const uint8_t *raw)
{
	struct file_totals t;
	uint64_t end = r->off + CHUNK_HEADER_BYTES + h->stored_bytes;

	if (h->raw_bytes < END_BODY_BYTES)
		return stop(r, RECORDING_DAMAGED, "its end is malformed");
	file_totals_get(&t, raw);
	if (t.chunks != r->chunks || t.records != r->records ||
	    t.file_bytes != end || t.index_off != r->index_off)
		return stop(r, RECORDING_DAMAGED, "its totals are not what "
			    "was found");
	r->ended = true;
	r->info->read_bytes = end;
	if (end != r->source.len)
		return stop(r, RECORDING_DAMAGED, "%llu bytes follow its end",
			    (unsigned long long)(r->source.len - end));
	return READ_STOP;
}

static int read_body(struct reader *r, const struct chunk_header *h,
		     const uint8_t *stored)
{
	const uint8_t *raw;

	if (crc32c(stored, h->stored_bytes) != h->body_crc)
		return stop(r, RECORDING_DAMAGED, "chunk %u has a wrong "
			    "checksum", h->number);
	raw = body_get(r->codec, h, stored);
	if (!raw)
		return stop(r, RECORDING_DAMAGED, "chunk %u does not expand to "
			    "its length", h->number);
	switch (h->type) {
	case CHUNK_DATA:
		return read_data(r, h, raw);
	case CHUNK_INDX:
		r->index_off = r->off;
		return READ_GOOD;
	case CHUNK_END:
		return read_end(r, h, raw);
	default:
		return READ_GOOD;	/* of a later minor version */
	}
}

static int read_chunk(struct reader *r)
{
	uint64_t left = r->source.len - r->off;
	struct chunk_header h;
	const uint8_t *p;
	int ret, errnum;

	if (!left)
		return stop(r, RECORDING_CUT, "the file has no end: the "
			    "recorder was killed, is still running, or had no "
			    "room");
	p = source_at(r, r->off, CHUNK_HEADER_BYTES, &errnum);
	if (!p)
		return stop_short(r, errnum, left, CHUNK_HEADER_BYTES);
	if (!chunk_header_get(&h, p))
		return stop(r, RECORDING_DAMAGED, "chunk %u has a wrong "
			    "checksum in its header", r->chunk_number);
	ret = check_chunk_header(r, &h);
	if (ret)
		return ret;
	p = source_at(r, r->off + CHUNK_HEADER_BYTES, h.stored_bytes, &errnum);
	if (!p)
		return stop_short(r, errnum, left,
				  (uint64_t)CHUNK_HEADER_BYTES +
				  h.stored_bytes);
	ret = read_body(r, &h, p);
	if (ret)
		return ret;
	r->chunk_number++;
	r->off += CHUNK_HEADER_BYTES + (uint64_t)h.stored_bytes;
	r->info->read_bytes = r->off;
	return READ_GOOD;
}

static bool looks_like_text(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' &&
		     p[i] != '\r') || p[i] >= 0x7f)
			return false;
	}
	return true;
}

/* What a file that is no recording looks like. */
static const char *likeness(const uint8_t *p, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what;
	} known[] = {
		{ "PERFILE2", 8, "a perf.data file" },
		{ "\x1f\x8b", 2, "a gzip file: decompress it first" },
		{ "\x28\xb5\x2f\xfd", 4, "a zstd file: decompress it first" },
		{ "\xfd" "7zXZ", 5, "an xz file: decompress it first" },
		{ "BZh", 3, "a bzip2 file: decompress it first" },
		{ "PK\x03\x04", 4, "a zip file: unpack it first" },
		{ "\x7f" "ELF", 4, "a program or library (ELF)" },
		{ "{", 1, "JSON" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(known); i++) {
		if (len >= known[i].len &&
		    !memcmp(p, known[i].magic, known[i].len))
			return known[i].what;
	}
	return looks_like_text(p, len) ? "a text file" : NULL;
}

static int refuse(const struct reader *r, const uint8_t *p, struct err *err)
{
	size_t have = r->source.len < FILE_HEADER_BYTES ?
		      (size_t)r->source.len : FILE_HEADER_BYTES;
	size_t magic = have < FILE_MAGIC_BYTES ? have : FILE_MAGIC_BYTES;
	const char *like;

	if (!memcmp(p, FILE_MAGIC, magic))
		return err_set(err, ERR_FORMAT, "the recording is cut inside "
			       "its header (%zu of %d bytes): it holds nothing",
			       have, FILE_HEADER_BYTES);
	like = likeness(p, have);
	if (like)
		return err_set(err, ERR_FORMAT, "not a recording of adder; it "
			       "looks like %s", like);
	return err_set(err, ERR_FORMAT, "not a recording of adder");
}

static int read_file_header(struct reader *r, struct err *err)
{
	size_t len = r->source.len < FILE_HEADER_BYTES ?
		     (size_t)r->source.len : FILE_HEADER_BYTES;
	struct file_header h;
	const uint8_t *p;
	int errnum;

	if (!len)
		return err_set(err, ERR_FORMAT, "not a recording of adder: it "
			       "is empty");
	p = source_at(r, 0, len, &errnum);
	if (!p)
		return err_set_errno(err, ERR_IO, errnum ? errnum : EIO,
				     "cannot read it");
	if (len < FILE_HEADER_BYTES || memcmp(p, FILE_MAGIC, FILE_MAGIC_BYTES))
		return refuse(r, p, err);
	if (!file_header_get(&h, p))
		return err_set(err, ERR_FORMAT, "the recording is damaged: its "
			       "header has a wrong checksum");
	if (h.major != FORMAT_MAJOR)
		return err_set(err, ERR_UNSUPPORTED, "the recording has format "
			       "%u.%u, this adder reads %u.x: use %s adder",
			       h.major, h.minor, FORMAT_MAJOR,
			       h.major > FORMAT_MAJOR ? "a newer" : "an older");
	if (h.header_bytes < FILE_HEADER_BYTES ||
	    h.header_bytes > FILE_HEADER_MAX_BYTES)
		return err_set(err, ERR_FORMAT, "the recording is damaged: its "
			       "header has an impossible length");
	r->off = h.header_bytes;
	if (r->off > r->source.len)
		r->off = r->source.len;
	r->info->read_bytes = r->off;
	return 0;
}

static int read_source(const struct source *source, const struct sink *sink,
		       struct recording_info *info, struct err *err)
{
	struct reader r = { .source = *source, .sink = sink, .info = info };
	int ret;

	err_clear(err);
	memset(info, 0, sizeof(*info));
	info->file_bytes = source->len;
	decoder_init(&r.decoder);
	r.codec = body_codec_new();
	ret = read_file_header(&r, err);
	while (ret == READ_GOOD)
		ret = read_chunk(&r);
	decoder_release(&r.decoder);
	body_codec_free(r.codec);
	buf_release(&r.stored);
	return ret == READ_STOP ? 0 : ret;
}

int recording_read_memory(const void *bytes, size_t len,
			  const struct sink *sink, struct recording_info *info,
			  struct err *err)
{
	const struct source source = { .fd = -1, .bytes = bytes, .len = len };

	return read_source(&source, sink, info, err);
}

static int refuse_open(const char *path, int negative_errno, struct err *err)
{
	if (negative_errno == -EINVAL)
		return err_set(err, ERR_FORMAT, "'%s' is not a file", path);
	return err_set_errno(err, negative_errno == -ENOENT ? ERR_NOTFOUND :
			     negative_errno == -EACCES ? ERR_PERM : ERR_IO,
			     -negative_errno, "cannot open the recording '%s'",
			     path);
}

int recording_read(const char *path, const struct sink *sink,
		   struct recording_info *info, struct err *err)
{
	struct source source = { 0 };
	struct sys_stat st;
	int ret;

	source.fd = sys_open_file(path, false);
	if (source.fd < 0)
		return refuse_open(path, source.fd, err);
	ret = sys_fstat(source.fd, &st);
	if (ret) {
		ret = refuse_open(path, ret, err);
	} else {
		source.len = st.size_bytes;
		ret = read_source(&source, sink, info, err);
		if (ret && err)
			err_prefix(err, "'%s'", path);
	}
	sys_close(source.fd);
	return ret;
}
