/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The perf map of a process: found below the target's own root under its
 * innermost pid, opened so that no link leads out, and believed only if it is
 * a regular file of the process's user or of its namespace's root.
 *
 * Maps are never deleted and pids come again: a map that was last written
 * before the process started is an earlier one's, so reading starts behind
 * it. Where that cannot be told (the process had written before we looked),
 * the later line wins, and only anonymous executable memory has names.
 *
 * A forked child goes on with frames that its parent entered: their names
 * stand in the parent's map, before the place where that was at the fork.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/space.h"
#include "adder/sys.h"
#include "python_priv.h"

#define CHUNK_BYTES (256u << 10)
#define ANCESTORS_MAX 32
/* A file's time is that of the last timer tick: at most 10 ms old. */
#define TICK_NS UINT64_C(10000000)

struct py_process {
	struct process *p;
	struct map_table table;
	int fd;			/* kept open while there are plenty */
	uint64_t dev, ino;	/* of the file that `off` belongs to */
	uint64_t off;		/* read up to here */
	uint64_t taken_bytes;	/* in all, against the bound */
	bool seen, said;
	enum py_map_state state;
	int error;		/* why PY_MAP_UNREADABLE */
	uint32_t owner;
	/* The parent's map at the fork: entries before it are ours too. */
	uint64_t parent_end_off;
};

static struct py_process *parent_of(const struct py_process *py)
{
	const struct process *p = py->p;

	if (p->after_exec || !p->parent)
		return NULL;
	return p->parent->python;
}

/* --- the file --- */

static bool owner_is_right(struct py_process *py, uint32_t uid)
{
	struct sys_proc_status st;
	uint32_t root;

	/* real root can do as it likes in any case */
	if (uid == 0 || uid == py->p->euid)
		return true;
	if (!sys_proc_status(py->p->pid, &st) && uid == st.euid)
		return true;
	return !sys_proc_ns_root_uid(py->p->pid, &root) && uid == root;
}

/* fd of the map, looked at, or -1 with the state set. */
static int open_map(struct py_process *py, struct sys_stat *st)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "tmp/perf-%d.map", (int)py->p->ns_pid);
	fd = sys_open_in_root(py->p->root_fd, path, true);
	if (fd >= 0 && sys_fstat(fd, st)) {
		sys_close(fd);
		fd = -EIO;
	}
	if (fd < 0) {
		py->error = -fd;
		py->state = fd == -ENOENT || fd == -ENOTDIR || fd == -EBADF ?
				    PY_MAP_NONE :
			    fd == -ELOOP ? PY_MAP_LINK :
			    fd == -EINVAL ? PY_MAP_NOT_FILE :
					    PY_MAP_UNREADABLE;
		return -1;
	}
	if (!owner_is_right(py, st->uid)) {
		py->owner = st->uid;
		py->state = PY_MAP_FOREIGN;
		sys_close(fd);
		return -1;
	}
	return fd;
}

/* When the process started, on the clock of file times. */
static uint64_t start_realtime_ns(const struct process *p)
{
	uint64_t now = sys_mono_ns(), real = sys_realtime_ns();

	if (p->start_mono_ns > now)
		return real;
	return real - (now - p->start_mono_ns);
}

/* The first look at a file, or at another one in its place. */
static void start_file(struct py_process *py, const struct sys_stat *st)
{
	py->dev = st->dev;
	py->ino = st->ino;
	py->off = 0;
	if (!py->seen && py->p->start_mono_ns &&
	    st->mtime_ns + TICK_NS < start_realtime_ns(py->p))
		py->off = st->size_bytes;
	py->seen = true;
}

static bool is_full(const struct py_process *py)
{
	return py->taken_bytes >= PY_MAP_LIMIT_BYTES ||
	       py->table.entry_count >= PY_MAP_LIMIT_ENTRIES;
}

/* Reads on from py->off; false when the file could not be read. */
static bool read_on(struct py_process *py, int fd, uint64_t size_bytes)
{
	char *chunk = mem_alloc(CHUNK_BYTES);
	size_t want, used;
	int64_t n = 0;

	while (py->off < size_bytes && !is_full(py)) {
		want = CHUNK_BYTES;
		if (want > PY_MAP_LIMIT_BYTES - py->taken_bytes)
			want = (size_t)(PY_MAP_LIMIT_BYTES - py->taken_bytes);
		n = sys_pread_full(fd, chunk, want, py->off);
		if (n <= 0)
			break;
		used = map_text_take(&py->table, chunk, (size_t)n, py->off);
		if (!used && want < CHUNK_BYTES)
			py->taken_bytes = PY_MAP_LIMIT_BYTES;
		if (!used)
			break;	/* a line that is not yet whole */
		py->off += used;
		py->taken_bytes += used;
	}
	mem_free(chunk);
	if (n < 0)
		py->error = (int)-n;
	return n >= 0;
}

