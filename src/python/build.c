/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which Python a process runs, told by its modules: the one with CPython's
 * section .PyRuntime, which survives strip. Its version stands in the
 * exported Py_Version (3.11+), in the debug offsets at the head of .PyRuntime
 * (3.13+: cookie, version, free-threaded; pycore_debug_offsets.h), or else in
 * its file's name.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/cursor.h"
#include "adder/elf_image.h"
#include "adder/space.h"
#include "python_priv.h"

#define TRAMPOLINE_MINOR 12

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The minor version in python3.N or libpython3.N*; 0 if there is none. */
static int minor_in_name(const char *path, bool *free_threaded)
{
	const char *s = base_name(path);
	char *end;
	int64_t v;

	if (!strncmp(s, "lib", 3))
		s += 3;
	if (strncmp(s, "python3.", 8) || s[8] < '0' || s[8] > '9')
		return 0;
	v = strtoll(s + 8, &end, 10);
	*free_threaded = *end == 't';
	return v < 1000 ? (int)v : 0;
}

/* PY_VERSION_HEX: major, minor, micro, level and serial. */
static int minor_in_hex(uint64_t hex)
{
	return hex >> 24 == 3 ? (int)(hex >> 16 & 0xff) : 0;
}

static void read_offsets(struct elf_image *image,
			 const struct elf_section *runtime,
			 struct py_build *out)
{
	uint8_t head[24];
	struct cursor c = cursor_of(head, sizeof(head));
	uint64_t version;

	if (runtime->size_bytes < sizeof(head) ||
	    elf_image_read_svma(image, runtime->svma, head, sizeof(head),
				NULL) < 0 ||
	    memcmp(cursor_bytes(&c, 8), "xdebugpy", 8))
		return;
	version = cursor_u64(&c);
	if (minor_in_hex(version))
		out->minor = minor_in_hex(version);
	out->free_threaded = cursor_u64(&c) == 1;
}

static void read_image(struct elf_image *image, struct py_build *out)
{
	const struct elf_section *runtime;
	uint64_t svma, size;
	uint8_t word[8];
	struct cursor c = cursor_of(word, sizeof(word));
	int minor;

	if (elf_image_dynsym(image, "Py_Version", &svma, &size) &&
	    elf_image_read_svma(image, svma, word, sizeof(word), NULL) >= 0) {
		minor = minor_in_hex(cursor_u64(&c));
		if (minor)
			out->minor = minor;
	}
	runtime = elf_image_section(image, ".PyRuntime");
	if (runtime)
		read_offsets(image, runtime, out);
	out->has_trampoline = elf_image_dynsym(image,
					       "_Py_trampoline_func_start",
					       &svma, &size);
}

/*
 * 2: has the runtime; 1: is named like an interpreter; 0: neither. A program
 * python3.N that only loads libpython3.N has no runtime of its own.
 */
static int rank(const struct module *m)
{
	bool unused;

	if (!m || m->kind != MODULE_FILE)
		return 0;
	if (m->image && elf_image_section(m->image, ".PyRuntime"))
		return 2;
	return minor_in_name(m->path, &unused) ? 1 : 0;
}

static struct module *interpreter_of(const struct process *p)
{
	struct module *best = NULL, *m;
	int best_rank = 0, r;
	size_t i;

	for (i = 0; i < p->map_count && best_rank < 2; i++) {
		m = p->maps[i].module;
		if (!m || m == best || (!m->is_python && m->image))
			continue;
		r = rank(m);
		if (r > best_rank) {
			best = m;
			best_rank = r;
		}
	}
	return best;
}

void py_build_of(struct process *p, struct py_build *out)
{
	struct module *m = interpreter_of(p);

	memset(out, 0, sizeof(*out));
	if (!m)
		return;
	out->is_python = true;
	out->path = m->path;
	out->minor = minor_in_name(m->path, &out->free_threaded);
	if (module_image(m))
		read_image(m->image, out);
}

static void put_version(struct buf *line, const struct py_build *b)
{
	if (b->minor)
		buf_printf(line, "python 3.%d", b->minor);
	else
		buf_puts(line, "python");
}

bool py_advice(struct process *p, enum py_map_state state, bool attached,
	       struct buf *line)
{
	struct py_build b;

	py_build_of(p, &b);
	if (!b.is_python)
		return false;
	if (b.minor && b.minor < TRAMPOLINE_MINOR) {
		put_version(line, &b);
		buf_printf(line, " (pid %d, %s) is too old for the perf "
			   "trampoline (3.12 or newer): its Python frames are "
			   "not named, native frames are", (int)p->pid,
			   b.path);
		return true;
	}
	if (state != PY_MAP_UNSEEN && state != PY_MAP_NONE)
		return false;	/* there are names, or it was said why not */
	if (interpreter_of(p)->image && !b.has_trampoline) {
		put_version(line, &b);
		buf_printf(line, " (pid %d, %s) was built without the perf "
			   "trampoline: its Python frames are not named, "
			   "native frames are", (int)p->pid, b.path);
		return true;
	}
	buf_printf(line, "pid %d runs ", (int)p->pid);
	put_version(line, &b);
	buf_puts(line, " without the perf trampoline: ");
	if (attached)
		buf_puts(line, "restart it with PYTHONPERFSUPPORT=1 or "
			 "`python -X perf`, or start it through "
			 "`adder record -- ...`, to see its Python functions");
	else
		buf_puts(line, "our PYTHONPERFSUPPORT=1 did not reach it or "
			 "is ignored (-E, -I, env -i, sudo); start it with "
			 "`python -X perf` to see its Python functions");
	return true;
}
