/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaching: every thread of every process asked for and of its live
 * descendants. inherit covers what they start from then on, not what lives
 * already; so the lists are read again until nothing new appears.
 */
#include "capture/target.h"

#include <errno.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/sys_perf.h"

/* A process that starts threads faster than we can list them. */
#define ROUNDS_MAX 50
#define FDS_SPARE 256

struct attach {
	struct target *t;
	struct reader *readers;
	size_t reader_count;
	struct hmap *tids;
	uint64_t fd_limit;
	VEC(pid_t) pids;
	struct hmap known;	/* the same */
	size_t found;	/* in this round */
};

static int check_limit(struct attach *a, struct err *err)
{
	size_t per = a->reader_count * (a->t->attrs.count + 1);
	size_t need = (a->tids->count + 1) * per + FDS_SPARE;

	if (need <= a->fd_limit)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "%zu threads on %zu CPUs need %zu open files, the limit "
		       "is %zu: raise it (ulimit -n), or name fewer processes",
		       a->tids->count + 1, a->reader_count, need,
		       (size_t)a->fd_limit);
}

static int attach_threads(struct attach *a, pid_t pid, struct err *err)
{
	pid_t *tids;
	size_t count, i;
	bool is_new;
	int ret = sys_proc_threads(pid, &tids, &count);

	if (ret < 0)
		return 0;	/* gone meanwhile */
	ret = 0;
	for (i = 0; i < count && !ret; i++) {
		if (hmap_find(a->tids, (uint32_t)tids[i]))
			continue;
		ret = check_limit(a, err);
		if (!ret)
			ret = target_open_task(a->t, tids[i], a->readers,
					       a->reader_count, err);
		if (ret == -ERR_GONE) {
			ret = 0;
			continue;
		}
		*hmap_put(a->tids, (uint32_t)tids[i], &is_new) = 1;
		a->found++;
	}
	mem_free(tids);
	return ret;
}

static bool add_pid(struct attach *a, pid_t pid)
{
	bool is_new;

	hmap_put(&a->known, (uint32_t)pid, &is_new);
	if (is_new)
		*vec_push(&a->pids) = pid;
	return is_new;
}

/*
 * All processes are read once, however many of them are children: then those
 * whose parent is ours, until there are no more. We are not among them, though
 * the target be the shell that started us.
 */
static void add_children(struct attach *a)
{
	struct sys_family *all;
	size_t count, i;
	bool any = true;

	if (sys_proc_families(&all, &count) < 0)
		return;
	while (any) {
		any = false;
		for (i = 0; i < count; i++)
			if (all[i].pid != getpid() &&
			    hmap_find(&a->known, (uint32_t)all[i].parent) &&
			    add_pid(a, all[i].pid))
				any = true;
	}
	mem_free(all);
}

static int attach_round(struct attach *a, bool children, struct err *err)
{
	size_t i;
	int ret = 0;

	a->found = 0;
	if (children)
		add_children(a);
	for (i = 0; i < a->pids.count && !ret; i++)
		ret = attach_threads(a, a->pids.data[i], err);
	return ret;
}

static int check_pid(pid_t pid, struct err *err)
{
	struct sys_proc_stat st;

	if (pid <= 0 || sys_proc_stat(pid, 0, &st))
		return err_set(err, ERR_NOTFOUND, "no process %d", (int)pid);
	if (st.state == 'Z' || st.state == 'X')
		return err_set(err, ERR_NOTFOUND,
			       "process %d has ended already", (int)pid);
	return 0;
}

/*
 * The processes asked for. Of several, those that have ended meanwhile are
 * told and left out: a list is old as soon as it is made.
 */
static int take_pids(struct attach *a, const struct capture_opts *opts,
		     struct err *err)
{
	const struct capture_hooks *hooks = a->t->hooks;
	struct err why = { 0 };
	size_t i;

	for (i = 0; i < opts->pid_count; i++) {
		if (!check_pid(opts->pids[i], &why)) {
			add_pid(a, opts->pids[i]);
		} else if (opts->pid_count > 1 && hooks->step) {
			hooks->step(hooks->ctx, why.message);
		}
	}
	if (a->pids.count)
		return 0;
	return err_set(err, ERR_NOTFOUND, "%s", why.message);
}

int target_attach(struct target *t, const struct capture_opts *opts,
		  struct reader *readers, size_t reader_count,
		  struct hmap *tids, bool *raced, struct err *err)
{
	struct attach a = {
		.t = t, .readers = readers, .reader_count = reader_count,
		.tids = tids, .fd_limit = sys_fd_limit(),
	};
	size_t round;
	int ret;

	hmap_init(&a.known);
	ret = take_pids(&a, opts, err);
	for (round = 0; round < ROUNDS_MAX && !ret; round++) {
		ret = attach_round(&a, !opts->no_children, err);
		if (!a.found)
			break;
		*raced = round > 0;
	}
	if (!ret && !tids->count)
		ret = err_set(err, ERR_NOTFOUND, "process %d has ended already",
			      (int)opts->pids[0]);
	vec_release(&a.pids);
	hmap_release(&a.known);
	return ret;
}
