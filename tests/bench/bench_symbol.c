/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names cost: 20,000 addresses spread over the code of each FILE (by
 * default the C library), by symbol tables alone and with inlined functions,
 * the first time and when the file is open already; and reading kallsyms.
 * `name value unit` per line, wall time.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/symbol.h"
#include "adder/sys.h"
#include "adder/types.h"

#define COUNT 20000

static void count(void *ctx, size_t index, const struct symbol_result *r)
{
	uint64_t *named = ctx;

	(void)index;
	*named += r->count != 0;
}

/* Spreads COUNT svmas over the first executable segment. */
static bool spread(int fd, uint64_t *svmas)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	uint64_t i;
	uint16_t n;

	if (sys_pread_full(fd, &eh, sizeof(eh), 0) != (int64_t)sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return false;
	for (n = 0; n < eh.e_phnum; n++) {
		if (sys_pread_full(fd, &ph, sizeof(ph), eh.e_phoff +
				   (uint64_t)n * sizeof(ph)) !=
		    (int64_t)sizeof(ph))
			return false;
		if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		for (i = 0; i < COUNT; i++)	/* not in order */
			svmas[i] = ph.p_vaddr + ph.p_memsz / COUNT *
						(i * 7919 % COUNT);
		return true;
	}
	return false;
}

static int measure(int fd, const char *path, const uint64_t *svmas,
		   bool no_inlines)
{
	const char *kind = no_inlines ? "tables" : "inlines";
	struct symbol_opts opts = { .no_inlines = no_inlines };
	struct err err = { 0 };
	struct symbolizer *s = symbolizer_new(&opts, &err);
	uint64_t begin, took, named = 0, best = UINT64_MAX;
	int i, rc = 0;

	for (i = 0; s && i < 6 && !rc; i++) {
		named = 0;
		begin = sys_mono_ns();
		rc = symbolizer_lookup(s, fd, path, NULL, 0, svmas, COUNT,
				       count, &named, &err);
		took = sys_mono_ns() - begin;
		if (!i)
			printf("symbol.%s.first %.2f us/address\n", kind,
			       (double)took / 1e3 / COUNT);
		else if (took < best)
			best = took;
	}
	if (!s || rc) {
		fprintf(stderr, "bench_symbol: %s\n", err.message);
		symbolizer_free(s);
		return 1;
	}
	printf("symbol.%s.again %.2f us/address\n", kind,
	       (double)best / 1e3 / COUNT);
	printf("symbol.%s.named %.1f %%\n", kind,
	       (double)named * 100 / COUNT);
	symbolizer_free(s);
	return 0;
}

static int measure_file(const char *path)
{
	static uint64_t svmas[COUNT];
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 1;

	if (fd < 0 || !spread(fd, svmas)) {
		fprintf(stderr, "bench_symbol: no ELF file: '%s'\n", path);
	} else {
		printf("# %s\n", path);
		rc = measure(fd, path, svmas, true) |
		     measure(fd, path, svmas, false);
	}
	sys_close(fd);
	return rc;
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *ctx)
{
	const char **path = ctx;

	(void)size;
	if (strstr(info->dlpi_name, "/libc.so"))
		*path = info->dlpi_name;
	return *path != NULL;
}

static int measure_kallsyms(void)
{
	uint64_t begin = sys_mono_ns();
	struct err err = { 0 };
	struct kallsyms *k = kallsyms_read(&err);

	if (!k) {
		fprintf(stderr, "bench_symbol: %s\n", err.message);
		return 0;
	}
	printf("symbol.kallsyms.read %.1f ms\n",
	       (double)(sys_mono_ns() - begin) / 1e6);
	kallsyms_free(k);
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	int i, rc = measure_kallsyms();

	if (argc < 2 && dl_iterate_phdr(find_libc, &path))
		return rc | measure_file(path);
	for (i = 1; i < argc; i++)
		rc |= measure_file(argv[i]);
	return rc;
}
