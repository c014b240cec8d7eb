/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Python: where its frames' names come from, how they are put together with
 * the native ones, and how the trampoline is switched on in what we start.
 *
 * A source is an interface (py_source_ops). This release has one, the perf
 * map; the interpreter's own memory is to be the next.
 */
#ifndef ADDER_PYTHON_H
#define ADDER_PYTHON_H

#include <sys/types.h>

#include "adder/sink.h"
#include "adder/types.h"

struct buf;
struct err;
struct process;
struct unwind_frame;
struct py_process;

/* --- names of trampolines: /tmp/perf-PID.map --- */
struct py_name {
	const char *name;	/* qualified name; borrowed, process's life */
	size_t name_len;
	const char *file;	/* "" where the line has none */
	size_t file_len;
	uint64_t lo_avma, hi_avma;	/* of the trampoline */
};

enum py_map_state {
	PY_MAP_UNSEEN = 0,	/* not looked for yet */
	PY_MAP_NONE,		/* there is none */
	PY_MAP_GOOD,
	PY_MAP_LINK,		/* refused: a symbolic link */
	PY_MAP_NOT_FILE,	/* refused: FIFO, device, directory */
	PY_MAP_FOREIGN,		/* refused: owned by another user */
	PY_MAP_HUGE,		/* read up to the bound, then no further */
	PY_MAP_UNREADABLE,
};

/* The bounds of one map: 256 MiB and two million names. */
#define PY_MAP_LIMIT_BYTES (UINT64_C(256) << 20)
#define PY_MAP_LIMIT_ENTRIES 2000000u

/*
 * To be made as soon as the process is known: what stands in its map by then
 * and is older than the process is of an earlier one with the same pid.
 */
struct py_process *py_process_new(struct process *p);
void py_process_free(struct py_process *py);
/*
 * Reads what was appended since the last time, in the parent's map as well;
 * cheap when nothing was. `why` (nullable) receives one line the first time
 * that the map is refused.
 */
enum py_map_state py_process_refresh(struct py_process *py, struct buf *why);
/*
 * The Python trampoline at avma as of now; looks into the parent's map for
 * frames entered before a fork. false: no name (refresh and try again once).
 * Only addresses in the process's executable anonymous memory have one.
 */
bool py_process_name(struct py_process *py, uint64_t avma,
		     struct py_name *out);
/* The same for the map's other entries, of JIT compilers: name only. */
bool py_process_jit_name(struct py_process *py, uint64_t avma,
			 struct py_name *out);

/* --- splicing --- */
/*
 * Marks, in a root-first array of unwound frames, what the trampolines tell:
 * kinds[i] for each frame. Only [from, count) needs to be filled in; the marks
 * of the frames before `from` still hold from the last call, but for the two
 * at the boundary, which this function sets again if need be (it returns the
 * first index that it changed).
 */
enum splice_mark {
	SPLICE_NATIVE = 0,
	SPLICE_PYTHON,		/* the trampoline: stands for the Python frame */
	SPLICE_EVALUATOR,	/* native frames that implement it */
};
/*
 * is_tramp[i]: frame i stands in a trampoline that has a name. Each frame's
 * `module` is NULL or a struct module.
 */
uint32_t splice_mark(const struct unwind_frame *frames, const bool *is_tramp,
		     uint32_t from, uint32_t count, uint8_t *marks);

/* --- switching the trampoline on in a command that we start --- */
enum py_activation {
	PY_ACT_ENV,		/* PYTHONPERFSUPPORT=1 in the environment */
	PY_ACT_ARG,		/* -X perf put into the command line as well:
				 * the interpreter ignores its environment */
	PY_ACT_ALREADY,		/* the user had switched it on himself */
};

struct py_spawn {
	char **argv;		/* both owned, NULL-ended */
	char **envp;
	enum py_activation how;
};

/*
 * argv is looked up in PATH of envp; shebang lines are followed (also through
 * `env`). Where the interpreter is a Python that is told to ignore its
 * environment (-E, -I, in any cluster such as -IS), `-X perf` is put in.
 */
int py_spawn_prepare(char *const *argv, char *const *envp,
		     struct py_spawn *out, struct err *err);
void py_spawn_release(struct py_spawn *s);
/*
 * Removes /tmp/perf-PID.map of a process that we switched on, if it is a
 * regular file of ours that is not older than the process.
 */
void py_map_remove(pid_t pid, uint64_t not_before_realtime_ns);

/* --- which Python a process runs --- */
struct py_build {
	int minor;		/* 3.minor; 0 = not known */
	bool is_python;
	bool has_trampoline;	/* exports _Py_trampoline_func_start */
	bool free_threaded;
	const char *path;	/* module's; borrowed */
};
/* Looks at the process's modules. */
void py_build_of(struct process *p, struct py_build *out);
/*
 * One exact line about a Python whose frames cannot be named, and what to do
 * (too old, trampoline off); false when there is nothing to say.
 */
bool py_advice(struct process *p, enum py_map_state state, bool attached,
	       struct buf *line);

#endif
