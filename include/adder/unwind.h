/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwinder: registers and the bytes of a stack in; addresses and the
 * reason why the stack ended out. Pure: no system call, no symbols.
 *
 * A cfi_table belongs to one ELF image; rows are compiled lazily, one FDE at a
 * time, into compact rules. The rule cache of an unwinder is keyed by address
 * and by the generation of the address space it was looked up in.
 *
 * A memo keeps a thread's previous walk: where this walk reaches a state
 * (pc, CFA and the registers that rules read) of the previous one, the rest is
 * replayed by comparing the stack slots that were read then; equal slots give
 * equal frames, so this is exact and several times cheaper.
 *
 * One thread uses an unwinder and its tables.
 */
#ifndef ADDER_UNWIND_H
#define ADDER_UNWIND_H

#include "adder/arch.h"
#include "adder/sink.h"
#include "adder/types.h"

struct elf_image;
struct err;
struct cfi_table;
struct cfi_rule;
struct unwinder;
struct unwind_memo;

/* --- tables --- */
/*
 * Reads .eh_frame_hdr/.eh_frame and, where there is none, .debug_frame.
 * The image is borrowed and must outlive the table. An image without any CFI
 * gives a table without rows. Corrupt data costs rows, never more; NULL only
 * when a section cannot be read at all.
 */
struct cfi_table *cfi_table_new(struct elf_image *image,
				const struct arch *arch, struct err *err);
void cfi_table_free(struct cfi_table *t);
/* The FDE that covers svma: its bounds; false if there is none. */
bool cfi_table_fde(struct cfi_table *t, uint64_t svma, uint64_t *lo_svma,
		   uint64_t *hi_svma);
/* The rule at svma, as the walk would use it; false if there is none. */
bool cfi_table_rule(struct cfi_table *t, uint64_t svma, struct cfi_rule *rule);

/* --- address spaces, as the walk sees them --- */
enum unwind_code {
	CODE_NONE = 0,		/* no executable mapping there */
	CODE_MODULE,		/* cfi and bias are set */
	CODE_JIT,		/* anonymous executable memory */
};

struct unwind_region {
	enum unwind_code kind;
	uint64_t lo_avma, hi_avma;
	uint64_t bias;		/* svma = avma - bias */
	struct cfi_table *cfi;	/* NULL: no CFI, frame pointers serve */
	void *module;		/* the caller's, handed back in frames */
};

struct unwind_space {
	/* Unique per address space and set of mappings; never reused. */
	uint64_t generation;
	/* The region that holds avma; returns false where there is none. */
	bool (*find)(void *ctx, uint64_t avma, struct unwind_region *out);
	/*
	 * The rule for code in a CODE_JIT region at avma (a trampoline); false
	 * where there is none, and frame pointers serve.
	 */
	bool (*jit_rule)(void *ctx, uint64_t avma, struct cfi_rule *rule);
	void *ctx;
};

struct unwind_stack {
	const uint8_t *bytes;
	/*
	 * Address of bytes[0], as a rule the SP. 128 bytes below the SP, where
	 * they can be had, spare a search in some of OpenSSL's loops.
	 */
	uint64_t lo_avma;
	size_t size_bytes;
	/* What it means that a read lies beyond the bytes. */
	enum stack_end beyond;
};

struct unwind_frame {
	uint64_t pc_avma;	/* a return address but for leaf and signal */
	uint64_t cfa;		/* 0 where the walk ended before it was known */
	/*
	 * FRAME_F_LEAF: the leaf, and a frame that a signal interrupted: pc is
	 * an interrupted instruction. FRAME_F_SIGNAL: the frame by which a
	 * signal handler returns.
	 */
	uint32_t flags;
	uint8_t code;		/* enum unwind_code */
	bool from_fp;		/* reached by a frame pointer, or by a search
				 * for a slot below the SP: less certain */
	void *module;		/* of the region */
	uint64_t addr;		/* svma in the module; avma for JIT code */
	/*
	 * A word of the caller's that lives in the rule cache beside this pc
	 * (0 when the entry is new): for the frame's id. Never NULL; valid
	 * until the next walk.
	 */
	uint64_t *cookie;
};

struct unwind_walk {
	/*
	 * Root first: frames[0] is the outermost, frames[count - 1] the leaf.
	 * Borrowed from the memo; valid until its next walk.
	 */
	const struct unwind_frame *frames;
	uint32_t count;
	/* The first `shared` frames are the same as in the previous walk. */
	uint32_t shared;
	enum stack_end end;
	bool slow;		/* an expression was evaluated */
	uint64_t root_cfa;	/* complete: end of the stack in use */
	uint64_t needed_avma;	/* END_CUT: the address that was missing */
};

struct unwinder *unwinder_new(const struct arch *arch);
void unwinder_free(struct unwinder *u);
struct unwind_memo *unwind_memo_new(void);
void unwind_memo_free(struct unwind_memo *m);
/* Forget the previous walk (exec, or the caller lost its own state). */
void unwind_memo_clear(struct unwind_memo *m);

#define UNWIND_MAX_FRAMES 16384

void unwind_walk(struct unwinder *u, struct unwind_memo *memo,
		 const struct unwind_space *space,
		 const struct unwind_regs *regs,
		 const struct unwind_stack *stack, struct unwind_walk *out);

struct unwind_stats {
	uint64_t walks, frames, replayed, rule_hits, rule_misses, fdes_compiled;
	uint64_t slow_walks, fp_frames;
};
const struct unwind_stats *unwinder_stats(const struct unwinder *u);

#endif
