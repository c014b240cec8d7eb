/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What module.c takes from an Elf of libelf, part by part. */
#ifndef SYMBOL_ELF_PARTS_H
#define SYMBOL_ELF_PARTS_H

#include <gelf.h>
#include <stdbool.h>

#include "adder/buf.h"
#include "symbol/table.h"

struct arena;

/* The section of that name, its header in *sh; NULL if there is none. */
Elf_Scn *elf_part(Elf *elf, const char *name, GElf_Shdr *sh);
bool elf_has(Elf *elf, const char *name);
/* Bytes of the build-id (borrowed), 0 if there is none. */
size_t elf_build_id(Elf *elf, const uint8_t **id);
/* Name (borrowed) and checksum of .gnu_debuglink; NULL if there is none. */
const char *elf_debug_link(Elf *elf, uint32_t *crc);
/* The checksum of a whole file that a debug link states. */
bool elf_file_crc(int fd, uint32_t *crc);
/* Whether the section table, if there is one, lies within the file. */
bool elf_sections_whole(Elf *elf);
/*
 * Adds the functions of every table of this section type (SHT_SYMTAB...);
 * false if one of them cannot be read.
 */
bool elf_add_symbols(Elf *elf, uint32_t section_type, struct symbol_table *t);
/* Adds "name@plt" for each slot that jumps through an imported address. */
void elf_add_plt(Elf *elf, struct symbol_table *t, struct arena *names);
/* The unpacked .gnu_debugdata; false if there is none that can be had. */
bool elf_debug_data(Elf *elf, struct buf *out);

#endif
