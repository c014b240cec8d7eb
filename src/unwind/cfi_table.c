/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CFI of one ELF image. An FDE is found by the binary search table of
 * .eh_frame_hdr; where that is missing or lies, by an index of our own over
 * the section. FDEs are compiled when they are first asked for: a program
 * runs some hundred functions of the ten thousands that its modules have.
 */
#include "cfi.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "adder/elf_image.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/vec.h"

#define SECTION_LIMIT_BYTES	((size_t)512 << 20)
#define HDR_LIMIT_BYTES		((size_t)128 << 20)
#define INDEX_LIMIT		((size_t)8 << 20)	/* entries */
/* What the rows of one image may take; python3.13's take 3 MB in all. */
#define ROWS_LIMIT_BYTES	((size_t)128 << 20)

struct index_entry {
	uint64_t lo_svma, hi_svma;
	uint64_t fde_off;
};

struct cfi_table {
	const struct arch *arch;
	struct cfi_section section;

	/* .eh_frame_hdr: pairs of int32 relative to hdr_svma, sorted */
	uint8_t *hdr;
	const uint8_t *search;
	size_t search_count;
	uint64_t hdr_svma;

	bool index_built;
	VEC(struct index_entry) index;

	size_t cie_off;		/* of the cached CIE */
	bool cie_cached;
	struct cfi_cie cie;

	struct cfi_pool pool;
	struct hmap by_fde;	/* FDE offset -> compiled index + 1 */
	VEC(struct cfi_rows) compiled;
};

/* --- loading --- */
static int32_t search_i32(const struct cfi_table *t, size_t word)
{
	int32_t v;

	memcpy(&v, t->search + 4 * word, sizeof(v));
	return v;
}

static bool search_is_sorted(const struct cfi_table *t)
{
	size_t i;

	for (i = 1; i < t->search_count; i++)
		if (search_i32(t, 2 * i) < search_i32(t, 2 * i - 2))
			return false;
	return true;
}

/*
 * LSB 5.0, section 10.6.2. Linkers write one form only: a pointer relative to
 * itself, a 4-byte count, a table of 4-byte pairs relative to the header.
 * Returns .eh_frame's address in *frame_svma.
 */
static bool parse_hdr(struct cfi_table *t, size_t len, uint64_t *frame_svma)
{
	uint8_t version, frame_enc, count_enc, table_enc;
	struct cursor c = cursor_of(t->hdr, len);
	uint64_t count;

	version = cursor_u8(&c);
	frame_enc = cursor_u8(&c);
	count_enc = cursor_u8(&c);
	table_enc = cursor_u8(&c);
	*frame_svma = cfi_read_pointer(&c, frame_enc, t->hdr_svma + 4,
				       t->hdr_svma, 8);
	if (c.bad || version != 1)
		return false;
	if (count_enc != 0x03 || table_enc != 0x3b)
		return true;	/* no table we can search */
	count = cursor_u32(&c);
	if (c.bad || count > cursor_left(&c) / 8)
		return true;
	t->search = c.p;
	t->search_count = count;
	if (!search_is_sorted(t))
		t->search_count = 0;
	return true;
}

static bool load_hdr(struct cfi_table *t, struct elf_image *image,
		     uint64_t *frame_svma)
{
	uint64_t bytes;

	if (!elf_image_eh_frame_hdr(image, &t->hdr_svma, &bytes))
		return false;
	t->hdr = mem_try_array(bytes, 1, HDR_LIMIT_BYTES);
	if (!t->hdr || elf_image_read_svma(image, t->hdr_svma, t->hdr, bytes,
					   NULL) < 0)
		return false;
	return parse_hdr(t, bytes, frame_svma);
}

static int load_section(struct cfi_table *t, struct elf_image *image,
			const struct elf_section *s, bool is_eh,
			struct err *err)
{
	t->section.is_eh = is_eh;
	t->section.svma = s->svma;
	return elf_image_read_section(image, s, SECTION_LIMIT_BYTES,
				      &t->section.bytes, &t->section.len, err);
}

