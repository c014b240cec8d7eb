/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader against files that are whole, cut, flipped, forged or newer. */
#include "../support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adder/cursor.h"
#include "adder/err.h"
#include "adder/recording.h"
#include "recording/format.h"
#include "recording/state.h"
#include "../support/gen_stream.h"
#include "../support/random_stream.h"
#include "../support/recording_file.h"
#include "../support/tmpdir.h"

/* A small recording with every record type, in several chunks. */
static struct record_list whole;
static struct buf image;

static int setup(void **state)
{
	const struct gen_opts opts = { .samples = 60, .depth = 8, .stacks = 20,
				       .threads = 2, .seed = 7 };
	struct sink sink;

	if (tmpdir_setup(state))
		return -1;
	record_list_init(&whole);
	sink = record_list_sink(&whole);
	gen_stream(&opts, &sink, NULL, NULL);
	recording_file_write(tmpdir_at("whole"), &whole, 60);
	recording_file_load(tmpdir_at("whole"), &image);
	return 0;
}

static int teardown(void **state)
{
	record_list_release(&whole);
	buf_release(&image);
	return tmpdir_teardown(state);
}

struct result {
	struct record_list got;
	struct recording_info info;
	struct err err;
	int ret;
};

static void read_bytes(struct result *r, const void *bytes, size_t len)
{
	struct sink sink;

	memset(r, 0, sizeof(*r));
	record_list_init(&r->got);
	sink = record_list_sink(&r->got);
	r->ret = recording_read_memory(bytes, len, &sink, &r->info, &r->err);
}

static void release(struct result *r)
{
	record_list_release(&r->got);
}

static void a_recording_reads_back_as_it_was_written(void **state)
{
	struct recording_info info;
	struct record_list got;
	struct err err = { 0 };
	struct sink sink;

	(void)state;
	record_list_init(&got);
	sink = record_list_sink(&got);
	assert_int_equal(recording_read(tmpdir_at("whole"), &sink, &info, &err),
			 0);
	assert_int_equal(info.state, RECORDING_WHOLE);
	assert_string_equal(info.what, "");
	assert_int_equal(info.read_bytes, image.len);
	assert_int_equal(info.file_bytes, image.len);
	assert_int_equal(got.records.count, whole.records.count);
	assert_int_equal(record_list_match(&got, &whole),
			 whole.records.count);
	record_list_release(&got);
}

static void hostile_names_survive_byte_by_byte(void **state)
{
	struct gen_opts opts = GEN_DEFAULTS;
	struct record_list hostile;
	struct buf bytes = { 0 };
	struct sink sink;
	struct result r;

	(void)state;
	opts.hostile = true;
	opts.samples = 500;
	record_list_init(&hostile);
	sink = record_list_sink(&hostile);
	gen_stream(&opts, &sink, NULL, NULL);
	recording_file_write(tmpdir_at("hostile"), &hostile, 1000);
	recording_file_load(tmpdir_at("hostile"), &bytes);
	read_bytes(&r, bytes.data, bytes.len);
	assert_int_equal(r.info.state, RECORDING_WHOLE);
	assert_int_equal(record_list_match(&r.got, &hostile),
			 hostile.records.count);
	release(&r);
	record_list_release(&hostile);
	buf_release(&bytes);
}

static void every_prefix_gives_a_prefix_of_the_records(void **state)
{
	size_t len, before = 0;
	struct result r;

	(void)state;
	for (len = 0; len < image.len; len++) {
		read_bytes(&r, image.data, len);
		if (len < FILE_HEADER_BYTES) {
			assert_int_equal(r.ret, -ERR_FORMAT);
			assert_true(r.err.message[0]);
		} else {
			assert_int_equal(r.ret, 0);
			assert_int_equal(r.info.state, RECORDING_CUT);
			assert_true(r.info.what[0]);
			assert_true(r.info.read_bytes <= len);
		}
		assert_int_equal(record_list_match(&r.got, &whole),
				 r.got.records.count);
		assert_true(r.got.records.count >= before);
		before = r.got.records.count;
		release(&r);
	}
	/* Only INDX and END were missing at last. */
	assert_int_equal(before, whole.records.count);
}

