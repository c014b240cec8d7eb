/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"
#include "../support/tmpdir.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/space.h"
#include "adder/sys.h"

/* Pids that no process has: pid_max is at most 2^22. */
#define PID(n) (0x700000 + (n))

static struct perf_rec mmap_rec(pid_t pid, uint64_t t, uint64_t lo,
				uint64_t bytes, const char *path)
{
	struct perf_rec r = { .kind = PERF_REC_MMAP, .pid = pid, .tid = pid,
			      .t_mono_ns = t };

	r.mmap.lo_avma = lo;
	r.mmap.len_bytes = bytes;
	r.mmap.prot = PROT_READ | PROT_EXEC;
	r.mmap.path = path;
	return r;
}

static struct perf_rec fork_rec(pid_t pid, pid_t tid, pid_t ppid, uint64_t t)
{
	struct perf_rec r = { .kind = PERF_REC_FORK, .pid = pid, .tid = tid,
			      .t_mono_ns = t };

	r.fork.ppid = r.fork.ptid = ppid;
	return r;
}

static struct perf_rec comm_rec(pid_t pid, uint64_t t, const char *name,
				bool exec)
{
	struct perf_rec r = { .kind = PERF_REC_COMM, .pid = pid, .tid = pid,
			      .t_mono_ns = t };

	r.comm.name = name;
	r.comm.exec = exec;
	return r;
}

static struct perf_rec exit_rec(pid_t pid, pid_t tid, uint64_t t)
{
	struct perf_rec r = { .kind = PERF_REC_EXIT, .pid = pid, .tid = tid,
			      .t_mono_ns = t };

	return r;
}

static void apply(struct space *s, struct perf_rec rec)
{
	space_sight(s, &rec);
	space_apply(s, &rec);
}

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* --- mappings --- */

static void later_mappings_win(void **state)
{
	struct space *s = space_new(NULL);
	const struct mapping *m;
	struct process *p;
	uint64_t g;

	(void)state;
	apply(s, comm_rec(PID(1), 1, "x", true));
	apply(s, mmap_rec(PID(1), 2, 0x1000, 0x4000, "//anon"));
	p = space_process(s, PID(1));
	g = p->generation;
	apply(s, mmap_rec(PID(1), 3, 0x1000, 0x4000, "//anon"));
	assert_int_equal(p->generation, g);	/* nothing changed */
	apply(s, mmap_rec(PID(1), 4, 0x2000, 0x1000, "[heap]"));
	assert_int_not_equal(p->generation, g);
	assert_int_equal(p->map_count, 3);
	m = process_find(p, 0x4fff);
	assert_int_equal(m->lo_avma, 0x3000);
	assert_int_equal(m->hi_avma, 0x5000);
	assert_null(process_find(p, 0xfff));
	assert_null(process_find(p, 0x5000));
	assert_int_equal(process_find(p, 0x2000)->hi_avma, 0x3000);
	apply(s, mmap_rec(PID(1), 5, 0x0, 0x10000, "//anon"));
	assert_int_equal(p->map_count, 1);
	space_free(s);
}

static void a_data_mapping_takes_code_away(void **state)
{
	struct perf_rec r = mmap_rec(PID(1), 3, 0x2000, 0x1000, "//anon");
	struct space *s = space_new(NULL);
	struct process *p;

	(void)state;
	apply(s, mmap_rec(PID(1), 2, 0x1000, 0x3000, "//anon"));
	r.mmap.prot = PROT_READ;
	apply(s, r);
	p = space_process(s, PID(1));
	assert_int_equal(p->map_count, 2);
	assert_null(process_find(p, 0x2fff));
	assert_non_null(process_find(p, 0x3000));
	space_free(s);
}

static void malformed_mappings_are_counted(void **state)
{
	struct space *s = space_new(NULL);

	(void)state;
	apply(s, mmap_rec(PID(1), 1, 0x1000, 0, "//anon"));
	apply(s, mmap_rec(PID(1), 2, UINT64_MAX - 5, 0x1000, "//anon"));
	assert_int_equal(space_stats(s)->maps_malformed, 2);
	assert_int_equal(space_process(s, PID(1))->map_count, 0);
	apply(s, mmap_rec(-1, 3, 0x1000, 0x1000, "//anon"));
	assert_null(space_process(s, -1));
	space_free(s);
}

/* --- processes and threads --- */

