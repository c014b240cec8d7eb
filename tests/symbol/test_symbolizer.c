/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbolizer on this very program, on the vdso and the kernel, and against
 * files that harm the child while it reads them.
 */
#include "support/cmocka_all.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/symbol.h"
#include "adder/sys.h"
#include "support/tmpdir.h"

#define MANY 10000		/* several messages' worth */

extern char __executable_start[];

static void quiet(void *ctx, enum log_level level, const char *line)
{
	(void)level;
	snprintf(ctx, 256, "%s", line);
}

static char last_log[256];

struct fixture {
	struct symbolizer *s;
	int fd;			/* of this program */
};

/* What a lookup gave. */
struct got {
	size_t calls, named;
	char name[128];		/* outermost, of the last */
	void (*at_first)(void *);
	void *ctx;
};

static void note(void *ctx, size_t index, const struct symbol_result *r)
{
	struct got *g = ctx;

	assert_int_equal(index, g->calls);
	g->calls++;
	if (r->count) {
		g->named++;
		snprintf(g->name, sizeof(g->name), "%s",
			 r->lines[r->count - 1].name);
	}
	if (!index && g->at_first)
		g->at_first(g->ctx);
}

/* A function of known name at a known place. */
__attribute__((noinline)) int a_known_function(int x);
__attribute__((noinline)) int a_known_function(int x)
{
	__asm__ volatile("");
	return x * 3;
}

static uint64_t known_svma(void)
{
	/* This program is position independent; its first segment is at 0. */
	return (uint64_t)(uintptr_t)a_known_function -
	       (uint64_t)(uintptr_t)__executable_start + 2;
}

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct symbol_opts opts = { .timeout_ms = 3000 };
	struct err err = { 0 };

	assert_non_null(f);
	assert_int_equal(tmpdir_setup(state), 0);
	f->s = symbolizer_new(&opts, &err);
	assert_non_null(f->s);
	f->fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	symbolizer_free(f->s);
	close(f->fd);
	free(f);
	return tmpdir_teardown(state);
}

static int look(struct fixture *f, int fd, const char *path, size_t count,
		struct got *g, struct err *err)
{
	uint64_t *svmas = calloc(count, sizeof(*svmas));
	size_t i;
	int rc;

	assert_non_null(svmas);
	for (i = 0; i < count; i++)
		svmas[i] = known_svma();
	rc = symbolizer_lookup(f->s, fd, path, NULL, 0, svmas, count, note, g,
			       err);
	assert_int_equal(g->calls, count);
	free(svmas);
	return rc;
}

static void the_good_file_is_read(struct fixture *f)
{
	struct got g = { 0 };
	struct err err = { 0 };

	assert_int_equal(look(f, f->fd, "/self", 1, &g, &err), 0);
	assert_string_equal(g.name, "a_known_function");
}

static void our_own_function_is_named_with_file_and_line(void **state)
{
	the_good_file_is_read(*state);
}

static void a_wrong_build_id_is_an_error(void **state)
{
	struct fixture *f = *state;
	uint8_t id[20] = { 1 };
	uint64_t svma = known_svma();
	struct got g = { 0 };
	struct err err = { 0 };

	assert_true(symbolizer_lookup(f->s, f->fd, "/self", id, sizeof(id),
				      &svma, 1, note, &g, &err) < 0);
	assert_non_null(strstr(err.message, "'/self'"));
	assert_non_null(strstr(err.message, "replaced"));
	assert_int_equal(g.calls, 1);
	assert_int_equal(g.named, 0);
}

static void a_descriptor_that_is_none_is_an_error(void **state)
{
	struct got g = { 0 };
	struct err err = { 0 };

	assert_true(look(*state, -1, "/closed", 3, &g, &err) < 0);
	assert_non_null(strstr(err.message, "'/closed'"));
	assert_int_equal(g.named, 0);
}

static uint64_t vdso_symbol(const uint8_t *image)
{
	/* The vdso's functions are in its text: any address there will do. */
	const Elf64_Ehdr *eh = (const void *)image;
	const Elf64_Shdr *sh = (const void *)(image + eh->e_shoff);
	const Elf64_Sym *sym;
	uint16_t i;

	for (i = 0; i < eh->e_shnum; i++) {
		if (sh[i].sh_type != SHT_DYNSYM)
			continue;
		for (sym = (const void *)(image + sh[i].sh_offset);; sym++)
			if (ELF64_ST_TYPE(sym->st_info) == STT_FUNC &&
			    strstr((const char *)image +
				   sh[sh[i].sh_link].sh_offset + sym->st_name,
				   "clock_gettime"))
				return sym->st_value;
	}
	return 0;
}

