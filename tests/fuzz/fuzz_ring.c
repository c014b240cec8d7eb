/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the content of a ring. The first byte chooses the layout; then
 * one record after the other, as long as their sizes lead. What a record
 * borrows is read to its end, so that a length that lies is seen.
 */
#include <linux/perf_event.h>
#include <stdint.h>
#include <string.h>

#include "adder/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void touch(const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < len; i++)
		sink += b[i];
}

static uint64_t event_of_id(void *ctx, uint64_t id)
{
	(void)ctx;
	return id & 7;
}

static void look(const struct perf_rec *r)
{
	switch (r->kind) {
	case PERF_REC_SAMPLE:
		touch(r->sample.kernel_chain, 8 * r->sample.kernel_count);
		touch(r->sample.regs, 8 * (size_t)r->sample.reg_count);
		touch(r->sample.stack, r->sample.stack_bytes);
		break;
	case PERF_REC_MMAP:
		touch(r->mmap.path, strlen(r->mmap.path));
		touch(r->mmap.build_id, r->mmap.build_id_bytes);
		break;
	case PERF_REC_COMM:
		touch(r->comm.name, strlen(r->comm.name));
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t base = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP |
				     PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
				     PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD;
	struct perf_layout l = {
		.sample_type = base, .regs_mask = 0xff01ff,
		.event_of_id = event_of_id,
	};
	struct perf_rec rec;
	uint16_t len;

	if (!size)
		return 0;
	if (data[0] & 1)
		l.sample_type |= PERF_SAMPLE_CALLCHAIN;
	if (data[0] & 2)
		l.sample_type |= PERF_SAMPLE_REGS_USER;
	if (data[0] & 4)
		l.sample_type |= PERF_SAMPLE_STACK_USER;
	if (data[0] & 8)
		l.sample_type |= PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID |
				 PERF_SAMPLE_ADDR;
	if (data[0] & 16)
		l.regs_mask = UINT64_MAX;
	for (data++, size--; size >= 8; data += len, size -= len) {
		memcpy(&len, data + 6, 2);
		if (len > size || len < 8)
			len = (uint16_t)(size < 65535 ? size : 65535);
		if (!perf_rec_decode(&l, data, len, &rec, NULL))
			look(&rec);
	}
	return 0;
}
