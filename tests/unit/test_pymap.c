/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The perf map of a process as a file: found, believed, refused, followed. */
#include "../support/cmocka_all.h"
#include "../support/tmpdir.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/mem.h"
#include "adder/python.h"
#include "adder/space.h"
#include "adder/sys.h"

#define PID 4711

/* A process of ours that never was, with the directory as its root. */
static struct process *fake(uint64_t start_mono_ns)
{
	struct process *p = mem_calloc(1, sizeof(*p));

	p->pid = 0x700000;
	p->ns_pid = PID;
	p->start_mono_ns = start_mono_ns;
	p->euid = geteuid();
	p->root_fd = open(tmpdir_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	p->maps = mem_calloc(1, sizeof(*p->maps));
	p->map_count = 1;
	p->maps[0].lo_avma = 0x1000;
	p->maps[0].hi_avma = 0x100000;
	p->maps[0].executable = true;
	p->python = py_process_new(p);
	return p;
}

static void fake_free(struct process *p)
{
	py_process_free(p->python);
	close(p->root_fd);
	mem_free(p->maps);
	mem_free(p);
}

static int setup(void **state)
{
	if (tmpdir_setup(state))
		return -1;
	return mkdir(tmpdir_at("tmp"), 0755);
}

#define MAP "tmp/perf-4711.map"

static bool is_named(struct process *p, uint64_t avma, const char *name)
{
	struct py_name n;

	return py_process_name(p->python, avma, &n) &&
	       n.name_len == strlen(name) && !strcmp(n.name, name);
}

static void what_is_appended_is_read(void **state)
{
	struct process *p = fake(0);
	struct py_name n;

	(void)state;
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_NONE);
	tmpdir_write(MAP, "1000 10 py::f:/x.py\n1010 10 jit code\n1020 10 py");
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_GOOD);
	assert_true(is_named(p, 0x1008, "f"));
	assert_false(is_named(p, 0x1020, "half"));
	tmpdir_write(MAP, "::half:/y.py\n");
	assert_false(is_named(p, 0x1020, "half"));
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_GOOD);
	assert_true(is_named(p, 0x102f, "half"));
	assert_false(py_process_name(p->python, 0x1010, &n));
	assert_true(py_process_jit_name(p->python, 0x1010, &n));
	assert_string_equal(n.name, "jit code");
	assert_false(py_process_jit_name(p->python, 0x1000, &n));
	assert_true(py_process_name(p->python, 0x1000, &n));
	assert_string_equal(n.file, "/x.py");
	fake_free(p);
}

static void only_anonymous_code_has_names(void **state)
{
	struct process *p = fake(0);
	struct module m = { .kind = MODULE_FILE };

	(void)state;
	tmpdir_write(MAP, "1000 10 py::f:/x.py\n200000 10 py::g:/x.py\n");
	py_process_refresh(p->python, NULL);
	assert_true(is_named(p, 0x1000, "f"));
	assert_false(is_named(p, 0x200000, "g"));
	p->maps[0].module = &m;
	assert_false(is_named(p, 0x1000, "f"));
	fake_free(p);
}

static void lines_from_before_the_process_are_not_read(void **state)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct process *p;

	(void)state;
	tmpdir_write(MAP, "1000 1000 py::stale:/x.py\n");
	utimensat(AT_FDCWD, tmpdir_at(MAP), old, 0);
	p = fake(sys_mono_ns());
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_NONE);
	assert_false(is_named(p, 0x1000, "stale"));
	tmpdir_write(MAP, "1800 10 py::mine:/x.py\n");
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_GOOD);
	assert_true(is_named(p, 0x1800, "mine"));
	assert_false(is_named(p, 0x1000, "stale"));
	fake_free(p);
}

static void a_map_begun_again_is_read_from_its_head(void **state)
{
	struct process *p = fake(0);

	(void)state;
	tmpdir_write(MAP, "1000 10 py::one:/x.py\n1000 10 py::two:/x.py\n");
	py_process_refresh(p->python, NULL);
	assert_true(is_named(p, 0x1000, "two"));
	assert_int_equal(truncate(tmpdir_at(MAP), 0), 0);
	tmpdir_write(MAP, "1000 10 py::three:/x\n");
	py_process_refresh(p->python, NULL);
	assert_true(is_named(p, 0x1000, "three"));
	fake_free(p);
}

static void refused(enum py_map_state want, const char *text)
{
	struct process *p = fake(0);
	struct buf why = { 0 };

	assert_int_equal(py_process_refresh(p->python, &why), want);
	assert_non_null(strstr(buf_cstr(&why), text));
	assert_null(strchr(why.data, '\n'));
	buf_clear(&why);	/* said once */
	assert_int_equal(py_process_refresh(p->python, &why), want);
	assert_int_equal(why.len, 0);
	assert_false(is_named(p, 0x1000, "f"));
	buf_release(&why);
	fake_free(p);
}