static void a_child_has_its_parents_mappings_until_one_changes(void **state)
{
	struct space *s = space_new(NULL);
	struct process *parent, *child;

	(void)state;
	apply(s, mmap_rec(PID(1), 1, 0x1000, 0x1000, "//anon"));
	apply(s, fork_rec(PID(2), PID(2), PID(1), 2));
	parent = space_process(s, PID(1));
	child = space_process(s, PID(2));
	assert_ptr_equal(child->parent, parent);
	assert_false(child->after_exec);
	assert_int_equal(child->generation, parent->generation);
	assert_non_null(process_find(child, 0x1000));
	apply(s, mmap_rec(PID(2), 3, 0x9000, 0x1000, "//anon"));
	assert_int_not_equal(child->generation, parent->generation);
	assert_null(process_find(parent, 0x9000));
	assert_non_null(process_find(child, 0x9000));
	apply(s, mmap_rec(PID(1), 4, 0x5000, 0x1000, "//anon"));
	assert_null(process_find(child, 0x5000));
	space_free(s);
}

static void an_exec_starts_a_new_process_and_keeps_the_old(void **state)
{
	struct space *s = space_new(NULL);
	struct process *old, *p;
	struct thread *th;

	(void)state;
	apply(s, comm_rec(PID(1), 1, "first", true));
	apply(s, mmap_rec(PID(1), 1, 0x1000, 0x1000, "//anon"));
	apply(s, fork_rec(PID(1), PID(7), PID(1), 2));
	old = space_process(s, PID(1));
	assert_int_equal(old->live_threads, 2);
	apply(s, comm_rec(PID(1), 5, "second", true));
	p = space_process(s, PID(1));
	assert_ptr_not_equal(p, old);
	assert_true(p->after_exec);
	assert_ptr_equal(p->parent, old);
	assert_true(old->dead);
	assert_false(p->dead);
	assert_int_equal(p->map_count, 0);
	assert_non_null(process_find(old, 0x1000));
	th = space_thread(s, PID(1), PID(1), 6);
	assert_ptr_equal(th->process, p);
	assert_string_equal(th->name, "second");
	apply(s, comm_rec(PID(1), 7, "renamed", false));
	assert_string_equal(th->name, "renamed");
	assert_ptr_equal(space_process(s, PID(1)), p);
	space_free(s);
}

static void a_process_is_dead_when_its_last_thread_is(void **state)
{
	struct space *s = space_new(NULL);
	struct process *p;

	(void)state;
	apply(s, comm_rec(PID(1), 1, "x", true));
	apply(s, fork_rec(PID(1), PID(2), PID(1), 2));
	p = space_process(s, PID(1));
	assert_string_equal(space_thread(s, PID(1), PID(2), 3)->name, "x");
	apply(s, exit_rec(PID(1), PID(1), 4));
	assert_false(p->dead);
	apply(s, exit_rec(PID(1), PID(2), 5));
	assert_true(p->dead);
	/* the pid is given to another one */
	apply(s, fork_rec(PID(1), PID(1), PID(9), 6));
	assert_ptr_not_equal(space_process(s, PID(1)), p);
	assert_false(space_process(s, PID(1))->dead);
	space_free(s);
}

static void unknown_threads_are_made_up(void **state)
{
	struct space *s = space_new(NULL);
	struct thread *a, *b;

	(void)state;
	assert_null(space_thread(s, 0, 0, 1));
	assert_null(space_thread(s, -1, -1, 1));
	a = space_thread(s, PID(1), PID(2), 1);
	b = space_thread(s, PID(1), PID(3), 1);
	assert_ptr_equal(a->process, b->process);
	assert_ptr_equal(space_thread(s, PID(1), PID(2), 9), a);
	space_free(s);
}

struct counts { int processes, threads, exits, frees, maps; };

static void on_process(void *ctx, struct process *p)
{
	((struct counts *)ctx)->processes += p != NULL;
}

static void on_thread(void *ctx, struct thread *t)
{
	((struct counts *)ctx)->threads += t != NULL;
}

static void on_exit_of(void *ctx, struct thread *t, uint64_t t_mono_ns)
{
	((struct counts *)ctx)->exits += t != NULL && t_mono_ns;
}

static void on_map(void *ctx, struct process *p, const struct mapping *m)
{
	((struct counts *)ctx)->maps += p && m;
}

