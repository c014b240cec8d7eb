/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	the file itself --build-id or debug link--> its debug file
 *	                                              \--dwz--> shared DWARF
 *	                \--.gnu_debugdata--> a small symbol table
 *
 * A separate file counts only if it proves that it belongs: by its build-id,
 * else by the checksum that the debug link states.
 */
#include "symbol/module.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <string.h>

#include "adder/arena.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "symbol/dwarf_lines.h"
#include "symbol/elf_parts.h"
#include "symbol/table.h"

struct part {			/* one file */
	int fd;
	Elf *elf;
};

struct module {
	struct part own, debug, alt, mini;
	struct buf mini_bytes;
	Dwarf *dw, *alt_dw;
	struct dwarf_lines *lines;
	struct symbol_table table;
	struct arena plt_names;
	const char *damage;	/* NULL: none seen */
};

static void part_close(struct part *p)
{
	elf_end(p->elf);
	sys_close(p->fd);
	p->elf = NULL;
	p->fd = -1;
}

/* Owns fd then. */
static bool part_open(struct part *p, int fd)
{
	p->fd = fd;
	p->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (p->elf && elf_kind(p->elf) == ELF_K_ELF)
		return true;
	part_close(p);
	return false;
}

static bool same_id(Elf *elf, const uint8_t *id, size_t len)
{
	const uint8_t *own;

	return elf_build_id(elf, &own) == len && len && !memcmp(own, id, len);
}

static bool find_by_id(struct module *m, const struct module_files *files,
		       const uint8_t *id, size_t len)
{
	int fd = files->get(files->ctx, NEED_BUILD_ID, 0, id, len);

	if (fd < 0 || !part_open(&m->debug, fd))
		return false;
	if (same_id(m->debug.elf, id, len))
		return true;
	part_close(&m->debug);
	return false;
}

static bool find_by_link(struct module *m, const struct module_files *files,
			 const uint8_t *id, size_t id_bytes)
{
	uint32_t want, crc;
	const char *name = elf_debug_link(m->own.elf, &want);
	size_t len = name ? strlen(name) : 0;
	uint8_t i;
	int fd;

	if (!len || len > NEED_LIMIT_BYTES)
		return false;
	for (i = 0; i < NEED_LINK_ATTEMPTS; i++) {
		fd = files->get(files->ctx, NEED_LINK, i, name, len);
		if (fd < 0 || !part_open(&m->debug, fd))
			continue;
		if (same_id(m->debug.elf, id, id_bytes) ||
		    (elf_file_crc(fd, &crc) && crc == want))
			return true;
		part_close(&m->debug);
	}
	return false;
}

static void find_debug_file(struct module *m, const struct module_files *files)
{
	const uint8_t *id = NULL;
	size_t len = elf_build_id(m->own.elf, &id);

	if (!len || !find_by_id(m, files, id, len))
		find_by_link(m, files, id, len);
}

/* dwz moves what several files share into a file of its own. */
static void find_alt(struct module *m, const struct module_files *files)
{
	const char *name;
	const void *id;
	ssize_t id_len = dwelf_dwarf_gnu_debugaltlink(m->dw, &name, &id);
	size_t len;
	int fd;

	if (id_len <= 0)
		return;
	len = strlen(name);
	fd = files->get(files->ctx, NEED_BUILD_ID, 0, id, (size_t)id_len);
	if (fd < 0 && len && len <= NEED_LIMIT_BYTES)
		fd = files->get(files->ctx, NEED_ALT, 0, name, len);
	if (fd < 0 || !part_open(&m->alt, fd))
		return;
	if (same_id(m->alt.elf, id, (size_t)id_len))
		m->alt_dw = dwarf_begin_elf(m->alt.elf, DWARF_C_READ, NULL);
	if (m->alt_dw)
		dwarf_setalt(m->dw, m->alt_dw);
	else
		part_close(&m->alt);
}

static bool has_dwarf(Elf *elf)
{
	return elf && (elf_has(elf, ".debug_info") ||
		       elf_has(elf, ".zdebug_info"));
}

static void open_dwarf(struct module *m, uint32_t flags,
		       const struct module_files *files)
{
	Elf *elf = has_dwarf(m->own.elf) ? m->own.elf : m->debug.elf;

	if (!has_dwarf(elf))
		return;
	m->dw = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	if (!m->dw)
		return;
	if (!(flags & WIRE_OWN_ONLY))
		find_alt(m, files);
	m->lines = dwarf_lines_new(m->dw);
}

