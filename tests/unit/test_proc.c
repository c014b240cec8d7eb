/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"
#include "../support/tmpdir.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adder/mem.h"
#include "adder/sys.h"

static void map_lines_are_read_whatever_the_path_holds(void **state)
{
	static const struct {
		const char *line, *path;
		uint64_t lo, fileoff, ino;
		bool ok, executable, shared;
	} cases[] = {
		{ "00400000-00452000 r-xp 00001000 fd:01 173521 "
		  "                     /usr/bin/a b", "/usr/bin/a b",
		  0x400000, 0x1000, 173521, true, true, false },
		{ "7f00-7f10 rw-s 00000000 00:05 9 /x\\012y (deleted)",
		  "/x\ny (deleted)", 0x7f00, 0, 9, true, false, true },
		{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 "
		  "                 [vsyscall]", "[vsyscall]",
		  0xffffffffff600000, 0, 0, true, true, false },
		{ "1000-2000 r-xp 00000000 00:00 0 ", "", 0x1000, 0, 0, true,
		  true, false },
		{ "1000-2000 r-xp 00000000 00:00 0", "", 0x1000, 0, 0, true,
		  true, false },
		{ "2000-1000 r-xp 00000000 00:00 0", .ok = false },
		{ "1000-2000 r-x", .ok = false },
		{ "1000-2000 r-xp 0 00:00", .ok = false },
		{ "1000-2000 r-xp 0 00:00 99999999999999999999999", .ok = false },
		{ "12345678912345678-2 r-xp 0 00:00 0", .ok = false },
		{ "", .ok = false },
		{ "-", .ok = false },
	};
	struct sys_map m;
	char line[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "%s", cases[i].line);
		if (sys_map_parse(line, &m) != cases[i].ok)
			fail_msg("'%s'", cases[i].line);
		if (!cases[i].ok)
			continue;
		assert_string_equal(m.path, cases[i].path);
		assert_int_equal(m.lo_avma, cases[i].lo);
		assert_int_equal(m.fileoff, cases[i].fileoff);
		assert_int_equal(m.ino, cases[i].ino);
		assert_int_equal(m.executable, cases[i].executable);
		assert_int_equal(m.shared, cases[i].shared);
	}
}

struct wanted { uint64_t avma; char path[600]; bool executable; int seen; };

static int find_wanted(void *ctx, const struct sys_map *m)
{
	struct wanted *w = ctx;

	if (w->avma < m->lo_avma || w->avma >= m->hi_avma)
		return 0;
	w->seen++;
	w->executable = m->executable;
	snprintf(w->path, sizeof(w->path), "%s", m->path);
	return 7;
}

static void own_maps_show_a_newline_and_a_deletion(void **state)
{
	struct wanted w = { 0 };
	const char *name = "x y\nz";
	struct stat st;
	void *p;
	int fd;

	(void)state;
	tmpdir_write(name, "content");
	fd = open(tmpdir_at(name), O_RDONLY);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	w.avma = (uint64_t)(uintptr_t)p;
	assert_int_equal(sys_proc_maps(getpid(), find_wanted, &w), 7);
	assert_int_equal(w.seen, 1);
	assert_true(w.executable);
	assert_non_null(strstr(w.path, "/x y\nz"));
	unlink(tmpdir_at(name));
	assert_int_equal(sys_proc_maps(getpid(), find_wanted, &w), 7);
	assert_non_null(strstr(w.path, "x y\nz (deleted)"));
	munmap(p, 4096);
	assert_int_equal(sys_proc_maps(getpid(), find_wanted, &w), 0);
	assert_true(sys_proc_maps(0x3ffffff, find_wanted, &w) < 0);
}

