/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real interpreters: a program stands still in a known chain of calls; the
 * trampolines that stand on its stack must have the names that the program
 * dictates. The stack is searched for their return addresses, so old ones
 * may stand between; the unwinder's own tests ask for the exact chain.
 */
#include "../support/cmocka_all.h"
#include "../support/pythons.h"
#include "../support/tmpdir.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/python.h"
#include "adder/space.h"
#include "adder/sys.h"
#include "adder/unwind.h"
#include "python/python_priv.h"

#define FRAMES_MAX 4096

/* Stands still with the chain leaf <- key <- outer <- <module>. */
static const char program_text[] =
	"import os, sys\n"
	"def leaf():\n"
	"    sys.stdout.write('%d\\n' % os.getpid())\n"
	"    sys.stdout.flush()\n"
	"    os.read(0, 1)\n"
	"class K:\n"
	"    def key(self, x):\n"
	"        return leaf()\n"
	"def child():\n"
	"    leaf()\n"
	"def outer():\n"
	"    if len(sys.argv) > 1:\n"
	"        if os.fork():\n"
	"            os.wait()\n"
	"        else:\n"
	"            child()\n"
	"    else:\n"
	"        sorted([1], key=K().key)\n"
	"outer()\n";

static const char *const plain_chain[] = { "leaf", "K.key", "outer",
					   "<module>", NULL };
static const char *const child_chain[] = { "leaf", "child", "outer",
					   "<module>", NULL };

struct target {
	pid_t pid, reported;
	int to, from;
};

extern char **environ;

static void target_start(struct target *t, char *const *argv)
{
	int in[2], out[2];
	struct py_spawn s;
	char line[32];
	ssize_t n;

	assert_int_equal(py_spawn_prepare(argv, environ, &s, NULL), 0);
	assert_true(!pipe(in) && !pipe(out));
	t->pid = fork();
	if (!t->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execvpe(s.argv[0], s.argv, s.envp);
		_exit(127);
	}
	py_spawn_release(&s);
	close(in[0]);
	close(out[1]);
	t->to = in[1];
	t->from = out[0];
	n = read(t->from, line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	t->reported = (pid_t)strtol(line, NULL, 10);
}

static void target_end(struct target *t)
{
	int status;

	assert_int_equal(write(t->to, "x", 1), 1);
	close(t->to);
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	close(t->from);
	assert_int_equal(status, 0);
	py_map_remove(t->pid, 0);
	if (t->reported != t->pid)
		py_map_remove(t->reported, 0);
}

struct stack { uint64_t lo, hi; };

static int find_stack(void *ctx, const struct sys_map *m)
{
	struct stack *s = ctx;

	if (strcmp(m->path, "[stack]"))
		return 0;
	s->lo = m->lo_avma;
	s->hi = m->hi_avma;
	return 1;
}

/* SP of a thread that waits in a system call (proc_pid_syscall(5)). */
static uint64_t waiting_sp(pid_t pid)
{
	struct buf b = { 0 };
	char path[40], *field[16], *save = NULL, *p;
	uint64_t sp;
	size_t n = 0;
	int tries;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	for (tries = 0; tries < 2000; tries++) {
		assert_int_equal(sys_read_file(path, &b, 4096), 0);
		if (strncmp(buf_cstr(&b), "running", 7))
			break;
		sched_yield();
	}
	for (p = strtok_r(b.data, " \n", &save); p && n < 16;
	     p = strtok_r(NULL, " \n", &save))
		field[n++] = p;
	assert_true(n >= 3);
	sp = strtoull(field[n - 2], NULL, 16);
	buf_release(&b);
	return sp;
}

static uint64_t *read_stack(pid_t pid, size_t *words)
{
	struct stack s = { 0 };
	char path[40];
	uint64_t sp, *copy;
	int fd;

	assert_int_equal(sys_proc_maps(pid, find_stack, &s), 1);
	sp = waiting_sp(pid) & ~UINT64_C(7);
	assert_true(sp >= s.lo && sp < s.hi);
	*words = (size_t)(s.hi - sp) / 8;
	copy = malloc(*words * 8);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY);
	assert_int_equal(sys_pread_full(fd, copy, *words * 8, sp),
			 *words * 8);
	close(fd);
	return copy;
}

struct found {
	size_t frames, evaluator_calls;
};

/* The names on the stack, innermost first, must hold the chain in order. */
static void check_chain(struct process *p, const char *const *chain,
			struct found *out)
{
	size_t words, i;
	uint64_t *stack = read_stack(p->pid, &words);
	const struct mapping *m;
	struct py_name n;

	memset(out, 0, sizeof(*out));
	for (i = 0; i + 2 < words && *chain; i++) {
		if (!py_process_name(p->python, stack[i], &n) ||
		    n.name_len != strlen(*chain) ||
		    memcmp(n.name, *chain, n.name_len))
			continue;
		/* its caller's return address: CFA - 8 is two words on */
		m = process_find(p, stack[i + 2]);
		if (!m || !m->module)
			continue;	/* a slot that is no longer in use */
		chain++;
		out->frames++;
		out->evaluator_calls += call_site_is_evaluator(
			m->module, stack[i + 2] - m->bias);
	}
	free(stack);
	if (*chain)
		fail_msg("'%s' is not on the stack (%zu others are)", *chain,
			 out->frames);
}

