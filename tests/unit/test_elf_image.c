/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ELF reader: on this program's own file, on libc's, and on lies. */
#include "../support/cmocka_all.h"

#include <elf.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../support/tiny_elf.h"
#include "../support/tmpdir.h"
#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/types.h"

static struct elf_image *open_path(const char *path)
{
	struct elf_image *e;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	e = elf_image_open(fd, NULL);
	close(fd);		/* the image has its own */
	return e;
}

/* What the dynamic linker says of a loaded module. */
struct loaded {
	const char *name_part;
	char path[512];
	uint64_t bias;
	const ElfW(Phdr) *phdrs;
	size_t phnum;
	const uint8_t *build_id;
	size_t build_id_bytes;
};

static int find_loaded(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct loaded *l = ctx;
	const ElfW(Nhdr) *n;
	size_t i;

	(void)size;
	if (!strstr(info->dlpi_name, l->name_part))
		return 0;
	snprintf(l->path, sizeof(l->path), "%s", info->dlpi_name);
	l->bias = info->dlpi_addr;
	l->phdrs = info->dlpi_phdr;
	l->phnum = info->dlpi_phnum;
	for (i = 0; i < l->phnum; i++) {
		if (l->phdrs[i].p_type != PT_NOTE)
			continue;
		n = (const void *)(l->bias + l->phdrs[i].p_vaddr);
		if (n->n_type == NT_GNU_BUILD_ID) {
			l->build_id = (const uint8_t *)(n + 1) + 4;
			l->build_id_bytes = n->n_descsz;
		}
	}
	return 1;
}

static void libc_is_read_as_the_linker_sees_it(void **state)
{
	struct loaded l = { .name_part = "libc.so" };
	const struct elf_segment *segs;
	const uint8_t *build_id;
	struct elf_image *e;
	uint64_t svma, bytes, bias;
	size_t n, i, loads = 0;
	uint8_t code[8];

	(void)state;
	assert_int_equal(dl_iterate_phdr(find_loaded, &l), 1);
	e = open_path(l.path);
	assert_non_null(e);
	assert_int_equal(elf_image_type(e), ET_DYN);
	build_id = elf_image_build_id(e, &n);
	assert_int_equal(n, l.build_id_bytes);
	if (n)
		assert_memory_equal(build_id, l.build_id, n);
	n = elf_image_segments(e, &segs);
	for (i = 0; i < l.phnum; i++) {
		if (l.phdrs[i].p_type != PT_LOAD)
			continue;
		assert_true(loads < n);
		assert_int_equal(segs[loads].svma, l.phdrs[i].p_vaddr);
		assert_int_equal(segs[loads].fileoff, l.phdrs[i].p_offset);
		if (segs[loads].flags & PF_X) {
			/* as the kernel maps it: from whole pages */
			svma = segs[loads].svma & ~UINT64_C(4095);
			assert_true(elf_image_bias(
				e, l.bias + svma,
				segs[loads].fileoff & ~UINT64_C(4095), true,
				&bias));
			assert_int_equal(bias, l.bias);
		}
		loads++;
	}
	assert_int_equal(loads, n);
	assert_true(elf_image_dynsym(e, "gnu_get_libc_version", &svma, &bytes));
	assert_int_equal(svma + l.bias, (uintptr_t)gnu_get_libc_version);
	assert_true(bytes > 0);
	assert_int_equal(elf_image_read_svma(e, svma, code, sizeof(code), NULL),
			 0);
	assert_memory_equal(code, (const void *)(uintptr_t)(svma + l.bias), sizeof(code));
	assert_false(elf_image_dynsym(e, "no_such_symbol", &svma, &bytes));
	assert_non_null(elf_image_section(e, ".eh_frame"));
	assert_null(elf_image_section(e, ".nothing"));
	elf_image_free(e);
}

static void every_cut_of_an_image_is_survived(void **state)
{
	const struct tiny_section s[] = {
		{ ".eh_frame", "0123456789abcdef", 16 },
		{ ".text", "code", 4 } };
	const struct elf_section *section;
	struct buf b = { 0 };
	struct elf_image *e;
	uint8_t *bytes;
	size_t len, n;

	(void)state;
	tiny_elf(&b, EM_X86_64, s, 2);
	for (len = 0; len <= b.len; len++) {
		e = elf_image_from_memory(b.data, len, NULL);
		assert_int_equal(e != NULL, len >= TINY_FIRST);
		section = e ? elf_image_section(e, ".text") : NULL;
		assert_int_equal(section != NULL, len == b.len);
		if (section) {
			assert_int_equal(elf_image_read_section(
				e, section, 4, &bytes, &n, NULL), 0);
			assert_memory_equal(bytes, "code", 4);
			mem_free(bytes);
			assert_int_equal(elf_image_read_section(
				e, section, 3, &bytes, &n, NULL), -ERR_LIMIT);
			assert_null(bytes);
		}
		elf_image_free(e);
	}
	buf_release(&b);
}