/* Without section headers: from where the header points to its segment's end. */
static int load_by_hdr(struct cfi_table *t, struct elf_image *image,
		       uint64_t frame_svma, struct err *err)
{
	const struct elf_segment *segs;
	size_t i, n = elf_image_segments(image, &segs);
	uint64_t len;

	for (i = 0; i < n; i++) {
		if (frame_svma < segs[i].svma ||
		    frame_svma - segs[i].svma >= segs[i].file_bytes)
			continue;
		len = segs[i].file_bytes - (frame_svma - segs[i].svma);
		t->section.bytes = mem_try_array(len, 1, SECTION_LIMIT_BYTES);
		if (!t->section.bytes)
			return err_set(err, ERR_LIMIT,
				       "the unwind table is too large");
		t->section.len = len;
		t->section.svma = frame_svma;
		t->section.is_eh = true;
		return elf_image_read_svma(image, frame_svma, t->section.bytes,
					   len, err);
	}
	return 0;		/* points nowhere: no rows */
}

static bool usable(const struct elf_section *s)
{
	return s && s->type != SHT_NOBITS && s->size_bytes &&
	       !(s->flags & SHF_COMPRESSED);
}

static int load(struct cfi_table *t, struct elf_image *image, struct err *err)
{
	const struct elf_section *s;
	uint64_t frame_svma = 0;
	bool hdr = load_hdr(t, image, &frame_svma);

	s = elf_image_section(image, ".eh_frame");
	if (usable(s)) {
		if (hdr && frame_svma != s->svma)
			t->search_count = 0;	/* it speaks of another one */
		return load_section(t, image, s, true, err);
	}
	if (hdr && !s)
		return load_by_hdr(t, image, frame_svma, err);
	t->search_count = 0;
	s = elf_image_section(image, ".debug_frame");
	if (usable(s))
		return load_section(t, image, s, false, err);
	return 0;
}

struct cfi_table *cfi_table_new(struct elf_image *image,
				const struct arch *arch, struct err *err)
{
	struct cfi_table *t = mem_calloc(1, sizeof(*t));

	t->arch = arch;
	cfi_pool_init(&t->pool);
	hmap_init(&t->by_fde);
	if (elf_image_machine(image) == arch->elf_machine &&
	    load(t, image, err) < 0) {
		cfi_table_free(t);
		return NULL;
	}
	return t;
}

void cfi_table_free(struct cfi_table *t)
{
	if (!t)
		return;
	mem_free(t->section.bytes);
	mem_free(t->hdr);
	vec_release(&t->index);
	vec_release(&t->compiled);
	hmap_release(&t->by_fde);
	cfi_pool_release(&t->pool);
	mem_free(t);
}

/* --- finding --- */
static bool parse_fde(struct cfi_table *t, size_t off, struct cfi_fde *fde)
{
	struct cfi_entry e;

	cfi_parse_entry(&t->section, off, &e);
	if (e.kind != CFI_ENTRY_FDE)
		return false;
	if (!t->cie_cached || t->cie_off != e.cie_off) {
		t->cie_cached = cfi_parse_cie(&t->section, e.cie_off, &t->cie);
		t->cie_off = e.cie_off;
		if (!t->cie_cached)
			return false;
	}
	return cfi_parse_fde(&t->section, off, &t->cie, fde);
}

static int by_lo(const void *pa, const void *pb)
{
	const struct index_entry *a = pa, *b = pb;

	if (a->lo_svma != b->lo_svma)
		return a->lo_svma < b->lo_svma ? -1 : 1;
	return (a->fde_off > b->fde_off) - (a->fde_off < b->fde_off);
}

static void build_index(struct cfi_table *t)
{
	struct index_entry *x;
	struct cfi_entry e;
	struct cfi_fde fde;
	size_t off;

	t->index_built = true;
	for (off = 0; off < t->section.len; off = e.next) {
		cfi_parse_entry(&t->section, off, &e);
		if (e.kind != CFI_ENTRY_FDE || !parse_fde(t, off, &fde) ||
		    fde.lo_svma >= fde.hi_svma)
			continue;
		/* A function that the linker dropped leaves address 0. */
		if (!t->section.is_eh && !fde.lo_svma)
			continue;
		if (t->index.count == INDEX_LIMIT)
			break;
		x = vec_push(&t->index);
		*x = (struct index_entry){ fde.lo_svma, fde.hi_svma, off };
	}
	if (t->index.count)
		qsort(t->index.data, t->index.count, sizeof(*t->index.data),
		      by_lo);
}

static bool find_in_index(struct cfi_table *t, uint64_t svma, size_t *off)
{
	size_t lo = 0, hi, mid;

	if (!t->index_built)
		build_index(t);
	hi = t->index.count;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (t->index.data[mid].lo_svma <= svma)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || svma >= t->index.data[lo - 1].hi_svma)
		return false;
	*off = (size_t)t->index.data[lo - 1].fde_off;
	return true;
}

