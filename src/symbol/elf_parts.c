/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/elf_parts.h"

#include <elfutils/libdwelf.h>
#include <lzma.h>
#include <string.h>

#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/types.h"

#define DEBUG_DATA_LIMIT_BYTES (256u << 20)
#define XZ_MEMORY_LIMIT_BYTES (128u << 20)
#define CRC_CHUNK_BYTES (256u << 10)

Elf_Scn *elf_part(Elf *elf, const char *name, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;
	const char *s;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, sh))
			continue;
		s = elf_strptr(elf, strings, sh->sh_name);
		if (s && !strcmp(s, name))
			return scn;
	}
	return NULL;
}

/* With bytes in this very file: a debug file keeps headers of the others. */
bool elf_has(Elf *elf, const char *name)
{
	GElf_Shdr sh;

	return elf_part(elf, name, &sh) && sh.sh_type != SHT_NOBITS &&
	       sh.sh_size;
}

size_t elf_build_id(Elf *elf, const uint8_t **id)
{
	const void *p;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &p);

	if (n <= 0 || n > 64)
		return 0;
	*id = p;
	return (size_t)n;
}

const char *elf_debug_link(Elf *elf, uint32_t *crc)
{
	GElf_Word v;
	const char *name = dwelf_elf_gnu_debuglink(elf, &v);

	*crc = v;
	return name && *name ? name : NULL;
}

bool elf_file_crc(int fd, uint32_t *crc)
{
	char *chunk = mem_alloc(CRC_CHUNK_BYTES);
	uint64_t off = 0;
	int64_t n;

	/* GDB's separate debug files use the common CRC-32, as xz does. */
	*crc = 0;
	while ((n = sys_pread_full(fd, chunk, CRC_CHUNK_BYTES, off)) > 0) {
		*crc = lzma_crc32((const uint8_t *)chunk, (size_t)n, *crc);
		off += (uint64_t)n;
	}
	mem_free(chunk);
	return n == 0;
}

bool elf_sections_whole(Elf *elf)
{
	uint64_t bytes, end;
	size_t size, n;
	GElf_Ehdr eh;

	if (!gelf_getehdr(elf, &eh) || !elf_rawfile(elf, &size))
		return false;
	if (!eh.e_shoff)
		return true;
	return !elf_getshdrnum(elf, &n) && n &&
	       !__builtin_mul_overflow(n, (uint64_t)eh.e_shentsize, &bytes) &&
	       !__builtin_add_overflow(eh.e_shoff, bytes, &end) && end <= size;
}

/* aarch64 marks code and data by symbols $x, $d. */
static bool is_mapping_symbol(const char *name)
{
	return name[0] == '$' && name[1] && (!name[2] || name[2] == '.');
}

static bool take_symbol(const GElf_Sym *sym, const char *name,
			const GElf_Shdr *home, struct table_symbol *out)
{
	int type = GELF_ST_TYPE(sym->st_info);

	if (sym->st_shndx == SHN_UNDEF || !name || !*name || !sym->st_value)
		return false;
	out->is_func = type == STT_FUNC || type == STT_GNU_IFUNC;
	if (!out->is_func &&
	    (type != STT_NOTYPE || !home || is_mapping_symbol(name)))
		return false;
	if (home && !(home->sh_flags & SHF_EXECINSTR))
		return false;
	out->start_svma = sym->st_value;
	out->size_bytes = sym->st_size;
	out->limit_svma = 0;
	if (home && !__builtin_add_overflow(home->sh_addr, home->sh_size,
					    &out->limit_svma) &&
	    (sym->st_value < home->sh_addr ||
	     sym->st_value >= out->limit_svma))
		return false;
	out->name = name;
	out->bind = GELF_ST_BIND(sym->st_info);
	out->is_plt = false;
	return true;
}

static bool add_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh,
		      const GElf_Shdr *homes, size_t home_count,
		      struct symbol_table *t)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	struct table_symbol s;
	const GElf_Shdr *home;
	GElf_Sym sym;
	size_t i, n;

	if (!data || !data->d_buf || sh->sh_entsize < sizeof(Elf32_Sym))
		return false;
	n = data->d_size / sh->sh_entsize;
	for (i = 1; i < n && i < INT32_MAX; i++) {
		if (!gelf_getsym(data, (int)i, &sym))
			break;
		home = NULL;
		if (sym.st_shndx < SHN_LORESERVE) {
			if (sym.st_shndx >= home_count)
				continue;
			home = &homes[sym.st_shndx];
		}
		if (take_symbol(&sym, elf_strptr(elf, sh->sh_link, sym.st_name),
				home, &s))
			table_add(t, &s);
	}
	return true;
}

bool elf_add_symbols(Elf *elf, uint32_t section_type, struct symbol_table *t)
{
	GElf_Shdr *homes, sh;
	Elf_Scn *scn = NULL;
	bool good = true;
	size_t n, i;

	if (elf_getshdrnum(elf, &n))
		return false;
	homes = mem_try_array(n, sizeof(*homes), 64u << 20);
	if (!homes)
		return false;
	for (i = 1; i < n; i++) {
		scn = elf_getscn(elf, i);
		if (!scn || !gelf_getshdr(scn, &homes[i]))
			memset(&homes[i], 0, sizeof(*homes));
	}
	for (i = 1; i < n; i++) {
		sh = homes[i];
		if (sh.sh_type == section_type && sh.sh_size)
			good &= add_table(elf, elf_getscn(elf, i), &sh, homes,
					  n, t);
	}
	mem_free(homes);
	return good;
}

static bool unpack(const void *bytes, size_t len, struct buf *out)
{
	lzma_stream xz = LZMA_STREAM_INIT;
	lzma_ret rc;

	if (lzma_stream_decoder(&xz, XZ_MEMORY_LIMIT_BYTES, 0) != LZMA_OK)
		return false;
	xz.next_in = bytes;
	xz.avail_in = len;
	do {
		xz.next_out = (uint8_t *)buf_reserve(out, 1u << 20);
		xz.avail_out = out->capacity - out->len;
		rc = lzma_code(&xz, LZMA_FINISH);
		out->len = out->capacity - xz.avail_out;
	} while (rc == LZMA_OK && out->len < DEBUG_DATA_LIMIT_BYTES);
	lzma_end(&xz);
	return rc == LZMA_STREAM_END;
}

bool elf_debug_data(Elf *elf, struct buf *out)
{
	GElf_Shdr sh;
	Elf_Scn *scn = elf_part(elf, ".gnu_debugdata", &sh);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;

	return data && data->d_buf && unpack(data->d_buf, data->d_size, out);
}
