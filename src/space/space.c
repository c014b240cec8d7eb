/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes and threads, as the records tell them in time order.
 *
 * A record that is older than our reading of /proc/PID/maps is already in
 * what was read, so it is left out: attaching reads /proc while the rings
 * fill. An exec ends a process and begins another with the same pid; the old
 * one stays known, for samples from before it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "adder/buf.h"
#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/sys.h"
#include "space_priv.h"

/* Start times in /proc are rounded down to 10 ms. */
#define START_SLACK_NS UINT64_C(20000000)
/* Dead processes keep their mappings for late samples and the last words. */
#define DEAD_KEPT 1024
#define DEAD_AGE_NS UINT64_C(10000000000)

struct space *space_new(const struct space_hooks *hooks)
{
	struct space *s = mem_calloc(1, sizeof(*s));

	if (hooks)
		s->hooks = *hooks;
	hmap_init(&s->by_pid);
	hmap_init(&s->by_tid);
	modules_init(&s->modules, &s->stats);
	sights_init(&s->sights);
	return s;
}

static void process_free(struct space *s, struct process *p)
{
	if (s->hooks.process_free)
		s->hooks.process_free(s->hooks.ctx, p);
	maps_release(p);
	root_put(&s->sights, p->root);
	mem_free(p->exe);
	mem_free(p);
}

void space_free(struct space *s)
{
	size_t i;

	if (!s)
		return;
	/* Children before their parents; the hook looks at the threads. */
	for (i = s->processes.count; i-- > 0;)
		process_free(s, s->processes.data[i]);
	vec_release(&s->processes);
	for (i = 0; i < s->threads.count; i++)
		mem_free(s->threads.data[i]);
	vec_release(&s->threads);
	hmap_release(&s->by_pid);
	hmap_release(&s->by_tid);
	modules_release(&s->modules);
	sights_release(&s->sights);
	mem_free(s);
}

/* --- processes --- */

struct process *space_process(struct space *s, pid_t pid)
{
	const uint64_t *slot = hmap_find(&s->by_pid, (uint64_t)pid);

	return slot ? (struct process *)(uintptr_t)*slot : NULL;
}

static void new_generation(struct space *s, struct process *p)
{
	p->generation = ++s->generation;
}

/*
 * A space that lives for weeks sees millions of processes: those that died
 * long ago give back their mappings.
 */
static void drop_old_maps(struct space *s, uint64_t now_ns)
{
	struct process *p;

	while (s->dead_done + DEAD_KEPT < s->processes.count) {
		p = s->processes.data[s->dead_done];
		if (p->dead) {
			if (p->dead_ns + DEAD_AGE_NS > now_ns)
				return;
			maps_release(p);
		}
		s->dead_done++;
	}
}

static struct process *process_add(struct space *s, pid_t pid, uint64_t t,
				   struct process *parent)
{
	struct process *p = mem_calloc(1, sizeof(*p));

	drop_old_maps(s, t);
	p->pid = p->ns_pid = pid;
	p->start_mono_ns = t;
	p->parent = parent;
	p->root_fd = -1;
	new_generation(s, p);
	*vec_push(&s->processes) = p;
	*hmap_put(&s->by_pid, (uint64_t)pid, NULL) = (uint64_t)(uintptr_t)p;
	return p;
}

static void set_root(struct space *s, struct process *p,
		     struct space_root *root_owned)
{
	root_put(&s->sights, p->root);
	p->root = root_owned;
	p->root_fd = root_owned ? root_owned->fd : -1;
}

static void inherit(struct space *s, struct process *p,
		    const struct process *from)
{
	if (from->root)
		from->root->refs++;
	set_root(s, p, from->root);
	p->euid = from->euid;
	/* unknown in another PID namespace, but then it is gone as well */
	p->ns_pid = p->pid == from->pid ? from->ns_pid : p->pid;
}

/* Root, user and innermost pid: as sighted, else now, else the parent's. */
static void know(struct space *s, struct process *p, uint64_t t)
{
	struct sighting seen;

	if (p->parent)
		inherit(s, p, p->parent);
	if (!sights_claim(&s->sights, p->pid, t, &seen) &&
	    !sights_look(&s->sights, p->pid, &seen))
		return;
	if (seen.root)
		set_root(s, p, seen.root);
	if (seen.has_status) {
		p->ns_pid = seen.ns_pid;
		p->euid = seen.euid;
	}
}

static void say_process(struct space *s, struct process *p)
{
	size_t i;

	if (s->hooks.process_new)
		s->hooks.process_new(s->hooks.ctx, p);
	for (i = 0; s->hooks.mapped && i < p->map_count; i++)
		s->hooks.mapped(s->hooks.ctx, p, &p->maps[i]);
}