static void check_build(struct process *p)
{
	struct module *m, *python = NULL;
	struct buf line = { 0 };
	struct py_build b;
	size_t i;

	/* one holds the runtime: not a program that loads libpython */
	for (i = 0; i < p->map_count; i++) {
		m = p->maps[i].module;
		if (!m || !m->is_python)
			continue;
		assert_true(!python || python == m);
		python = m;
	}
	assert_non_null(python);
	py_build_of(p, &b);
	assert_string_equal(b.path, python->path);
	assert_true(b.is_python);
	assert_true(b.has_trampoline);
	assert_true(b.minor >= 12);
	assert_false(py_advice(p, PY_MAP_GOOD, true, &line));
	assert_true(py_advice(p, PY_MAP_NONE, true, &line));
	assert_non_null(strstr(buf_cstr(&line), "python -X perf"));
	print_message("  3.%d%s %s\n", b.minor, b.free_threaded ? "t" : "",
		      b.path);
	buf_release(&line);
}

static void one_python(char *python, char *option)
{
	char *program = mem_strdup(tmpdir_at("program.py"));
	char *argv[] = { python, option ? option : program,
			 option ? program : NULL, NULL };
	struct space *s = space_new(NULL);
	struct process *p;
	struct found f;
	struct target t;

	print_message("%s %s\n", python, option ? option : "");
	target_start(&t, argv);
	assert_int_equal(space_attach(s, t.pid, NULL), 0);
	p = space_process(s, t.pid);
	p->python = py_process_new(p);
	assert_int_equal(py_process_refresh(p->python, NULL), PY_MAP_GOOD);
	check_chain(p, plain_chain, &f);
	print_message("  of %zu callers, py_trampoline_evaluator: %zu\n",
		      f.frames, f.evaluator_calls);
	/* the compiler made it a frame, or a jump: always the same */
	assert_true(!f.evaluator_calls || f.evaluator_calls == f.frames);
	check_build(p);
	target_end(&t);
	py_process_free(p->python);
	space_free(s);
	mem_free(program);
}

static void a_live_stack_has_the_programs_names(void **state)
{
	size_t i;

	(void)state;
	tmpdir_write("program.py", program_text);
	for (i = 0; i < python_count; i++)
		one_python(pythons[i], NULL);
}

/* A script in front of an interpreter hides it from py_spawn_prepare(). */
static bool is_script(const char *path)
{
	int fd = sys_open_file(path, false);
	char head[2] = "";

	sys_pread_full(fd, head, sizeof(head), 0);
	sys_close(fd);
	return head[0] == '#' && head[1] == '!';
}

static void an_isolated_interpreter_is_switched_on_as_well(void **state)
{
	char option[] = "-I";
	size_t i;

	(void)state;
	tmpdir_write("program.py", program_text);
	for (i = 0; i < python_count; i++)
		if (!is_script(pythons[i]))
			one_python(pythons[i], option);
}

static void a_forked_child_has_its_parents_names(void **state)
{
	size_t i;

	(void)state;
	tmpdir_write("program.py", program_text);
	for (i = 0; i < python_count; i++) {
		struct perf_rec r = { .kind = PERF_REC_FORK };
		struct space *s = space_new(NULL);
		char *argv[] = { pythons[i],
				 mem_strdup(tmpdir_at("program.py")),
				 (char *)"fork", NULL };
		struct process *parent, *child;
		struct found f;
		struct target t;

		target_start(&t, argv);
		assert_true(t.reported != t.pid);
		assert_int_equal(space_attach(s, t.pid, NULL), 0);
		parent = space_process(s, t.pid);
		parent->python = py_process_new(parent);
		r.pid = r.tid = t.reported;
		r.fork.ppid = r.fork.ptid = t.pid;
		r.t_mono_ns = sys_mono_ns();
		space_sight(s, &r);
		assert_int_equal(space_attach(s, t.reported, NULL), 0);
		child = space_process(s, t.reported);
		assert_ptr_equal(child->parent, parent);
		child->python = py_process_new(child);
		assert_int_equal(py_process_refresh(child->python, NULL),
				 PY_MAP_GOOD);
		check_chain(child, child_chain, &f);
		target_end(&t);
		py_process_free(child->python);
		py_process_free(parent->python);
		space_free(s);
		mem_free(argv[1]);
	}
}

#define IN_TMPDIR(f) \
	cmocka_unit_test_setup_teardown(f, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(a_live_stack_has_the_programs_names),
		IN_TMPDIR(an_isolated_interpreter_is_switched_on_as_well),
		IN_TMPDIR(a_forked_child_has_its_parents_names),
	};

	if (!pythons_find())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