static void fill_table(struct module *m)
{
	bool whole = elf_has(m->own.elf, ".symtab");

	if (!elf_sections_whole(m->own.elf))
		m->damage = "its section table lies outside of the file";
	else if (!elf_add_symbols(m->own.elf, SHT_SYMTAB, &m->table))
		m->damage = "its symbol table cannot be read";
	if (m->debug.elf && elf_has(m->debug.elf, ".symtab")) {
		elf_add_symbols(m->debug.elf, SHT_SYMTAB, &m->table);
		whole = true;
	}
	if (!whole && elf_debug_data(m->own.elf, &m->mini_bytes)) {
		m->mini.elf = elf_memory(m->mini_bytes.data, m->mini_bytes.len);
		if (m->mini.elf)
			elf_add_symbols(m->mini.elf, SHT_SYMTAB, &m->table);
	}
	/* Exported names stand in .symtab too, but a hostile one may lie. */
	if (!elf_add_symbols(m->own.elf, SHT_DYNSYM, &m->table) && !m->damage)
		m->damage = "its dynamic symbol table cannot be read";
	elf_add_plt(m->own.elf, &m->table, &m->plt_names);
	table_seal(&m->table);
}

static int check(struct module *m, const uint8_t *want_id,
		 size_t want_id_bytes, struct err *err)
{
	const uint8_t *id;
	GElf_Ehdr eh;

	if (!gelf_getehdr(m->own.elf, &eh) ||
	    (eh.e_type != ET_DYN && eh.e_type != ET_EXEC))
		return err_set(err, ERR_FORMAT,
			       "it is neither a program nor a library");
	if (want_id_bytes && elf_build_id(m->own.elf, &id) &&
	    !same_id(m->own.elf, want_id, want_id_bytes))
		return err_set(err, ERR_GONE,
			       "it was replaced: its build-id is another one");
	return 0;
}

struct module *module_open(int fd_owned, uint32_t flags,
			   const uint8_t *want_id, size_t want_id_bytes,
			   const struct module_files *files, struct err *err)
{
	struct module *m = mem_calloc(1, sizeof(*m));

	m->own.fd = m->debug.fd = m->alt.fd = m->mini.fd = -1;
	arena_init(&m->plt_names);
	elf_version(EV_CURRENT);
	if (!part_open(&m->own, fd_owned)) {
		err_set(err, ERR_FORMAT, "it is no ELF file");
		goto fail;
	}
	if (check(m, want_id, want_id_bytes, err))
		goto fail;
	if (!(flags & WIRE_OWN_ONLY) &&
	    (!elf_has(m->own.elf, ".symtab") ||
	     (!(flags & WIRE_NO_INLINES) && !has_dwarf(m->own.elf))))
		find_debug_file(m, files);
	fill_table(m);
	if (!(flags & WIRE_NO_INLINES))
		open_dwarf(m, flags, files);
	return m;
fail:
	module_free(m);
	return NULL;
}

void module_free(struct module *m)
{
	if (!m)
		return;
	dwarf_lines_free(m->lines);
	dwarf_end(m->dw);
	dwarf_end(m->alt_dw);
	table_release(&m->table);
	arena_release(&m->plt_names);
	part_close(&m->mini);
	part_close(&m->alt);
	part_close(&m->debug);
	part_close(&m->own);
	buf_release(&m->mini_bytes);
	mem_free(m);
}

const char *module_damage(const struct module *m)
{
	return m->damage;
}

void module_lookup(struct module *m, uint64_t svma, struct symbol_line *lines,
		   struct symbol_result *out)
{
	const struct table_symbol *s = table_find(&m->table, svma);
	struct symbol_line *outer;
	uint64_t start = 0;
	size_t n = 0;

	if (m->lines)
		n = dwarf_lines_find(m->lines, svma, lines, WIRE_LINES, &start);
	if (!n && s)
		lines[n++] = (struct symbol_line){ 0 };
	memset(out, 0, sizeof(*out));
	if (!n)
		return;
	outer = &lines[n - 1];
	if (s) {
		/* It knows about clones and split parts: foo.cold. */
		outer->name = s->name;
		start = s->start_svma;
	}
	if (!outer->name)
		return;
	out->lines = lines;
	out->count = n;
	out->start_svma = start;
}
