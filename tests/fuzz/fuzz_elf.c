/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF image, its unwind table, and a walk through its code. Input that does
 * not begin like ELF is the content of a CFI section, which gets an image
 * around it; its first byte chooses the processor (bit 0), .debug_frame (bit
 * 1) or a search table in front (bit 2). Registers and stack are made from
 * the input too. Whatever the bytes are: no crash, no hang, and a walk is
 * the same with and without a memo.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/prng.h"
#include "../support/tiny_elf.h"
#include "adder/cfi_rule.h"
#include "adder/elf_image.h"
#include "adder/hmap.h"
#include "adder/mem.h"
#include "adder/unwind.h"

#define BIAS UINT64_C(0x100000)
#define STACK_AVMA UINT64_C(0x7fff00000000)
#define STACK_WORDS 256
#define PROBES 48

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzzed {
	struct elf_image *image;
	const struct arch *arch;
	struct cfi_table *cfi;
	struct prng prng;
	uint64_t some_svma[PROBES];
	struct unwind_space space;
};

static bool find(void *ctx, uint64_t avma, struct unwind_region *out)
{
	struct fuzzed *f = ctx;

	if (avma < BIAS || avma >= BIAS + (UINT64_C(1) << 40))
		return false;
	*out = (struct unwind_region){
		.kind = CODE_MODULE, .lo_avma = BIAS,
		.hi_avma = BIAS + (UINT64_C(1) << 40),
		.bias = BIAS, .cfi = f->cfi };
	return true;
}

static void wrap(struct buf *out, const uint8_t *data, size_t size)
{
	uint8_t hdr[20] = { 1, 0x1b, 0x03, 0x3b };
	struct tiny_section s[2];
	int32_t to_frame = 20, code = 0x2000, fde = 24;
	size_t n = 0;

	if (data[0] & 4) {
		/* one entry, which may or may not be true */
		memcpy(hdr + 4, &to_frame, 4);
		hdr[8] = 1;
		memcpy(hdr + 12, &code, 4);
		memcpy(hdr + 16, &fde, 4);
		s[n++] = (struct tiny_section){ ".eh_frame_hdr", hdr, 20 };
	}
	s[n++] = (struct tiny_section){
		data[0] & 2 ? ".debug_frame" : ".eh_frame", data + 1, size - 1 };
	tiny_elf(out, data[0] & 1 ? EM_AARCH64 : EM_X86_64, s, n);
}

static uint64_t random_svma(struct fuzzed *f)
{
	return f->some_svma[prng_below(&f->prng, PROBES)];
}

/* Addresses in and around FDEs, so that walks go somewhere. */
static void probe(struct fuzzed *f)
{
	const struct elf_segment *segs;
	size_t i, n = elf_image_segments(f->image, &segs);
	uint64_t lo, hi, at = 0;
	struct cfi_rule rule;

	for (i = 0; i < PROBES; i++) {
		if (n && i % 4 == 0)
			at = segs[prng_below(&f->prng, (uint32_t)n)].svma +
			     prng_below(&f->prng, 0x3000);
		else
			at += prng_below(&f->prng, 96);
		if (cfi_table_fde(f->cfi, at, &lo, &hi)) {
			if (at < lo || at >= hi)
				abort();
			at = i & 1 ? lo : hi - 1;
		}
		cfi_table_rule(f->cfi, at, &rule);
		f->some_svma[i] = at;
	}
}

static void compare(const struct unwind_walk *a, const struct unwind_walk *b)
{
	uint32_t i;

	if (a->count != b->count || a->end != b->end || a->slow != b->slow)
		abort();
	for (i = 0; i < a->count; i++)
		if (a->frames[i].pc_avma != b->frames[i].pc_avma ||
		    a->frames[i].cfa != b->frames[i].cfa ||
		    !b->frames[i].cookie)
			abort();
}

static void walks(struct fuzzed *f)
{
	struct unwinder *u = unwinder_new(f->arch);
	struct unwind_memo *memo = unwind_memo_new();
	struct unwind_memo *none = unwind_memo_new();
	struct unwind_regs regs = { .known = UINT64_MAX };
	uint64_t words[STACK_WORDS];
	struct unwind_stack stack = {
		(const uint8_t *)words, STACK_AVMA, sizeof(words), END_CUT };
	struct unwind_walk a, b;
	int i, k;

	for (i = 0; i < STACK_WORDS; i++)
		words[i] = i & 1 ? BIAS + random_svma(f) :
			   STACK_AVMA + 8 * (uint64_t)i +
			   8 * prng_below(&f->prng, 16);
	for (k = 0; k < 8; k++) {
		for (i = 0; i < ARCH_REGS; i++)
			regs.v[i] = STACK_AVMA + 8 * prng_below(&f->prng, 64);
		regs.v[f->arch->reg_ra] = BIAS + random_svma(f);
		words[prng_below(&f->prng, STACK_WORDS)] ^=
			prng_below(&f->prng, 64);
		unwind_walk(u, memo, &f->space, &regs, &stack, &a);
		unwind_memo_clear(none);
		unwind_walk(u, none, &f->space, &regs, &stack, &b);
		compare(&a, &b);
	}
	unwinder_free(u);
	unwind_memo_free(memo);
	unwind_memo_free(none);
}

static void read_image(struct fuzzed *f)
{
	const struct elf_section *s = elf_image_section(f->image, ".text");
	const struct elf_segment *segs;
	uint64_t svma, bytes, bias;
	size_t len, i, n = elf_image_segments(f->image, &segs);
	uint8_t *content, byte;

	elf_image_build_id(f->image, &len);
	elf_image_eh_frame_hdr(f->image, &svma, &bytes);
	elf_image_dynsym(f->image, "_Py_trampoline_func_start", &svma, &bytes);
	for (i = 0; i < n; i++) {
		elf_image_bias(f->image, BIAS, segs[i].fileoff, true, &bias);
		elf_image_read_svma(f->image, segs[i].svma, &byte, 1, NULL);
	}
	if (s && !elf_image_read_section(f->image, s, 1 << 20, &content, &len,
					 NULL))
		mem_free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzzed f = { .image = NULL };
	struct buf wrapped = { 0 };

	if (!size)
		return 0;
	if (data[0] != 0x7f) {
		wrap(&wrapped, data, size);
		f.image = elf_image_from_memory(wrapped.data, wrapped.len, NULL);
	} else {
		f.image = elf_image_from_memory(data, size, NULL);
	}
	buf_release(&wrapped);
	if (!f.image)
		return 0;
	f.prng.state = hash_bytes(data, size);
	read_image(&f);
	f.arch = arch_by_machine(elf_image_machine(f.image));
	f.cfi = f.arch ? cfi_table_new(f.image, f.arch, NULL) : NULL;
	if (f.cfi) {
		f.space = (struct unwind_space){ 1, find, NULL, &f };
		probe(&f);
		walks(&f);
	}
	cfi_table_free(f.cfi);
	elf_image_free(f.image);
	return 0;
}
