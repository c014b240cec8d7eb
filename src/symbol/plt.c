/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PLT slot loads an address from the GOT and jumps to it; the relocation of
 * that GOT word names the function. Decoding the load serves every layout
 * (.plt, .plt.sec, .plt.got, with and without landing pads) where counting
 * slots would need to know each.
 */
#include "symbol/elf_parts.h"

#include <string.h>

#include "adder/arena.h"
#include "adder/hmap.h"
#include "adder/types.h"

#define NAMES_LIMIT_BYTES (64u << 20)
#define SLOT_BYTES 16

struct plt {
	Elf *elf;
	struct symbol_table *table;
	struct arena *names;
	struct hmap got;	/* svma of a GOT word to its symbol's name */
};

static void read_relocations(struct plt *p, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL), *syms;
	Elf_Scn *sym_scn = elf_getscn(p->elf, sh->sh_link);
	GElf_Shdr sym_sh;
	const char *name;
	GElf_Rela rela;
	GElf_Sym sym;
	size_t i, n;

	if (!data || !sh->sh_entsize || !sym_scn ||
	    !gelf_getshdr(sym_scn, &sym_sh) || sym_sh.sh_type != SHT_DYNSYM)
		return;
	syms = elf_getdata(sym_scn, NULL);
	n = data->d_size / sh->sh_entsize;
	for (i = 0; syms && i < n && i < INT32_MAX; i++) {
		if (!gelf_getrela(data, (int)i, &rela))
			break;
		if (!GELF_R_SYM(rela.r_info) ||
		    GELF_R_SYM(rela.r_info) > INT32_MAX ||
		    !gelf_getsym(syms, (int)GELF_R_SYM(rela.r_info), &sym))
			continue;
		name = elf_strptr(p->elf, sym_sh.sh_link, sym.st_name);
		if (name && *name)
			*hmap_put(&p->got, rela.r_offset, NULL) =
				(uint64_t)(uintptr_t)name;
	}
}

static uint32_t word_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* [endbr64] [bnd] jmp *disp32(%rip): ff 25 disp32. */
static bool x86_64_slot(const uint8_t *p, size_t len, uint64_t svma,
			uint64_t *got)
{
	size_t at = 0;

	if (len >= 4 && word_at(p) == 0xfa1e0ff3)
		at = 4;
	if (at < len && p[at] == 0xf2)
		at++;
	if (len < at + 6 || p[at] != 0xff || p[at + 1] != 0x25)
		return false;
	*got = svma + at + 6 + (uint64_t)(int64_t)(int32_t)word_at(p + at + 2);
	return true;
}

/* [bti c] adrp x16, page; ldr x17, [x16, #off]; ... br x17 */
static bool aarch64_slot(const uint8_t *p, size_t len, uint64_t svma,
			 uint64_t *got)
{
	size_t at = len >= 4 && word_at(p) == 0xd503245f ? 4 : 0;
	uint32_t adrp, ldr;
	uint64_t page;

	if (len < at + 8)
		return false;
	adrp = word_at(p + at);
	ldr = word_at(p + at + 4);
	if ((adrp & 0x9f00001f) != 0x90000010 ||
	    (ldr & 0xffc003ff) != 0xf9400211)
		return false;
	page = (uint64_t)(adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
	page = (page ^ (1u << 20)) - (1u << 20);
	*got = ((svma + at) & ~UINT64_C(0xfff)) + (page << 12) +
	       ((ldr >> 10 & 0xfff) << 3);
	return true;
}

static void name_slot(struct plt *p, uint64_t svma, uint64_t size_bytes,
		      const char *target)
{
	size_t len = strnlen(target, 4096);
	struct table_symbol s = {
		.start_svma = svma,
		.size_bytes = size_bytes,
		.bind = STB_LOCAL,
		.is_func = true,
		.is_plt = true,
	};
	char *name;

	if (p->names->used_bytes > NAMES_LIMIT_BYTES)
		return;
	name = arena_alloc(p->names, len + 5);
	memcpy(name, target, len);
	memcpy(name + len, "@plt", 5);
	s.name = name;
	table_add(p->table, &s);
}

/* .plt.got of old linkers packs its slots in 8 bytes. */
static void read_slots(struct plt *p, Elf_Scn *scn, const GElf_Shdr *sh,
		       uint16_t machine)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	const uint8_t *bytes;
	uint64_t got, *name;
	size_t at, step;
	bool is_slot;

	if (!data || !data->d_buf)
		return;
	bytes = data->d_buf;
	step = sh->sh_entsize == 8 ? 8 : SLOT_BYTES;
	if (machine == EM_AARCH64)
		step = 8;
	for (at = 0; at + 8 <= data->d_size; at += step) {
		is_slot = machine == EM_X86_64 ?
			x86_64_slot(bytes + at, data->d_size - at,
				    sh->sh_addr + at, &got) :
			aarch64_slot(bytes + at, data->d_size - at,
				     sh->sh_addr + at, &got);
		name = is_slot ? hmap_find(&p->got, got) : NULL;
		if (name)
			name_slot(p, sh->sh_addr + at,
				  step == 8 && machine == EM_X86_64 ?
				  8 : SLOT_BYTES,
				  (const char *)(uintptr_t)*name);
	}
}

void elf_add_plt(Elf *elf, struct symbol_table *t, struct arena *names)
{
	static const char *const sections[] = {
		".plt", ".plt.sec", ".plt.got", ".plt.bnd",
	};
	struct plt p = { .elf = elf, .table = t, .names = names };
	Elf_Scn *scn = NULL;
	GElf_Ehdr eh;
	GElf_Shdr sh;
	size_t i;

	if (!gelf_getehdr(elf, &eh) ||
	    (eh.e_machine != EM_X86_64 && eh.e_machine != EM_AARCH64))
		return;
	hmap_init(&p.got);
	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA &&
		    sh.sh_flags & SHF_ALLOC)
			read_relocations(&p, scn, &sh);
	for (i = 0; i < ARRAY_LEN(sections); i++) {
		scn = elf_part(elf, sections[i], &sh);
		if (scn && sh.sh_type == SHT_PROGBITS)
			read_slots(&p, scn, &sh, eh.e_machine);
	}
	hmap_release(&p.got);
}
