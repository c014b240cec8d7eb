/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/queue.h"

#define MIB ((size_t)1 << 20)

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> 33;
}

/* Entry n: sizes and every byte follow from n. */
static bool put(struct queue *q, uint64_t n, size_t rec, size_t stack)
{
	struct queue_entry *e = queue_reserve(q, rec + stack + 64);

	if (!e)
		return false;
	memset(e, 0, sizeof(*e));
	e->rec_bytes = (uint32_t)rec;
	e->stack_bytes = (uint32_t)stack;
	e->t_mono_ns = n;
	memset(queue_rec(e), (int)n, rec + stack);
	queue_commit(q, e);
	return true;
}

static void check(const struct queue_entry *e, uint64_t n)
{
	size_t i, len = (size_t)e->rec_bytes + e->stack_bytes;

	assert_true(e->t_mono_ns == n);
	for (i = 0; i < len; i++)
		if (queue_rec(e)[i] != (uint8_t)n)
			fail_msg("entry %u, byte %zu", (unsigned int)n, i);
}

static size_t size_of(uint64_t *rng)
{
	uint64_t kind = next_random(rng) % 16;

	return kind == 0 ? next_random(rng) % (MIB / 2) :
	       kind < 4 ? next_random(rng) % 65536 : next_random(rng) % 2000;
}

/* The consumer takes all, some or nothing between bursts of the writer. */
static void what_goes_in_comes_out_in_order(void **state)
{
	uint64_t rng = 1, in = 0, out = 0;
	const struct queue_entry *e;
	size_t pos = 0, burst, i;
	struct queue q;
	int round;

	(void)state;
	assert_int_equal(queue_init(&q, 8 * MIB), 0);
	for (round = 0; round < 4000; round++) {
		burst = next_random(&rng) % 40;
		for (i = 0; i < burst; i++)
			in += put(&q, in, 24 + (size_t)(in % 5) * 8,
				  size_of(&rng));
		burst = next_random(&rng) % 50;
		for (i = 0; i < burst; i++) {
			e = queue_peek(&q, &pos);
			if (!e)
				break;
			check(e, out++);
			queue_skip(&pos, e);
			queue_free_until(&q, pos);
		}
		assert_true(queue_fill_bytes(&q) <= 8 * MIB);
	}
	while ((e = queue_peek(&q, &pos))) {
		check(e, out++);
		queue_skip(&pos, e);
		queue_free_until(&q, pos);
	}
	assert_true(in == out && in > 10000);
	assert_int_equal(queue_fill_bytes(&q), 0);
	queue_release(&q);
}

static void a_consumer_that_keeps_up_keeps_it_small(void **state)
{
	const struct queue_entry *e;
	size_t pos = 0, high = 0;
	struct queue q;
	uint64_t n;

	(void)state;
	assert_int_equal(queue_init(&q, 8 * MIB), 0);
	for (n = 0; n < 10000; n++) {
		assert_true(put(&q, n, 200, 10000));
		if (n < 10)
			continue;
		e = queue_peek(&q, &pos);
		check(e, n - 10);
		queue_skip(&pos, e);
		queue_free_until(&q, pos);
		high = pos > high ? pos : high;
	}
	assert_true(high < MIB);
	queue_release(&q);
}

/* After it has gone back to the start, all of the rest is still there. */
static void a_consumer_that_stays_away_loses_nothing_early(void **state)
{
	const struct queue_entry *e;
	size_t pos = 0, taken;
	uint64_t n = 0, out = 0;
	struct queue q;
	int round;

	(void)state;
	assert_int_equal(queue_init(&q, 8 * MIB), 0);
	for (round = 0; round < 20; round++) {
		for (taken = 0; taken < 300; taken++) {
			assert_true(put(&q, n++, 200, 5000));
			e = queue_peek(&q, &pos);
			check(e, out++);
			queue_skip(&pos, e);
			queue_free_until(&q, pos);
		}
		while (put(&q, n, 200, 5000))
			n++;
		assert_true(queue_fill_bytes(&q) > 5 * MIB);
		while ((e = queue_peek(&q, &pos))) {
			check(e, out++);
			queue_skip(&pos, e);
			queue_free_until(&q, pos);
		}
		assert_true(n == out);
	}
	queue_release(&q);
}

#define THREAD_ENTRIES 200000

static void *writer(void *arg)
{
	struct queue *q = arg;
	uint64_t rng = 2, n = 0;
	size_t len = size_of(&rng) / 8;

	while (n < THREAD_ENTRIES) {
		if (!put(q, n, 24, len))
			continue;
		n++;
		len = size_of(&rng) / 8;
	}
	return NULL;
}

static void two_threads_agree(void **state)
{
	const struct queue_entry *e;
	pthread_t t;
	struct queue q;
	uint64_t n = 0;
	size_t pos = 0;

	(void)state;
	assert_int_equal(queue_init(&q, MIB), 0);
	assert_int_equal(pthread_create(&t, NULL, writer, &q), 0);
	while (n < THREAD_ENTRIES) {
		e = queue_peek(&q, &pos);
		if (!e)
			continue;
		check(e, n++);
		queue_skip(&pos, e);
		queue_free_until(&q, pos);
	}
	pthread_join(t, NULL);
	queue_release(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_in_order),
		cmocka_unit_test(a_consumer_that_keeps_up_keeps_it_small),
		cmocka_unit_test(a_consumer_that_stays_away_loses_nothing_early),
		cmocka_unit_test(two_threads_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
