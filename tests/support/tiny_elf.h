/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small ELF image around given sections, each at an address that equals its
 * place in the file; one PT_LOAD covers all. The first section begins at
 * TINY_FIRST.
 */
#ifndef TESTS_TINY_ELF_H
#define TESTS_TINY_ELF_H

#include <elf.h>
#include <string.h>

#include "adder/buf.h"

#define TINY_FIRST (sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr))
#define TINY_SECTIONS_MAX 4

struct tiny_section {
	const char *name;
	const void *bytes;
	size_t len;
};

static inline void tiny_pad(struct buf *b)
{
	while (b->len % 8)
		buf_putc(b, 0);
}

/* Where section n begins: in the file, and as an address. */
static inline size_t tiny_offset(const struct tiny_section *s, size_t n)
{
	size_t at = TINY_FIRST, i;

	for (i = 0; i < n; i++)
		at += (s[i].len + 7) & ~(size_t)7;
	return at;
}

/* A section named .eh_frame_hdr gets its program header too. */
static inline void tiny_elf(struct buf *out, uint16_t machine,
			    const struct tiny_section *s, size_t n)
{
	Elf64_Phdr ph[2] = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X } };
	Elf64_Shdr sh[TINY_SECTIONS_MAX + 2] = { { 0 } };
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_DYN, .e_machine = machine, .e_version = 1,
		.e_phoff = sizeof(eh), .e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(ph[0]), .e_phnum = 2,
		.e_shentsize = sizeof(sh[0]), .e_shnum = (uint16_t)(n + 2),
		.e_shstrndx = (uint16_t)(n + 1) };
	size_t i, names;

	buf_clear(out);
	buf_put(out, &eh, sizeof(eh));
	buf_put(out, ph, sizeof(ph));
	for (i = 0; i < n; i++) {
		sh[i + 1].sh_type = SHT_PROGBITS;
		sh[i + 1].sh_offset = sh[i + 1].sh_addr = out->len;
		sh[i + 1].sh_size = s[i].len;
		if (!strcmp(s[i].name, ".eh_frame_hdr"))
			ph[1] = (Elf64_Phdr){
				.p_type = PT_GNU_EH_FRAME,
				.p_offset = out->len, .p_vaddr = out->len,
				.p_filesz = s[i].len, .p_memsz = s[i].len };
		buf_put(out, s[i].bytes, s[i].len);
		tiny_pad(out);
	}
	names = out->len;
	buf_putc(out, 0);
	for (i = 0; i < n; i++) {
		sh[i + 1].sh_name = (Elf64_Word)(out->len - names);
		buf_put(out, s[i].name, strlen(s[i].name) + 1);
	}
	sh[n + 1] = (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = names,
				  .sh_size = out->len - names };
	tiny_pad(out);
	eh.e_shoff = out->len;
	buf_put(out, sh, (n + 2) * sizeof(sh[0]));
	ph[0].p_filesz = ph[0].p_memsz = out->len;
	memcpy(out->data, &eh, sizeof(eh));
	memcpy(out->data + sizeof(eh), ph, sizeof(ph));
}

#endif
