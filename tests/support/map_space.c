/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "map_space.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "adder/cfi_rule.h"
#include "adder/elf_image.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/vec.h"

struct map {
	uint64_t lo_avma, hi_avma, bias;
	char *path;
	struct elf_image *image;
	struct cfi_table *cfi;
	bool anonymous;
};

struct map_space {
	pid_t pid;
	const struct arch *arch;
	VEC(struct map) maps;
	struct unwind_space space;
};

static int64_t mem_read(pid_t pid, uint64_t avma, void *buf, size_t len)
{
	struct iovec to = { buf, len };
	struct iovec from = { (void *)(uintptr_t)avma, len };

	return process_vm_readv(pid, &to, 1, &from, 1, 0);
}

static struct elf_image *open_image(pid_t pid, const struct sys_map *m)
{
	struct elf_image *image;
	void *copy;
	int fd;

	if (!strcmp(m->path, "[vdso]")) {
		copy = mem_alloc(m->hi_avma - m->lo_avma);
		mem_read(pid, m->lo_avma, copy, m->hi_avma - m->lo_avma);
		image = elf_image_from_memory(copy, m->hi_avma - m->lo_avma,
					      NULL);
		mem_free(copy);
		return image;
	}
	fd = m->path[0] == '/' ? open(m->path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return NULL;
	image = elf_image_open(fd, NULL);
	close(fd);
	return image;
}

static int add_map(void *ctx, const struct sys_map *m)
{
	struct map_space *s = ctx;
	struct map *map;

	if (!m->executable)
		return 0;
	map = vec_push(&s->maps);
	*map = (struct map){ .lo_avma = m->lo_avma, .hi_avma = m->hi_avma,
			     .path = mem_strdup(m->path),
			     .anonymous = !m->path[0] };
	map->image = open_image(s->pid, m);
	if (map->image &&
	    elf_image_bias(map->image, m->lo_avma, m->fileoff, true,
			   &map->bias))
		map->cfi = cfi_table_new(map->image, s->arch, NULL);
	return 0;
}

static const struct map *find_map(const struct map_space *s, uint64_t avma)
{
	size_t i;

	for (i = 0; i < s->maps.count; i++)
		if (avma >= s->maps.data[i].lo_avma &&
		    avma < s->maps.data[i].hi_avma)
			return &s->maps.data[i];
	return NULL;
}

static bool find(void *ctx, uint64_t avma, struct unwind_region *out)
{
	const struct map *m = find_map(ctx, avma);

	if (!m)
		return false;
	*out = (struct unwind_region){
		.kind = m->anonymous ? CODE_JIT : CODE_MODULE,
		.lo_avma = m->lo_avma, .hi_avma = m->hi_avma,
		.bias = m->bias, .cfi = m->cfi, .module = m->path,
	};
	return true;
}

static bool jit_rule(void *ctx, uint64_t avma, struct cfi_rule *rule)
{
	const struct map_space *s = ctx;
	const struct arch_tramp *t;
	const struct map *m = find_map(s, avma);
	uint64_t lo = avma - 32;
	uint8_t window[64];
	size_t offset;
	int64_t got;

	if (lo < m->lo_avma)
		lo = m->lo_avma;
	got = mem_read(s->pid, lo, window, sizeof(window));
	if (got <= (int64_t)(avma - lo))
		return false;
	t = arch_find_tramp(s->arch, window, (size_t)got, avma - lo, &offset);
	return t && s->arch->tramp_rule(t, offset, rule);
}

struct map_space *map_space_new(pid_t pid, const struct arch *arch)
{
	static uint64_t generation;
	struct map_space *s = mem_calloc(1, sizeof(*s));

	s->pid = pid;
	s->arch = arch;
	s->space = (struct unwind_space){ ++generation, find, jit_rule, s };
	if (sys_proc_maps(pid, add_map, s) < 0 || !s->maps.count) {
		map_space_free(s);
		return NULL;
	}
	return s;
}

void map_space_free(struct map_space *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->maps.count; i++) {
		cfi_table_free(s->maps.data[i].cfi);
		elf_image_free(s->maps.data[i].image);
		mem_free(s->maps.data[i].path);
	}
	vec_release(&s->maps);
	mem_free(s);
}

const struct unwind_space *map_space_of(const struct map_space *s)
{
	return &s->space;
}

const char *map_space_path(const struct map_space *s, uint64_t avma)
{
	const struct map *m = find_map(s, avma);

	return m ? m->path : NULL;
}