static void on_free(void *ctx, struct process *p)
{
	((struct counts *)ctx)->frees += p != NULL;
}

static void hooks_tell_each_thing_once(void **state)
{
	struct counts c = { 0 };
	struct space_hooks hooks = {
		.process_new = on_process, .thread_new = on_thread,
		.thread_exit = on_exit_of, .mapped = on_map,
		.process_free = on_free, .ctx = &c,
	};
	struct space *s = space_new(&hooks);

	(void)state;
	apply(s, comm_rec(PID(1), 1, "x", true));
	apply(s, mmap_rec(PID(1), 2, 0x1000, 0x1000, "//anon"));
	apply(s, mmap_rec(PID(1), 2, 0x1000, 0x1000, "//anon"));
	apply(s, fork_rec(PID(1), PID(2), PID(1), 3));
	apply(s, comm_rec(PID(1), 4, "y", true));
	assert_int_equal(c.processes, 2);
	assert_int_equal(c.threads, 3);
	assert_int_equal(c.exits, 2);
	assert_int_equal(c.maps, 1);
	space_free(s);
	assert_int_equal(c.frees, 2);
}

/* --- real processes and files --- */

static void attaching_to_ourselves_finds_code_where_it_is(void **state)
{
	struct space *s = space_new(NULL);
	uint64_t avma = (uint64_t)(uintptr_t)&fopen, svma, bytes;
	const struct mapping *m;
	struct process *p;
	char self[4096], name[16];
	ssize_t n;

	(void)state;
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	p = space_process(s, getpid());
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(n > 0 && (size_t)n == strlen(p->exe));
	assert_memory_equal(p->exe, self, (size_t)n);
	assert_true(p->root_fd >= 0);
	assert_int_equal(p->euid, geteuid());
	m = process_find(p, avma);
	assert_non_null(m);
	assert_non_null(m->module);
	assert_true(m->bias_known);
	assert_non_null(module_image(m->module));
	if (elf_image_dynsym(m->module->image, "fopen", &svma, &bytes))
		assert_int_equal(svma + m->bias, avma);
	m = process_find(p, (uint64_t)(uintptr_t)&comm_rec);
	assert_string_equal(m->module->path, p->exe);
	prctl(PR_GET_NAME, name);
	assert_string_equal(space_thread(s, getpid(), getpid(), 1)->name,
			    name);
	space_free(s);
}

static struct module *vdso_found;

static void look_for_vdso(void *ctx, struct module *m)
{
	(void)ctx;
	if (m->kind == MODULE_VDSO)
		vdso_found = m;
}

static void the_vdso_is_an_image(void **state)
{
	struct space *s = space_new(NULL);
	uint64_t svma, bytes;

	(void)state;
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	vdso_found = NULL;
	space_each_module(s, look_for_vdso, NULL);
	assert_non_null(vdso_found);
	assert_non_null(vdso_found->image);
#if defined(__x86_64__)
	assert_true(elf_image_dynsym(vdso_found->image,
				     "__vdso_clock_gettime", &svma, &bytes));
#else
	assert_true(elf_image_dynsym(vdso_found->image,
				     "__kernel_clock_gettime", &svma, &bytes));
#endif
	space_free(s);
}

static void attaching_to_nobody_is_an_error(void **state)
{
	struct space *s = space_new(NULL);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(space_attach(s, PID(1), &err), -ERR_NOTFOUND);
	assert_non_null(strstr(err.message, "there is no process"));
	space_free(s);
}

/* A copy of our own program in the temporary directory. */
static void copy_self(const char *name)
{
	char bytes[65536];
	int in = open("/proc/self/exe", O_RDONLY), out;
	ssize_t n;

	out = open(tmpdir_at(name), O_WRONLY | O_CREAT | O_TRUNC, 0755);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	close(in);
	close(out);
}

static struct perf_rec rec_of_file(const char *path, void *at, uint64_t t)
{
	struct perf_rec r = mmap_rec(getpid(), t, (uint64_t)(uintptr_t)at,
				     4096, path);
	struct sys_stat st;
	int fd = open(path, O_PATH);

	assert_true(fd >= 0);
	assert_int_equal(sys_fstat(fd, &st), 0);
	close(fd);
	r.mmap.dev_major = st.dev_major;
	r.mmap.dev_minor = st.dev_minor;
	r.mmap.ino = st.ino;
	return r;
}

