/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switching the trampoline on in a command that we start. The environment
 * does it (PYTHONPERFSUPPORT, CPython 3.12+, Python/initconfig.c) for the
 * command and all it starts, but for an interpreter that is told to ignore
 * the environment (-E, -I) or is started without it (`env -i`). There
 * `-X perf` is put in, which older interpreters take without effect.
 *
 * To see that, the command is followed as the kernel and env(1) would: by
 * PATH, "#!" lines, and env's own options.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/vec.h"
#include "python_priv.h"

#define CHAIN_MAX 8		/* the kernel follows 5 "#!" lines */
#define SHEBANG_BYTES 256	/* BINPRM_BUF_SIZE */
#define ENV_NAME "PYTHONPERFSUPPORT"
#define ENV_JIT_NAME "PYTHON_PERF_JIT_SUPPORT"

struct words {
	char **data;		/* owned */
	size_t count, capacity;
};

static void words_release(struct words *w)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		mem_free(w->data[i]);
	vec_release(w);
}

static void words_insert(struct words *w, size_t at, const char *s)
{
	vec_reserve(w, w->count + 1);
	memmove(&w->data[at + 1], &w->data[at],
		(w->count - at) * sizeof(*w->data));
	w->data[at] = mem_strdup(s);
	w->count++;
}

static void words_remove(struct words *w, size_t at)
{
	mem_free(w->data[at]);
	memmove(&w->data[at], &w->data[at + 1],
		(w->count - at - 1) * sizeof(*w->data));
	w->count--;
}

static void words_copy(struct words *w, char *const *from)
{
	for (; from && *from; from++)
		words_insert(w, w->count, *from);
}