/* --- threads --- */

static struct thread *thread_at(const struct space *s, pid_t tid)
{
	const uint64_t *slot = hmap_find(&s->by_tid, (uint64_t)tid);

	return slot ? (struct thread *)(uintptr_t)*slot : NULL;
}

static struct thread *thread_add(struct space *s, struct process *p, pid_t tid,
				 uint64_t t, const char *name)
{
	struct thread *th = mem_calloc(1, sizeof(*th));

	th->tid = tid;
	th->process = p;
	th->start_mono_ns = t;
	snprintf(th->name, sizeof(th->name), "%s", name);
	th->next = p->threads;
	p->threads = th;
	p->live_threads++;
	*vec_push(&s->threads) = th;
	*hmap_put(&s->by_tid, (uint64_t)tid, NULL) = (uint64_t)(uintptr_t)th;
	if (s->hooks.thread_new)
		s->hooks.thread_new(s->hooks.ctx, th);
	return th;
}

static void thread_end(struct space *s, struct thread *th, uint64_t t)
{
	struct process *p = th->process;

	if (th->dead)
		return;
	th->dead = true;
	if (p->live_threads)
		p->live_threads--;
	if (!p->live_threads) {
		p->dead = true;
		p->dead_ns = t;
		if (space_process(s, p->pid) == p)
			sights_forget(&s->sights, p->pid);
	}
	if (s->hooks.thread_exit)
		s->hooks.thread_exit(s->hooks.ctx, th, t);
}

static void name_from_proc(pid_t pid, pid_t tid, char *name, size_t bytes)
{
	struct sys_proc_stat st;

	name[0] = '\0';
	if (!sys_proc_stat(pid, tid, &st))
		snprintf(name, bytes, "%s", st.comm);
}

/* --- attaching --- */

struct reading {
	struct space *space;
	struct process *process;
	const char *root_path;	/* "" when it is ours */
};

/* The kernel shows paths below the reader's root: take the target's off. */
static const char *target_path(const char *path, const char *root_path)
{
	size_t n = strlen(root_path);

	if (n && !strncmp(path, root_path, n) && path[n] == '/')
		return path + n;
	return path;
}

static bool put_mapping(struct space *s, struct process *p,
			const struct map_desc *d)
{
	struct mapping m = { .lo_avma = d->lo_avma, .hi_avma = d->hi_avma,
			     .fileoff = d->fileoff, .executable = true };

	if (!strcmp(d->path, "[vsyscall]"))
		return false;
	m.module = modules_get(&s->modules, d);
	m.bias = d->lo_avma - d->fileoff;
	if (m.module && m.module->image)
		m.bias_known = elf_image_bias(m.module->image, d->lo_avma,
					      d->fileoff, true, &m.bias);
	if (!maps_put(p, &m))
		return false;
	if (!p->exe && m.module && m.module->kind == MODULE_FILE)
		p->exe = mem_strdup(m.module->path);
	return true;
}

static int read_map(void *ctx, const struct sys_map *m)
{
	struct reading *r = ctx;
	struct map_desc d = {
		.pid = r->process->pid, .root_fd = r->process->root_fd,
		.lo_avma = m->lo_avma, .hi_avma = m->hi_avma,
		.fileoff = m->fileoff, .dev_major = m->dev_major,
		.dev_minor = m->dev_minor, .ino = m->ino,
		.path = target_path(m->path, r->root_path),
		.our_path = m->path, .fresh = true,
	};

	if (m->executable)
		put_mapping(r->space, r->process, &d);
	return 0;
}

static void read_exe(struct process *p, const char *root_path)
{
	static const char deleted[] = " (deleted)";
	struct buf b = { 0 };
	const char *path;
	size_t n;

	if (!sys_proc_exe(p->pid, &b)) {
		n = sizeof(deleted) - 1;
		if (b.len > n && !memcmp(b.data + b.len - n, deleted, n))
			b.len -= n;
		path = target_path(buf_cstr(&b), root_path);
		mem_free(p->exe);
		p->exe = mem_strdup(path);
	}
	buf_release(&b);
}

static int read_maps(struct space *s, struct process *p)
{
	struct reading r = { s, p, "" };
	struct buf root = { 0 };
	char link[40];
	int rc;

	snprintf(link, sizeof(link), "/proc/%d/root", (int)p->pid);
	if (!sys_readlink(link, &root) && root.len > 1)
		r.root_path = root.data;
	p->maps_read_ns = sys_mono_ns();
	read_exe(p, r.root_path);
	rc = sys_proc_maps(p->pid, read_map, &r);
	buf_release(&root);
	return rc;
}