static void a_hostile_comm_does_not_shift_the_fields(void **state)
{
	static const char text[] =
		"77 (a) R 1 (b\n) S 5 6 7 0 -1 2129984 1 2 3 4 "
		"100 200 0 0 20 0 1 0 4242 0 0\n";
	struct sys_proc_stat st;
	size_t i;

	(void)state;
	assert_int_equal(sys_proc_stat_parse(text, sizeof(text) - 1, &st), 0);
	assert_string_equal(st.comm, "a) R 1 (b\n");
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.ppid, 5);
	assert_int_equal(st.pgrp, 6);
	assert_int_equal(st.utime_ticks, 100);
	assert_int_equal(st.stime_ticks, 200);
	assert_int_equal(st.start_ticks, 4242);
	assert_true(st.kernel_thread);
	for (i = 0; i < sizeof(text) - 10; i++)	/* any cut is told */
		assert_int_equal(sys_proc_stat_parse(text, i, &st), -EINVAL);
}

static void a_live_process_with_a_hostile_name(void **state)
{
	struct sys_proc_stat st;
	char old[16];

	(void)state;
	prctl(PR_GET_NAME, old);
	prctl(PR_SET_NAME, ") S 1 (x\ny");
	assert_int_equal(sys_proc_stat(getpid(), 0, &st), 0);
	prctl(PR_SET_NAME, old);
	assert_string_equal(st.comm, ") S 1 (x\ny");
	assert_int_equal(st.state, 'R');
	assert_int_equal(st.ppid, getppid());
	assert_int_equal(st.pgrp, getpgrp());
	assert_false(st.kernel_thread);
}

static void start_times_are_on_the_monotonic_clock(void **state)
{
	struct sys_proc_stat st;
	struct timespec now;
	uint64_t now_ns, start_ns;
	pid_t pid;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(sys_proc_stat(pid, 0, &st), 0);
	start_ns = sys_proc_start_mono_ns(&st);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(start_ns + 20000000 > now_ns);
	assert_true(start_ns < now_ns + 2000000000);
	assert_true(sys_proc_stat(pid, 0, &st) < 0);
}

static void status_takes_the_innermost_pid_and_the_effective_user(void **state)
{
	static const char text[] =
		"Name:\tx\\nUid:\t9 9 9 9\nState:\tR\nTgid:\t100\n"
		"Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t100\t20\t3\n";
	struct sys_proc_status st;

	(void)state;
	assert_int_equal(sys_proc_status_parse(text, sizeof(text) - 1, &st),
			 0);
	assert_int_equal(st.euid, 2);
	assert_int_equal(st.egid, 6);
	assert_int_equal(st.tgid, 100);
	assert_int_equal(st.ns_pid, 3);
	assert_true(st.other_pid_ns);
	assert_int_equal(sys_proc_status_parse(text, 30, &st), -EINVAL);
	assert_int_equal(sys_proc_status(getpid(), &st), 0);
	assert_int_equal(st.euid, geteuid());
	assert_int_equal(st.tgid, getpid());
}

static void *wait_for_read(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) == 1 ? arg : NULL;
}

static void threads_and_children_are_listed_in_order(void **state)
{
	pthread_t threads[3];
	pid_t *ids, kids[2];
	int pipe_fds[2], i;
	size_t n, k;
	bool found;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, wait_for_read, pipe_fds);
	assert_int_equal(sys_proc_threads(getpid(), &ids, &n), 0);
	assert_true(n >= 4);
	for (k = 1; k < n; k++)
		assert_true(ids[k - 1] < ids[k]);
	mem_free(ids);
	for (i = 0; i < 2; i++) {
		kids[i] = fork();
		if (!kids[i]) {
			pause();
			_exit(0);
		}
	}
	assert_int_equal(sys_proc_children(getpid(), &ids, &n), 0);
	for (i = 0; i < 2; i++) {
		for (found = false, k = 0; k < n; k++)
			found |= ids[k] == kids[i];
		assert_true(found);
		kill(kids[i], SIGKILL);
	}
	mem_free(ids);
	for (i = 0; i < 2; i++)
		waitpid(kids[i], NULL, 0);
	assert_int_equal(sys_proc_children(getpid(), &ids, &n), 0);
	for (k = 0; k < n; k++)
		assert_true(ids[k] != kids[0] && ids[k] != kids[1]);
	mem_free(ids);
	assert_int_equal(write(pipe_fds[1], "abc", 3), 3);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	assert_int_equal(sys_proc_threads(0x3ffffff, &ids, &n), -ENOENT);
	assert_null(ids);
}

