/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of perf's rings as records. A record borrows the ring's bytes.
 * Layout: perf_event_open(2) and include/uapi/linux/perf_event.h. All events
 * of a session share one sample_type, with PERF_SAMPLE_IDENTIFIER first and
 * sample_id_all set, so that one layout serves every record.
 */
#ifndef ADDER_DECODE_H
#define ADDER_DECODE_H

#include "adder/types.h"

/* What capture held of the user's stack while the sample held the target. */
enum held_state {
	HELD_NONE = 0,		/* not tried, or no user registers */
	HELD_CERTAIN,		/* the thread stood still during the read */
	HELD_UNPROVED,		/* it may have run meanwhile */
	HELD_FAULT,		/* the read failed */
	HELD_PRESSURE,		/* no room to put it */
	/* Not proved, but it agrees with the dump where both have it. */
	HELD_OVERLAP,
};

struct perf_sample {
	uint64_t ip;
	uint64_t period;
	uint64_t event;		/* index of the event, by id; UINT64_MAX unknown */
	bool user_mode;		/* ip is a user address */
	uint64_t kernel_count;	/* kernel chain, innermost first */
	const uint8_t *kernel_chain;	/* kernel_count * u64, unaligned */
	uint64_t regs_abi;	/* PERF_SAMPLE_REGS_ABI_*; 0 = none */
	const uint8_t *regs;	/* u64 each, in perf's order, unaligned */
	uint32_t reg_count;
	/* Bit i: the i-th register is known; 0 = all are. Only a stack that
	 * was not sampled (a blocked thread's) has fewer: its SP and PC. */
	uint64_t regs_known;
	/* The stack: the kernel's dump or our held read, from the SP upwards. */
	const uint8_t *stack;
	size_t stack_bytes;
	enum held_state held;
	uint64_t held_until_ns;	/* end of the held read */
};

struct perf_mmap {
	uint64_t lo_avma, len_bytes, fileoff;
	uint32_t dev_major, dev_minor;
	uint64_t ino;
	uint8_t build_id[20];
	uint8_t build_id_bytes;	/* 0: dev and ino are set instead */
	uint32_t prot, flags;
	const char *path;	/* NUL inside the record, checked */
};

enum perf_rec_kind {
	PERF_REC_OTHER = 0,
	PERF_REC_SAMPLE, PERF_REC_MMAP, PERF_REC_COMM, PERF_REC_FORK,
	PERF_REC_EXIT, PERF_REC_LOST, PERF_REC_THROTTLE, PERF_REC_UNTHROTTLE,
	PERF_REC_SWITCH,
};

struct perf_rec {
	enum perf_rec_kind kind;
	int32_t pid, tid;	/* of the record's task (FORK: the child) */
	uint64_t t_mono_ns;
	uint32_t cpu;
	union {
		struct perf_sample sample;
		struct perf_mmap mmap;
		struct { const char *name; bool exec; } comm;
		struct { int32_t ppid, ptid; } fork;	/* and exit */
		struct { uint64_t count; bool samples; } lost;
		struct { bool out, preempt; } sw;
	};
};

struct err;

/* sample_type and the rest that decides the layout. */
struct perf_layout {
	uint64_t sample_type;	/* PERF_SAMPLE_* */
	uint64_t regs_mask;
	/* Event index of an id, or UINT64_MAX. */
	uint64_t (*event_of_id)(void *ctx, uint64_t id);
	void *ctx;
};

/*
 * Reads one record, header included; len is the record's size. 0 or
 * -ERR_FORMAT: every length inside is checked against len.
 */
int perf_rec_decode(const struct perf_layout *layout, const void *bytes,
		    size_t len, struct perf_rec *out, struct err *err);

#endif