static void the_vdso_is_named(void **state)
{
	struct fixture *f = *state;
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *eh = (const void *)image;
	struct err err = { 0 };
	uint64_t svma;
	size_t len;
	int i;

	if (!image) {
		print_message("no vdso here\n");
		skip();
	}
	len = eh->e_shoff + (size_t)eh->e_shnum * eh->e_shentsize;
	svma = vdso_symbol(image);
	for (i = 0; i < 2; i++) {
		struct got g = { 0 };

		assert_int_equal(symbolizer_lookup_memory(
			f->s, image, len, &svma, 1, note, &g, &err), 0);
		assert_non_null(strstr(g.name, "clock_gettime"));
	}
}

static void the_kernel_s_own_symbols_are_found_or_said_to_be_hidden(void **state)
{
	struct err err = { 0 };
	struct kallsyms *k = kallsyms_read(&err);
	char line[256], *p;
	const char *name, *module;
	uint64_t start, addr;
	size_t checked = 0;
	FILE *in;

	(void)state;
	if (!k) {
		print_message("%s\n", err.message);
		assert_non_null(strstr(err.message, "kallsyms"));
		return;
	}
	in = fopen("/proc/kallsyms", "re");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		addr = strtoull(line, &p, 16);
		if (p[1] != 'T' || strchr(p, '[') || ++checked % 100)
			continue;
		if (strstr(p, " _etext") || strstr(p, " _einittext"))
			continue;
		/* Some name at exactly this address: it may be an alias. */
		assert_true(kallsyms_find(k, addr, &name, &module, &start));
		assert_int_equal(start, addr);
		assert_true(*name && !*module);
	}
	fclose(in);
	kallsyms_free(k);
	assert_true(checked > 1000);
}

static int copy_of_self(struct fixture *f, const char *name, char *path,
			size_t path_bytes)
{
	static char chunk[1 << 16];
	uint64_t off = 0;
	int64_t n;
	int fd;

	snprintf(path, path_bytes, "%s", tmpdir_at(name));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while ((n = sys_pread_full(f->fd, chunk, sizeof(chunk), off)) > 0) {
		assert_int_equal(write(fd, chunk, (size_t)n), n);
		off += (uint64_t)n;
	}
	assert_int_equal(n, 0);
	return fd;
}

static void empty_the_file(void *ctx)
{
	assert_int_equal(ftruncate(*(int *)ctx, 0), 0);
}

static void a_file_cut_under_the_child_costs_only_its_own_names(void **state)
{
	struct fixture *f = *state;
	struct symbol_stats stats;
	struct err err = { 0 };
	char path[128];
	int fd = copy_of_self(f, "cut", path, sizeof(path));
	struct got g = { .at_first = empty_the_file, .ctx = &fd }, again = { 0 };

	the_good_file_is_read(f);
	assert_true(look(f, fd, path, MANY, &g, &err) < 0);
	assert_non_null(strstr(err.message, path));
	assert_in_range(g.named, 1, MANY - 1);
	symbolizer_stats(f->s, &stats);
	assert_in_range(stats.deaths, 1, 2);
	assert_int_equal(stats.unreadable, 1);
	the_good_file_is_read(f);
	/* It has changed, which makes it another file: empty, no ELF. */
	assert_true(look(f, fd, path, 1, &again, &err) < 0);
	assert_non_null(strstr(err.message, "no ELF"));
	the_good_file_is_read(f);
	close(fd);
}

/* The worker is the nursery's only child, and that our only one. */
static pid_t worker_pid(void)
{
	pid_t *pids, nursery, worker;
	size_t n;

	assert_int_equal(sys_proc_children(getpid(), &pids, &n), 0);
	assert_int_equal(n, 1);
	nursery = pids[0];
	mem_free(pids);
	assert_int_equal(sys_proc_children(nursery, &pids, &n), 0);
	assert_int_equal(n, 1);
	worker = pids[0];
	mem_free(pids);
	return worker;
}

static void signal_worker(void *ctx)
{
	assert_int_equal(kill(worker_pid(), *(int *)ctx), 0);
}

/*
 * The first death costs DWARF and separate files, and says so; the symbol
 * table still names.
 */
static void lose_the_child(struct fixture *f, int sig, const char *why)
{
	struct got g = { .at_first = signal_worker, .ctx = &sig };
	struct symbol_stats stats;
	struct err err = { 0 };
	char path[128];
	int fd = copy_of_self(f, "deadly", path, sizeof(path));

	last_log[0] = '\0';
	assert_int_equal(look(f, fd, path, MANY, &g, &err), 0);
	assert_int_equal(g.named, MANY);
	assert_non_null(strstr(last_log, path));
	assert_non_null(strstr(last_log, why));
	symbolizer_stats(f->s, &stats);
	assert_int_equal(stats.deaths, 1);
	assert_int_equal(stats.reduced, 1);
	close(fd);
	the_good_file_is_read(f);
}

static void a_module_that_kills_the_child_is_left_its_symbol_table(void **state)
{
	lose_the_child(*state, SIGSEGV, "signal 11");
}

