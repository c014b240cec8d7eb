/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded ELF reader. Everything in the file is hostile: a count or size
 * is believed only as far as the file's own length goes, tables are copied by
 * pread into memory of ours, and what is malformed beyond the ELF header and
 * the program headers costs that part (no sections, no build-id), not the
 * image.
 *
 * Layouts: System V gABI, chapters 4 and 5; notes: gABI "Note Section", with
 * the 8-byte alignment that PT_NOTE may state by p_align.
 */
#include "adder/elf_image.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "adder/cursor.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sink.h"
#include "adder/sys.h"

#define SEGMENTS_MAX 512		/* PT_LOAD: ld.so itself has 4 or 5 */
#define PHDRS_LIMIT_BYTES (4u << 20)	/* e_phnum has 16 bits */
/*
 * Kept for as long as the image: a target may map thousands of files that are
 * sparse, and huge for nothing. What is linked has some 40 sections.
 */
#define SHDRS_LIMIT_BYTES (256u << 10)
#define NAMES_LIMIT_BYTES (256u << 10)
#define NOTES_LIMIT_BYTES (64u << 10)
/* An interpreter exports some 2000 symbols: 100 KB. */
#define DYNSYM_LIMIT_BYTES (32u << 20)
#define DYNSYM_KEPT_BYTES ((size_t)1 << 20)
#define PAGE_MAX_BYTES 65536		/* aarch64's largest */

struct elf_image {
	int fd;			/* -1: the bytes are in mem */
	uint8_t *mem;
	uint64_t file_bytes;
	uint16_t machine, type;
	uint64_t entry_svma;
	uint64_t shoff;
	uint32_t shnum, shstrndx;

	struct elf_segment *segs;
	size_t seg_count;
	struct elf_section *sections;
	size_t section_count;
	char *names;		/* NUL-ended whatever the file says */

	bool has_eh_hdr;
	uint64_t eh_hdr_svma, eh_hdr_bytes;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	size_t build_id_bytes;

	bool dynsym_tried;
	uint8_t *dynsym, *dynstr;
	size_t dynsym_bytes, dynstr_bytes;
};

static int read_at(struct elf_image *e, uint64_t off, void *buf, size_t len,
		   struct err *err)
{
	int64_t got;

	if (off > e->file_bytes || len > e->file_bytes - off)
		return err_set(err, ERR_FORMAT,
			       "the ELF file has no %zu bytes at offset 0x%llx",
			       len, (unsigned long long)off);
	if (e->mem) {
		memcpy(buf, e->mem + off, len);
		return 0;
	}
	got = sys_pread_full(e->fd, buf, len, off);
	if (got < 0)
		return err_set_errno(err, ERR_IO, (int)-got,
				     "cannot read the ELF file");
	if ((uint64_t)got != len)	/* truncated since it was opened */
		return err_set(err, ERR_IO, "the ELF file was truncated");
	return 0;
}

/* len bytes at off in new memory; *out stays NULL on failure. */
static int read_new(struct elf_image *e, uint64_t off, uint64_t len,
		    size_t limit_bytes, uint8_t **out, struct err *err)
{
	uint8_t *p;
	int ret;

	*out = NULL;
	if (off > e->file_bytes || len > e->file_bytes - off)
		return err_set(err, ERR_FORMAT,
			       "an ELF table leaves its file");
	/* One byte more: a string table gets its end there. */
	if (len > limit_bytes)
		return err_set(err, ERR_LIMIT,
			       "an ELF table of %llu bytes is too large",
			       (unsigned long long)len);
	p = mem_try_array((size_t)len + 1, 1, limit_bytes + 1);
	if (!p)
		return err_set(err, ERR_NOMEM,
			       "no memory for an ELF table of %llu bytes",
			       (unsigned long long)len);
	ret = read_at(e, off, p, (size_t)len, err);
	if (ret < 0) {
		mem_free(p);
		return ret;
	}
	*out = p;
	return 0;
}