static void a_link_is_not_followed(void **state)
{
	char *host = mem_printf("%s-host", tmpdir_path);
	int fd = open(host, O_WRONLY | O_CREAT | O_EXCL, 0600);

	(void)state;
	assert_int_equal(write(fd, "1000 10 py::f:/x\n", 17), 17);
	close(fd);
	/* absolute: in a container, to the host's file */
	assert_int_equal(symlink(host, tmpdir_at(MAP)), 0);
	refused(PY_MAP_LINK, "is a symbolic link");
	unlink(host);
	unlink(tmpdir_at(MAP));
	tmpdir_write("inside", "1000 10 py::f:/x\n");
	assert_int_equal(symlink("../inside", tmpdir_at(MAP)), 0);
	refused(PY_MAP_LINK, "is a symbolic link");
	mem_free(host);
}

static void tmp_itself_may_be_a_link_inside_only(void **state)
{
	char *host = mem_printf("%s-host", tmpdir_path);
	char *file = mem_printf("%s/perf-4711.map", host);
	struct process *p;
	int fd;

	(void)state;
	mkdir(host, 0755);
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, "1000 10 py::f:/x\n", 17), 17);
	close(fd);
	rmdir(tmpdir_at("tmp"));
	assert_int_equal(symlink(host, tmpdir_at("tmp")), 0);
	p = fake(0);
	assert_int_not_equal(py_process_refresh(p->python, NULL), PY_MAP_GOOD);
	assert_false(is_named(p, 0x1000, "f"));
	fake_free(p);
	unlink(tmpdir_at("tmp"));
	mkdir(tmpdir_at("vartmp"), 0755);
	assert_int_equal(symlink("/vartmp", tmpdir_at("tmp")), 0);
	tmpdir_write("vartmp/perf-4711.map", "1000 10 py::f:/x\n");
	p = fake(0);
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_GOOD);
	assert_true(is_named(p, 0x1000, "f"));
	fake_free(p);
	unlink(file);
	rmdir(host);
	mem_free(file);
	mem_free(host);
}

static void a_fifo_or_a_directory_is_not_opened(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(tmpdir_at(MAP), 0666), 0);
	refused(PY_MAP_NOT_FILE, "is not a regular file");
	unlink(tmpdir_at(MAP));
	assert_int_equal(mkdir(tmpdir_at(MAP), 0755), 0);
	refused(PY_MAP_NOT_FILE, "is not a regular file");
}

static void another_users_map_is_not_read(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("chown needs root: not tried\n");
		return;
	}
	tmpdir_write(MAP, "1000 10 py::f:/x\n");
	assert_int_equal(chown(tmpdir_at(MAP), 65534, 65534), 0);
	refused(PY_MAP_FOREIGN, "belongs to uid 65534 and not");
}

static void a_huge_map_is_read_up_to_the_bound(void **state)
{
	struct process *p = fake(0);
	struct buf why = { 0 };

	(void)state;
	tmpdir_write(MAP, "1000 10 py::f:/x.py\n");
	/* sparse: zeros without a newline */
	assert_int_equal(truncate(tmpdir_at(MAP), INT64_C(1) << 40), 0);
	assert_int_equal(py_process_refresh(p->python, &why), PY_MAP_HUGE);
	assert_non_null(strstr(buf_cstr(&why), "is larger than 256 MiB"));
	assert_true(is_named(p, 0x1000, "f"));
	assert_int_equal(py_process_refresh(p->python, &why), PY_MAP_HUGE);
	buf_release(&why);
	fake_free(p);
}