static void a_module_that_takes_too_long_is_left_its_symbol_table(void **state)
{
	lose_the_child(*state, SIGSTOP, "longer than 3000 ms");
}

static void a_module_that_was_not_alone_is_tried_once_more(void **state)
{
	struct fixture *f = *state;
	int sig = SIGSEGV, fd;
	struct got g = { .at_first = signal_worker, .ctx = &sig };
	struct symbol_stats stats;
	struct err err = { 0 };
	char path[128];

	the_good_file_is_read(f);
	fd = copy_of_self(f, "second", path, sizeof(path));
	assert_int_equal(look(f, fd, path, MANY, &g, &err), 0);
	assert_int_equal(g.named, MANY);
	symbolizer_stats(f->s, &stats);
	assert_int_equal(stats.deaths, 1);
	assert_int_equal(stats.reduced, 0);
	close(fd);
}

static void wait_for_zombie(pid_t pid)
{
	struct sys_proc_stat st;

	do
		assert_int_equal(sys_proc_stat(pid, 0, &st), 0);
	while (st.state != 'Z');
}

static void a_child_that_died_between_requests_is_replaced(void **state)
{
	struct fixture *f = *state;
	int sig = SIGKILL;
	pid_t worker;

	the_good_file_is_read(f);
	worker = worker_pid();
	last_log[0] = '\0';
	signal_worker(&sig);
	wait_for_zombie(worker);
	the_good_file_is_read(f);
	assert_string_equal(last_log, "");	/* it was not that file's */
}

static void rubbish_is_refused_once_and_remembered(void **state)
{
	static const char *const rubbish[] = {
		"", "x", "\177ELF", "\177ELF\2\1\1", "#!/bin/sh\n",
	};
	struct fixture *f = *state;
	struct symbol_stats stats;
	char first[ERR_MESSAGE_BYTES];
	size_t i;

	for (i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		int fd = sys_memfd("rubbish", rubbish[i], strlen(rubbish[i]));
		struct got g = { 0 }, again = { 0 };
		struct err err = { 0 };

		assert_true(fd >= 0);
		assert_true(look(f, fd, "/bad", 3, &g, &err) < 0);
		assert_int_equal(err.code, ERR_FORMAT);
		snprintf(first, sizeof(first), "%s", err.message);
		assert_true(look(f, fd, "/bad", 3, &again, &err) < 0);
		assert_string_equal(err.message, first);
		sys_close(fd);
	}
	symbolizer_stats(f->s, &stats);
	assert_int_equal(stats.unreadable, i);
	assert_int_equal(stats.deaths, 0);
	the_good_file_is_read(f);
}

static void more_modules_than_slots_are_all_named(void **state)
{
	struct fixture *f = *state;
	struct symbol_stats stats;
	struct err err = { 0 };
	char path[128], name[16];
	int fds[20], round;
	size_t i;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "m%zu", i);
		fds[i] = copy_of_self(f, name, path, sizeof(path));
	}
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 20; i++) {
			struct got g = { 0 };

			assert_int_equal(look(f, fds[i], "/m", 2, &g, &err), 0);
			assert_int_equal(g.named, 2);
		}
	}
	symbolizer_stats(f->s, &stats);
	assert_int_equal(stats.modules, 20);
	assert_int_equal(stats.deaths, 0);
	for (i = 0; i < 20; i++)
		close(fds[i]);
}

static size_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void nothing_is_left_behind(void **state)
{
	struct symbol_opts opts = { 0 };
	size_t before = open_fds();
	struct fixture f;
	pid_t *pids;
	size_t n;

	f = *(struct fixture *)*state;
	f.s = symbolizer_new(&opts, NULL);
	assert_non_null(f.s);
	the_good_file_is_read(&f);
	symbolizer_free(f.s);
	assert_int_equal(open_fds(), before);
	assert_int_equal(sys_proc_children(getpid(), &pids, &n), 0);
	assert_int_equal(n, 1);		/* the fixture's */
	mem_free(pids);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
		T(our_own_function_is_named_with_file_and_line),
		T(a_wrong_build_id_is_an_error),
		T(a_descriptor_that_is_none_is_an_error),
		T(the_vdso_is_named),
		cmocka_unit_test(
	the_kernel_s_own_symbols_are_found_or_said_to_be_hidden),
		T(a_file_cut_under_the_child_costs_only_its_own_names),
		T(a_module_that_kills_the_child_is_left_its_symbol_table),
		T(a_module_that_takes_too_long_is_left_its_symbol_table),
		T(a_module_that_was_not_alone_is_tried_once_more),
		T(a_child_that_died_between_requests_is_replaced),
		T(rubbish_is_refused_once_and_remembered),
		T(more_modules_than_slots_are_all_named),
		T(nothing_is_left_behind),
	};

	log_set_sink(quiet, last_log);
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
