/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * (module, address) to function, file:line and inlined functions. ELF and
 * DWARF of the target are hostile input: elfutils reads them in a child
 * process without privileges, confined by seccomp, that gets descriptors only.
 * If the child dies of a file, that module stays unnamed, is counted, and
 * another child goes on.
 */
#ifndef ADDER_SYMBOL_H
#define ADDER_SYMBOL_H

#include "adder/types.h"

struct buf;
struct err;
struct symbolizer;

struct symbol_line {
	const char *name;	/* demangled; never NULL */
	const char *file;	/* NULL = not known */
	uint32_t line;		/* 0 = not known */
};

struct symbol_result {
	/* Innermost inlined function first; the last is the function itself. */
	const struct symbol_line *lines;
	size_t count;		/* 0: no symbol covers the address */
	uint64_t start_svma;	/* of the function itself */
};

typedef void (*symbol_fn)(void *ctx, size_t index,
			  const struct symbol_result *r);

struct symbol_opts {
	bool no_inlines;	/* symbol tables only: several times cheaper */
	/* Root of the file system for separate debug files; NULL = "/". */
	const char *debug_root;
	/* How long opening a module, or 4,096 svmas, may take; 0 = 30 s. */
	uint32_t timeout_ms;
};

/* What went wrong so far, for one counted line at the end. */
struct symbol_stats {
	uint64_t modules;	/* looked into */
	uint64_t unreadable;	/* no ELF file, or malformed: unnamed */
	uint64_t damaged;	/* part of their symbols cannot be read */
	uint64_t deaths;	/* children that a module killed or kept busy */
	uint64_t reduced;	/* modules left to their symbol tables after it */
};

/*
 * Call it early, while the process is small and has one thread: this forks.
 * Later children are forked from that first one. One thread at a time may use
 * a symbolizer, not necessarily the one that made it.
 */
struct symbolizer *symbolizer_new(const struct symbol_opts *opts,
				  struct err *err);
void symbolizer_free(struct symbolizer *s);
/*
 * Looks `count` svmas of one ELF file up (the caller has already taken 1 from
 * return addresses); fn is called once for each, in order, on failure too
 * (then with no lines for the rest). fd stays the caller's. path serves the
 * debug link and messages only. A build-id that is not the file's is an error:
 * the file was replaced. Fails with one message that names the file, the first
 * time and, without trying again, whenever the same file is asked for later.
 */
int symbolizer_lookup(struct symbolizer *s, int fd, const char *path,
		      const uint8_t *build_id, size_t build_id_bytes,
		      const uint64_t *svmas, size_t count, symbol_fn fn,
		      void *ctx, struct err *err);
/* An ELF image in memory (the vdso). */
int symbolizer_lookup_memory(struct symbolizer *s, const void *bytes,
			     size_t len, const uint64_t *svmas, size_t count,
			     symbol_fn fn, void *ctx, struct err *err);
void symbolizer_stats(const struct symbolizer *s, struct symbol_stats *out);

/* --- the kernel's symbols --- */
struct kallsyms;

/* NULL where /proc/kallsyms hides its addresses (kptr_restrict). */
struct kallsyms *kallsyms_read(struct err *err);
/* The same from such a file's text, which is copied. */
struct kallsyms *kallsyms_parse(const char *text, size_t len, struct err *err);
void kallsyms_free(struct kallsyms *k);
/* Name (NUL-ended, borrowed), module ("" = kernel) and start; false if none. */
bool kallsyms_find(const struct kallsyms *k, uint64_t addr, const char **name,
		   const char **module, uint64_t *start);

/* --- names --- */
/*
 * Appends the demangled name (Itanium C++, Rust), or the name itself, without
 * a symbol version (write@@GLIBC_2.2.5). A hostile
 * name can keep it busy for long: such names belong into the confined child,
 * as symbolizer_lookup() has it.
 */
void symbol_demangle(struct buf *out, const char *mangled);

#endif
