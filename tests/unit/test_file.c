/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"
#include "../support/tmpdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adder/sys.h"

static int root_fd(void)
{
	int fd = open(tmpdir_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void make_tree(void)
{
	mkdir(tmpdir_at("root"), 0755);
	mkdir(tmpdir_at("root/dir"), 0755);
	tmpdir_write("root/dir/file", "inside");
	tmpdir_write("secret", "host");
	assert_int_equal(symlink("file", tmpdir_at("root/dir/link")), 0);
	assert_int_equal(symlink("/dir/file", tmpdir_at("root/abs")), 0);
	assert_int_equal(symlink(tmpdir_at("secret"), tmpdir_at("root/out")),
			 0);
	assert_int_equal(symlink("../../secret", tmpdir_at("root/dir/up")), 0);
	assert_int_equal(symlink("/proc/self/root", tmpdir_at("root/magic")),
			 0);
	assert_int_equal(symlink("dir", tmpdir_at("root/dirlink")), 0);
	assert_int_equal(symlink("loop", tmpdir_at("root/loop")), 0);
	assert_int_equal(mkfifo(tmpdir_at("root/fifo"), 0666), 0);
}

static void no_link_leads_out_of_a_root(void **state)
{
	static const struct {
		const char *path;
		bool no_link;
		int rc;		/* 0: opens the file inside */
	} cases[] = {
		{ "dir/file", true, 0 },
		{ "/dir/file", true, 0 },
		{ "dir//file", true, 0 },
		{ "../../dir/file", false, 0 },	/* the root's parent is it */
		{ "dir/link", false, 0 },
		{ "dir/link", true, -ELOOP },
		{ "abs", false, 0 },
		{ "dirlink/file", true, 0 },
		{ "out", false, -ENOENT },
		{ "out", true, -ELOOP },
		{ "dir/up", false, -ENOENT },
		{ "magic/etc/passwd", false, -ENOENT },
		{ "loop", false, -ELOOP },
		{ "fifo", true, -EINVAL },
		{ "dir", true, -EINVAL },
		{ "", true, -ENOENT },
		{ "nothing", true, -ENOENT },
	};
	char text[16] = "";
	int root, fd;
	size_t i;

	(void)state;
	make_tree();
	root = open(tmpdir_at("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fd = sys_open_in_root(root, cases[i].path, cases[i].no_link);
		if (cases[i].rc ? fd != cases[i].rc : fd < 0)
			fail_msg("'%s': %d", cases[i].path, fd);
		if (fd < 0)
			continue;
		memset(text, 0, sizeof(text));
		assert_int_equal(sys_pread_full(fd, text, 15, 0), 6);
		assert_string_equal(text, "inside");
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		sys_close(fd);
	}
	assert_int_equal(sys_open_in_root(-1, "dir/file", false), -EBADF);
	sys_close(root);
}

static void magic_links_are_not_followed(void **state)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(sys_open_in_root(root, "/proc/self/exe", false),
			 -ELOOP);
	assert_int_equal(sys_open_in_root(root, "/proc/self/root/etc/passwd",
					  false), -ELOOP);
	sys_close(root);
}

static void own_paths_are_regular_files_only(void **state)
{
	int fd;

	(void)state;
	tmpdir_write("file", "x");
	assert_int_equal(symlink("file", tmpdir_at("link")), 0);
	assert_int_equal(mkfifo(tmpdir_at("fifo"), 0666), 0);
	fd = sys_open_file(tmpdir_at("file"), true);
	assert_true(fd >= 0);
	sys_close(fd);
	fd = sys_open_file(tmpdir_at("link"), false);
	assert_true(fd >= 0);
	sys_close(fd);
	assert_int_equal(sys_open_file(tmpdir_at("link"), true), -ELOOP);
	assert_int_equal(sys_open_file(tmpdir_at("fifo"), false), -EINVAL);
	assert_int_equal(sys_open_file("/dev/zero", false), -EINVAL);
	assert_int_equal(sys_open_file(tmpdir_path, false), -EINVAL);
	sys_close(-1);
}

static void whole_files_are_read_up_to_the_limit(void **state)
{
	struct buf b = { 0 };
	int64_t v;
	int fd;

	(void)state;
	tmpdir_write("n", "-42\n");
	tmpdir_write("bad", "12x\n");
	tmpdir_write("empty", "");
	assert_int_equal(sys_read_i64(tmpdir_at("n"), &v), 0);
	assert_int_equal(v, -42);
	assert_int_equal(sys_read_i64(tmpdir_at("bad"), &v), -EINVAL);
	assert_int_equal(sys_read_i64(tmpdir_at("empty"), &v), -EINVAL);
	assert_int_equal(sys_read_i64(tmpdir_at("none"), &v), -ENOENT);
	assert_int_equal(sys_read_file(tmpdir_at("n"), &b, 2), 0);
	assert_int_equal(b.len, 2);
	assert_int_equal(sys_read_file(tmpdir_at("n"), &b, 100), 0);
	assert_int_equal(b.len, 4);
	buf_release(&b);
	fd = sys_open_file(tmpdir_at("n"), true);
	assert_int_equal(sys_pread_full(fd, (char[8]){ 0 }, 8, 1), 3);
	assert_int_equal(sys_pread_full(fd, (char[8]){ 0 }, 8, 100), 0);
	sys_close(fd);
	assert_true(sys_pread_full(fd, (char[8]){ 0 }, 8, 0) < 0);
}

static void stat_tells_identity_and_birth(void **state)
{
	struct sys_stat a, b;
	struct stat st;
	int fd;

	(void)state;
	tmpdir_write("file", "four");
	fd = sys_open_file(tmpdir_at("file"), true);
	assert_int_equal(sys_fstat(fd, &a), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(a.dev, st.st_dev);
	assert_int_equal(a.ino, st.st_ino);
	assert_int_equal(a.size_bytes, 4);
	assert_int_equal(a.uid, geteuid());
	assert_true(S_ISREG(a.mode));
	assert_true(a.btime_ns <= a.mtime_ns);
	sys_close(fd);
	fd = root_fd();
	assert_int_equal(sys_fstat(fd, &b), 0);
	assert_int_equal(a.mnt_id, b.mnt_id);
	sys_close(fd);
	assert_true(sys_fstat(fd, &b) < 0);
}

static void links_and_executables(void **state)
{
	struct buf b = { 0 };

	(void)state;
	tmpdir_write("file", "x");
	assert_int_equal(symlink("file", tmpdir_at("link")), 0);
	assert_int_equal(sys_readlink(tmpdir_at("link"), &b), 0);
	assert_string_equal(b.data, "file");
	assert_int_equal(sys_realpath(tmpdir_at("link"), &b), 0);
	assert_non_null(strstr(b.data, "/file"));
	assert_int_equal(sys_readlink(tmpdir_at("file"), &b), -EINVAL);
	assert_false(sys_is_executable(tmpdir_at("file")));
	chmod(tmpdir_at("file"), 0755);
	assert_true(sys_is_executable(tmpdir_at("link")));
	assert_false(sys_is_executable(tmpdir_path));
	assert_int_equal(sys_unlink(tmpdir_at("link")), 0);
	assert_int_equal(sys_unlink(tmpdir_at("link")), -ENOENT);
	buf_release(&b);
}

static void a_deleted_mapped_file_opens_exactly(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char text[4] = "";
	void *p;
	int fd;

	(void)state;
	if (geteuid() != 0) {
		print_message("map_files needs root: not tried\n");
		return;
	}
	tmpdir_write("gone", "old");
	fd = open(tmpdir_at("gone"), O_RDONLY);
	p = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	close(fd);
	unlink(tmpdir_at("gone"));
	tmpdir_write("gone", "new");
	fd = sys_open_map_file(getpid(), (uint64_t)(uintptr_t)p,
			       (uint64_t)(uintptr_t)p + page);
	assert_true(fd >= 0);
	assert_int_equal(sys_pread_full(fd, text, 3, 0), 3);
	assert_string_equal(text, "old");
	sys_close(fd);
	munmap(p, page);
}

#define IN_TMPDIR(f) \
	cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(no_link_leads_out_of_a_root),
		cmocka_unit_test(magic_links_are_not_followed),
		IN_TMPDIR(own_paths_are_regular_files_only),
		IN_TMPDIR(whole_files_are_read_up_to_the_limit),
		IN_TMPDIR(stat_tells_identity_and_birth),
		IN_TMPDIR(links_and_executables),
		IN_TMPDIR(a_deleted_mapped_file_opens_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