static void take_notes(struct elf_image *e, const uint8_t *bytes, size_t len,
		       uint64_t align)
{
	uint32_t namesz, descsz, type, mask = align == 8 ? 7 : 3;
	struct cursor c = cursor_of(bytes, len);
	const uint8_t *name, *desc;

	while (cursor_left(&c) >= 12) {
		namesz = cursor_u32(&c);
		descsz = cursor_u32(&c);
		type = cursor_u32(&c);
		name = cursor_bytes(&c, namesz);
		/* The 12 bytes of header count for the alignment. */
		cursor_bytes(&c, -(12 + namesz) & mask);
		desc = cursor_bytes(&c, descsz);
		if (c.bad)
			return;
		if (type == NT_GNU_BUILD_ID && namesz == 4 && descsz &&
		    descsz <= BUILD_ID_MAX_BYTES && !memcmp(name, "GNU", 4)) {
			memcpy(e->build_id, desc, descsz);
			e->build_id_bytes = descsz;
			return;
		}
		if ((-descsz & mask) > cursor_left(&c))
			return;
		cursor_bytes(&c, -descsz & mask);
	}
}

static void read_notes(struct elf_image *e, uint64_t off, uint64_t len,
		       uint64_t align)
{
	uint8_t *bytes;

	if (e->build_id_bytes)
		return;
	if (read_new(e, off, len, NOTES_LIMIT_BYTES, &bytes, NULL) < 0)
		return;
	take_notes(e, bytes, (size_t)len, align);
	mem_free(bytes);
}

static int take_phdr(struct elf_image *e, struct cursor *c, struct err *err)
{
	uint64_t off, vaddr, filesz, memsz, align;
	uint32_t type = cursor_u32(c), flags = cursor_u32(c);
	struct elf_segment *s;

	off = cursor_u64(c);
	vaddr = cursor_u64(c);
	cursor_u64(c);		/* p_paddr */
	filesz = cursor_u64(c);
	memsz = cursor_u64(c);
	align = cursor_u64(c);
	switch (type) {
	case PT_LOAD:
		if (e->seg_count == SEGMENTS_MAX)
			return err_set(err, ERR_LIMIT,
				       "the ELF file has over %d segments",
				       SEGMENTS_MAX);
		s = &e->segs[e->seg_count++];
		*s = (struct elf_segment){ vaddr, memsz, off, filesz, flags };
		break;
	case PT_GNU_EH_FRAME:
		e->has_eh_hdr = true;
		e->eh_hdr_svma = vaddr;
		e->eh_hdr_bytes = filesz;
		break;
	case PT_NOTE:
		read_notes(e, off, filesz, align);
		break;
	}
	return 0;
}

static int read_phdrs(struct elf_image *e, uint64_t phoff, uint32_t phnum,
		      struct err *err)
{
	uint8_t *bytes;
	struct cursor c;
	uint32_t i;
	int ret;

	if (!phnum)
		return 0;
	ret = read_new(e, phoff, (uint64_t)phnum * sizeof(Elf64_Phdr),
		       PHDRS_LIMIT_BYTES, &bytes, err);
	if (ret < 0)
		return ret;
	e->segs = mem_calloc(phnum < SEGMENTS_MAX ? phnum : SEGMENTS_MAX,
			     sizeof(*e->segs));
	c = cursor_of(bytes, (size_t)phnum * sizeof(Elf64_Phdr));
	for (i = 0; i < phnum && !ret; i++)
		ret = take_phdr(e, &c, err);
	mem_free(bytes);
	return ret;
}

static uint32_t take_shdr(struct cursor *c, struct elf_section *s)
{
	uint32_t name = cursor_u32(c);

	s->type = cursor_u32(c);
	s->flags = cursor_u64(c);
	s->svma = cursor_u64(c);
	s->fileoff = cursor_u64(c);
	s->size_bytes = cursor_u64(c);
	s->link = cursor_u32(c);
	cursor_u32(c);		/* sh_info */
	cursor_u64(c);		/* sh_addralign */
	s->entry_bytes = cursor_u64(c);
	return name;
}

/*
 * gABI: with 0xff00 sections or more, e_shnum is 0 and the count stands in
 * the first section header's sh_size; e_shstrndx likewise in its sh_link.
 */
