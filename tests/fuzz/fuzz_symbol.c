/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What symbol/ reads from others. The first byte says as what the rest is
 * taken: a child's answer, a child's wish for a file, kallsyms, a mangled name,
 * or an ELF file, which is read in this very process (flags in the low bits).
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/symbol.h"
#include "adder/sys.h"
#include "symbol/debug_files.h"
#include "symbol/module.h"
#include "symbol/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches all that a result points to. */
static size_t touched;

static void touch(void *ctx, size_t index, const struct symbol_result *r)
{
	size_t i;

	(void)ctx;
	(void)index;
	for (i = 0; i < r->count; i++) {
		touched += strlen(r->lines[i].name);
		if (r->lines[i].file)
			touched += strlen(r->lines[i].file);
	}
}

static void as_answer(const uint8_t *data, size_t size)
{
	struct buf b = { .data = (char *)(uintptr_t)data, .len = size };

	wire_results(&b, WIRE_CHUNK, 0, touch, NULL, NULL);
}

static void as_wish(const uint8_t *data, size_t size)
{
	struct buf b = { .data = (char *)(uintptr_t)data, .len = size };
	struct buf path = { 0 };

	/* -1 is no root: the path is made, and nothing opened. */
	sys_close(debug_file_open(-1, "/usr/lib/x.so", &b));
	if (size && debug_file_path(&path, "/opt/x.so", NEED_ALT, 0, data,
				    size) &&
	    strncmp(buf_cstr(&path), "/usr/lib/debug/", 15))
		__builtin_trap();
	if (strstr(buf_cstr(&path), "/../"))
		__builtin_trap();
	buf_release(&path);
}

static void as_kallsyms(const uint8_t *data, size_t size)
{
	struct kallsyms *k = kallsyms_parse((const char *)data, size, NULL);
	const char *name, *module;
	uint64_t addr, start;

	if (!k)
		return;
	for (addr = 1; addr; addr <<= 1)
		if (kallsyms_find(k, addr, &name, &module, &start))
			touched += strlen(name) + strlen(module);
	kallsyms_free(k);
}

static void as_name(const uint8_t *data, size_t size)
{
	char *name = mem_alloc(size + 1);
	struct buf b = { 0 };

	memcpy(name, data, size);
	name[size] = '\0';
	symbol_demangle(&b, name);
	buf_release(&b);
	mem_free(name);
}

static int no_file(void *ctx, enum need_kind kind, uint8_t attempt,
		   const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t i;

	(void)ctx;
	for (i = 0; i < len; i++)
		touched += p[i] + kind + attempt;
	return -1;
}

static void as_elf(uint32_t flags, const uint8_t *data, size_t size)
{
	struct module_files files = { no_file, NULL };
	struct symbol_line lines[WIRE_LINES];
	int fd = sys_memfd("fuzz", data, size);
	struct symbol_result r;
	struct module *m;
	uint64_t svma;

	if (fd < 0)
		return;
	m = module_open(fd, flags, NULL, 0, &files, NULL);
	for (svma = 0; m && svma < 0x4000; svma += 8) {
		module_lookup(m, svma, lines, &r);
		touch(NULL, 0, &r);
	}
	module_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0]) {
	case 'A':
		as_answer(data + 1, size - 1);
		break;
	case 'W':
		as_wish(data + 1, size - 1);
		break;
	case 'K':
		as_kallsyms(data + 1, size - 1);
		break;
	case 'N':
		as_name(data + 1, size - 1);
		break;
	default:
		as_elf(data[0] & 3, data + 1, size - 1);
	}
	return 0;
}
