/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded reader of the parts of an ELF file that recording needs: program
 * headers, sections, build-id, exported symbols. It reads with pread into
 * memory of its own, never maps the file (a file truncated under us is a read
 * error, not a SIGBUS), and believes no size. ELF64 little endian, x86-64 and
 * aarch64. It lives in space/; symbol/ uses elfutils instead, at arm's length.
 */
#ifndef ADDER_ELF_IMAGE_H
#define ADDER_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct elf_image;

struct elf_section {
	const char *name;	/* borrowed from the image */
	uint32_t type;		/* SHT_* */
	uint64_t flags;		/* SHF_* */
	uint64_t svma, fileoff, size_bytes;
	uint64_t entry_bytes;
	uint32_t link;
};

struct elf_segment {		/* PT_LOAD */
	uint64_t svma, mem_bytes, fileoff, file_bytes;
	uint32_t flags;		/* PF_* */
};

/* Keeps a dup of fd. */
struct elf_image *elf_image_open(int fd, struct err *err);
/* An image that lies in our memory, such as a copy of the vdso; copied. */
struct elf_image *elf_image_from_memory(const void *bytes, size_t len,
					struct err *err);
/* The bytes of an image from memory, borrowed; NULL for a file. */
const void *elf_image_bytes(const struct elf_image *e, size_t *len);
void elf_image_free(struct elf_image *e);

uint16_t elf_image_machine(const struct elf_image *e);	/* EM_* */
uint16_t elf_image_type(const struct elf_image *e);	/* ET_* */
uint64_t elf_image_entry(const struct elf_image *e);	/* svma, 0 = none */
const uint8_t *elf_image_build_id(const struct elf_image *e, size_t *bytes);
size_t elf_image_segments(const struct elf_image *e,
			  const struct elf_segment **segs);
/* By name; NULL if there is none. Sections may be missing altogether. */
const struct elf_section *elf_image_section(const struct elf_image *e,
					    const char *name);
/* PT_GNU_EH_FRAME: svma and size; false if there is none. */
bool elf_image_eh_frame_hdr(const struct elf_image *e, uint64_t *svma,
			    uint64_t *bytes);
/*
 * load bias (avma - svma) of a mapping of this image at lo_avma from fileoff;
 * false when no PT_LOAD fits.
 */
bool elf_image_bias(const struct elf_image *e, uint64_t lo_avma,
		    uint64_t fileoff, bool executable, uint64_t *bias);
/* Reads bytes by svma (file-backed part only): 0 or a negative error. */
int elf_image_read_svma(struct elf_image *e, uint64_t svma, void *buf,
			size_t len, struct err *err);
/* Reads a whole section; *bytes is the caller's, mem_free(). Bounded. */
int elf_image_read_section(struct elf_image *e, const struct elf_section *s,
			   size_t limit_bytes, uint8_t **bytes, size_t *len,
			   struct err *err);
/* Value and size of an exported symbol (.dynsym); false if there is none. */
bool elf_image_dynsym(struct elf_image *e, const char *name, uint64_t *svma,
		      uint64_t *size_bytes);

#endif
