/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a call was made by py_trampoline_evaluator: it passes the address
 * of _PyEval_EvalFrameDefault as the fourth argument and calls through a
 * register. That address is loaded right before the call, so the instructions
 * in front of the return address show it: PC-relative, absolute, or from the
 * global offset table. No other caller of Python passes such a thing.
 */
#include <elf.h>
#include <string.h>

#include "adder/elf_image.h"
#include "adder/space.h"
#include "python_priv.h"

#define BEFORE_BYTES 48

struct site {
	struct elf_image *image;
	uint64_t return_svma;
	uint64_t evaluator_svma;	/* _PyEval_EvalFrameDefault */
	const uint8_t *code;	/* ends at the return address */
	size_t bytes;
};

static uint32_t word_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool in_got(const struct site *s, uint64_t svma)
{
	const struct elf_section *got = elf_image_section(s->image, ".got");

	return got && svma >= got->svma && svma - got->svma < got->size_bytes;
}

/* Bytes of `call *%reg` at the end of the code; 0 if it ends otherwise. */
static size_t x86_call_bytes(const struct site *s)
{
	const uint8_t *end = s->code + s->bytes;

	if (end[-2] != 0xff || end[-1] < 0xd0 || end[-1] > 0xd7)
		return 0;
	return end[-3] == 0x41 ? 3 : 2;
}

/* lea or mov x(%rip),%rcx; mov $x,%ecx; mov $x,%rcx */
static bool x86_loads_evaluator(const struct site *s, size_t at)
{
	const uint8_t *p = s->code + at;
	uint64_t next, target;

	if (p[0] == 0x48 && (p[1] == 0x8d || p[1] == 0x8b) && p[2] == 0x0d) {
		next = s->return_svma - s->bytes + at + 7;
		target = next + (uint64_t)(int64_t)(int32_t)word_at(p + 3);
		return p[1] == 0x8d ? target == s->evaluator_svma :
				      in_got(s, target);
	}
	if (p[0] == 0x48 && p[1] == 0xc7 && p[2] == 0xc1)
		return word_at(p + 3) == s->evaluator_svma;
	return p[0] == 0xb9 && word_at(p + 1) == s->evaluator_svma;
}

static bool x86_is_evaluator(const struct site *s)
{
	size_t call = x86_call_bytes(s), at;

	if (!call)
		return false;
	for (at = 0; at + 7 <= s->bytes - call; at++)
		if (x86_loads_evaluator(s, at))
			return true;
	return false;
}

/* adrp x3, page; then add x3, x3, #low or ldr x3, [x3, #low]; ...; blr */
static bool a64_is_evaluator(const struct site *s)
{
	uint64_t pc = s->return_svma - s->bytes, page = 0, target;
	uint32_t insn = word_at(s->code + s->bytes - 4);
	int64_t pages;
	size_t at;

	if ((insn & 0xfffffc1f) != 0xd63f0000)	/* blr */
		return false;
	for (at = 0; at + 4 < s->bytes; at += 4) {
		insn = word_at(s->code + at);
		if ((insn & 0x9f00001f) == 0x90000003) {
			pages = (int64_t)((uint64_t)(insn >> 5) << 45) >> 43;
			pages = (pages & ~INT64_C(3)) | (insn >> 29 & 3);
			page = ((pc + at) & ~UINT64_C(0xfff)) +
			       (uint64_t)pages * 4096;
		}
		if (!page)
			continue;
		target = page + (insn >> 10 & 0xfff);
		if ((insn & 0xffc003ff) == 0x91000063 &&
		    target == s->evaluator_svma)
			return true;
		target = page + (insn >> 10 & 0xfff) * 8;
		if ((insn & 0xffc003ff) == 0xf9400063 && in_got(s, target))
			return true;
	}
	return false;
}

static bool look(struct module *m, uint64_t return_svma)
{
	uint8_t code[BEFORE_BYTES];
	struct site s = { .image = module_image(m), .code = code,
			  .return_svma = return_svma,
			  .bytes = sizeof(code) };
	uint64_t size;

	if (!s.image || return_svma < sizeof(code) ||
	    !elf_image_dynsym(s.image, "_PyEval_EvalFrameDefault",
			      &s.evaluator_svma, &size) ||
	    elf_image_read_svma(s.image, return_svma - sizeof(code), code,
				sizeof(code), NULL) < 0)
		return false;
	if (elf_image_machine(s.image) == EM_X86_64)
		return x86_is_evaluator(&s);
	return elf_image_machine(s.image) == EM_AARCH64 &&
	       !(return_svma & 3) && a64_is_evaluator(&s);
}

bool call_site_is_evaluator(struct module *m, uint64_t return_svma)
{
	bool is_new;
	uint64_t *slot = hmap_put(&m->tramp_calls, return_svma, &is_new);

	if (is_new)
		*slot = look(m, return_svma);
	return *slot;
}
