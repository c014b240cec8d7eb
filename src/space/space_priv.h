/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share. */
#ifndef ADDER_SPACE_PRIV_H
#define ADDER_SPACE_PRIV_H

#include "adder/hmap.h"
#include "adder/space.h"
#include "adder/vec.h"

/* --- mappings (maps.c) --- */
/* Puts m over what was there; false when it was there already, or no room. */
bool maps_put(struct process *p, const struct mapping *m);
/* Takes [lo, hi) away; false when nothing was there. */
bool maps_cut(struct process *p, uint64_t lo_avma, uint64_t hi_avma);
/* Gives `to` (which has none) the mappings of `from`, copied on change. */
void maps_share(struct process *to, const struct process *from);
void maps_release(struct process *p);

/* --- roots and what else is gone with a process (sight.c) --- */
struct space_root {
	int fd;
	uint64_t mnt, dev, ino;
	uint32_t refs;
	struct space_root *next;
};

struct sighting {
	struct space_root *root;	/* a reference, or NULL */
	pid_t ns_pid;
	uint32_t euid;
	bool has_status;
};

struct sights {
	struct space_root *roots;
	size_t root_count;
	struct hmap pending;	/* (pid, time of record) -> struct sighting * */
	struct hmap latest;	/* pid -> struct sighting * */
};

void sights_init(struct sights *s);
void sights_release(struct sights *s);
/* Looks at a live process for the record of time t. */
void sights_take(struct sights *s, pid_t pid, uint64_t t_mono_ns);
/* What was seen for that record, moved to *out; false when nothing was. */
bool sights_claim(struct sights *s, pid_t pid, uint64_t t_mono_ns,
		  struct sighting *out);
/* Looks now. */
bool sights_look(struct sights *s, pid_t pid, struct sighting *out);
/* The root seen last for a pid: a descriptor, or -1. */
int sights_root_fd(const struct sights *s, pid_t pid);
void sights_forget(struct sights *s, pid_t pid);
void root_put(struct sights *s, struct space_root *r);

/* --- modules (modules.c) --- */
struct module_entry;

struct modules {
	VEC(struct module_entry *) all;
	struct hmap by_build_id, by_inode;	/* hash -> first of a chain */
	struct module *vdso;
	size_t fds;
	struct space_stats *stats;
};

/* A mapping as a record or a line of /proc/PID/maps tells it. */
struct map_desc {
	pid_t pid;
	int root_fd;
	uint64_t lo_avma, hi_avma, fileoff;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	const uint8_t *build_id;
	size_t build_id_bytes;
	const char *path;	/* as the target sees it */
	const char *our_path;	/* as we see it, or NULL */
	bool fresh;		/* read from /proc just now */
	bool process_gone;
};

void modules_init(struct modules *t, struct space_stats *stats);
void modules_release(struct modules *t);
/* The module, opened if it can be; NULL for anonymous memory. */
struct module *modules_get(struct modules *t, const struct map_desc *d);

struct space {
	struct space_hooks hooks;
	struct hmap by_pid;	/* latest process of a pid */
	struct hmap by_tid;
	VEC(struct process *) processes;
	VEC(struct thread *) threads;
	size_t dead_done;	/* processes before it have no maps any more */
	struct modules modules;
	struct sights sights;
	uint64_t generation;
	struct space_stats stats;
};

#endif
