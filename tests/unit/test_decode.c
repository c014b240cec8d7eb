/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"
#include "../support/perf_encode.h"

#include "adder/decode.h"
#include "adder/err.h"

static uint64_t event_of_id(void *ctx, uint64_t id)
{
	(void)ctx;
	return id == 77 ? 3 : UINT64_MAX;
}

static const struct perf_layout layout = {
	.sample_type = ENCODE_SAMPLE_TYPE, .regs_mask = ENCODE_REGS_MASK,
	.event_of_id = event_of_id,
};

static const struct perf_layout dump_layout = {
	.sample_type = ENCODE_SAMPLE_TYPE | PERF_SAMPLE_STACK_USER,
	.regs_mask = ENCODE_REGS_MASK, .event_of_id = event_of_id,
};

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static int decode(const struct perf_layout *l, const struct buf *b,
		  struct perf_rec *rec)
{
	return perf_rec_decode(l, b->data, b->len, rec, NULL);
}

static void a_sample_is_read(void **state)
{
	struct encode_sample s = {
		.id = 77, .ip = 0x401000, .t = 123456, .period = 1001001,
		.pid = 10, .tid = 11, .cpu = 5, .kernel_count = 2,
		.kernel = { 0xffffffff81000010, 0xffffffff81000020 },
		.abi = PERF_SAMPLE_REGS_ABI_64, .regs = { 1, 2, 3, [16] = 9 },
	};
	struct buf b = { 0 };
	struct perf_rec r;

	(void)state;
	encode_sample(&b, &s);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_SAMPLE);
	assert_int_equal(r.pid, 10);
	assert_int_equal(r.tid, 11);
	assert_int_equal(r.cpu, 5);
	assert_true(r.t_mono_ns == 123456);
	assert_true(r.sample.event == 3);
	assert_true(r.sample.ip == 0x401000);
	assert_true(r.sample.period == 1001001);
	assert_false(r.sample.user_mode);
	assert_int_equal(r.sample.kernel_count, 2);
	assert_true(word(r.sample.kernel_chain + 8) == s.kernel[1]);
	assert_int_equal(r.sample.reg_count, ENCODE_REGS);
	assert_true(word(r.sample.regs + 8 * 16) == 9);
	assert_null(r.sample.stack);
	assert_int_equal(r.sample.held, HELD_NONE);
	buf_release(&b);
}

static void a_thread_without_user_registers_has_none(void **state)
{
	struct encode_sample s = { .id = 5, .pid = 1, .tid = 1 };
	struct buf b = { 0 };
	struct perf_rec r;

	(void)state;
	encode_sample(&b, &s);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.sample.reg_count, 0);
	assert_int_equal(r.sample.kernel_count, 0);
	assert_true(r.sample.event == UINT64_MAX);
	assert_true(r.sample.user_mode);
	buf_release(&b);
}

static void a_dump_is_as_long_as_it_says(void **state)
{
	static const struct {
		size_t room, used;
		int ret;
	} cases[] = {
		{ 64, 64, 0 }, { 64, 16, 0 }, { 64, 0, 0 }, { 0, 0, 0 },
		{ 64, 65, -ERR_FORMAT }, { 64, SIZE_MAX, -ERR_FORMAT },
	};
	static const uint8_t dump[64] = { 1, 2, 3 };
	struct perf_rec r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct encode_sample s = {
			.abi = PERF_SAMPLE_REGS_ABI_64, .dump = dump,
			.dump_room = cases[i].room, .dump_used = cases[i].used,
		};
		struct buf b = { 0 };

		encode_sample(&b, &s);
		assert_int_equal(decode(&dump_layout, &b, &r), cases[i].ret);
		if (!cases[i].ret)
			assert_int_equal(r.sample.stack_bytes, cases[i].used);
		buf_release(&b);
	}
}

static void mappings_are_read_in_both_forms(void **state)
{
	struct buf b = { 0 };
	struct perf_rec r;
	size_t at;
	int i;

	(void)state;
	at = encode_begin(&b, PERF_RECORD_MMAP2, PERF_RECORD_MISC_USER);
	encode_tid(&b, 20, 21);
	buf_put_u64(&b, 0x7f0000000000);
	buf_put_u64(&b, 0x1000);
	buf_put_u64(&b, 0x2000);
	buf_put_u32(&b, 8);
	buf_put_u32(&b, 1);
	buf_put_u64(&b, 4242);
	buf_put_u64(&b, 0);
	buf_put_u32(&b, 5);
	buf_put_u32(&b, 2);
	encode_name(&b, "/lib/libc.so.6");
	encode_trailer(&b, 1, 2, 99, 3, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_MMAP);
	assert_int_equal(r.pid, 20);
	assert_int_equal(r.tid, 21);
	assert_true(r.t_mono_ns == 99);
	assert_int_equal(r.cpu, 3);
	assert_true(r.mmap.lo_avma == 0x7f0000000000);
	assert_true(r.mmap.fileoff == 0x2000);
	assert_int_equal(r.mmap.dev_major, 8);
	assert_true(r.mmap.ino == 4242);
	assert_int_equal(r.mmap.prot, 5);
	assert_int_equal(r.mmap.build_id_bytes, 0);
	assert_string_equal(r.mmap.path, "/lib/libc.so.6");

	buf_clear(&b);
	at = encode_begin(&b, PERF_RECORD_MMAP2, 1 << 14 | 2);
	encode_tid(&b, 20, 20);
	for (i = 0; i < 3; i++)
		buf_put_u64(&b, 0x1000);
	buf_put(&b, "\x14\0\0\0" "0123456789abcdefghij", 24);
	buf_put_u32(&b, 5);
	buf_put_u32(&b, 2);
	encode_name(&b, "");
	encode_trailer(&b, 20, 20, 100, 0, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.mmap.build_id_bytes, 20);
	assert_memory_equal(r.mmap.build_id, "0123456789abcdefghij", 20);
	assert_string_equal(r.mmap.path, "");
	/* a build-id longer than its field */
	b.data[at + 8 + 8 + 24] = 21;
	assert_int_equal(decode(&layout, &b, &r), -ERR_FORMAT);
	buf_release(&b);
}