static void a_child_has_its_parents_names_as_of_the_fork(void **state)
{
	struct process *parent = fake(0), *child, *grandchild, *image;

	(void)state;
	tmpdir_write(MAP, "1000 10 py::before:/x.py\n1020 10 py::old:/x\n");
	child = fake(0);
	py_process_free(child->python);
	child->ns_pid = PID + 1;
	child->parent = parent;
	child->python = py_process_new(child);
	tmpdir_write(MAP, "2000 10 py::after:/x.py\n");
	tmpdir_write("tmp/perf-4712.map", "1020 10 py::own:/x.py\n");
	py_process_refresh(child->python, NULL);
	assert_true(is_named(child, 0x1000, "before"));
	assert_true(is_named(child, 0x1020, "own"));
	assert_false(is_named(child, 0x2000, "after"));
	py_process_refresh(parent->python, NULL);
	assert_true(is_named(parent, 0x2000, "after"));
	assert_true(is_named(parent, 0x1020, "old"));
	assert_false(is_named(child, 0x2000, "after"));
	grandchild = fake(0);
	py_process_free(grandchild->python);
	grandchild->ns_pid = PID + 2;
	grandchild->parent = child;
	grandchild->python = py_process_new(grandchild);
	py_process_refresh(grandchild->python, NULL);
	assert_true(is_named(grandchild, 0x1000, "before"));
	assert_true(is_named(grandchild, 0x1020, "own"));
	/* an exec has nothing of what was before it */
	image = fake(0);
	py_process_free(image->python);
	image->ns_pid = PID + 3;
	image->parent = child;
	image->after_exec = true;
	image->python = py_process_new(image);
	py_process_refresh(image->python, NULL);
	assert_false(is_named(image, 0x1000, "before"));
	fake_free(image);
	fake_free(grandchild);
	fake_free(child);
	fake_free(parent);
}

/*
 * A container in all but name: a process with its own root, that is the first
 * of its own PID namespace. Returns its pid; *inner is who waits for it.
 */
static pid_t start_contained(pid_t *inner)
{
	int fds[2], pid_fds[2];
	pid_t pid = 0;
	char c;

	assert_true(!pipe(fds) && !pipe(pid_fds));
	*inner = fork();
	if (!*inner) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWPID))
			_exit(1);
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (chroot(tmpdir_path) || chdir("/") ||
			    write(fds[1], "x", 1) != 1)
				_exit(1);
			pause();
			_exit(0);
		}
		if (write(pid_fds[1], &pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	close(pid_fds[1]);
	assert_int_equal(read(pid_fds[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(read(fds[0], &c, 1), 1);
	close(fds[0]);
	close(pid_fds[0]);
	return pid;
}

static enum py_map_state attach_and_refresh(pid_t pid, uint64_t avma,
					    const char *name)
{
	struct space *s = space_new(NULL);
	enum py_map_state state;
	struct process *p;

	assert_int_equal(space_attach(s, pid, NULL), 0);
	p = space_process(s, pid);
	assert_int_equal(p->ns_pid, 1);
	p->start_mono_ns = 0;	/* its map is written by us, and later */
	p->python = py_process_new(p);
	state = py_process_refresh(p->python, NULL);
	assert_int_equal(is_named(p, avma, name), state == PY_MAP_GOOD);
	py_process_free(p->python);
	space_free(s);
	return state;
}

static void a_container_is_read_below_its_own_root(void **state)
{
	char *host = mem_printf("%s-host", tmpdir_path), line[64];
	pid_t pid, inner;
	uint64_t avma;
	void *at;
	int fd;

	(void)state;
	if (geteuid() != 0) {
		print_message("chroot needs root: not tried\n");
		mem_free(host);
		return;
	}
	at = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	avma = (uint64_t)(uintptr_t)at;
	snprintf(line, sizeof(line), "%llx 10 py::f:/x.py\n",
		 (unsigned long long)avma);
	fd = open(host, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
	pid = start_contained(&inner);
	assert_int_equal(attach_and_refresh(pid, avma, "f"), PY_MAP_NONE);
	assert_int_equal(symlink(host, tmpdir_at("tmp/perf-1.map")), 0);
	assert_int_equal(attach_and_refresh(pid, avma, "f"), PY_MAP_LINK);
	unlink(tmpdir_at("tmp/perf-1.map"));
	tmpdir_write("tmp/perf-1.map", line);
	assert_int_equal(attach_and_refresh(pid, avma, "f"), PY_MAP_GOOD);
	kill(pid, SIGKILL);
	kill(inner, SIGKILL);
	waitpid(inner, NULL, 0);
	munmap(at, 4096);
	unlink(host);
	mem_free(host);
}

#define IN_TMPDIR(f) \
	cmocka_unit_test_setup_teardown(f, setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(what_is_appended_is_read),
		IN_TMPDIR(only_anonymous_code_has_names),
		IN_TMPDIR(lines_from_before_the_process_are_not_read),
		IN_TMPDIR(a_map_begun_again_is_read_from_its_head),
		IN_TMPDIR(a_link_is_not_followed),
		IN_TMPDIR(tmp_itself_may_be_a_link_inside_only),
		IN_TMPDIR(a_fifo_or_a_directory_is_not_opened),
		IN_TMPDIR(another_users_map_is_not_read),
		IN_TMPDIR(a_huge_map_is_read_up_to_the_bound),
		IN_TMPDIR(a_child_has_its_parents_names_as_of_the_fork),
		IN_TMPDIR(a_container_is_read_below_its_own_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
