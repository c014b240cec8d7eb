/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CIE and FDE from the bytes of .eh_frame or .debug_frame: DWARF 5, section
 * 6.4.1, and the Linux Standard Base 5.0, sections 10.5 and 10.6, where
 * .eh_frame differs (relative CIE pointers, 'z' augmentations, encoded
 * pointers). Lengths and offsets are bounded by the section.
 */
#include "cfi.h"

#include <string.h>

enum {				/* LSB 5.0, 10.5.1 */
	PE_ABSPTR = 0x00, PE_ULEB128 = 0x01, PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03, PE_UDATA8 = 0x04, PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a, PE_SDATA4 = 0x0b, PE_SDATA8 = 0x0c,
	PE_PCREL = 0x10, PE_DATAREL = 0x30, PE_OMIT = 0xff,
};

uint64_t cfi_read_pointer(struct cursor *c, uint8_t encoding, uint64_t at_svma,
			  uint64_t data_svma, uint8_t address_bytes)
{
	uint64_t v = 0;

	if (encoding == PE_OMIT)
		return 0;
	switch (encoding & 0x0f) {
	case PE_ABSPTR:
		v = address_bytes == 4 ? cursor_u32(c) : cursor_u64(c);
		break;
	case PE_ULEB128:
		v = cursor_uleb(c);
		break;
	case PE_UDATA2:
		v = cursor_u16(c);
		break;
	case PE_UDATA4:
		v = cursor_u32(c);
		break;
	case PE_UDATA8:
	case PE_SDATA8:
		v = cursor_u64(c);
		break;
	case PE_SLEB128:
		v = (uint64_t)cursor_sleb(c);
		break;
	case PE_SDATA2:
		v = (uint64_t)(int64_t)cursor_i16(c);
		break;
	case PE_SDATA4:
		v = (uint64_t)(int64_t)cursor_i32(c);
		break;
	default:
		c->bad = true;
	}
	switch (encoding & 0x70) {
	case 0:
		return v;
	case PE_PCREL:
		return v + at_svma;
	case PE_DATAREL:
		return v + data_svma;
	default:		/* text- and function-relative, aligned */
		c->bad = true;
		return 0;
	}
}

void cfi_parse_entry(const struct cfi_section *s, size_t off,
		     struct cfi_entry *e)
{
	uint64_t len, id, id_off, id_none;
	struct cursor c;
	bool wide;

	e->kind = CFI_ENTRY_END;
	e->next = s->len;
	if (off >= s->len || s->len - off < 4)
		return;
	c = cursor_of(s->bytes + off, s->len - off);
	len = cursor_u32(&c);
	e->next = off + 4;
	if (!len)		/* a terminator; others may follow */
		return;
	wide = len == UINT32_MAX;
	if (wide)
		len = cursor_u64(&c);
	e->kind = CFI_ENTRY_BAD;
	if (c.bad || len > cursor_left(&c)) {
		e->next = s->len;
		return;
	}
	id_off = (size_t)(c.p - s->bytes);
	e->next = (size_t)(id_off + len);
	c.end = c.p + len;
	/* In .eh_frame the id has 4 bytes in wide entries too, says the LSB;
	 * gas and libdw read 8, and nobody has seen one. */
	id = wide ? cursor_u64(&c) : cursor_u32(&c);
	id_none = s->is_eh ? 0 : wide ? UINT64_MAX : UINT32_MAX;
	if (c.bad)
		return;
	e->body = c;
	if (id == id_none) {
		e->kind = CFI_ENTRY_CIE;
		return;
	}
	e->cie_off = (size_t)(s->is_eh ? id_off - id : id);
	if (e->cie_off < s->len)
		e->kind = CFI_ENTRY_FDE;
}

static void skip_pointer(struct cursor *c, uint8_t address_bytes)
{
	uint8_t encoding = cursor_u8(c);

	if (encoding != PE_OMIT)
		cfi_read_pointer(c, encoding & 0x0f, 0, 0, address_bytes);
}

/* The data behind a 'z' augmentation, letter by letter. */
static bool parse_augmentation(const char *aug, struct cursor c,
			       struct cfi_cie *cie)
{
	for (aug++; *aug; aug++) {
		switch (*aug) {
		case 'R':
			cie->pointer_encoding = cursor_u8(&c);
			break;
		case 'L':
			cursor_u8(&c);
			break;
		case 'P':
			skip_pointer(&c, cie->address_bytes);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B':	/* aarch64: signed with key B */
		case 'G':	/* aarch64: MTE tagged frame */
			break;
		default:	/* its length says where it ends */
			return true;
		}
	}
	return !c.bad;
}

bool cfi_parse_cie(const struct cfi_section *s, size_t off,
		   struct cfi_cie *cie)
{
	struct cfi_entry e;
	struct cursor *c = &e.body;
	uint8_t version;
	const char *aug;
	uint64_t len;
	const uint8_t *p;

	cfi_parse_entry(s, off, &e);
	if (e.kind != CFI_ENTRY_CIE)
		return false;
	*cie = (struct cfi_cie){ .address_bytes = 8 };
	version = cursor_u8(c);
	if (version != 1 && version != 3 && version != 4)
		return false;
	aug = cursor_str(c);
	if (!aug)
		return false;
	if (version == 4) {
		cie->address_bytes = cursor_u8(c);
		if (cursor_u8(c))	/* segmented addresses */
			return false;
	}
	if (cie->address_bytes != 8 && cie->address_bytes != 4)
		return false;
	cie->code_align = cursor_uleb(c);
	cie->data_align = cursor_sleb(c);
	cie->ra_column = version == 1 ? cursor_u8(c) : (uint32_t)cursor_uleb(c);
	if (*aug == 'z') {
		cie->augmented = true;
		len = cursor_uleb(c);
		p = cursor_bytes(c, (size_t)len);
		if (!p || !parse_augmentation(aug, cursor_of(p, (size_t)len),
					      cie))
			return false;
	} else if (*aug) {	/* unknown, and of unknown length */
		return false;
	}
	cie->insns = *c;
	return !c->bad;
}

bool cfi_parse_fde(const struct cfi_section *s, size_t off,
		   const struct cfi_cie *known_cie, struct cfi_fde *fde)
{
	struct cfi_entry e;
	struct cursor *c = &e.body;
	uint64_t at, len;
	uint8_t enc;

	cfi_parse_entry(s, off, &e);
	if (e.kind != CFI_ENTRY_FDE)
		return false;
	if (known_cie)
		fde->cie = *known_cie;
	else if (!cfi_parse_cie(s, e.cie_off, &fde->cie))
		return false;
	enc = s->is_eh ? fde->cie.pointer_encoding : PE_ABSPTR;
	at = s->svma + (uint64_t)(c->p - s->bytes);
	fde->lo_svma = cfi_read_pointer(c, enc, at, 0, fde->cie.address_bytes);
	len = cfi_read_pointer(c, enc & 0x0f, 0, 0, fde->cie.address_bytes);
	/* The length is not signed, whatever the encoding is. */
	if ((enc & 0x0f) == PE_SDATA4)
		len &= UINT32_MAX;
	else if ((enc & 0x0f) == PE_SDATA2)
		len &= UINT16_MAX;
	if (c->bad ||
	    __builtin_add_overflow(fde->lo_svma, len, &fde->hi_svma))
		return false;
	if (fde->cie.augmented) {
		len = cursor_uleb(c);
		cursor_bytes(c, (size_t)len);
	}
	fde->insns = *c;
	return !c->bad;
}