static void *map_code(const char *path)
{
	int fd = open(path, O_RDONLY);
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	close(fd);
	return at;
}

static void a_replaced_file_is_not_taken_for_the_mapped_one(void **state)
{
	struct space *s = space_new(NULL);
	const struct mapping *m;
	struct perf_rec r;
	char *path;

	(void)state;
	copy_self("lib.so");
	path = strdup(tmpdir_at("lib.so"));
	/* an address where nothing is mapped: map_files cannot help */
	r = rec_of_file(path, (void *)0x10000, sys_mono_ns());
	r.mmap.ino++;
	apply(s, comm_rec(getpid(), 1, "x", true));
	apply(s, r);
	m = process_find(space_process(s, getpid()), 0x10000);
	assert_non_null(m->module);
	assert_null(module_image(m->module));
	assert_string_equal(m->module->path, path);
	assert_int_equal(space_stats(s)->modules_unreadable, 1);
	/* a device alone proves nothing (btrfs) */
	r = rec_of_file(path, (void *)0x20000, sys_mono_ns());
	r.mmap.dev_minor += 7;
	apply(s, r);
	m = process_find(space_process(s, getpid()), 0x20000);
	assert_non_null(module_image(m->module));
	free(path);
	space_free(s);
}

static void a_build_id_decides(void **state)
{
	struct space *s = space_new(NULL);
	const struct mapping *m;
	const uint8_t *id = NULL;
	struct elf_image *e;
	struct perf_rec r;
	size_t n;
	int fd;

	(void)state;
	copy_self("lib.so");
	fd = open(tmpdir_at("lib.so"), O_RDONLY);
	e = elf_image_open(fd, NULL);
	close(fd);
	id = elf_image_build_id(e, &n);
	apply(s, comm_rec(getpid(), 1, "x", true));
	r = mmap_rec(getpid(), sys_mono_ns(), 0x10000, 4096,
		     tmpdir_at("lib.so"));
	if (!id) {	/* a linker that makes none */
		print_message("no build-id in this program: not tried\n");
		goto out;
	}
	r.mmap.build_id_bytes = (uint8_t)n;
	memcpy(r.mmap.build_id, id, n);
	r.mmap.build_id[0] ^= 1;
	apply(s, r);
	m = process_find(space_process(s, getpid()), 0x10000);
	assert_null(module_image(m->module));
	r.mmap.build_id[0] ^= 1;
	r.mmap.lo_avma = 0x20000;
	apply(s, r);
	m = process_find(space_process(s, getpid()), 0x20000);
	assert_non_null(module_image(m->module));
	/* the same by inode is the same module */
	r = rec_of_file(tmpdir_at("lib.so"), (void *)0x30000, sys_mono_ns());
	apply(s, r);
	assert_ptr_equal(process_find(space_process(s, getpid()),
				      0x30000)->module, m->module);
out:
	elf_image_free(e);
	space_free(s);
}

static void a_deleted_library_is_read_all_the_same(void **state)
{
	struct space *s = space_new(NULL);
	const struct mapping *m;
	char *path;
	void *at;

	(void)state;
	if (geteuid() != 0) {
		print_message("map_files needs root: not tried\n");
		space_free(s);
		return;
	}
	copy_self("lib.so");
	path = strdup(tmpdir_at("lib.so"));
	at = map_code(path);
	unlink(path);
	tmpdir_write("lib.so", "something else");
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	m = process_find(space_process(s, getpid()), (uint64_t)(uintptr_t)at);
	assert_non_null(m);
	assert_non_null(m->module);
	assert_non_null(module_image(m->module));
	munmap(at, 4096);
	free(path);
	space_free(s);
}

static void corrupt_files_are_counted_and_data_is_anonymous(void **state)
{
	struct space *s = space_new(NULL);
	struct process *p;
	char zeros[8192] = "\177ELF\2\1\1";
	void *bad, *data;
	int fd;

	(void)state;
	fd = open(tmpdir_at("bad.so"), O_WRONLY | O_CREAT, 0755);
	zeros[54] = 1;	/* a program header of no size */
	zeros[56] = 1;
	assert_int_equal(write(fd, zeros, sizeof(zeros)), sizeof(zeros));
	close(fd);
	tmpdir_write("data", "not a program, whatever the mapping says");
	bad = map_code(tmpdir_at("bad.so"));
	data = map_code(tmpdir_at("data"));
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	p = space_process(s, getpid());
	assert_non_null(process_find(p, (uint64_t)(uintptr_t)bad)->module);
	assert_null(module_image(process_find(p, (uint64_t)(uintptr_t)
					      bad)->module));
	assert_int_equal(space_stats(s)->modules_corrupt, 1);
	assert_null(process_find(p, (uint64_t)(uintptr_t)data)->module);
	munmap(bad, 4096);
	munmap(data, 4096);
	space_free(s);
}

