/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which code stands at which address, per process and moment: processes,
 * threads, mappings, modules. Fed with the records of capture in time order
 * (space_apply), and with their first sight when drained (space_sight), which
 * opens descriptors before a short-lived process is gone.
 *
 * Identity: a process is its pid and start, an exec starts a new one; a module
 * is its build-id, or device and inode where it has none. A forked child
 * shares its parent's mappings until one of them changes.
 */
#ifndef ADDER_SPACE_H
#define ADDER_SPACE_H

#include <sys/types.h>

#include "adder/decode.h"
#include "adder/hmap.h"
#include "adder/sink.h"
#include "adder/types.h"

struct err;
struct elf_image;
struct space;
struct space_root;

struct module {
	struct module_id id;	/* given by whoever defines it; 0 at first */
	enum module_kind kind;
	char *path;		/* as the target sees it, " (deleted)" off */
	int fd;			/* open for reading, or -1 */
	struct elf_image *image;	/* NULL when it cannot be read; lazily */
	bool image_tried;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	uint8_t build_id_bytes;
	bool is_python;		/* holds CPython's runtime */
	void *cfi;		/* pipeline's: struct cfi_table *, lazily */
	struct hmap tramp_calls;	/* python/'s: return svma -> 0 or 1 */
};

struct mapping {
	uint64_t lo_avma, hi_avma, fileoff;
	uint64_t bias;		/* valid when bias_known */
	bool bias_known;
	bool executable;
	/*
	 * NULL: anonymous, or a file that is no ELF file (memory that a JIT
	 * compiler shares with itself, for example).
	 */
	struct module *module;
};

struct process {
	struct process_id id;	/* given by the pipeline; 0 at first */
	pid_t pid;
	uint64_t start_mono_ns;
	struct process *parent;	/* forked from, or replaced by exec; or NULL */
	bool after_exec;
	bool dead;
	char *exe;		/* path or NULL */
	/*
	 * O_PATH of /proc/PID/root, or -1. Borrowed: processes of one root
	 * share it. As of the fork or exec; it outlives the process.
	 */
	int root_fd;
	pid_t ns_pid;		/* innermost pid; = pid outside containers */
	uint32_t euid;		/* at the fork, exec or attach */
	/*
	 * Changes with the executable mappings. A forked child has its
	 * parent's as long as both have the same mappings.
	 */
	uint64_t generation;
	/* Executable mappings, ascending, disjoint. */
	struct mapping *maps;
	size_t map_count, map_capacity;
	void *python;		/* python/'s: struct py_process *, or NULL */
	void *user;		/* pipeline's per-process state, or NULL */
	/* The space's own. */
	struct space_root *root;
	struct thread *threads;	/* all, newest first */
	uint64_t maps_read_ns;	/* when /proc/PID/maps was read, or 0 */
	uint64_t dead_ns;
	uint32_t live_threads;
	uint32_t last_hit;	/* process_find's */
};

struct thread {
	struct thread_id id;	/* given by the pipeline; 0 at first */
	pid_t tid;
	struct process *process;
	char name[64];
	uint64_t start_mono_ns;
	bool dead;
	void *user;		/* pipeline's per-thread state */
	struct thread *next;	/* of its process */
};

struct space_hooks {
	/* Called as the space learns of things; any may be NULL. */
	void (*process_new)(void *ctx, struct process *p);
	void (*thread_new)(void *ctx, struct thread *t);
	void (*thread_name)(void *ctx, struct thread *t, uint64_t t_mono_ns);
	/* t->user is to be freed; the process may be exiting as well. */
	void (*thread_exit)(void *ctx, struct thread *t, uint64_t t_mono_ns);
	/* Executable mapping changed. */
	void (*mapped)(void *ctx, struct process *p, const struct mapping *m);
	void (*process_free)(void *ctx, struct process *p);
	void *ctx;
};

struct space *space_new(const struct space_hooks *hooks);
void space_free(struct space *s);

/* A process that ran before we attached: reads /proc. */
int space_attach(struct space *s, pid_t pid, struct err *err);
/* At the drain, unordered: open what may be gone soon. */
void space_sight(struct space *s, const struct perf_rec *rec);
/* In time order: MMAP, COMM, FORK, EXIT change the space; others are ignored. */
void space_apply(struct space *s, const struct perf_rec *rec);
/*
 * The thread of a sample. Made up (with /proc's help) where its beginning was
 * not seen. NULL only for pid <= 0.
 */
struct thread *space_thread(struct space *s, pid_t pid, pid_t tid,
			    uint64_t t_mono_ns);
struct process *space_process(struct space *s, pid_t pid);
/* The executable mapping that holds avma, or NULL. */
const struct mapping *process_find(const struct process *p, uint64_t avma);
/* The image of a module, read on first use; NULL when it cannot be. */
struct elf_image *module_image(struct module *m);
/* Every process so far, dead ones too, until the space is freed. */
void space_each_process(struct space *s,
			void (*fn)(void *ctx, struct process *p), void *ctx);
void space_each_module(struct space *s,
		       void (*fn)(void *ctx, struct module *m), void *ctx);
/* Files that could not be read or were corrupt, counted: for one line each. */
struct space_stats {
	uint64_t modules_unreadable;	/* gone, no permission, no descriptor */
	uint64_t modules_corrupt;	/* says it is ELF and is not */
	uint64_t maps_malformed;
};
const struct space_stats *space_stats(const struct space *s);

#endif
