/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules: one per build-id, or per device, inode and path where a file has
 * none. A file is opened when its first mapping is seen, because it may be
 * replaced or gone later, and is believed only if it is the one that was
 * mapped: its build-id is the record's or, where the record has none, its
 * inode is. The device alone proves nothing: btrfs and overlayfs show another
 * one in stat than in the mapping; on overlayfs the inode differs, too.
 */
#include <elf.h>
#include <string.h>

#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/sys.h"
#include "space_priv.h"

#define OPEN_TRIES_MAX 4	/* another process may have the right path */
#define VDSO_LIMIT_BYTES 65536

struct module_entry {
	struct module m;	/* first: a module is its entry */
	struct module_entry *next_by_id, *next_by_inode;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	struct module_entry *same_as;	/* another one with its build-id */
	unsigned int tries;
	bool opened, not_elf, counted;
};

void modules_init(struct modules *t, struct space_stats *stats)
{
	memset(t, 0, sizeof(*t));
	hmap_init(&t->by_build_id);
	hmap_init(&t->by_inode);
	t->stats = stats;
}

static void module_free(struct module *m)
{
	elf_image_free(m->image);
	sys_close(m->fd);
	hmap_release(&m->tramp_calls);
	mem_free(m->path);
}

void modules_release(struct modules *t)
{
	size_t i;

	for (i = 0; i < t->all.count; i++) {
		module_free(&t->all.data[i]->m);
		mem_free(t->all.data[i]);
	}
	vec_release(&t->all);
	hmap_release(&t->by_build_id);
	hmap_release(&t->by_inode);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static size_t path_len(const char *path)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(path), d = sizeof(deleted) - 1;

	return n > d && !strcmp(path + n - d, deleted) ? n - d : n;
}

/* --- keys --- */

static uint64_t id_key(const uint8_t *id, size_t bytes)
{
	return hash_bytes(id, bytes);
}

static uint64_t inode_key(const struct map_desc *d)
{
	uint64_t h = hash_u64(d->ino) ^
		     ((uint64_t)d->dev_major << 32 | d->dev_minor);

	return hash_u64(h) ^ hash_bytes(d->path, path_len(d->path));
}

static struct module_entry *entry_at(const struct hmap *m, uint64_t key)
{
	const uint64_t *slot = hmap_find(m, key);

	return slot ? (struct module_entry *)(uintptr_t)*slot : NULL;
}

static struct module_entry *find_by_id(const struct modules *t,
				       const uint8_t *id, size_t bytes)
{
	struct module_entry *e = entry_at(&t->by_build_id, id_key(id, bytes));

	while (e && (e->m.build_id_bytes != bytes ||
		     memcmp(e->m.build_id, id, bytes)))
		e = e->next_by_id;
	return e;
}

static struct module_entry *find_by_inode(const struct modules *t,
					  const struct map_desc *d)
{
	struct module_entry *e = entry_at(&t->by_inode, inode_key(d));
	size_t n = path_len(d->path);

	while (e && (e->ino != d->ino || e->dev_major != d->dev_major ||
		     e->dev_minor != d->dev_minor ||
		     strlen(e->m.path) != n || memcmp(e->m.path, d->path, n)))
		e = e->next_by_inode;
	return e;
}

static void key_by_id(struct modules *t, struct module_entry *e)
{
	uint64_t *slot = hmap_put(&t->by_build_id,
				  id_key(e->m.build_id, e->m.build_id_bytes),
				  NULL);

	e->next_by_id = (struct module_entry *)(uintptr_t)*slot;
	*slot = (uint64_t)(uintptr_t)e;
}

static struct module_entry *entry_new(struct modules *t,
				      const struct map_desc *d)
{
	struct module_entry *e = mem_calloc(1, sizeof(*e));
	uint64_t *slot;

	e->m.kind = MODULE_FILE;
	e->m.path = mem_printf("%.*s", (int)path_len(d->path), d->path);
	e->m.fd = -1;
	*vec_push(&t->all) = e;
	if (d->build_id_bytes) {
		memcpy(e->m.build_id, d->build_id, d->build_id_bytes);
		e->m.build_id_bytes = (uint8_t)d->build_id_bytes;
		key_by_id(t, e);
		return e;
	}
	e->dev_major = d->dev_major;
	e->dev_minor = d->dev_minor;
	e->ino = d->ino;
	slot = hmap_put(&t->by_inode, inode_key(d), NULL);
	e->next_by_inode = (struct module_entry *)(uintptr_t)*slot;
	*slot = (uint64_t)(uintptr_t)e;
	return e;
}

