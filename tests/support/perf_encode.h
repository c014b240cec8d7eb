/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Perf records made by hand, for tests of what reads them. */
#ifndef TESTS_PERF_ENCODE_H
#define TESTS_PERF_ENCODE_H

#include <linux/perf_event.h>
#include <stdint.h>
#include <string.h>

#include "adder/buf.h"

#define ENCODE_SAMPLE_TYPE						\
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |	\
	 PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |	\
	 PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER)
#define ENCODE_REGS_MASK UINT64_C(0xff01ff)
#define ENCODE_REGS 17

static inline size_t encode_begin(struct buf *b, uint32_t type, uint16_t misc)
{
	size_t at = b->len;
	uint16_t none = 0;

	buf_put_u32(b, type);
	buf_put(b, &misc, 2);
	buf_put(b, &none, 2);
	return at;
}

static inline void encode_end(struct buf *b, size_t at)
{
	uint16_t len = (uint16_t)(b->len - at);

	memcpy(b->data + at + 6, &len, 2);
}

static inline void encode_tid(struct buf *b, int32_t pid, int32_t tid)
{
	buf_put_u32(b, (uint32_t)pid);
	buf_put_u32(b, (uint32_t)tid);
}

/* The sample_id trailer of any other record. */
static inline void encode_trailer(struct buf *b, int32_t pid, int32_t tid,
				  uint64_t t, uint32_t cpu, uint64_t id)
{
	encode_tid(b, pid, tid);
	buf_put_u64(b, t);
	buf_put_u32(b, cpu);
	buf_put_u32(b, 0);
	buf_put_u64(b, id);
}

/* A name with its NUL, padded to 8 bytes as the kernel does. */
static inline void encode_name(struct buf *b, const char *name)
{
	size_t len = strlen(name) + 1;

	buf_put(b, name, len);
	while (len++ % 8)
		buf_putc(b, 0);
}

struct encode_sample {
	uint64_t id, ip, t, period;
	int32_t pid, tid;
	uint32_t cpu, kernel_count;
	uint64_t kernel[16];
	uint64_t abi, regs[ENCODE_REGS];
	/* with a dump: its room, what of it is used, and the bytes */
	size_t dump_room, dump_used;
	const uint8_t *dump;
};

static inline void encode_sample(struct buf *b, const struct encode_sample *s)
{
	size_t at = encode_begin(b, PERF_RECORD_SAMPLE,
				 s->kernel_count ? PERF_RECORD_MISC_KERNEL :
				 PERF_RECORD_MISC_USER);
	uint32_t i;

	buf_put_u64(b, s->id);
	buf_put_u64(b, s->ip);
	encode_tid(b, s->pid, s->tid);
	buf_put_u64(b, s->t);
	buf_put_u32(b, s->cpu);
	buf_put_u32(b, 0);
	buf_put_u64(b, s->period);
	buf_put_u64(b, s->kernel_count ? s->kernel_count + 1 : 0);
	if (s->kernel_count)
		buf_put_u64(b, (uint64_t)PERF_CONTEXT_KERNEL);
	for (i = 0; i < s->kernel_count; i++)
		buf_put_u64(b, s->kernel[i]);
	buf_put_u64(b, s->abi);
	for (i = 0; s->abi && i < ENCODE_REGS; i++)
		buf_put_u64(b, s->regs[i]);
	if (s->dump) {
		buf_put_u64(b, s->dump_room);
		if (s->dump_room) {
			buf_put(b, s->dump, s->dump_room);
			buf_put_u64(b, s->dump_used);
		}
	}
	encode_end(b, at);
}

#endif