static void extended_numbering(struct elf_image *e, uint64_t *shnum)
{
	uint8_t raw[sizeof(Elf64_Shdr)];
	struct elf_section first;
	struct cursor c;

	if (*shnum && e->shstrndx != SHN_XINDEX)
		return;
	if (read_at(e, e->shoff, raw, sizeof(raw), NULL) < 0)
		return;
	c = cursor_of(raw, sizeof(raw));
	take_shdr(&c, &first);
	if (!*shnum)
		*shnum = first.size_bytes;
	if (e->shstrndx == SHN_XINDEX)
		e->shstrndx = first.link;
}

static void read_names(struct elf_image *e, const uint32_t *name_off)
{
	const struct elf_section *s;
	uint8_t *names;
	size_t i;

	if (e->shstrndx >= e->section_count)
		return;
	s = &e->sections[e->shstrndx];
	if (s->type != SHT_STRTAB ||
	    read_new(e, s->fileoff, s->size_bytes, NAMES_LIMIT_BYTES, &names,
		     NULL) < 0)
		return;
	e->names = (char *)names;
	for (i = 0; i < e->section_count; i++)
		if (name_off[i] < s->size_bytes)
			e->sections[i].name = e->names + name_off[i];
}

static void read_sections(struct elf_image *e)
{
	uint64_t i, shnum = e->shnum;
	uint32_t *name_off;
	uint8_t *bytes;
	struct cursor c;

	if (!e->shoff)
		return;
	extended_numbering(e, &shnum);
	if (!shnum || shnum > SHDRS_LIMIT_BYTES / sizeof(Elf64_Shdr))
		return;
	if (read_new(e, e->shoff, shnum * sizeof(Elf64_Shdr),
		     SHDRS_LIMIT_BYTES, &bytes, NULL) < 0)
		return;
	e->sections = mem_calloc(shnum, sizeof(*e->sections));
	name_off = mem_calloc(shnum, sizeof(*name_off));
	e->section_count = shnum;
	c = cursor_of(bytes, shnum * sizeof(Elf64_Shdr));
	for (i = 0; i < shnum; i++) {
		name_off[i] = take_shdr(&c, &e->sections[i]);
		e->sections[i].name = "";
	}
	read_names(e, name_off);
	mem_free(name_off);
	mem_free(bytes);
	for (i = 0; i < shnum; i++)
		if (e->sections[i].type == SHT_NOTE)
			read_notes(e, e->sections[i].fileoff,
				   e->sections[i].size_bytes, 4);
}

static int read_header(struct elf_image *e, struct err *err)
{
	uint8_t raw[sizeof(Elf64_Ehdr)];
	uint16_t phentsize, shentsize, phnum;
	struct cursor c;
	uint64_t phoff;

	if (e->file_bytes < sizeof(raw) ||
	    read_at(e, 0, raw, sizeof(raw), NULL) < 0 ||
	    memcmp(raw, ELFMAG, SELFMAG) != 0)
		return err_set(err, ERR_FORMAT, "not an ELF file");
	if (raw[EI_CLASS] != ELFCLASS64 || raw[EI_DATA] != ELFDATA2LSB)
		return err_set(err, ERR_UNSUPPORTED,
			       "not a 64-bit little-endian ELF file");
	c = cursor_of(raw + EI_NIDENT, sizeof(raw) - EI_NIDENT);
	e->type = cursor_u16(&c);
	e->machine = cursor_u16(&c);
	cursor_u32(&c);		/* e_version */
	e->entry_svma = cursor_u64(&c);
	phoff = cursor_u64(&c);
	e->shoff = cursor_u64(&c);
	cursor_u32(&c);		/* e_flags */
	cursor_u16(&c);		/* e_ehsize */
	phentsize = cursor_u16(&c);
	phnum = cursor_u16(&c);
	shentsize = cursor_u16(&c);
	e->shnum = cursor_u16(&c);
	e->shstrndx = cursor_u16(&c);
	if (phnum && phentsize != sizeof(Elf64_Phdr))
		return err_set(err, ERR_FORMAT,
			       "the ELF file's program headers are malformed");
	if (shentsize != sizeof(Elf64_Shdr))
		e->shoff = 0;
	return read_phdrs(e, phoff, phnum, err);
}

