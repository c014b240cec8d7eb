/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../support/cmocka_all.h"
#include "../support/tmpdir.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/mem.h"
#include "adder/python.h"
#include "adder/sys.h"

static char path_env[600];

static void program(const char *name, const char *text)
{
	tmpdir_write(name, text);
	assert_int_equal(chmod(tmpdir_at(name), 0755), 0);
}

/* A script whose first line names a program of the directory, for "@". */
static void script(const char *name, const char *line)
{
	const char *at = strchr(line, '@');
	char text[600];

	if (at)
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - line), line,
			 tmpdir_path, at + 1);
	else
		snprintf(text, sizeof(text), "%s", line);
	program(name, text);
}

static int setup(void **state)
{
	if (tmpdir_setup(state))
		return -1;
	snprintf(path_env, sizeof(path_env), "PATH=%s:/usr/bin:/bin",
		 tmpdir_path);
	program("python3", "\177ELF pretended");
	program("python3.13t", "\177ELF pretended");
	program("python2.7", "\177ELF pretended");
	program("tool", "\177ELF pretended");
	program("env", "\177ELF pretended");
	mkdir(tmpdir_at("venv"), 0755);
	if (symlink("../python3", tmpdir_at("venv/python")) ||
	    symlink("python2.7", tmpdir_at("python")) ||
	    symlink("python3", tmpdir_at("renamed")))
		return -1;
	script("plain", "#!@/python3\n");
	script("isolated", "#! @/python3 -I \n");
	script("byenv", "#!@/env python3\n");
	script("byenvs", "#!@/env -S python3 -I -W 'a b'\n");
	script("byenvi", "#!@/env -iS python3\n");
	script("nested", "#!@/isolated\n");
	script("loop", "#!@/loop\n");
	script("shell", "#!/bin/sh\n");
	return 0;
}

/* The command as words joined by "|", with the directory as "@". */
static void join(char *const *argv, char *out, size_t bytes)
{
	size_t n = strlen(tmpdir_path), used = 0;
	const char *p;

	out[0] = '\0';
	for (; *argv; argv++) {
		p = *argv;
		if (!strncmp(p, tmpdir_path, n)) {
			used += (size_t)snprintf(out + used, bytes - used,
						 "@%s|", p + n);
			continue;
		}
		used += (size_t)snprintf(out + used, bytes - used, "%s|", p);
	}
}

struct spawn_case {
	const char *words;	/* split at "|" */
	const char *env;	/* one variable more, or NULL */
	enum py_activation how;
	const char *argv;	/* NULL: unchanged */
};

static void check(const struct spawn_case *c)
{
	char words[200], got[600], want[600];
	char *argv[16], *env[] = { path_env, (char *)c->env, NULL };
	struct py_spawn s;
	struct err err;
	size_t n = 0, i;
	bool on = false;
	char *save = NULL, *w;

	snprintf(words, sizeof(words), "%s", c->words);
	for (w = strtok_r(words, "|", &save); w;
	     w = strtok_r(NULL, "|", &save))
		argv[n++] = w;
	argv[n] = NULL;
	if (py_spawn_prepare(argv, env, &s, &err))
		fail_msg("%s: %s", c->words, err.message);
	join(s.argv, got, sizeof(got));
	join(argv, want, sizeof(want));
	if (strcmp(got, c->argv ? c->argv : want))
		fail_msg("%s: %s", c->words, got);
	if (s.how != c->how)
		fail_msg("%s: how is %d", c->words, (int)s.how);
	for (i = 0; s.envp[i]; i++)
		on |= !strcmp(s.envp[i], "PYTHONPERFSUPPORT=1");
	assert_true(on || (c->env && strstr(c->env, "_JIT_")));
	py_spawn_release(&s);
	assert_null(s.argv);
}