static void root_namespaces_and_exe_are_found(void **state)
{
	uint64_t a, b;
	struct sys_stat st, slash;
	struct buf exe = { 0 };
	uint32_t uid = 77;
	char self[4096];
	ssize_t n;
	int fd = sys_proc_root(getpid());
	int slash_fd = open("/", O_PATH);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sys_fstat(fd, &st), 0);
	assert_int_equal(sys_fstat(slash_fd, &slash), 0);
	assert_int_equal(st.ino, slash.ino);
	assert_int_equal(st.mnt_id, slash.mnt_id);
	sys_close(fd);
	sys_close(slash_fd);
	assert_int_equal(sys_proc_ns(getpid(), "mnt", &a), 0);
	assert_int_equal(sys_proc_ns(getpid(), "mnt", &b), 0);
	assert_int_equal(a, b);
	assert_int_equal(sys_proc_ns_root_uid(getpid(), &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(sys_proc_exe(getpid(), &exe), 0);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_int_equal(n, exe.len);
	assert_memory_equal(self, exe.data, exe.len);
	buf_release(&exe);
	fd = sys_pidfd(getpid());
	assert_true(fd >= 0);
	sys_close(fd);
	assert_true(sys_proc_root(0x3ffffff) < 0);
}

static void the_root_of_a_user_namespace_is_seen_from_outside(void **state)
{
	int ready[2], go[2], fd;
	uint32_t uid = 77;
	char path[40], c;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("mapping a user needs root: not tried\n");
		return;
	}
	assert_true(!pipe(ready) && !pipe(go));
	pid = fork();
	if (!pid) {
		close(go[1]);
		if (unshare(CLONE_NEWUSER) || write(ready[1], "x", 1) != 1 ||
		    read(go[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1) {
		/* user_namespaces(7): EPERM in a chroot, ENOSPC at a limit */
		print_message("no user namespace here: not tried\n");
		goto out;
	}
	assert_int_equal(sys_proc_ns_root_uid(pid, &uid), -ENOENT);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, "5 7 1\n0 65534 1\n", 16), 16);
	close(fd);
	assert_int_equal(sys_proc_ns_root_uid(pid, &uid), 0);
	assert_int_equal(uid, 65534);
	assert_int_equal(write(go[1], "x", 1), 1);
out:
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(go[0]);
	close(go[1]);
}

static void every_process_is_listed_with_its_parent(void **state)
{
	struct sys_family *all;
	size_t n, i, seen = 0;
	pid_t kid = fork();

	(void)state;
	if (!kid) {
		pause();
		_exit(0);
	}
	assert_int_equal(sys_proc_families(&all, &n), 0);
	for (i = 0; i < n; i++) {
		seen += all[i].pid == getpid() && all[i].parent == getppid();
		seen += all[i].pid == kid && all[i].parent == getpid();
	}
	assert_int_equal(seen, 2);
	mem_free(all);
	kill(kid, SIGKILL);
	waitpid(kid, NULL, 0);
	assert_int_equal(sys_proc_families(&all, &n), 0);
	for (i = 0; i < n; i++)
		assert_true(all[i].pid != kid);
	mem_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_lines_are_read_whatever_the_path_holds),
		cmocka_unit_test_setup_teardown(
			own_maps_show_a_newline_and_a_deletion,
			tmpdir_setup, tmpdir_teardown),
		cmocka_unit_test(a_hostile_comm_does_not_shift_the_fields),
		cmocka_unit_test(a_live_process_with_a_hostile_name),
		cmocka_unit_test(start_times_are_on_the_monotonic_clock),
		cmocka_unit_test(
			status_takes_the_innermost_pid_and_the_effective_user),
		cmocka_unit_test(threads_and_children_are_listed_in_order),
		cmocka_unit_test(root_namespaces_and_exe_are_found),
		cmocka_unit_test(
			the_root_of_a_user_namespace_is_seen_from_outside),
		cmocka_unit_test(every_process_is_listed_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
