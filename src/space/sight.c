/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be kept of a process before it is gone: its root, through which
 * its files and its perf map are opened, its innermost pid, its user. Taken
 * when a record is drained, claimed when the record is applied in its turn.
 *
 * Processes of one root share one descriptor: a thousand forked children must
 * not cost a thousand. A held descriptor keeps the mount alive, so that its
 * id is not given to another meanwhile.
 */
#include <string.h>

#include "adder/sys.h"
#include "space_priv.h"

void sights_init(struct sights *s)
{
	memset(s, 0, sizeof(*s));
	hmap_init(&s->pending);
	hmap_init(&s->latest);
}

void root_put(struct sights *s, struct space_root *r)
{
	struct space_root **at;

	if (!r || --r->refs)
		return;
	for (at = &s->roots; *at; at = &(*at)->next) {
		if (*at == r) {
			*at = r->next;
			s->root_count--;
			break;
		}
	}
	sys_close(r->fd);
	mem_free(r);
}

/* The root with that descriptor's identity; the descriptor is consumed. */
static struct space_root *root_get(struct sights *s, pid_t pid, int fd_owned)
{
	struct space_root *r;
	struct sys_stat st;
	uint64_t mnt;

	if (fd_owned < 0)
		return NULL;
	if (sys_fstat(fd_owned, &st)) {
		sys_close(fd_owned);
		return NULL;
	}
	mnt = st.mnt_id;
	if (!mnt && sys_proc_ns(pid, "mnt", &mnt))
		mnt = 0;
	for (r = s->roots; r; r = r->next) {
		if (r->mnt == mnt && r->dev == st.dev && r->ino == st.ino) {
			sys_close(fd_owned);
			r->refs++;
			return r;
		}
	}
	if (s->root_count >= sys_fd_limit() / 8) {
		sys_close(fd_owned);
		return NULL;
	}
	r = mem_calloc(1, sizeof(*r));
	r->fd = fd_owned;
	r->mnt = mnt;
	r->dev = st.dev;
	r->ino = st.ino;
	r->refs = 1;
	r->next = s->roots;
	s->roots = r;
	s->root_count++;
	return r;
}

bool sights_look(struct sights *s, pid_t pid, struct sighting *out)
{
	struct sys_proc_status st;

	memset(out, 0, sizeof(*out));
	if (sys_proc_status(pid, &st))
		return false;
	out->has_status = true;
	out->ns_pid = st.ns_pid;
	out->euid = st.euid;
	out->root = root_get(s, pid, sys_proc_root(pid));
	return true;
}

static uint64_t pending_key(pid_t pid, uint64_t t_mono_ns)
{
	return hash_u64(t_mono_ns) ^ (uint64_t)pid;
}

static void sighting_free(struct sights *s, struct hmap *m, uint64_t key)
{
	uint64_t *slot = hmap_find(m, key);
	struct sighting *old;

	if (!slot)
		return;
	old = (struct sighting *)(uintptr_t)*slot;
	root_put(s, old->root);
	mem_free(old);
	hmap_remove(m, key);
}

static void sighting_keep(struct sights *s, struct hmap *m, uint64_t key,
			  const struct sighting *seen)
{
	struct sighting *copy = mem_dup(seen, sizeof(*seen));

	sighting_free(s, m, key);
	if (copy->root)
		copy->root->refs++;
	*hmap_put(m, key, NULL) = (uint64_t)(uintptr_t)copy;
}

void sights_take(struct sights *s, pid_t pid, uint64_t t_mono_ns)
{
	struct sighting seen;

	if (!sights_look(s, pid, &seen))
		return;
	sighting_keep(s, &s->pending, pending_key(pid, t_mono_ns), &seen);
	sighting_keep(s, &s->latest, (uint64_t)pid, &seen);
	root_put(s, seen.root);
}

bool sights_claim(struct sights *s, pid_t pid, uint64_t t_mono_ns,
		  struct sighting *out)
{
	uint64_t key = pending_key(pid, t_mono_ns);
	uint64_t *slot = hmap_find(&s->pending, key);
	struct sighting *seen;

	if (!slot)
		return false;
	seen = (struct sighting *)(uintptr_t)*slot;
	*out = *seen;		/* with its reference */
	mem_free(seen);
	hmap_remove(&s->pending, key);
	return true;
}

int sights_root_fd(const struct sights *s, pid_t pid)
{
	const uint64_t *slot = hmap_find(&s->latest, (uint64_t)pid);
	const struct sighting *seen;

	if (!slot)
		return -1;
	seen = (const struct sighting *)(uintptr_t)*slot;
	return seen->root ? seen->root->fd : -1;
}

void sights_forget(struct sights *s, pid_t pid)
{
	sighting_free(s, &s->latest, (uint64_t)pid);
}

static void release_map(struct sights *s, struct hmap *m)
{
	uint64_t key, value;
	size_t pos = 0;

	while (hmap_next(m, &pos, &key, &value)) {
		struct sighting *seen = (struct sighting *)(uintptr_t)value;

		root_put(s, seen->root);
		mem_free(seen);
	}
	hmap_release(m);
}

void sights_release(struct sights *s)
{
	release_map(s, &s->pending);
	release_map(s, &s->latest);
}
