/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams records into PATH.partial, a chunk at a time. Each chunk goes to the
 * kernel whole, so what a crash leaves is whole chunks; after a failed write
 * the file is cut back to them and the writer is dead: it keeps its error and
 * takes nothing more.
 */
#include "adder/recording.h"

#include <errno.h>
#include <string.h>

#include "adder/arch.h"
#include "adder/err.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/text.h"
#include "recording/encode.h"
#include "recording/format.h"

/*
 * A chunk is closed at this many bytes before compression. Larger ones
 * compress little better; smaller ones cost a header and a start of their own.
 */
#define CHUNK_RAW_BYTES (64u << 10)
#define ASIDE_TRIES 1000

struct index_entry {
	uint64_t off, first_ns, last_ns;
	uint32_t records, flags;
};

struct recording_writer {
	char *path, *partial;
	int fd;
	struct err err;
	struct encoder encoder;
	struct body_codec *codec;
	struct buf raw, out;
	VEC(struct index_entry) index;
	uint32_t chunk_number;
	uint64_t start_ns, end_ns;	/* of all chunks so far */
	struct recording_writer_stats stats;
};

/* The reason of a refusal by the system, as an error of ours. */
static enum err_code code_of(int negative_errno)
{
	switch (-negative_errno) {
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_PERM;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOTFOUND;
	default:
		return ERR_IO;
	}
}

static int check_target(const char *path, struct err *err)
{
	int kind;

	if (!*path)
		return err_set(err, ERR_USAGE, "the name of the recording is "
			       "empty");
	if (!strcmp(path, "-"))
		return err_set(err, ERR_USAGE, "a recording cannot be written "
			       "to standard output: name a file with -o");
	kind = sys_file_kind(path);
	if (kind == SYS_FILE_DIR)
		return err_set(err, ERR_USAGE, "cannot write the recording "
			       "'%s': it is a directory", path);
	if (kind == SYS_FILE_OTHER)
		return err_set(err, ERR_USAGE, "cannot write the recording "
			       "'%s': it is a device, pipe or socket, not a "
			       "file", path);
	return 0;	/* what lstat refuses, creating will refuse as well */
}

/* PATH.partial of a run that died holds data: it is kept under a new name. */
static int move_aside(const char *partial, struct err *err)
{
	char *aside = NULL;
	int i, ret = -EEXIST;

	for (i = 1; i <= ASIDE_TRIES && ret == -EEXIST; i++) {
		mem_free(aside);
		aside = mem_printf("%s.%d", partial, i);
		ret = sys_rename(partial, aside, true);
	}
	if (ret)
		ret = err_set_errno(err, code_of(ret), -ret, "cannot move the "
				    "unfinished recording '%s' aside", partial);
	else
		log_note("kept an unfinished recording of an earlier run as "
			 "'%s'", aside);
	mem_free(aside);
	return ret;
}

static int clear_partial(const char *partial, struct err *err)
{
	int kind = sys_file_kind(partial);

	switch (kind) {
	case SYS_FILE_NONE:
		return 0;
	case SYS_FILE_REGULAR:
		return move_aside(partial, err);
	case SYS_FILE_LOCKED:
		return err_set(err, ERR_IO, "'%s' is being written by another "
			       "adder: choose another name with -o", partial);
	case SYS_FILE_LINK:
		return err_set(err, ERR_PERM, "refused to write through the "
			       "symbolic link '%s': remove it", partial);
	default:
		if (kind >= 0)
			return err_set(err, ERR_IO, "'%s' is in the way and is "
				       "no file: remove it", partial);
		return err_set_errno(err, code_of(kind), -kind,
				     "cannot write the recording '%s'",
				     partial);
	}
}

static int write_file_header(struct recording_writer *w, struct err *err)
{
	const struct file_header h = {
		.machine = arch_native()->elf_machine,
		.major = FORMAT_MAJOR, .minor = FORMAT_MINOR,
		.byte_order = 1, .address_bytes = 8,
		.header_bytes = FILE_HEADER_BYTES,
	};
	uint8_t bytes[FILE_HEADER_BYTES];
	int ret;

	file_header_put(&h, bytes);
	ret = sys_write_full(w->fd, bytes, sizeof(bytes));
	if (ret)
		return err_set_errno(err, code_of(ret), -ret,
				     "cannot write the recording '%s'",
				     w->partial);
	w->stats.file_bytes = sizeof(bytes);
	return 0;
}

