/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <time.h>

#include "capture/cert.h"

enum { OUT_PREEMPT, OUT_SLEEP, IN, LOST, END };

struct event {
	int kind;
	uint64_t t;
	int32_t tid;
};

/* A sample of thread 1 at 1000 us, read until 1050 us. */
#define SAMPLE_NS UINT64_C(1000000)
#define UNTIL_NS UINT64_C(1050000)

static const struct {
	const char *name;
	struct event events[5];
	bool held, unmoved;
} cases[] = {
	{ "nothing known", { { END, 0, 0 } }, false, true },
	{ "preempted at once",
	  { { OUT_PREEMPT, 1010000, 1 }, { END, 0, 0 } }, true, true },
	{ "preempted at once, back after the read",
	  { { OUT_PREEMPT, 1010000, 1 }, { IN, 1060000, 1 }, { END, 0, 0 } },
	  true, true },
	{ "back before the end of the read",
	  { { OUT_PREEMPT, 1010000, 1 }, { IN, 1040000, 1 }, { END, 0, 0 } },
	  false, false },
	{ "back before, told by another CPU first",
	  { { IN, 1040000, 1 }, { OUT_PREEMPT, 1010000, 1 }, { END, 0, 0 } },
	  false, false },
	{ "preempted too late",
	  { { OUT_PREEMPT, 1045000 + 20000, 1 }, { END, 0, 0 } },
	  false, true },
	{ "went to sleep by itself",
	  { { OUT_SLEEP, 1010000, 1 }, { END, 0, 0 } }, false, true },
	{ "another thread's switches say nothing",
	  { { OUT_PREEMPT, 1010000, 2 }, { END, 0, 0 } }, false, true },
	{ "out before the sample is another story",
	  { { OUT_PREEMPT, 990000, 1 }, { IN, 995000, 1 }, { END, 0, 0 } },
	  false, true },
	{ "records were lost meanwhile",
	  { { OUT_PREEMPT, 1010000, 1 }, { LOST, 1020000, 0 }, { END, 0, 0 } },
	  false, false },
	{ "records were lost long before",
	  { { LOST, 500000, 0 }, { OUT_PREEMPT, 1010000, 1 }, { END, 0, 0 } },
	  true, true },
};

static void feed(struct cert *c, const struct event *e)
{
	for (; e->kind != END; e++) {
		if (e->kind == LOST)
			cert_lost(c, e->t - 1000, e->t);
		else
			cert_switch(c, e->tid, e->t, e->kind != IN,
				    e->kind == OUT_PREEMPT);
	}
}

static void reads_are_judged_by_switches(void **state)
{
	struct cert *c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		c = cert_new();
		feed(c, cases[i].events);
		if (cert_held(c, 1, SAMPLE_NS, UNTIL_NS) != cases[i].held ||
		    cert_unmoved(c, 1, SAMPLE_NS, UNTIL_NS) !=
		    cases[i].unmoved)
			fail_msg("%s", cases[i].name);
		/* what lies before the question may be forgotten */
		cert_prune(c, SAMPLE_NS);
		assert_int_equal(cert_held(c, 1, SAMPLE_NS, UNTIL_NS),
				 cases[i].held);
		cert_free(c);
	}
}

static void pruning_forgets_what_is_over(void **state)
{
	struct cert *c = cert_new();

	(void)state;
	cert_switch(c, 1, 1010000, true, true);
	cert_lost(c, 900000, 950000);
	cert_prune(c, 2000000);
	assert_false(cert_held(c, 1, SAMPLE_NS, UNTIL_NS));
	assert_true(cert_unmoved(c, 1, 900000, 950000));
	cert_free(c);
}

/* CPU by CPU, as the readers' queues are looked through. */
static void hopping_threads_cost_no_more(void **state)
{
	const uint64_t n = 200000;
	struct cert *c = cert_new();
	clock_t before = clock();
	uint64_t i, cpu;

	(void)state;
	for (cpu = 0; cpu < 2; cpu++)
		for (i = cpu; i < n; i += 2)
			cert_switch(c, 1, 1000 * i, i & 1, true);
	assert_true(cert_held(c, 1, 1000 * 101 - 1, 1000 * 101));
	assert_false(cert_held(c, 1, 1000 * 101 - 1, 1000 * 102));
	cert_prune(c, 1000 * n);
	/* 20 ms; some 10 s if each is moved past half of those before it */
	assert_true((clock() - before) / CLOCKS_PER_SEC < 3);
	cert_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_are_judged_by_switches),
		cmocka_unit_test(pruning_forgets_what_is_over),
		cmocka_unit_test(hopping_threads_cost_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