static void every_flipped_bit_is_found(void **state)
{
	struct result r;
	size_t bit;

	(void)state;
	for (bit = 0; bit < image.len * 8; bit++) {
		image.data[bit / 8] ^= (char)(1 << bit % 8);
		read_bytes(&r, image.data, image.len);
		image.data[bit / 8] ^= (char)(1 << bit % 8);
		if (bit < FILE_HEADER_BYTES * 8)
			assert_int_equal(r.ret, -ERR_FORMAT);
		else
			assert_int_equal(r.info.state, RECORDING_DAMAGED);
		assert_int_equal(record_list_match(&r.got, &whole),
				 r.got.records.count);
		release(&r);
	}
}

static void damage_is_told_with_the_time_it_happened(void **state)
{
	struct result r;

	(void)state;
	image.data[image.len - 200] ^= 1;
	read_bytes(&r, image.data, image.len);
	image.data[image.len - 200] ^= 1;
	assert_int_equal(r.ret, 0);
	assert_non_null(strstr(r.info.what, "the recording ends at "));
	assert_non_null(strstr(r.info.what, " ms: chunk "));
	assert_non_null(strstr(r.info.what, "wrong checksum"));
	release(&r);
}

static void bytes_behind_the_end_are_told(void **state)
{
	struct buf longer = { 0 };
	struct result r;

	(void)state;
	buf_put(&longer, image.data, image.len);
	buf_puts(&longer, "rest");
	read_bytes(&r, longer.data, longer.len);
	assert_int_equal(r.info.state, RECORDING_DAMAGED);
	assert_non_null(strstr(r.info.what, "4 bytes follow its end"));
	assert_int_equal(r.got.records.count, whole.records.count);
	release(&r);
	buf_release(&longer);
}

static void what_is_no_recording_is_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *says;
	} cases[] = {
		{ "", 0, "it is empty" },
		{ "PERFILE2\x68\0\0\0", 12, "perf.data" },
		{ "\x1f\x8b\x08\0\0\0\0\0", 8, "gzip" },
		{ "\x28\xb5\x2f\xfd\0\0\0\0", 8, "zstd" },
		{ "\x7f" "ELF\2\1\1", 7, "ELF" },
		{ "import os\nprint(1)\n", 19, "a text file" },
		{ "{\"a\": 1}", 8, "JSON" },
		{ "\x89" "ADD", 4, "cut inside its header" },
		{ "\x89" "PNG\r\n\x1a\n\0\0\0\rIHDR", 16, "not a recording" },
	};
	struct result r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		read_bytes(&r, cases[i].bytes, cases[i].len);
		assert_int_equal(r.ret, -ERR_FORMAT);
		assert_non_null(strstr(r.err.message, cases[i].says));
		release(&r);
	}
}

static void another_major_version_is_refused_in_one_line(void **state)
{
	const struct file_header newer = {
		.major = FORMAT_MAJOR + 1, .minor = 3, .byte_order = 1,
		.address_bytes = 8, .header_bytes = FILE_HEADER_BYTES,
	};
	uint8_t bytes[FILE_HEADER_BYTES];
	struct result r;

	(void)state;
	file_header_put(&newer, bytes);
	read_bytes(&r, bytes, sizeof(bytes));
	assert_int_equal(r.ret, -ERR_UNSUPPORTED);
	assert_non_null(strstr(r.err.message, "format 2.3"));
	assert_non_null(strstr(r.err.message, "newer adder"));
	assert_null(strchr(r.err.message, '\n'));
	release(&r);
}

