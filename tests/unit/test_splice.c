/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "adder/python.h"
#include "adder/space.h"
#include "adder/unwind.h"

/* In the pictures, root first: T trampoline, E a call of the evaluator's, */
/* n native, s a signal frame, j JIT code. Marks: P, E, n. */
#define MAX 64

static struct module module;

static void setup_module(void)
{
	hmap_release(&module.tramp_calls);
	*hmap_put(&module.tramp_calls, 'n', NULL) = 0;
	*hmap_put(&module.tramp_calls, 's', NULL) = 0;
	*hmap_put(&module.tramp_calls, 'E', NULL) = 1;
}

static void picture(const char *text, struct unwind_frame *frames, bool *tramp)
{
	size_t i;

	memset(frames, 0, MAX * sizeof(*frames));
	for (i = 0; text[i]; i++) {
		tramp[i] = text[i] == 'T';
		frames[i].code = tramp[i] || text[i] == 'j' ? CODE_JIT :
							      CODE_MODULE;
		frames[i].module = frames[i].code == CODE_MODULE ? &module :
								   NULL;
		frames[i].flags = text[i] == 's' ? FRAME_F_SIGNAL : 0;
		frames[i].addr = (uint64_t)text[i];
	}
}

static void check(const char *text, const char *want)
{
	static const char letters[] = "nPE";
	struct unwind_frame frames[MAX];
	uint8_t marks[MAX] = { 0 };
	bool tramp[MAX];
	size_t i, n = strlen(text);

	setup_module();
	picture(text, frames, tramp);
	assert_int_equal(splice_mark(frames, tramp, 0, (uint32_t)n, marks), 0);
	for (i = 0; i < n; i++)
		if (letters[marks[i]] != want[i])
			fail_msg("%s: %zu is %c, want %s", text, i,
				 letters[marks[i]], want);
	hmap_release(&module.tramp_calls);
}

static void neighbours_of_a_trampoline_are_the_interpreters(void **state)
{
	static const struct { const char *frames, *marks; } cases[] = {
		{ "", "" },
		{ "nnn", "nnn" },
		/* py_trampoline_evaluator on the stack, and left by a jump */
		{ "nnETnnETnn", "nnEPEnEPEn" },
		{ "nnnTnnnTnn", "nnnPEnnPEn" },
		/* the leaf in the trampoline, in its caller, in its callee */
		{ "nET", "nEP" },
		{ "nE", "nn" },
		{ "nETn", "nEPE" },
		{ "T", "P" },
		/* no trampoline is an evaluator */
		{ "nTT", "nPP" },
		/* one evaluator calls the next at once */
		{ "nETET", "nEPEP" },
		/* a signal in the trampoline, in the evaluator */
		{ "nETsnnETn", "nEPnnnEPE" },
		{ "nETnsnETn", "nEPEnnEPE" },
		/* code of a JIT compiler beside it */
		{ "jTj", "nPn" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i].frames, cases[i].marks);
}

/* Marking what is new gives the same as marking all. */
static void marking_from_anywhere_equals_marking_all(void **state)
{
	static const char letters[] = "nnETTsj";
	const char *env = getenv("PROP_SEED");
	unsigned int seed = env ? (unsigned int)strtoul(env, NULL, 10) : 4711;
	struct unwind_frame frames[MAX];
	char a[MAX], b[MAX];
	uint8_t marks[MAX], all[MAX];
	bool tramp[MAX];
	uint32_t n, shared, i, first;
	int round;

	(void)state;
	print_message("PROP_SEED=%u\n", seed);
	setup_module();
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < MAX - 1; i++)
			a[i] = letters[rand_r(&seed) % (sizeof(letters) - 1)];
		memcpy(b, a, MAX);
		n = (uint32_t)rand_r(&seed) % (MAX - 1);
		a[n] = '\0';
		picture(a, frames, tramp);
		splice_mark(frames, tramp, 0, n, marks);
		shared = n ? (uint32_t)rand_r(&seed) % (n + 1) : 0;
		n = shared + (uint32_t)rand_r(&seed) % (MAX - 1 - shared);
		for (i = shared; i < n; i++)
			b[i] = letters[rand_r(&seed) % (sizeof(letters) - 1)];
		b[n] = '\0';
		picture(b, frames, tramp);
		memcpy(all, marks, sizeof(all));
		first = splice_mark(frames, tramp, shared, n, marks);
		assert_true(first <= shared && first + 1 >= shared);
		assert_memory_equal(all, marks, first);
		splice_mark(frames, tramp, 0, n, all);
		assert_memory_equal(all, marks, n);
	}
	hmap_release(&module.tramp_calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			neighbours_of_a_trampoline_are_the_interpreters),
		cmocka_unit_test(marking_from_anywhere_equals_marking_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