static void read_map(struct py_process *py, struct sys_stat *st, int fd)
{
	if (!py->seen || st->dev != py->dev || st->ino != py->ino)
		start_file(py, st);
	if (st->size_bytes < py->off)	/* truncated, begun again */
		py->off = 0;
	if (!read_on(py, fd, st->size_bytes))
		py->state = PY_MAP_UNREADABLE;
	else if (is_full(py) && py->off < st->size_bytes)
		py->state = PY_MAP_HUGE;
	else
		/* a map of which all is an earlier process's is none */
		py->state = py->table.entry_count ? PY_MAP_GOOD : PY_MAP_NONE;
}

static void refresh_own(struct py_process *py)
{
	struct sys_stat st;

	if (py->state == PY_MAP_HUGE)
		return;
	if (py->fd < 0)
		py->fd = open_map(py, &st);
	else if (sys_fstat(py->fd, &st))
		return;
	if (py->fd < 0)
		return;
	read_map(py, &st, py->fd);
	/* the lowest free number is given out: it tells how many are in use */
	if (py->p->dead || (size_t)py->fd > sys_fd_limit() / 4) {
		sys_close(py->fd);
		py->fd = -1;
	}
}

struct py_process *py_process_new(struct process *p)
{
	struct py_process *py = mem_calloc(1, sizeof(*py)), *parent;
	struct sys_stat st;
	int fd;

	py->p = p;
	py->fd = -1;
	map_table_init(&py->table);
	py->parent_end_off = UINT64_MAX;
	parent = parent_of(py);
	if (parent) {
		/* what the parent has written by now is of use at most */
		fd = open_map(parent, &st);
		if (fd >= 0)
			py->parent_end_off = st.size_bytes;
		else if (parent->state == PY_MAP_NONE)
			py->parent_end_off = 0;
		sys_close(fd);
	}
	fd = open_map(py, &st);
	if (fd >= 0)
		start_file(py, &st);
	sys_close(fd);
	py->state = PY_MAP_UNSEEN;
	return py;
}

void py_process_free(struct py_process *py)
{
	if (!py)
		return;
	sys_close(py->fd);
	map_table_release(&py->table);
	mem_free(py);
}

/* --- what is said of it --- */

static void explain(const struct py_process *py, struct buf *why)
{
	static const char rest[] = "its Python functions are not named";
	const struct process *p = py->p;

	buf_printf(why, "the perf map of process %d (/tmp/perf-%d.map%s) ",
		   (int)p->pid, (int)p->ns_pid,
		   p->pid == p->ns_pid ? "" : " in its container");
	switch (py->state) {
	case PY_MAP_LINK:
		buf_printf(why, "is a symbolic link: not followed, %s", rest);
		break;
	case PY_MAP_NOT_FILE:
		buf_printf(why, "is not a regular file: not opened, %s", rest);
		break;
	case PY_MAP_FOREIGN:
		buf_printf(why, "belongs to uid %" PRIu32 " and not to the "
			   "process's user, uid %" PRIu32 ": not read, %s",
			   py->owner, p->euid, rest);
		break;
	case PY_MAP_HUGE:
		buf_printf(why, "is larger than %u MiB or %u names: what lies "
			   "beyond is not read",
			   (unsigned int)(PY_MAP_LIMIT_BYTES >> 20),
			   PY_MAP_LIMIT_ENTRIES);
		break;
	default:
		buf_printf(why, "cannot be read (%s): %s",
			   strerror(py->error), rest);
		break;
	}
}

enum py_map_state py_process_refresh(struct py_process *py, struct buf *why)
{
	struct py_process *a, *child = py;
	int depth;

	refresh_own(py);
	for (depth = 0; depth < ANCESTORS_MAX; depth++, child = a) {
		a = parent_of(child);
		if (!a)
			break;
		if (a->off < child->parent_end_off)
			refresh_own(a);
	}
	if (py->state > PY_MAP_GOOD && why && !py->said) {
		explain(py, why);
		py->said = true;
	}
	return py->state;
}

/* --- looking up --- */

static bool find_name(struct py_process *py, uint64_t avma, bool python,
		      struct py_name *out)
{
	const struct mapping *m = process_find(py->p, avma);
	uint64_t before = UINT64_MAX;
	const struct map_entry *e;
	int depth;

	if (!m || m->module)
		return false;
	for (depth = 0; py && depth < ANCESTORS_MAX; depth++) {
		e = map_table_find(&py->table, avma);
		if (e && e->at_fileoff < before) {
			if (e->is_python != python)
				return false;
			out->name = e->text;
			out->name_len = e->name_len;
			out->file = e->text + e->name_len + 1;
			out->file_len = e->file_len;
			out->lo_avma = e->lo_avma;
			out->hi_avma = e->hi_avma;
			return true;
		}
		before = py->parent_end_off;
		py = parent_of(py);
	}
	return false;
}

bool py_process_name(struct py_process *py, uint64_t avma, struct py_name *out)
{
	return find_name(py, avma, true, out);
}

bool py_process_jit_name(struct py_process *py, uint64_t avma,
			 struct py_name *out)
{
	return find_name(py, avma, false, out);
}