/* A chunk with everything in it that a later minor version might add. */
static void what_a_later_version_adds_is_skipped(void **state)
{
	static const uint8_t preamble[] = { 10, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9 };
	static const uint8_t order[] = { REC_STRING, 99, REC_META, 99 };
	static const uint8_t one[] = { 1 }, two[] = { 2, 2, 2, 2 };
	struct buf file = { 0 }, body = { 0 };
	struct result r;

	(void)state;
	recording_file_begin(&file);
	buf_put(&body, preamble, sizeof(preamble));
	recording_body_column(&body, 0, 0, order, sizeof(order));
	recording_body_column(&body, REC_META, 0, one, 1);
	recording_body_column(&body, REC_META, 9, two, 4);
	recording_body_column(&body, REC_STRING, 0, one, 1);
	recording_body_column(&body, REC_STRING, 1, "s", 2);
	recording_body_column(&body, 99, 0, two, 4);
	recording_body_column(&body, 70000, 3, two, 4);
	recording_file_chunk(&file, 0x57454e20, 0, 0, &body);
	recording_file_chunk(&file, CHUNK_DATA, 1, 4, &body);
	read_bytes(&r, file.data, file.len);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.info.state, RECORDING_CUT);
	assert_int_equal(r.info.read_bytes, file.len);
	assert_int_equal(r.got.records.count, 2);
	assert_string_equal(r.got.records.data[0].string.bytes, "s");
	assert_int_equal(r.got.records.data[1].meta.key.v, 1);
	assert_int_equal(r.got.records.data[1].meta.value.v, 0);
	release(&r);
	buf_release(&file);
	buf_release(&body);
}

struct forged_column {
	uint8_t type, field, len;
	const char *bytes;
};

/*
 * Bodies with right checksums that lie; the answer must have this word in it.
 */