static void memory_files_are_jit_code(void **state)
{
	struct space *s = space_new(NULL);
	const struct mapping *m;
	int fd = (int)syscall(SYS_memfd_create, "jit", 0);
	void *at;

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	close(fd);
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	m = process_find(space_process(s, getpid()), (uint64_t)(uintptr_t)at);
	assert_non_null(m);
	assert_null(m->module);
	munmap(at, 4096);
	space_free(s);
}

/* --- many children --- */

#define CHILDREN 1000

static void a_thousand_live_children_cost_no_descriptors(void **state)
{
	struct space *s = space_new(NULL);
	size_t before, during, i;
	pid_t pids[CHILDREN];
	struct rlimit old, low;

	(void)state;
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	before = open_descriptors();
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = 128;
	setrlimit(RLIMIT_NOFILE, &low);
	for (i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		assert_true(pids[i] > 0);
		apply(s, fork_rec(pids[i], pids[i], getpid(), sys_mono_ns()));
	}
	during = open_descriptors();
	assert_true(during <= before + 2);
	for (i = 0; i < CHILDREN; i++) {
		assert_true(space_process(s, pids[i])->root_fd >= 0);
		assert_int_equal(space_process(s, pids[i])->ns_pid, pids[i]);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		apply(s, exit_rec(pids[i], pids[i], sys_mono_ns()));
	}
	setrlimit(RLIMIT_NOFILE, &old);
	space_free(s);
}

static void a_child_that_is_gone_is_known_from_its_sighting(void **state)
{
	struct space *s = space_new(NULL);
	struct sys_stat st, want;
	struct perf_rec r;
	int fds[2], fd;
	pid_t pid;
	char c;

	(void)state;
	if (geteuid() != 0) {
		print_message("chroot needs root: not tried\n");
		space_free(s);
		return;
	}
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(space_attach(s, getpid(), NULL), 0);
	pid = fork();
	if (!pid) {
		if (chroot(tmpdir_path) || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	r = fork_rec(pid, pid, getpid(), sys_mono_ns());
	space_sight(s, &r);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	space_apply(s, &r);
	fd = open(tmpdir_path, O_PATH);
	assert_int_equal(sys_fstat(fd, &want), 0);
	assert_int_equal(sys_fstat(space_process(s, pid)->root_fd, &st), 0);
	assert_int_equal(st.ino, want.ino);
	assert_int_equal(st.dev, want.dev);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	space_free(s);
}

#define IN_TMPDIR(f) \
	cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_mappings_win),
		cmocka_unit_test(a_data_mapping_takes_code_away),
		cmocka_unit_test(malformed_mappings_are_counted),
		cmocka_unit_test(
			a_child_has_its_parents_mappings_until_one_changes),
		cmocka_unit_test(
			an_exec_starts_a_new_process_and_keeps_the_old),
		cmocka_unit_test(a_process_is_dead_when_its_last_thread_is),
		cmocka_unit_test(unknown_threads_are_made_up),
		cmocka_unit_test(hooks_tell_each_thing_once),
		cmocka_unit_test(
			attaching_to_ourselves_finds_code_where_it_is),
		cmocka_unit_test(the_vdso_is_an_image),
		cmocka_unit_test(attaching_to_nobody_is_an_error),
		IN_TMPDIR(a_replaced_file_is_not_taken_for_the_mapped_one),
		IN_TMPDIR(a_build_id_decides),
		IN_TMPDIR(a_deleted_library_is_read_all_the_same),
		IN_TMPDIR(corrupt_files_are_counted_and_data_is_anonymous),
		IN_TMPDIR(memory_files_are_jit_code),
		cmocka_unit_test(a_thousand_live_children_cost_no_descriptors),
		IN_TMPDIR(a_child_that_is_gone_is_known_from_its_sighting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