static void file_truncated_under_us_is_an_error(void **state)
{
	const struct tiny_section s = { ".text", "code", 4 };
	struct buf b = { 0 };
	struct err err = { 0 };
	struct elf_image *e;
	char path[128];
	uint8_t byte;
	int fd;

	(void)state;
	tiny_elf(&b, EM_X86_64, &s, 1);
	snprintf(path, sizeof(path), "%s/image", tmpdir_path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, b.data, b.len), b.len);
	e = elf_image_open(fd, NULL);
	assert_non_null(e);
	assert_int_equal(elf_image_read_svma(e, TINY_FIRST, &byte, 1, &err), 0);
	assert_int_equal(ftruncate(fd, 10), 0);
	close(fd);
	assert_int_equal(elf_image_read_svma(e, TINY_FIRST, &byte, 1, &err),
			 -ERR_IO);
	assert_non_null(strstr(err.message, "truncated"));
	elf_image_free(e);
	buf_release(&b);
}

static void what_is_not_elf_is_said(void **state)
{
	static const struct { const char *bytes; size_t len; int code; } cases[] = {
		{ "", 0, ERR_FORMAT },
		{ "#!/bin/sh\n", 10, ERR_FORMAT },
	};
	struct err err;
	struct buf b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		err_clear(&err);
		assert_null(elf_image_from_memory(cases[i].bytes, cases[i].len,
						  &err));
		assert_int_equal(err.code, cases[i].code);
	}
	tiny_elf(&b, EM_X86_64, NULL, 0);
	b.data[EI_CLASS] = ELFCLASS32;
	assert_null(elf_image_from_memory(b.data, b.len, &err));
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	buf_release(&b);
}

/* A copy of this program with a symbol table of so many bytes: a hole. */
static void write_swollen(const char *path, uint64_t table_bytes)
{
	FILE *from = fopen("/proc/self/exe", "rb"), *to = fopen(path, "wb");
	Elf64_Shdr shdr;
	Elf64_Ehdr ehdr;
	char *bytes;
	long len;
	int i;

	assert_non_null(from);
	assert_non_null(to);
	fseek(from, 0, SEEK_END);
	len = ftell(from);
	bytes = mem_alloc((size_t)len);
	rewind(from);
	assert_int_equal(fread(bytes, 1, (size_t)len, from), len);
	memcpy(&ehdr, bytes, sizeof(ehdr));
	for (i = 0; i < ehdr.e_shnum; i++) {
		char *at = bytes + ehdr.e_shoff + (size_t)i * sizeof(shdr);

		memcpy(&shdr, at, sizeof(shdr));
		if (shdr.sh_type != SHT_DYNSYM)
			continue;
		shdr.sh_offset = (uint64_t)len;
		shdr.sh_size = table_bytes;
		memcpy(at, &shdr, sizeof(shdr));
	}
	assert_int_equal(fwrite(bytes, 1, (size_t)len, to), len);
	assert_int_equal(ftruncate(fileno(to), len + (long)table_bytes), 0);
	assert_int_equal(fclose(to), 0);
	fclose(from);
	mem_free(bytes);
}

static long peak_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void files_that_are_huge_for_nothing_cost_nothing(void **state)
{
	struct elf_image *images[4];
	uint64_t svma, bytes;
	const char *path = tmpdir_at("swollen");
	size_t i;
	long kib;

	(void)state;
	write_swollen(path, UINT64_C(200) << 20);
	kib = peak_kib();
	for (i = 0; i < ARRAY_LEN(images); i++) {
		images[i] = open_path(path);
		assert_non_null(images[i]);
		assert_false(elf_image_dynsym(images[i], "PyEval_EvalCode",
					      &svma, &bytes));
	}
	assert_true(peak_kib() - kib < 100 << 10);
	for (i = 0; i < ARRAY_LEN(images); i++)
		elf_image_free(images[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_is_read_as_the_linker_sees_it),
		cmocka_unit_test(every_cut_of_an_image_is_survived),
		cmocka_unit_test_setup_teardown(
			file_truncated_under_us_is_an_error, tmpdir_setup,
			tmpdir_teardown),
		cmocka_unit_test_setup_teardown(
			files_that_are_huge_for_nothing_cost_nothing,
			tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test(what_is_not_elf_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