static void tasks_names_switches_and_losses_are_read(void **state)
{
	struct buf b = { 0 };
	struct perf_rec r;
	size_t at;

	(void)state;
	at = encode_begin(&b, PERF_RECORD_FORK, 0);
	buf_put_u32(&b, 31);
	buf_put_u32(&b, 30);
	buf_put_u32(&b, 33);
	buf_put_u32(&b, 32);
	buf_put_u64(&b, 500);
	encode_trailer(&b, 30, 32, 500, 1, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_FORK);
	assert_int_equal(r.pid, 31);
	assert_int_equal(r.tid, 33);
	assert_int_equal(r.fork.ppid, 30);
	assert_int_equal(r.fork.ptid, 32);

	buf_clear(&b);
	at = encode_begin(&b, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);
	encode_tid(&b, 31, 33);
	encode_name(&b, "a\nname");
	encode_trailer(&b, 31, 33, 501, 1, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_true(r.comm.exec);
	assert_string_equal(r.comm.name, "a\nname");

	buf_clear(&b);
	at = encode_begin(&b, PERF_RECORD_SWITCH,
			  PERF_RECORD_MISC_SWITCH_OUT |
			  PERF_RECORD_MISC_SWITCH_OUT_PREEMPT);
	encode_trailer(&b, 31, 33, 502, 1, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_SWITCH);
	assert_int_equal(r.tid, 33);
	assert_true(r.sw.out && r.sw.preempt);

	buf_clear(&b);
	at = encode_begin(&b, PERF_RECORD_LOST, 0);
	buf_put_u64(&b, 77);
	buf_put_u64(&b, 12);
	encode_trailer(&b, 31, 33, 503, 1, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_LOST);
	assert_int_equal(r.lost.count, 12);

	buf_clear(&b);
	at = encode_begin(&b, PERF_RECORD_THROTTLE, 0);
	buf_put_u64(&b, 504);
	buf_put_u64(&b, 77);
	buf_put_u64(&b, 77);
	encode_trailer(&b, 31, 33, 504, 1, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_THROTTLE);
	assert_true(r.t_mono_ns == 504);
	buf_release(&b);
}

static void a_type_of_a_later_kernel_is_let_through(void **state)
{
	struct buf b = { 0 };
	struct perf_rec r;
	size_t at = encode_begin(&b, 4711, 0);

	(void)state;
	buf_put_u64(&b, 1);
	encode_trailer(&b, 1, 2, 9, 3, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), 0);
	assert_int_equal(r.kind, PERF_REC_OTHER);
	assert_true(r.t_mono_ns == 9);
	buf_release(&b);
}

/* The record says n bytes and has n bytes: something inside is short. */
static void every_truncation_is_refused(void **state)
{
	static const uint8_t dump[64];
	struct encode_sample s = {
		.id = 77, .kernel_count = 3, .abi = 2, .dump = dump,
		.dump_room = 64, .dump_used = 40,
	};
	struct buf b = { 0 };
	struct perf_rec r;
	uint16_t n;
	size_t whole;

	(void)state;
	encode_sample(&b, &s);
	whole = b.len;
	for (n = 0; n < whole; n++) {
		if (n >= 8)
			memcpy(b.data + 6, &n, 2);
		assert_int_equal(perf_rec_decode(&dump_layout, b.data, n, &r,
						 NULL), -ERR_FORMAT);
	}
	buf_release(&b);
}

static void lies_about_lengths_are_refused(void **state)
{
	struct encode_sample s = { .kernel_count = 1, .abi = 2 };
	struct err err = { 0 };
	struct buf b = { 0 };
	struct perf_rec r;
	size_t chain_at = 56;
	static const uint64_t counts[] = {
		100, UINT64_MAX, UINT64_MAX / 8, (uint64_t)1 << 61,
	};
	size_t i;

	(void)state;
	encode_sample(&b, &s);
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		memcpy(b.data + chain_at, &counts[i], 8);
		assert_int_equal(perf_rec_decode(&layout, b.data, b.len, &r,
						 &err), -ERR_FORMAT);
		assert_non_null(strstr(err.message, "malformed perf record"));
	}
	buf_release(&b);
}

static void a_name_without_an_end_is_refused(void **state)
{
	struct buf b = { 0 };
	struct perf_rec r;
	size_t at = encode_begin(&b, PERF_RECORD_COMM, 0);

	(void)state;
	encode_tid(&b, 1, 1);
	buf_put(&b, "12345678", 8);
	encode_trailer(&b, 1, 1, 1, 1, 77);
	encode_end(&b, at);
	assert_int_equal(decode(&layout, &b, &r), -ERR_FORMAT);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_is_read),
		cmocka_unit_test(a_thread_without_user_registers_has_none),
		cmocka_unit_test(a_dump_is_as_long_as_it_says),
		cmocka_unit_test(mappings_are_read_in_both_forms),
		cmocka_unit_test(tasks_names_switches_and_losses_are_read),
		cmocka_unit_test(a_type_of_a_later_kernel_is_let_through),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(lies_about_lengths_are_refused),
		cmocka_unit_test(a_name_without_an_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