/* --- opening --- */

enum opened { OPENED_NOT = 0, OPENED_ELF, OPENED_OTHER, OPENED_CORRUPT };

static bool same_file(int fd, const struct map_desc *d, bool by_path)
{
	struct sys_stat st;

	if (sys_fstat(fd, &st))
		return false;
	if (st.ino == d->ino)
		/* the plain path of a process that is gone proves less */
		return !by_path || (st.dev_major == d->dev_major &&
				    st.dev_minor == d->dev_minor);
	return !by_path && sys_is_overlay(fd) &&
	       path_len(d->path) == strlen(d->path);
}

static bool has_build_id(const struct elf_image *image,
			 const struct map_desc *d)
{
	const uint8_t *id;
	size_t n;

	id = elf_image_build_id(image, &n);
	return id && n == d->build_id_bytes && !memcmp(id, d->build_id, n);
}

/*
 * What the file is. Every file that is mapped executable and begins like ELF,
 * or is too short to begin like anything, is held to be a module.
 */
static enum opened look_at(int fd, struct elf_image **image)
{
	char magic[SELFMAG];
	int64_t n = sys_pread_full(fd, magic, sizeof(magic), 0);

	if (n < 0)
		return OPENED_NOT;
	if (n == SELFMAG && memcmp(magic, ELFMAG, SELFMAG))
		return OPENED_OTHER;
	*image = elf_image_open(fd, NULL);
	return *image ? OPENED_ELF : OPENED_CORRUPT;
}

static enum opened try_fd(struct module_entry *e, const struct map_desc *d,
			  int fd, bool exact, bool by_path)
{
	struct elf_image *image = NULL;
	enum opened what;

	if (fd < 0)
		return OPENED_NOT;
	if (!d->build_id_bytes && !exact && !same_file(fd, d, by_path)) {
		sys_close(fd);
		return OPENED_NOT;
	}
	what = look_at(fd, &image);
	if (d->build_id_bytes && what == OPENED_OTHER)
		what = OPENED_NOT;
	if (d->build_id_bytes && image && !has_build_id(image, d)) {
		elf_image_free(image);
		what = OPENED_NOT;
	}
	if (what != OPENED_ELF) {
		sys_close(fd);
		return what;
	}
	e->m.fd = fd;
	e->m.image = image;
	return what;
}

/*
 * From the surest to the least sure. What is corrupt is said to be so only
 * after all have been tried.
 */
static enum opened open_any(struct module_entry *e, const struct map_desc *d)
{
	enum opened what, worst = OPENED_NOT;
	const char *in_root = e->m.path;
	bool by_path, exact;
	int fd, way;

	for (way = 0; way < 4; way++) {
		by_path = exact = false;
		fd = -1;
		if (way == 0 && !d->process_gone) {
			fd = sys_open_map_file(d->pid, d->lo_avma, d->hi_avma);
			exact = d->fresh;
		} else if (way == 1 && d->root_fd >= 0 && in_root[0] == '/') {
			fd = sys_open_in_root(d->root_fd, in_root, false);
		} else if (way == 2 && d->our_path && d->our_path[0] == '/') {
			fd = sys_open_file(d->our_path, false);
		} else if (way == 3 && in_root[0] == '/') {
			fd = sys_open_file(in_root, false);
			by_path = true;
		}
		what = try_fd(e, d, fd, exact, by_path);
		if (what == OPENED_ELF || what == OPENED_OTHER)
			return what;
		if (what == OPENED_CORRUPT)
			worst = what;
	}
	return worst;
}

/*
 * The module that holds CPython's runtime: not a program python3.N that only
 * loads libpython3.N. The section is there from 3.7 on and survives strip.
 */
static bool is_interpreter(struct elf_image *image, const char *base)
{
	uint64_t svma, size;

	if (elf_image_section(image, ".PyRuntime"))
		return true;
	return (starts_with(base, "libpython") ||
		starts_with(base, "python")) &&
	       elf_image_dynsym(image, "PyEval_EvalCode", &svma, &size) && svma;
}