static struct elf_image *image_load(struct elf_image *e, struct err *err)
{
	if (read_header(e, err) < 0) {
		elf_image_free(e);
		return NULL;
	}
	read_sections(e);
	return e;
}

struct elf_image *elf_image_open(int fd, struct err *err)
{
	struct sys_stat st;
	struct elf_image *e;
	int own_fd, ret;

	ret = sys_fstat(fd, &st);
	if (ret < 0) {
		err_set_errno(err, ERR_IO, -ret, "cannot look at the ELF file");
		return NULL;
	}
	own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (own_fd < 0) {
		err_set(err, ERR_LIMIT, "no descriptor left for an ELF file "
			"(raise RLIMIT_NOFILE)");
		return NULL;
	}
	e = mem_calloc(1, sizeof(*e));
	e->fd = own_fd;
	e->file_bytes = st.size_bytes;
	return image_load(e, err);
}

struct elf_image *elf_image_from_memory(const void *bytes, size_t len,
					struct err *err)
{
	struct elf_image *e = mem_calloc(1, sizeof(*e));

	e->fd = -1;
	e->mem = mem_dup(bytes, len);
	e->file_bytes = len;
	return image_load(e, err);
}

const void *elf_image_bytes(const struct elf_image *e, size_t *len)
{
	*len = e->mem ? (size_t)e->file_bytes : 0;
	return e->mem;
}

void elf_image_free(struct elf_image *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
	mem_free(e->mem);
	mem_free(e->segs);
	mem_free(e->sections);
	mem_free(e->names);
	mem_free(e->dynsym);
	mem_free(e->dynstr);
	mem_free(e);
}

uint16_t elf_image_machine(const struct elf_image *e)
{
	return e->machine;
}

uint16_t elf_image_type(const struct elf_image *e)
{
	return e->type;
}

uint64_t elf_image_entry(const struct elf_image *e)
{
	return e->entry_svma;
}

const uint8_t *elf_image_build_id(const struct elf_image *e, size_t *bytes)
{
	*bytes = e->build_id_bytes;
	return e->build_id_bytes ? e->build_id : NULL;
}

size_t elf_image_segments(const struct elf_image *e,
			  const struct elf_segment **segs)
{
	*segs = e->segs;
	return e->seg_count;
}

const struct elf_section *elf_image_section(const struct elf_image *e,
					    const char *name)
{
	size_t i;

	for (i = 0; i < e->section_count; i++)
		if (!strcmp(e->sections[i].name, name))
			return &e->sections[i];
	return NULL;
}

bool elf_image_eh_frame_hdr(const struct elf_image *e, uint64_t *svma,
			    uint64_t *bytes)
{
	*svma = e->eh_hdr_svma;
	*bytes = e->eh_hdr_bytes;
	return e->has_eh_hdr;
}

/*
 * The kernel maps whole pages: a mapping's fileoff lies at, inside, or less
 * than a page before the segment's own offset. Two segments may share a page
 * of the file; the nearer one of the right permission is meant.
 */
static const struct elf_segment *segment_of(const struct elf_image *e,
					    uint64_t fileoff, bool executable)
{
	const struct elf_segment *s, *best = NULL;
	uint64_t before, best_before = PAGE_MAX_BYTES;
	size_t i;

	for (i = 0; i < e->seg_count; i++) {
		s = &e->segs[i];
		if (executable && !(s->flags & PF_X))
			continue;
		before = s->fileoff > fileoff ? s->fileoff - fileoff : 0;
		if (before >= best_before ||
		    (!before && fileoff - s->fileoff >= s->file_bytes))
			continue;
		best = s;
		best_before = before;
	}
	return best;
}