static void read_threads(struct space *s, struct process *p)
{
	struct sys_proc_stat st;
	struct thread *th;
	pid_t *tids;
	size_t i, n;

	if (sys_proc_threads(p->pid, &tids, &n))
		return;
	for (i = 0; i < n; i++) {
		th = thread_at(s, tids[i]);
		if ((th && !th->dead && th->process == p) ||
		    sys_proc_stat(p->pid, tids[i], &st))
			continue;
		thread_add(s, p, tids[i], sys_proc_start_mono_ns(&st),
			   st.comm);
	}
	mem_free(tids);
}

/* The process as /proc has it; *rc (nullable) tells what maps said. */
static struct process *process_from_proc(struct space *s, pid_t pid,
					 const struct sys_proc_stat *st,
					 int *rc)
{
	struct process *parent = space_process(s, st->ppid), *p;
	int r;

	p = process_add(s, pid, sys_proc_start_mono_ns(st), parent);
	know(s, p, 0);
	r = read_maps(s, p);
	if (rc)
		*rc = r;
	say_process(s, p);
	read_threads(s, p);
	return p;
}

int space_attach(struct space *s, pid_t pid, struct err *err)
{
	struct process *p = space_process(s, pid);
	struct sys_proc_stat st;
	int rc = sys_proc_stat(pid, 0, &st);

	if (rc)
		return err_set(err, ERR_NOTFOUND, "there is no process %d",
			       (int)pid);
	if (p && !p->dead) {
		read_threads(s, p);
		return 0;
	}
	process_from_proc(s, pid, &st, &rc);
	if (rc == -ESRCH || rc == -ENOENT)
		return err_set(err, ERR_NOTFOUND, "process %d ended", (int)pid);
	if (rc)
		return err_set_errno(err, ERR_PERM, -rc,
				     "cannot read the mappings of process %d",
				     (int)pid);
	return 0;
}

/* The process of a record, made up where its beginning was not seen. */
static struct process *process_of(struct space *s, pid_t pid, uint64_t t)
{
	struct process *p = space_process(s, pid);
	struct sys_proc_stat st;

	if (p)
		return p;
	if (!sys_proc_stat(pid, 0, &st) &&
	    sys_proc_start_mono_ns(&st) <= t + START_SLACK_NS)
		return process_from_proc(s, pid, &st, NULL);
	p = process_add(s, pid, t, NULL);
	say_process(s, p);
	return p;
}

struct thread *space_thread(struct space *s, pid_t pid, pid_t tid, uint64_t t)
{
	struct thread *th;
	struct process *p;
	char name[64];

	if (pid <= 0)
		return NULL;
	th = thread_at(s, tid);
	if (th && th->process->pid == pid)
		return th;
	p = process_of(s, pid, t);
	th = thread_at(s, tid);		/* process_of may have read it */
	if (th && th->process == p)
		return th;
	name_from_proc(pid, tid, name, sizeof(name));
	return thread_add(s, p, tid, t, name);
}

/* --- records --- */

static struct map_desc desc_of(struct space *s, const struct perf_rec *rec)
{
	struct process *p = space_process(s, rec->pid);
	struct map_desc d = {
		.pid = rec->pid, .lo_avma = rec->mmap.lo_avma,
		.hi_avma = rec->mmap.lo_avma + rec->mmap.len_bytes,
		.fileoff = rec->mmap.fileoff,
		.dev_major = rec->mmap.dev_major,
		.dev_minor = rec->mmap.dev_minor, .ino = rec->mmap.ino,
		.build_id = rec->mmap.build_id,
		.build_id_bytes = rec->mmap.build_id_bytes,
		.path = rec->mmap.path ? rec->mmap.path : "",
	};

	if (d.build_id_bytes > BUILD_ID_MAX_BYTES)
		d.build_id_bytes = 0;
	d.process_gone = p && p->dead;
	d.root_fd = sights_root_fd(&s->sights, rec->pid);
	if (d.root_fd < 0 && p)
		d.root_fd = p->root_fd;
	return d;
}

void space_sight(struct space *s, const struct perf_rec *rec)
{
	struct map_desc d;

	if (rec->kind == PERF_REC_FORK && rec->pid != rec->fork.ppid) {
		sights_take(&s->sights, rec->pid, rec->t_mono_ns);
	} else if (rec->kind == PERF_REC_COMM && rec->comm.exec) {
		sights_take(&s->sights, rec->pid, rec->t_mono_ns);
	} else if (rec->kind == PERF_REC_MMAP &&
		   (rec->mmap.prot & PROT_EXEC)) {
		d = desc_of(s, rec);
		modules_get(&s->modules, &d);
	}
}