/* The array, NULL-ended, and its strings are the caller's. */
static char **words_detach(struct words *w)
{
	*vec_push(w) = NULL;
	return w->data;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- the environment --- */

static const char *env_find(const struct words *env, const char *name,
			    size_t *at)
{
	size_t n = strlen(name), i;

	for (i = 0; i < env->count; i++) {
		if (!strncmp(env->data[i], name, n) && env->data[i][n] == '=') {
			if (at)
				*at = i;
			return env->data[i] + n + 1;
		}
	}
	return NULL;
}

/* As CPython reads it: a number that is not 0. */
static bool env_is_on(const struct words *env, const char *name)
{
	const char *v = env_find(env, name, NULL);
	char *end;

	return v && strtol(v, &end, 10) != 0 && !*end;
}

static void env_switch_on(struct words *env)
{
	size_t at;

	while (env_find(env, ENV_NAME, &at))
		words_remove(env, at);
	words_insert(env, env->count, ENV_NAME "=1");
}

/* --- finding the program --- */

static bool find_in_path(const char *name, const char *path, struct buf *out)
{
	const char *colon;
	size_t n;

	for (;; path = colon + 1) {
		colon = strchrnul(path, ':');
		n = (size_t)(colon - path);
		buf_clear(out);
		if (n)
			buf_put(out, path, n);
		else
			buf_putc(out, '.');
		buf_putc(out, '/');
		buf_puts(out, name);
		if (sys_is_executable(buf_cstr(out)))
			return true;
		if (!*colon)
			return false;
	}
}

static bool find_program(const char *name, const char *path, struct buf *out)
{
	if (!strchr(name, '/'))
		return find_in_path(name, path ? path : "/bin:/usr/bin", out);
	buf_clear(out);
	buf_puts(out, name);
	return sys_is_executable(buf_cstr(out));
}

/* python, python3, python3.13, python3.13t, python3-dbg; not python2. */
static bool names_python(const char *path)
{
	const char *s = base_name(path);

	return !strncmp(s, "python", 6) && s[6] != '2' &&
	       strspn(s + 6, "0123456789.tdm-bg") == strlen(s + 6);
}

static bool is_python(const char *path)
{
	struct buf real = { 0 };
	bool yes;

	/* `python` may be a 2.7: its real name says so */
	yes = !sys_realpath(path, &real) ?
	      (names_python(real.data) ||
	       (names_python(path) && strncmp(base_name(real.data), "python2",
					      7))) :
	      names_python(path);
	buf_release(&real);
	return yes;
}

/* --- Python's own options --- */

struct py_options { bool ignores_env, has_perf; };

static bool is_perf_option(const char *x)
{
	return !strncmp(x, "perf", 4) &&
	       (!x[4] || x[4] == '=' || !strncmp(x + 4, "_jit", 4));
}

/*
 * Modules/main.c, Python/getopt.c: clusters of letters; c and m end the
 * options, W and X take the rest or the next word.
 */
static void read_py_options(const struct words *argv, size_t i,
			    struct py_options *o)
{
	const char *p, *value;

	for (; i < argv->count; i++) {
		p = argv->data[i];
		if (p[0] != '-' || !p[1])
			return;
		if (!strcmp(p, "--check-hash-based-pycs")) {
			i++;
			continue;
		}
		if (p[1] == '-')
			return;
		for (p++; *p; p++) {
			if (*p == 'c' || *p == 'm')
				return;
			if (*p == 'E' || *p == 'I')
				o->ignores_env = true;
			if (*p != 'W' && *p != 'X')
				continue;
			value = p[1] ? p + 1 :
				i + 1 < argv->count ? argv->data[++i] : "";
			if (*p == 'X' && is_perf_option(value))
				o->has_perf = true;
			break;
		}
	}
}

/* --- following the command --- */

struct chain {
	struct words argv;	/* as it would be executed in the end */
	size_t at;		/* index in argv of the program looked at */
	struct buf file;	/* its path */
	char *path;		/* PATH in force there */
	bool env_lost;		/* env -i, env -u: ours does not get there */
	bool known;		/* false: env was told more than we know */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Puts "#!INTERPRETER [ARGUMENT]" in front; false when it is no script. */
static bool follow_shebang(struct chain *c)
{
	char line[SHEBANG_BYTES + 1], *p, *end, *arg;
	int fd = sys_open_file(buf_cstr(&c->file), false);
	int64_t n;

	if (fd < 0)
		return false;
	n = sys_pread_full(fd, line, SHEBANG_BYTES, 0);
	sys_close(fd);
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	for (end = line + strlen(line); end > line && is_blank(end[-1]);)
		*--end = '\0';
	for (p = line + 2; is_blank(*p);)
		p++;
	if (!*p)
		return false;
	for (arg = p; *arg && !is_blank(*arg);)
		arg++;
	if (*arg)
		*arg++ = '\0';
	while (is_blank(*arg))
		arg++;
	/* the script's own word becomes its path */
	words_remove(&c->argv, c->at);
	words_insert(&c->argv, c->at, buf_cstr(&c->file));
	if (*arg)
		words_insert(&c->argv, c->at, arg);
	words_insert(&c->argv, c->at, p);
	buf_clear(&c->file);
	buf_puts(&c->file, p);
	return true;
}

/* env -S: blanks, quotes and backslashes; more than that is not followed. */
static bool split_words(const char *s, struct words *out)
{
	struct buf w = { 0 };
	bool in_word = false, ok = true;
	char quote = 0;

	for (; *s && ok; s++) {
		if (*s == '$' || *s == '#') {
			ok = false;
		} else if (*s == '\\') {
			ok = s[1] != '\0' && strchr("\\\"' ", s[1]);
			if (ok)
				buf_putc(&w, *++s);
			in_word = true;
		} else if (quote ? *s == quote : *s == '"' || *s == '\'') {
			quote = quote ? 0 : *s;
			in_word = true;
		} else if (!quote && is_blank(*s)) {
			if (in_word)
				words_insert(out, out->count, buf_cstr(&w));
			buf_clear(&w);
			in_word = false;
		} else {
			buf_putc(&w, *s);
			in_word = true;
		}
	}
	if (in_word)
		words_insert(out, out->count, buf_cstr(&w));
	buf_release(&w);
	return ok && !quote;
}

/* Replaces the word at `at` (with `skip` bytes in front) by its words. */
static bool expand_split(struct chain *c, size_t at, const char *text)
{
	struct words parts = { 0 };
	bool ok = split_words(text, &parts);
	size_t i;

	if (ok) {
		words_remove(&c->argv, at);
		for (i = 0; i < parts.count; i++)
			words_insert(&c->argv, at + i, parts.data[i]);
	}
	words_release(&parts);
	return ok;
}

static void env_unset(struct chain *c, const char *name)
{
	if (!strcmp(name, ENV_NAME))
		c->env_lost = true;
}

/* One option of env at i; false when it is the command, or not known. */
static bool env_option(struct chain *c, size_t *i)
{
	const char *p = c->argv.data[*i];
	const char *next = *i + 1 < c->argv.count ? c->argv.data[*i + 1] : "";

	if (!strcmp(p, "-i") || !strcmp(p, "-") ||
	    !strcmp(p, "--ignore-environment")) {
		c->env_lost = true;
	} else if (!strcmp(p, "-u") || !strcmp(p, "--unset")) {
		env_unset(c, next);
		++*i;
	} else if (!strncmp(p, "--unset=", 8)) {
		env_unset(c, p + 8);
	} else if (!strncmp(p, "-u", 2)) {
		env_unset(c, p + 2);
	} else if (!strcmp(p, "-C") || !strcmp(p, "--chdir")) {
		++*i;
	} else if (!strcmp(p, "-S") || !strcmp(p, "--split-string")) {
		words_remove(&c->argv, *i);
		c->known = *i < c->argv.count &&
			   expand_split(c, *i, c->argv.data[*i]);
		return c->known;	/* look at the same place again */
	} else if (!strncmp(p, "-S", 2)) {
		char *text = mem_strdup(p + 2);

		c->known = expand_split(c, *i, text);
		mem_free(text);
		return c->known;
	} else if (strncmp(p, "-v", 3) && strncmp(p, "--debug", 8) &&
		   strncmp(p, "--chdir=", 8)) {
		c->known = p[0] != '-' || !strcmp(p, "--");
		return false;
	}
	++*i;
	return true;
}

/* Steps over env and its words to the command that it runs. */
static bool follow_env(struct chain *c)
{
	size_t i = c->at + 1;
	const char *p;

	while (i < c->argv.count && env_option(c, &i))
		;
	if (!c->known)
		return false;
	if (i < c->argv.count && !strcmp(c->argv.data[i], "--"))
		i++;
	for (; i < c->argv.count && strchr(c->argv.data[i], '='); i++) {
		p = c->argv.data[i];
		if (!strncmp(p, "PATH=", 5)) {
			mem_free(c->path);
			c->path = mem_strdup(p + 5);
		}
		if (!strncmp(p, ENV_NAME "=", sizeof(ENV_NAME)))
			c->env_lost = true;
	}
	if (i >= c->argv.count)
		return false;
	c->at = i;
	return find_program(c->argv.data[i], c->path, &c->file);
}

/* The Python that the command ends in, if it does: argv index in c->at. */
static bool follow(struct chain *c)
{
	int depth;

	for (depth = 0; depth < CHAIN_MAX; depth++) {
		if (is_python(buf_cstr(&c->file)))
			return true;
		if (!strcmp(base_name(buf_cstr(&c->file)), "env")) {
			if (!follow_env(c))
				return false;
		} else if (!follow_shebang(c)) {
			return false;
		}
	}
	return false;
}

static int not_found(const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, ERR_USAGE, "the command is empty");
	if (strchr(name, '/') && !access(name, F_OK))
		return err_set(err, ERR_PERM, "cannot run '%s': it is not an "
			       "executable file", name);
	if (strchr(name, '/'))
		return err_set(err, ERR_NOTFOUND, "there is no command '%s'",
			       name);
	return err_set(err, ERR_NOTFOUND,
		       "there is no command '%s' in PATH", name);
}

static void decide(struct chain *c, struct words *argv, struct words *env,
		   struct py_spawn *out)
{
	bool on = env_is_on(env, ENV_NAME) || env_is_on(env, ENV_JIT_NAME);
	struct py_options o = { 0 };

	out->how = on ? PY_ACT_ALREADY : PY_ACT_ENV;
	if (!on)
		env_switch_on(env);
	if (!follow(c))
		return;
	read_py_options(&c->argv, c->at + 1, &o);
	if (o.has_perf) {
		out->how = PY_ACT_ALREADY;
	} else if (o.ignores_env || c->env_lost) {
		words_insert(&c->argv, c->at + 1, "perf");
		words_insert(&c->argv, c->at + 1, "-X");
		words_release(argv);
		*argv = c->argv;
		memset(&c->argv, 0, sizeof(c->argv));
		out->how = PY_ACT_ARG;
	}
}

int py_spawn_prepare(char *const *argv_in, char *const *envp_in,
		     struct py_spawn *out, struct err *err)
{
	struct chain c = { .known = true };
	struct words argv = { 0 }, env = { 0 };
	const char *path;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (!argv_in || !argv_in[0])
		return err_set(err, ERR_USAGE, "no command was given");
	words_copy(&argv, argv_in);
	words_copy(&env, envp_in);
	words_copy(&c.argv, argv_in);
	path = env_find(&env, "PATH", NULL);
	c.path = path ? mem_strdup(path) : NULL;
	if (find_program(argv.data[0], path, &c.file)) {
		decide(&c, &argv, &env, out);
		out->argv = words_detach(&argv);
		out->envp = words_detach(&env);
	} else {
		rc = not_found(argv.data[0], err);
		words_release(&argv);
		words_release(&env);
	}
	words_release(&c.argv);
	buf_release(&c.file);
	mem_free(c.path);
	return rc;
}

static void free_strings(char **v)
{
	size_t i;

	for (i = 0; v && v[i]; i++)
		mem_free(v[i]);
	mem_free(v);
}

void py_spawn_release(struct py_spawn *s)
{
	free_strings(s->argv);
	free_strings(s->envp);
	memset(s, 0, sizeof(*s));
}

void py_map_remove(pid_t pid, uint64_t not_before_realtime_ns)
{
	char *path = mem_printf("/tmp/perf-%d.map", (int)pid);
	struct sys_stat st;
	uint64_t made_ns;
	int fd = sys_open_file(path, true);

	if (fd >= 0 && !sys_fstat(fd, &st) && st.uid == geteuid()) {
		made_ns = st.btime_ns ? st.btime_ns : st.mtime_ns;
		/* a file's time is that of the last tick */
		if (made_ns + 10000000 >= not_before_realtime_ns)
			sys_unlink(path);
	}
	sys_close(fd);
	mem_free(path);
}