bool elf_image_bias(const struct elf_image *e, uint64_t lo_avma,
		    uint64_t fileoff, bool executable, uint64_t *bias)
{
	const struct elf_segment *s = segment_of(e, fileoff, executable);

	if (!s && executable)	/* made executable after it was mapped */
		s = segment_of(e, fileoff, false);
	if (!s)
		return false;
	*bias = lo_avma - (s->svma + (fileoff - s->fileoff));
	return true;
}

int elf_image_read_svma(struct elf_image *e, uint64_t svma, void *buf,
			size_t len, struct err *err)
{
	const struct elf_segment *s;
	uint64_t at;
	size_t i;

	for (i = 0; i < e->seg_count; i++) {
		s = &e->segs[i];
		at = svma - s->svma;
		if (svma >= s->svma && at < s->file_bytes &&
		    len <= s->file_bytes - at)
			return read_at(e, s->fileoff + at, buf, len, err);
	}
	return err_set(err, ERR_NOTFOUND,
		       "the ELF file has nothing at address 0x%llx",
		       (unsigned long long)svma);
}

int elf_image_read_section(struct elf_image *e, const struct elf_section *s,
			   size_t limit_bytes, uint8_t **bytes, size_t *len,
			   struct err *err)
{
	int ret;

	*bytes = NULL;
	*len = 0;
	if (s->type == SHT_NOBITS)
		return err_set(err, ERR_NOTFOUND,
			       "section '%s' has no bytes in this file", s->name);
	if (s->flags & SHF_COMPRESSED)
		return err_set(err, ERR_UNSUPPORTED,
			       "section '%s' is compressed", s->name);
	ret = read_new(e, s->fileoff, s->size_bytes, limit_bytes, bytes, err);
	if (ret < 0) {
		err_prefix(err, "section '%s'", s->name);
		return ret;
	}
	*len = (size_t)s->size_bytes;
	return 0;
}

static void load_dynsym(struct elf_image *e)
{
	const struct elf_section *s = elf_image_section(e, ".dynsym");

	if (e->dynsym_tried)
		return;
	e->dynsym_tried = true;
	if (!s || s->link >= e->section_count)
		return;
	if (elf_image_read_section(e, s, DYNSYM_LIMIT_BYTES, &e->dynsym,
				   &e->dynsym_bytes, NULL) < 0)
		return;
	elf_image_read_section(e, &e->sections[s->link], DYNSYM_LIMIT_BYTES,
			       &e->dynstr, &e->dynstr_bytes, NULL);
}

/* What is large is read anew each time. */
static void drop_large_dynsym(struct elf_image *e)
{
	if (e->dynsym_bytes + e->dynstr_bytes <= DYNSYM_KEPT_BYTES)
		return;
	mem_free(e->dynsym);
	mem_free(e->dynstr);
	e->dynsym = e->dynstr = NULL;
	e->dynsym_bytes = e->dynstr_bytes = 0;
	e->dynsym_tried = false;
}

static bool find_dynsym(struct elf_image *e, const char *name, uint64_t *svma,
			uint64_t *size_bytes)
{
	size_t want = strlen(name) + 1;
	uint64_t value, size;
	uint32_t name_off;
	uint16_t shndx;
	struct cursor c;

	if (!e->dynstr)
		return false;
	c = cursor_of(e->dynsym, e->dynsym_bytes);
	while (cursor_left(&c) >= sizeof(Elf64_Sym)) {
		name_off = cursor_u32(&c);
		cursor_u16(&c);	/* st_info, st_other */
		shndx = cursor_u16(&c);
		value = cursor_u64(&c);
		size = cursor_u64(&c);
		if (shndx == SHN_UNDEF || name_off >= e->dynstr_bytes ||
		    want > e->dynstr_bytes - name_off ||
		    memcmp(e->dynstr + name_off, name, want) != 0)
			continue;
		*svma = value;
		*size_bytes = size;
		return true;
	}
	return false;
}

bool elf_image_dynsym(struct elf_image *e, const char *name, uint64_t *svma,
		      uint64_t *size_bytes)
{
	bool found;

	load_dynsym(e);
	found = find_dynsym(e, name, svma, size_bytes);
	drop_large_dynsym(e);
	return found;
}