static void commands_are_followed_to_their_python(void **state)
{
	static const struct spawn_case cases[] = {
		{ "tool|-I", NULL, PY_ACT_ENV, NULL },
		{ "shell", NULL, PY_ACT_ENV, NULL },
		{ "loop", NULL, PY_ACT_ENV, NULL },
		{ "python3|x.py|-I", NULL, PY_ACT_ENV, NULL },
		{ "python3|-c|x|-I", NULL, PY_ACT_ENV, NULL },
		{ "python3|-cI", NULL, PY_ACT_ENV, NULL },
		{ "python3|-m|x|-E", NULL, PY_ACT_ENV, NULL },
		{ "python3|-W|-I|x.py", NULL, PY_ACT_ENV, NULL },
		{ "python3|-|-I", NULL, PY_ACT_ENV, NULL },
		{ "python3|-I|x.py", NULL, PY_ACT_ARG,
		  "python3|-X|perf|-I|x.py|" },
		{ "python3|-IS|x.py", NULL, PY_ACT_ARG,
		  "python3|-X|perf|-IS|x.py|" },
		{ "python3|-uE|-m|x", NULL, PY_ACT_ARG,
		  "python3|-X|perf|-uE|-m|x|" },
		{ "python3|-X|dev|-I|x", NULL, PY_ACT_ARG,
		  "python3|-X|perf|-X|dev|-I|x|" },
		{ "python3.13t|-I", NULL, PY_ACT_ARG,
		  "python3.13t|-X|perf|-I|" },
		{ "renamed|-I", NULL, PY_ACT_ARG, "renamed|-X|perf|-I|" },
		{ "python3|-X|perf|x.py", NULL, PY_ACT_ALREADY, NULL },
		{ "python3|-Xperf_jit|x.py", NULL, PY_ACT_ALREADY, NULL },
		{ "python3|-IXperf|x.py", NULL, PY_ACT_ALREADY, NULL },
		{ "python3|-X|performance|-I", NULL, PY_ACT_ARG,
		  "python3|-X|perf|-X|performance|-I|" },
		{ "python3|x", "PYTHONPERFSUPPORT=1", PY_ACT_ALREADY, NULL },
		{ "python3|x", "PYTHONPERFSUPPORT=0", PY_ACT_ENV, NULL },
		{ "python3|x", "PYTHON_PERF_JIT_SUPPORT=1", PY_ACT_ALREADY,
		  NULL },
		{ "python3|-I|x", "PYTHONPERFSUPPORT=1", PY_ACT_ARG,
		  "python3|-X|perf|-I|x|" },
		/* 2.7 does not know the option */
		{ "python|-E|x", NULL, PY_ACT_ENV, NULL },
		{ "plain|-I", NULL, PY_ACT_ENV, NULL },
		{ "isolated|a b", NULL, PY_ACT_ARG,
		  "@/python3|-X|perf|-I|@/isolated|a b|" },
		{ "byenv|-I", NULL, PY_ACT_ENV, NULL },
		{ "byenvs|a", NULL, PY_ACT_ARG,
		  "@/env|python3|-X|perf|-I|-W|a b|@/byenvs|a|" },
		{ "nested", NULL, PY_ACT_ARG,
		  "@/python3|-X|perf|-I|@/isolated|@/nested|" },
		{ "env|-i|python3|x", NULL, PY_ACT_ARG,
		  "env|-i|python3|-X|perf|x|" },
		{ "env|-u|PYTHONPERFSUPPORT|A=b|python3|x", NULL, PY_ACT_ARG,
		  "env|-u|PYTHONPERFSUPPORT|A=b|python3|-X|perf|x|" },
		{ "env|-u|HOME|--|python3|-E|x", NULL, PY_ACT_ARG,
		  "env|-u|HOME|--|python3|-X|perf|-E|x|" },
		{ "env|--strange|python3|-E", NULL, PY_ACT_ENV, NULL },
		{ "env|tool|-E", NULL, PY_ACT_ENV, NULL },
		{ "env", NULL, PY_ACT_ENV, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i]);
}

static void a_path_and_a_venv_are_followed(void **state)
{
	char *argv[] = { mem_printf("%s/venv/python", tmpdir_path),
			 (char *)"-I", NULL };
	struct py_spawn s;

	(void)state;
	assert_int_equal(py_spawn_prepare(argv, NULL, &s, NULL), 0);
	assert_int_equal(s.how, PY_ACT_ARG);
	assert_string_equal(s.argv[0], argv[0]);
	assert_string_equal(s.argv[1], "-X");
	assert_string_equal(s.envp[0], "PYTHONPERFSUPPORT=1");
	assert_null(s.envp[1]);
	py_spawn_release(&s);
	mem_free(argv[0]);
}

static void a_missing_command_is_one_clear_line(void **state)
{
	char *env[] = { path_env, NULL };
	char *nothing[] = { NULL };
	static const struct { const char *word; int code; } cases[] = {
		{ "no-such-program", ERR_NOTFOUND },
		{ "/no/such/program", ERR_NOTFOUND },
		{ "/etc/passwd", ERR_PERM },
		{ "/", ERR_PERM },
		{ "", ERR_USAGE },
	};
	struct py_spawn s;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[] = { (char *)cases[i].word, NULL };

		assert_int_equal(py_spawn_prepare(argv, env, &s, &err),
				 -cases[i].code);
		assert_null(strchr(err.message, '\n'));
		assert_non_null(strstr(err.message, "command") ?:
				strstr(err.message, "cannot run"));
		py_spawn_release(&s);
	}
	assert_int_equal(py_spawn_prepare(nothing, env, &s, &err), -ERR_USAGE);
}

static void only_our_own_map_is_removed(void **state)
{
	/* a pid that no process has: pid_max is at most 2^22 */
	const pid_t pid = 0x7ffffff0;
	char *path = mem_printf("/tmp/perf-%d.map", (int)pid);
	uint64_t now = sys_realtime_ns();
	int fd;

	(void)state;
	unlink(path);
	assert_int_equal(symlink(tmpdir_at("tool"), path), 0);
	py_map_remove(pid, 0);
	assert_int_equal(access(tmpdir_at("tool"), F_OK), 0);
	assert_int_equal(unlink(path), 0);	/* the link is still there */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	py_map_remove(pid, now + 3600 * UINT64_C(1000000000));
	assert_int_equal(access(path, F_OK), 0);	/* too old */
	py_map_remove(pid, now);
	assert_int_not_equal(access(path, F_OK), 0);
	py_map_remove(pid, now);
	mem_free(path);
}

#define IN_TMPDIR(f) \
	cmocka_unit_test_setup_teardown(f, setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(commands_are_followed_to_their_python),
		IN_TMPDIR(a_path_and_a_venv_are_followed),
		IN_TMPDIR(a_missing_command_is_one_clear_line),
		IN_TMPDIR(only_our_own_map_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