static void writer_free(struct recording_writer *w)
{
	sys_close(w->fd);
	encoder_release(&w->encoder);
	body_codec_free(w->codec);
	buf_release(&w->raw);
	buf_release(&w->out);
	vec_release(&w->index);
	mem_free(w->path);
	mem_free(w->partial);
	mem_free(w);
}

int recording_writer_open(struct recording_writer **out, const char *path,
			  struct err *err)
{
	struct recording_writer *w;
	int ret;

	*out = NULL;
	ret = check_target(path, err);
	if (ret)
		return ret;
	w = mem_calloc(1, sizeof(*w));
	encoder_init(&w->encoder);
	w->codec = body_codec_new();
	buf_reserve(&w->raw, 2 * CHUNK_RAW_BYTES);
	buf_reserve(&w->out, 3 * CHUNK_RAW_BYTES);
	w->path = mem_strdup(path);
	w->partial = mem_printf("%s.partial", path);
	w->fd = -1;
	ret = clear_partial(w->partial, err);
	if (ret)
		goto out;
	w->fd = sys_create_locked(w->partial);
	if (w->fd < 0) {
		ret = err_set_errno(err, code_of(w->fd), -w->fd,
				    "cannot write the recording '%s'",
				    w->partial);
		goto out;
	}
	ret = write_file_header(w, err);
	if (ret)
		sys_unlink(w->partial);
out:
	if (ret)
		writer_free(w);
	else
		*out = w;
	return ret;
}

/* The first error stays; the file goes back to its last whole chunk. */
static int fail_write(struct recording_writer *w, int negative_errno)
{
	char t[32];

	sys_truncate(w->fd, w->stats.file_bytes);
	text_duration(t, sizeof(t), w->end_ns - w->start_ns);
	return err_set_errno(&w->err, ERR_IO, -negative_errno,
			     "cannot write the recording: '%s' keeps the first "
			     "%s", w->partial, t);
}

static int put_chunk(struct recording_writer *w, struct chunk_header *h,
		     bool may_compress)
{
	int ret;

	h->number = w->chunk_number;
	buf_clear(&w->out);
	body_put(w->codec, h, w->raw.data, w->raw.len, may_compress, &w->out);
	ret = sys_write_full(w->fd, w->out.data, w->out.len);
	if (ret)
		return fail_write(w, ret);
	w->chunk_number++;
	w->stats.file_bytes += w->out.len;
	return 0;
}

static int put_data(struct recording_writer *w)
{
	struct encoder *e = &w->encoder;
	struct chunk_header h = {
		.type = CHUNK_DATA,
		.flags = e->defines ? CHUNK_F_DEFINES : 0,
		.first_ns = e->first_ns, .last_ns = e->last_ns,
		.records = e->records,
	};
	struct index_entry entry = {
		.off = w->stats.file_bytes, .first_ns = h.first_ns,
		.last_ns = h.last_ns, .records = h.records,
	};
	int ret;

	if (w->err.code)
		return -w->err.code;
	if (!e->records)
		return 0;
	buf_clear(&w->raw);
	encoder_take(e, &w->raw);
	ret = put_chunk(w, &h, true);
	if (ret)
		return ret;
	entry.flags = h.flags;
	*vec_push(&w->index) = entry;
	w->stats.chunks++;
	w->stats.raw_bytes += w->raw.len;
	if (h.last_ns && (!w->start_ns || h.first_ns < w->start_ns))
		w->start_ns = h.first_ns;
	if (h.last_ns > w->end_ns)
		w->end_ns = h.last_ns;
	return 0;
}

static int writer_push(void *self, const struct record *rec)
{
	struct recording_writer *w = self;
	const char *wrong;

	if (w->err.code)
		return -w->err.code;
	wrong = encoder_put(&w->encoder, rec);
	if (wrong)
		return err_set(&w->err, ERR_USAGE, "cannot record a %s record: "
			       "%s", record_type_name(rec->type), wrong);
	w->stats.records++;
	w->stats.cut_strings = w->encoder.cut_strings;
	if (w->encoder.raw_bytes >= CHUNK_RAW_BYTES)
		return put_data(w);
	return 0;
}

