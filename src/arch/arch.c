/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of processors, and the search for a trampoline's bytes. This file
 * and src/sys/ are the only ones that ask what they are compiled for.
 */
#include "adder/arch.h"

#include <string.h>

#include "adder/types.h"
#include "archs.h"

static const struct arch *const archs[] = { &arch_x86_64, &arch_aarch64 };

const struct arch *arch_by_machine(uint16_t elf_machine)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(archs); i++)
		if (archs[i]->elf_machine == elf_machine)
			return archs[i];
	return NULL;
}

const struct arch *arch_native(void)
{
#if defined(__x86_64__)
	return &arch_x86_64;
#elif defined(__aarch64__)
	return &arch_aarch64;
#else
#error "adder runs on x86-64 and aarch64"
#endif
}

const struct arch_tramp *arch_find_tramp(const struct arch *a,
					 const uint8_t *window, size_t len,
					 size_t at, size_t *offset)
{
	const struct arch_tramp *t;
	size_t i, o;

	for (i = 0; i < a->tramp_count; i++) {
		t = &a->tramps[i];
		for (o = 0; o < t->len && o <= at; o++) {
			if (at - o > len || len - (at - o) < t->len)
				continue;
			if (memcmp(window + (at - o), t->bytes, t->len) != 0)
				continue;
			*offset = o;
			return t;
		}
	}
	return NULL;
}