static void apply_mmap(struct space *s, const struct perf_rec *rec)
{
	struct process *p = process_of(s, rec->pid, rec->t_mono_ns);
	struct map_desc d = desc_of(s, rec);

	if (rec->t_mono_ns < p->maps_read_ns)
		return;
	if (d.hi_avma <= d.lo_avma) {
		s->stats.maps_malformed++;
		return;
	}
	if (!(rec->mmap.prot & PROT_EXEC)) {
		if (maps_cut(p, d.lo_avma, d.hi_avma))
			new_generation(s, p);
		return;
	}
	if (!put_mapping(s, p, &d))
		return;
	new_generation(s, p);
	if (s->hooks.mapped)
		s->hooks.mapped(s->hooks.ctx, p,
				process_find(p, d.lo_avma));
}

/* The fork that made a thread which /proc told already. */
static bool is_known(const struct thread *th, const struct perf_rec *rec)
{
	uint64_t t = rec->t_mono_ns;

	return th && !th->dead && th->process->pid == rec->pid &&
	       th->start_mono_ns <= t + START_SLACK_NS &&
	       t <= th->start_mono_ns + START_SLACK_NS;
}

static void forget_sighting(struct space *s, const struct perf_rec *rec)
{
	struct sighting unused;

	if (sights_claim(&s->sights, rec->pid, rec->t_mono_ns, &unused))
		root_put(&s->sights, unused.root);
}

static void apply_fork(struct space *s, const struct perf_rec *rec)
{
	struct thread *by, *th = thread_at(s, rec->tid);
	struct process *parent, *p;
	uint64_t t = rec->t_mono_ns;

	if (is_known(th, rec)) {
		p = th->process;
		if (rec->pid != rec->fork.ppid && !p->parent)
			p->parent = space_process(s, rec->fork.ppid);
		forget_sighting(s, rec);
		return;
	}
	if (th)
		thread_end(s, th, t);	/* its exit was lost */
	parent = process_of(s, rec->fork.ppid, t);
	by = thread_at(s, rec->fork.ptid);
	if (rec->pid == rec->fork.ppid) {
		th = thread_at(s, rec->tid);
		if (!th || th->dead)
			thread_add(s, parent, rec->tid, t,
				   by ? by->name : "");
		return;
	}
	p = process_add(s, rec->pid, t, parent);
	know(s, p, t);
	maps_share(p, parent);
	p->generation = parent->generation;
	if (parent->exe)
		p->exe = mem_strdup(parent->exe);
	say_process(s, p);
	thread_add(s, p, rec->tid, t, by ? by->name : "");
}

/* The threads of a process that was replaced; their exits may not come. */
static void end_threads(struct space *s, struct process *p, uint64_t t)
{
	struct thread *th;

	for (th = p->threads; th; th = th->next)
		thread_end(s, th, t);
	p->dead = true;
	p->dead_ns = t;
}

static void apply_exec(struct space *s, const struct perf_rec *rec)
{
	struct process *old = space_process(s, rec->pid), *p;
	uint64_t t = rec->t_mono_ns;

	if (old && !old->dead)
		end_threads(s, old, t);
	p = process_add(s, rec->pid, t, old);
	p->after_exec = old != NULL;
	know(s, p, t);
	say_process(s, p);
	thread_add(s, p, rec->tid, t, rec->comm.name);
}

static void apply_comm(struct space *s, const struct perf_rec *rec)
{
	struct process *p = space_process(s, rec->pid);
	struct thread *th;

	if (rec->comm.exec && (!p || rec->t_mono_ns >= p->maps_read_ns)) {
		apply_exec(s, rec);
		return;
	}
	forget_sighting(s, rec);
	th = space_thread(s, rec->pid, rec->tid, rec->t_mono_ns);
	if (!th)
		return;
	snprintf(th->name, sizeof(th->name), "%s", rec->comm.name);
	if (s->hooks.thread_name)
		s->hooks.thread_name(s->hooks.ctx, th, rec->t_mono_ns);
}

void space_apply(struct space *s, const struct perf_rec *rec)
{
	struct thread *th;

	if (rec->pid <= 0)
		return;
	switch (rec->kind) {
	case PERF_REC_MMAP:
		apply_mmap(s, rec);
		break;
	case PERF_REC_FORK:
		apply_fork(s, rec);
		break;
	case PERF_REC_COMM:
		apply_comm(s, rec);
		break;
	case PERF_REC_EXIT:
		th = thread_at(s, rec->tid);
		if (th && th->process->pid == rec->pid)
			thread_end(s, th, rec->t_mono_ns);
		break;
	default:
		break;
	}
}

void space_each_process(struct space *s,
			void (*fn)(void *ctx, struct process *p), void *ctx)
{
	size_t i;

	for (i = 0; i < s->processes.count; i++)
		fn(ctx, s->processes.data[i]);
}