struct sink recording_writer_sink(struct recording_writer *w)
{
	return (struct sink){ .push = writer_push, .self = w };
}

static int give_error(const struct recording_writer *w, int ret,
		      struct err *err)
{
	if (ret && err)
		*err = w->err;
	return ret;
}

int recording_writer_flush(struct recording_writer *w, struct err *err)
{
	return give_error(w, put_data(w), err);
}

static int put_index(struct recording_writer *w)
{
	struct chunk_header h = { .type = CHUNK_INDX };
	const struct index_entry *e;
	uint64_t off = 0, first_ns = 0;
	size_t i;

	buf_clear(&w->raw);
	buf_put_uleb(&w->raw, w->index.count);
	for (i = 0; i < w->index.count; i++) {
		e = &w->index.data[i];
		buf_put_uleb(&w->raw, e->off - off);
		buf_put_uleb(&w->raw, zigzag(e->first_ns - first_ns));
		buf_put_uleb(&w->raw, e->last_ns - e->first_ns);
		buf_put_uleb(&w->raw, e->records);
		buf_put_uleb(&w->raw, e->flags);
		off = e->off;
		first_ns = e->first_ns;
	}
	return put_chunk(w, &h, true);
}

static int put_end(struct recording_writer *w, uint64_t index_off)
{
	struct chunk_header h = { .type = CHUNK_END };
	const struct file_totals totals = {
		.index_off = index_off,
		.chunks = w->stats.chunks,
		.records = w->stats.records,
		.file_bytes = w->stats.file_bytes + CHUNK_HEADER_BYTES +
			      END_BODY_BYTES,
	};
	uint8_t bytes[END_BODY_BYTES];

	file_totals_put(&totals, bytes);
	buf_clear(&w->raw);
	buf_put(&w->raw, bytes, sizeof(bytes));
	return put_chunk(w, &h, false);
}

/* PATH.partial becomes PATH, and what was PATH becomes PATH.old. */
static int put_in_place(struct recording_writer *w)
{
	char *old = mem_printf("%s.old", w->path);
	int ret = sys_rename(w->path, old, false);

	if (ret && ret != -ENOENT) {
		err_set_errno(&w->err, code_of(ret), -ret, "cannot move the "
			      "older recording '%s' aside: the new one is "
			      "whole in '%s'", w->path, w->partial);
		goto out;
	}
	ret = sys_rename(w->partial, w->path, false);
	if (ret)
		err_set_errno(&w->err, code_of(ret), -ret, "cannot rename the "
			      "recording to '%s': it is whole in '%s'",
			      w->path, w->partial);
out:
	mem_free(old);
	return ret ? -w->err.code : 0;
}

int recording_writer_close(struct recording_writer *w, struct err *err)
{
	uint64_t index_off;
	int ret = put_data(w);

	if (ret)
		goto out;
	index_off = w->stats.file_bytes;
	ret = put_index(w);
	if (!ret)
		ret = put_end(w, index_off);
	if (ret)
		goto out;
	/* Renamed while it is locked still, so that nobody takes it for dead. */
	ret = put_in_place(w);
	if (!ret) {
		ret = sys_close_written(w->fd);
		w->fd = -1;
		if (ret)
			ret = err_set_errno(&w->err, ERR_IO, -ret, "cannot "
					    "write the recording '%s'",
					    w->path);
	}
out:
	give_error(w, ret, err);
	writer_free(w);
	return ret;
}

void recording_writer_abandon(struct recording_writer *w)
{
	if (!w)
		return;
	put_data(w);
	writer_free(w);
}

const struct err *recording_writer_err(const struct recording_writer *w)
{
	return &w->err;
}

const struct recording_writer_stats *
recording_writer_stats(const struct recording_writer *w)
{
	return &w->stats;
}

const char *recording_writer_path(const struct recording_writer *w)
{
	return w->partial;
}