/* The last entry of the search table at or below svma. */
static bool find_in_search(const struct cfi_table *t, uint64_t svma,
			   size_t *off, uint64_t *lo_svma)
{
	int64_t rel = (int64_t)(svma - t->hdr_svma);
	size_t lo = 0, hi = t->search_count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (search_i32(t, 2 * mid) <= rel)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	*lo_svma = t->hdr_svma + (uint64_t)(int64_t)search_i32(t, 2 * lo - 2);
	*off = (size_t)(t->hdr_svma - t->section.svma +
			(uint64_t)(int64_t)search_i32(t, 2 * lo - 1));
	return true;
}

static bool find_fde(struct cfi_table *t, uint64_t svma, size_t *off,
		     struct cfi_fde *fde)
{
	uint64_t lo_svma;

	if (t->search_count) {
		if (!find_in_search(t, svma, off, &lo_svma))
			return false;
		if (parse_fde(t, *off, fde) && fde->lo_svma == lo_svma)
			return svma < fde->hi_svma;
		t->search_count = 0;	/* it lies: never ask it again */
	}
	return find_in_index(t, svma, off) && parse_fde(t, *off, fde);
}

bool cfi_table_fde(struct cfi_table *t, uint64_t svma, uint64_t *lo_svma,
		   uint64_t *hi_svma)
{
	struct cfi_fde fde;
	size_t off;

	if (!find_fde(t, svma, &off, &fde))
		return false;
	*lo_svma = fde.lo_svma;
	*hi_svma = fde.hi_svma;
	return true;
}

/* --- rows --- */
static const struct cfi_rows *compiled_rows(struct cfi_table *t, uint64_t svma)
{
	struct cfi_fde fde;
	uint64_t *slot;
	size_t off;

	if (!find_fde(t, svma, &off, &fde))
		return NULL;
	slot = hmap_put(&t->by_fde, off, NULL);
	if (!*slot) {
		if (t->pool.arena.used_bytes > ROWS_LIMIT_BYTES)
			return NULL;
		cfi_compile(&t->section, t->arch, &fde, &t->pool,
			    vec_push(&t->compiled));
		*slot = t->compiled.count;
	}
	return &t->compiled.data[*slot - 1];
}

bool cfi_table_row(struct cfi_table *t, uint64_t svma, struct cfi_row *row)
{
	const struct cfi_rows *rows = compiled_rows(t, svma);
	uint32_t lo = 0, hi, mid;
	uint64_t delta;

	if (!rows || !rows->count)
		return false;
	delta = svma - rows->lo_svma;
	hi = rows->count;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (rows->deltas[mid] <= delta)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	*row = rows->rows[lo - 1];
	if (row->cfa_kind == CFI_CFA_PLT) {
		/* Mappings are page-aligned: these bits are the same live. */
		if ((svma & 15) >= (uint64_t)row->cfa_off2)
			row->cfa_off += 8;
		row->cfa_off2 = 0;
		row->cfa_kind = CFI_CFA_REG;
	}
	return row->cfa_kind != CFI_CFA_NONE;
}

bool cfi_table_rule(struct cfi_table *t, uint64_t svma, struct cfi_rule *rule)
{
	struct cfi_row row;

	if (!cfi_table_row(t, svma, &row))
		return false;
	memset(rule, 0, sizeof(*rule));
	rule->cfa_kind = row.cfa_kind;
	rule->cfa_reg = row.cfa_reg;
	rule->cfa_reg2 = row.cfa_reg2;
	rule->cfa_off = row.cfa_off;
	rule->cfa_off2 = row.cfa_off2;
	rule->signal = row.flags & CFI_ROW_SIGNAL;
	rule->ra = row.ra;
	rule->reg_count = row.regs->count;
	memcpy(rule->regs, row.regs->r, row.regs->count * sizeof(*rule->regs));
	return true;
}

struct cursor cfi_table_expr(const struct cfi_table *t, int32_t off,
			     uint32_t len)
{
	if (off < 0 || (size_t)off > t->section.len ||
	    len > t->section.len - (size_t)off)
		return cursor_of(t->section.bytes, 0);
	return cursor_of(t->section.bytes + off, len);
}

uint64_t cfi_table_compiled(const struct cfi_table *t)
{
	return t->compiled.count;
}
