/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever the pieces in which records become visible in a ring, and wherever
 * they straddle its end, the same records come out. PROP_SEED replays one
 * seed, PROP_RUNS sets how many are tried.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/perf_encode.h"
#include "../support/prng.h"
#include "adder/decode.h"
#include "adder/sys_perf.h"
#include "capture/ring.h"

#define DATA_BYTES 4096
#define RECORDS 400

static const struct perf_layout layout = {
	.sample_type = ENCODE_SAMPLE_TYPE | PERF_SAMPLE_STACK_USER,
	.regs_mask = ENCODE_REGS_MASK,
};

/* The n-th record of a stream: all of it follows from the generator. */
static void make(struct buf *b, struct prng *g, uint64_t n,
		 struct encode_sample *s)
{
	static uint8_t dump[1024];
	uint32_t i;

	memset(s, 0, sizeof(*s));
	s->t = n + 1;
	s->tid = (int32_t)prng_below(g, 1000) + 1;
	s->ip = prng_below(g, 1u << 30);
	s->kernel_count = (uint32_t)prng_below(g, 16);
	for (i = 0; i < s->kernel_count; i++)
		s->kernel[i] = prng_below(g, 1u << 30);
	s->abi = prng_below(g, 4) ? PERF_SAMPLE_REGS_ABI_64 : 0;
	for (i = 0; i < ENCODE_REGS; i++)
		s->regs[i] = prng_below(g, 1u << 30);
	s->dump = dump;
	s->dump_room = prng_below(g, 128) * 8;
	s->dump_used = s->dump_room ? prng_below(g, s->dump_room) : 0;
	for (i = 0; i < s->dump_room; i++)
		dump[i] = (uint8_t)prng_below(g, 256);
	encode_sample(b, s);
}

static bool same(const struct perf_rec *r, const struct encode_sample *s)
{
	const struct perf_sample *p = &r->sample;

	return r->kind == PERF_REC_SAMPLE && r->t_mono_ns == s->t &&
	       r->tid == s->tid && p->ip == s->ip &&
	       p->kernel_count == s->kernel_count &&
	       !memcmp(p->kernel_chain ? (const void *)p->kernel_chain : "",
		       s->kernel, 8 * s->kernel_count) &&
	       p->regs_abi == s->abi &&
	       (!s->abi || !memcmp(p->regs, s->regs, sizeof(s->regs))) &&
	       p->stack_bytes == s->dump_used &&
	       (!s->dump_used || !memcmp(p->stack, s->dump, s->dump_used));
}

static void ring_write(struct ring *r, uint64_t head, const struct buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++)
		r->data[(head + i) & (DATA_BYTES - 1)] = (uint8_t)b->data[i];
}

static int fail(uint64_t seed, uint64_t n, const char *what)
{
	printf("PROP_SEED=%llu: record %llu: %s\n", (unsigned long long)seed,
	       (unsigned long long)n, what);
	return 1;
}

/* Takes out what is visible; *out counts. */
static int take(struct ring *r, struct prng *g, uint64_t seed, uint64_t *out)
{
	static uint8_t scratch[65536];
	struct encode_sample want;
	uint64_t tail = ring_tail(r), head = ring_head(r);
	struct perf_rec rec;
	struct buf b = { 0 };
	size_t len;
	int ret = 0;

	while (tail != head && !ret) {
		len = ring_record_bytes(r, tail, head);
		buf_clear(&b);
		make(&b, g, *out, &want);
		if (len != b.len)
			ret = fail(seed, *out, "another length");
		else if (perf_rec_decode(&layout,
					 ring_view(r, tail, len, scratch), len,
					 &rec, NULL))
			ret = fail(seed, *out, "not decoded");
		else if (!same(&rec, &want))
			ret = fail(seed, *out, "not the same");
		(*out)++;
		tail += len;
		ring_advance(r, tail);
	}
	buf_release(&b);
	return ret;
}

static int try_seed(uint64_t seed)
{
	size_t page = sys_page_bytes();
	uint8_t *map = calloc(1, page + DATA_BYTES);
	struct perf_event_mmap_page *p = (void *)map;
	struct ring r = {
		.fd = -1, .map = map, .data = map + page,
		.data_bytes = DATA_BYTES,
	};
	struct prng in = { seed }, check = { seed }, chunks = { ~seed };
	struct encode_sample s;
	uint64_t head = 0, out = 0, n;
	struct buf b = { 0 };
	int ret = 0;

	for (n = 0; n < RECORDS && !ret; n++) {
		buf_clear(&b);
		make(&b, &in, n, &s);
		if (head + b.len - ring_tail(&r) > DATA_BYTES) {
			p->data_head = head;
			ret = take(&r, &check, seed, &out);
		}
		ring_write(&r, head, &b);
		head += b.len;
		if (!prng_below(&chunks, 3)) {
			p->data_head = head;
			ret = ret || take(&r, &check, seed, &out);
		}
	}
	p->data_head = head;
	ret = ret || take(&r, &check, seed, &out);
	if (!ret && out != RECORDS)
		ret = fail(seed, out, "the last");
	buf_release(&b);
	free(map);
	return ret;
}

int main(void)
{
	const char *one = getenv("PROP_SEED"), *runs = getenv("PROP_RUNS");
	uint64_t n = runs ? strtoull(runs, NULL, 10) : 200, seed;

	if (one)
		return try_seed(strtoull(one, NULL, 10));
	for (seed = 1; seed <= n; seed++)
		if (try_seed(seed))
			return 1;
	printf("%llu streams of %d records\n", (unsigned long long)n, RECORDS);
	return 0;
}