static void learn_image(struct modules *t, struct module_entry *e)
{
	const char *base = base_name(e->m.path);
	const uint8_t *id;
	size_t n;

	e->m.is_python = is_interpreter(e->m.image, base);
	id = elf_image_build_id(e->m.image, &n);
	if (e->m.build_id_bytes || !id || n > BUILD_ID_MAX_BYTES)
		return;
	memcpy(e->m.build_id, id, n);
	e->m.build_id_bytes = (uint8_t)n;
	e->same_as = find_by_id(t, id, n);
	if (!e->same_as)
		key_by_id(t, e);
}

static void entry_open(struct modules *t, struct module_entry *e,
		       const struct map_desc *d)
{
	enum opened what = OPENED_NOT;

	if (e->opened || e->tries >= OPEN_TRIES_MAX)
		return;
	e->tries++;
	e->m.image_tried = true;
	/* the image keeps a descriptor of its own */
	if (t->fds + 2 <= sys_fd_limit() / 2)
		what = open_any(e, d);
	if (what == OPENED_NOT) {
		if (!e->counted)
			t->stats->modules_unreadable++;
		e->counted = true;
		return;
	}
	if (e->counted)
		t->stats->modules_unreadable--;
	e->opened = true;
	if (what == OPENED_CORRUPT) {
		t->stats->modules_corrupt++;
	} else if (what == OPENED_OTHER) {
		e->not_elf = true;
	} else {
		t->fds += 2;
		learn_image(t, e);
	}
}

/* --- the vdso: the kernel's, so ours is as good as the target's --- */

static int find_vdso(void *ctx, const struct sys_map *m)
{
	struct elf_image **image = ctx;
	uint64_t bytes = m->hi_avma - m->lo_avma;

	if (strcmp(m->path, "[vdso]") || !m->readable ||
	    bytes > VDSO_LIMIT_BYTES)
		return 0;
	*image = elf_image_from_memory((const void *)(uintptr_t)m->lo_avma,
				       (size_t)bytes, NULL);
	return 1;
}

static struct module *get_vdso(struct modules *t)
{
	struct module_entry *e;
	const uint8_t *id;
	size_t n;

	if (t->vdso)
		return t->vdso;
	e = mem_calloc(1, sizeof(*e));
	e->m.kind = MODULE_VDSO;
	e->m.path = mem_strdup("[vdso]");
	e->m.fd = -1;
	e->m.image_tried = true;
	e->opened = true;
	sys_proc_maps(0, find_vdso, &e->m.image);
	id = e->m.image ? elf_image_build_id(e->m.image, &n) : NULL;
	if (id && n <= BUILD_ID_MAX_BYTES) {
		memcpy(e->m.build_id, id, n);
		e->m.build_id_bytes = (uint8_t)n;
	}
	*vec_push(&t->all) = e;
	t->vdso = &e->m;
	return t->vdso;
}

/* --- */

static bool is_anonymous(const struct map_desc *d)
{
	const char *p = d->path;

	if (d->build_id_bytes)
		return false;
	if (p[0] != '/')	/* "", [heap], [stack], [anon:x], anon_inode: */
		return true;
	if (!strcmp(p, "//anon"))
		return true;
	return !d->ino && !d->dev_major && !d->dev_minor;
}

/* Memory that only looks like a file: no ELF there unless it says so. */
static bool is_shared_memory(const char *path)
{
	return starts_with(path, "/memfd:") || starts_with(path, "/SYSV") ||
	       starts_with(path, "/dev/zero") ||
	       starts_with(path, "/dev/shm/");
}

struct module *modules_get(struct modules *t, const struct map_desc *d)
{
	struct module_entry *e;

	if (!strcmp(d->path, "[vdso]"))
		return get_vdso(t);
	if (is_anonymous(d))
		return NULL;
	if (d->build_id_bytes)
		e = find_by_id(t, d->build_id, d->build_id_bytes);
	else
		e = find_by_inode(t, d);
	if (!e)
		e = entry_new(t, d);
	entry_open(t, e, d);
	if (e->same_as)
		return &e->same_as->m;
	if (e->not_elf || (!e->opened && is_shared_memory(e->m.path)))
		return NULL;
	return &e->m;
}

struct elf_image *module_image(struct module *m)
{
	return m->image;
}

void space_each_module(struct space *s,
		       void (*fn)(void *ctx, struct module *m), void *ctx)
{
	struct module_entry *e;
	size_t i;

	for (i = 0; i < s->modules.all.count; i++) {
		e = s->modules.all.data[i];
		if (!e->same_as && !e->not_elf)
			fn(ctx, &e->m);
	}
}

const struct space_stats *space_stats(const struct space *s)
{
	return &s->stats;
}