static void lies_behind_right_checksums_are_found(void **state)
{
	static const struct {
		const char *says;
		uint32_t records;
		struct forged_column columns[8];
	} cases[] = {
		{ "order", 1, { { 0, 0, 1, "\0" } } },
		{ "order", 1, { { 0, 0, 2, "\x01\x80" } } },
		{ "order", 1, { { 0, 0, 2, "\x01\x01" } } },
		{ "not as many", 3, { { 0, 0, 2, "\x01\x01" } } },
		{ "columns", 0, { { 0, 1, 1, "\x01" }, { 0, 0, 0, "" } } },
		{ "columns", 0, { { 2, 0, 0, "" }, { 2, 0, 0, "" } } },
		/* a string longer than its bytes; without its NUL */
		{ "malformed", 1, { { 0, 0, 1, "\x02" }, { 2, 0, 1, "\x05" },
				    { 2, 1, 3, "abc" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x02" }, { 2, 0, 1, "\x03" },
				    { 2, 1, 4, "abcd" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x02" },
				    { 2, 0, 10, "\xff\xff\xff\xff\xff\xff\xff"
				      "\xff\xff\x01" }, { 2, 1, 1, "" } } },
		/* a name that is not defined */
		{ "not defined", 1, { { 0, 0, 1, "\x01" },
				      { 1, 0, 1, "\x05" } } },
		/* a process that is its own parent */
		{ "not defined", 1, { { 0, 0, 1, "\x04" },
				      { 4, 0, 1, "\x02" } } },
		{ "no process", 1, { { 0, 0, 1, "\x05" } } },
		/* kinds that are not known; a build-id that is too long */
		{ "kind", 1, { { 0, 0, 1, "\x03" } } },
		{ "kind", 1, { { 0, 0, 1, "\x03" }, { 3, 0, 1, "\x06" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x03" }, { 3, 0, 1, "\x01" },
				    { 3, 2, 1, "\x15" },
				    { 3, 3, 21, "012345678901234567890" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x09" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x09" }, { 9, 0, 1, "\x05" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x09" }, { 9, 0, 1, "\x01" },
				    { 9, 2, 1, "\x01" } } },
		{ "unit", 1, { { 0, 0, 1, "\x08" } } },
		/* a stack without a frame, and one beyond the first */
		{ "frame", 1, { { 0, 0, 1, "\x0a" } } },
		{ "parent", 2, { { 0, 0, 2, "\x09\x0a" }, { 9, 0, 1, "\x01" },
				 { 10, 0, 1, "\x05" } } },
		{ "malformed", 2, { { 0, 0, 2, "\x09\x0a" },
				    { 9, 0, 1, "\x01" },
				    { 10, 0, 1, "\x01" } } },
		/* a sample of no thread; a time before its values */
		{ "thread", 1, { { 0, 0, 1, "\x0c" } } },
		{ "thread", 1, { { 0, 0, 1, "\x0c" }, { 12, 0, 1, "\x02" } } },
		{ "thread", 1, { { 0, 0, 1, "\x06" } } },
		/* a value that does not fit; a column that ends too early */
		{ "malformed", 1, { { 0, 0, 1, "\x0e" },
				    { 14, 2, 6, "\x80\x80\x80\x80\x80\x01" } } },
		{ "malformed", 2, { { 0, 0, 2, "\x0d\x0d" },
				    { 13, 1, 1, "\x01" } } },
		{ "malformed", 1, { { 0, 0, 1, "\x0d" },
				    { 13, 2, 11, "\x80\x80\x80\x80\x80\x80\x80"
				      "\x80\x80\x80\x01" } } },
	};
	struct buf file = { 0 }, body = { 0 };
	const struct forged_column *c;
	struct result r;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		recording_file_begin(&file);
		recording_body_begin(&body);
		for (k = 0; cases[i].columns[k].bytes; k++) {
			c = &cases[i].columns[k];
			recording_body_column(&body, c->type, c->field,
					      c->bytes, c->len);
		}
		recording_file_chunk(&file, CHUNK_DATA, 0, cases[i].records,
				     &body);
		read_bytes(&r, file.data, file.len);
		assert_int_equal(r.ret, 0);
		assert_int_equal(r.info.state, RECORDING_DAMAGED);
		if (!strstr(r.info.what, cases[i].says))
			fail_msg("case %zu says '%s'", i, r.info.what);
		release(&r);
	}
	buf_release(&file);
	buf_release(&body);
}

static void a_body_that_expands_too_much_is_refused(void **state)
{
	struct chunk_header h = { .type = CHUNK_DATA, .flags = CHUNK_F_ZSTD };
	struct buf file = { 0 };
	uint8_t bytes[CHUNK_HEADER_BYTES];
	struct result r;

	(void)state;
	recording_file_begin(&file);
	h.stored_bytes = 100;
	h.raw_bytes = 100 * MAX_EXPANSION + MAX_EXPANSION;
	chunk_header_put(&h, bytes);
	buf_put(&file, bytes, sizeof(bytes));
	buf_put(&file, image.data, 100);
	read_bytes(&r, file.data, file.len);
	assert_int_equal(r.info.state, RECORDING_DAMAGED);
	assert_non_null(strstr(r.info.what, "expands too much"));
	release(&r);
	buf_release(&file);
}

static void monotony_stays_within_the_bound_on_expansion(void **state)
{
	const struct record defs[] = {
		{ .type = REC_PROCESS, .process = { .id = { 1 } } },
		{ .type = REC_THREAD, .thread = { .id = { 1 },
						  .process = { 1 } } },
		{ .type = REC_EVENT, .event = { .id = { 1 },
						.unit = UNIT_NS } },
	};
	struct record rec = { .type = REC_SAMPLE,
			      .sample = { .thread = { 1 }, .event = { 1 } } };
	struct buf bytes = { 0 };
	struct record_list l;
	struct result r;
	struct sink sink;
	size_t i;

	(void)state;
	record_list_init(&l);
	sink = record_list_sink(&l);
	for (i = 0; i < ARRAY_LEN(defs); i++)
		sink_push(&sink, &defs[i]);
	for (i = 0; i < 100000; i++)
		sink_push(&sink, &rec);
	recording_file_write(tmpdir_at("same"), &l, 1000000);
	recording_file_load(tmpdir_at("same"), &bytes);
	read_bytes(&r, bytes.data, bytes.len);
	assert_int_equal(r.info.state, RECORDING_WHOLE);
	assert_int_equal(record_list_match(&r.got, &l), l.records.count);
	release(&r);
	record_list_release(&l);
	buf_release(&bytes);
}

static void a_stack_too_deep_is_refused_on_both_sides(void **state)
{
	struct record rec = { .type = REC_STACK, .stack.frame.v = 1 };
	struct state s;
	uint32_t i;

	(void)state;
	state_init(&s);
	s.count[ID_FRAME] = 1;
	for (i = 1; i <= MAX_STACK_DEPTH; i++) {
		rec.stack.id.v = i;
		rec.stack.parent.v = i - 1;
		assert_null(state_check(&s, &rec));
		state_note(&s, &rec);
	}
	rec.stack.id.v = i;
	rec.stack.parent.v = i - 1;
	assert_string_equal(state_check(&s, &rec), "it is too deep");
	state_release(&s);
}

static void the_sinks_error_comes_through(void **state)
{
	struct recording_info info;
	struct record_list got;
	struct err err = { 0 };
	struct sink sink;

	(void)state;
	record_list_init(&got);
	got.fail_after = 100;
	sink = record_list_sink(&got);
	assert_int_equal(recording_read(tmpdir_at("whole"), &sink, &info, &err),
			 -ERR_LIMIT);
	assert_int_equal(got.records.count, 100);
	record_list_release(&got);
}

static uint64_t u64_at(size_t off)
{
	uint64_t v;

	memcpy(&v, image.data + off, 8);
	return v;
}

/* A reader that seeks: END from the file's end, INDX from END, chunks. */
static void the_index_leads_to_every_chunk(void **state)
{
	size_t end = image.len - CHUNK_HEADER_BYTES - END_BODY_BYTES;
	struct body_codec *codec = body_codec_new();
	struct chunk_header h;
	uint64_t index_off, chunks, off = 0, first_ns = 0, last_ns, i;
	struct cursor c;

	(void)state;
	assert_true(chunk_header_get(&h, (uint8_t *)image.data + end));
	assert_int_equal(h.type, CHUNK_END);
	index_off = u64_at(end + CHUNK_HEADER_BYTES);
	chunks = u64_at(end + CHUNK_HEADER_BYTES + 8);
	assert_true(chunks > 3);
	assert_int_equal(u64_at(end + CHUNK_HEADER_BYTES + 16),
			 whole.records.count);
	assert_true(chunk_header_get(&h, (uint8_t *)image.data + index_off));
	assert_int_equal(h.type, CHUNK_INDX);
	c = cursor_of(body_get(codec, &h, (uint8_t *)image.data + index_off +
			       CHUNK_HEADER_BYTES), h.raw_bytes);
	assert_int_equal(cursor_uleb(&c), chunks);
	for (i = 0; i < chunks; i++) {
		off += cursor_uleb(&c);
		first_ns += unzigzag(cursor_uleb(&c));
		last_ns = first_ns + cursor_uleb(&c);
		assert_true(off + CHUNK_HEADER_BYTES < index_off);
		assert_true(chunk_header_get(&h, (uint8_t *)image.data + off));
		assert_int_equal(h.type, CHUNK_DATA);
		assert_int_equal(h.number, i);
		assert_int_equal(h.first_ns, first_ns);
		assert_int_equal(h.last_ns, last_ns);
		assert_int_equal(h.records, cursor_uleb(&c));
		assert_int_equal(h.flags, cursor_uleb(&c));
	}
	assert_false(c.bad);
	assert_int_equal(cursor_left(&c), 0);
	body_codec_free(codec);
}

static void chunks_that_define_nothing_say_so(void **state)
{
	const struct gen_opts opts = { .samples = 3000, .depth = 8,
				       .stacks = 1, .threads = 1, .seed = 1 };
	struct buf bytes = { 0 };
	struct chunk_header h;
	struct record_list l;
	struct sink sink;
	size_t off = FILE_HEADER_BYTES, plain = 0;

	(void)state;
	record_list_init(&l);
	sink = record_list_sink(&l);
	gen_stream(&opts, &sink, NULL, NULL);
	recording_file_write(tmpdir_at("plain"), &l, 500);
	recording_file_load(tmpdir_at("plain"), &bytes);
	for (; off < bytes.len; off += CHUNK_HEADER_BYTES + h.stored_bytes) {
		assert_true(chunk_header_get(&h, (uint8_t *)bytes.data + off));
		plain += h.type == CHUNK_DATA &&
			 !(h.flags & CHUNK_F_DEFINES);
	}
	assert_in_range(plain, 4, 5);
	record_list_release(&l);
	buf_release(&bytes);
}

static uint32_t mix(uint32_t sum, uint64_t v)
{
	const uint64_t both[2] = { sum, v };

	return crc32c(both, sizeof(both));
}

/* Every field of every record in one number. */
static uint32_t digest(const struct record_list *l)
{
	const struct record *rec;
	const struct field *f;
	uint32_t sum = 0;
	size_t i, k;

	for (i = 0; i < l->records.count; i++) {
		rec = &l->records.data[i];
		sum = mix(sum, rec->type);
		/* a field that a later version adds is 0 in this file */
		for (f = record_fields(rec->type, &k); k--; f++)
			if (field_get(rec, f))
				sum = mix(sum, field_get(rec, f));
		if (rec->type == REC_STRING)
			sum = mix(sum, crc32c(rec->string.bytes,
					      rec->string.len));
		if (rec->type == REC_MODULE)
			sum = mix(sum, crc32c(rec->module.build_id,
					      rec->module.build_id_bytes));
		if (rec->type == REC_FRAME)
			sum = mix(sum, rec->frame.addr);
		if (rec->type == REC_SYMBOL)
			sum = mix(sum, rec->symbol.start_svma);
		if (rec->type == REC_STACK)
			sum = mix(mix(sum, rec->stack.parent.v),
				  rec->stack.frame.v);
		if (rec->type == REC_SAMPLE) {
			sum = mix(mix(sum, rec->sample.t_mono_ns),
				  rec->sample.weight);
			sum = mix(mix(sum, rec->sample.running_ns),
				  rec->sample.thread.v);
			sum = mix(mix(sum, rec->sample.event.v),
				  rec->sample.stack.v);
			sum = mix(sum, rec->sample.cpu);
		}
	}
	return sum;
}

/* The file was written by the first version; it must read for ever. */
static void a_file_of_version_1_0_still_reads(void **state)
{
	const char *srcdir = getenv("srcdir");
	struct buf bytes = { 0 };
	struct result r;
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/recording/whole",
		 srcdir ? srcdir : ".");
	recording_file_load(path, &bytes);
	read_bytes(&r, bytes.data, bytes.len);
	assert_int_equal(r.info.state, RECORDING_WHOLE);
	assert_int_equal(r.got.records.count, 98);
	assert_int_equal(digest(&r.got), 0x39e60345);
	release(&r);
	buf_release(&bytes);
}

static void the_checksum_is_the_one_of_the_document(void **state)
{
	(void)state;
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	assert_int_equal(crc32c("", 0), 0);
}

static void a_missing_file_is_one_clear_line(void **state)
{
	const struct sink none = { 0 };
	struct recording_info info;
	struct err err;

	(void)state;
	assert_int_equal(recording_read(tmpdir_at("none"), &none, &info, &err),
			 -ERR_NOTFOUND);
	assert_non_null(strstr(err.message, "cannot open the recording '"));
	assert_non_null(strstr(err.message, "No such file"));
	assert_int_equal(recording_read(tmpdir_path, &none, &info, &err),
			 -ERR_FORMAT);
	assert_non_null(strstr(err.message, "is not a file"));
	tmpdir_write("text", "hello\n");
	assert_int_equal(recording_read(tmpdir_at("text"), &none, &info, &err),
			 -ERR_FORMAT);
	assert_non_null(strstr(err.message, "/text': not a recording"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_reads_back_as_it_was_written),
		cmocka_unit_test(hostile_names_survive_byte_by_byte),
		cmocka_unit_test(every_prefix_gives_a_prefix_of_the_records),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(damage_is_told_with_the_time_it_happened),
		cmocka_unit_test(bytes_behind_the_end_are_told),
		cmocka_unit_test(what_is_no_recording_is_named),
		cmocka_unit_test(another_major_version_is_refused_in_one_line),
		cmocka_unit_test(what_a_later_version_adds_is_skipped),
		cmocka_unit_test(lies_behind_right_checksums_are_found),
		cmocka_unit_test(a_body_that_expands_too_much_is_refused),
		cmocka_unit_test(monotony_stays_within_the_bound_on_expansion),
		cmocka_unit_test(a_stack_too_deep_is_refused_on_both_sides),
		cmocka_unit_test(the_sinks_error_comes_through),
		cmocka_unit_test(the_index_leads_to_every_chunk),
		cmocka_unit_test(chunks_that_define_nothing_say_so),
		cmocka_unit_test(a_file_of_version_1_0_still_reads),
		cmocka_unit_test(the_checksum_is_the_one_of_the_document),
		cmocka_unit_test(a_missing_file_is_one_clear_line),
	};

	return cmocka_run_group_tests(tests, setup, teardown) != 0;
}
