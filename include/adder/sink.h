/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flows from the pipeline to whoever keeps it: the writer of a recording
 * or a live model. The reader of a recording pushes the same records, so that
 * replay and live view are the same code from here on.
 *
 * Definitions stand before their first use. Pointers inside a record are
 * borrowed for the time of the call.
 *
 * Times are CLOCK_MONOTONIC nanoseconds. Strings are ids from REC_STRING,
 * whose bytes may be anything: whoever shows them escapes them.
 */
#ifndef ADDER_SINK_H
#define ADDER_SINK_H

#include "adder/types.h"

enum record_type {
	REC_META = 1,	/* key and value about the recording as a whole */
	REC_STRING,
	REC_MODULE,
	REC_PROCESS,
	REC_THREAD,
	REC_THREAD_NAME,	/* also says a changed name */
	REC_THREAD_EXIT,
	REC_EVENT,
	REC_FRAME,
	REC_STACK,
	REC_SYMBOL,	/* name of a native or kernel frame; may come late */
	REC_SAMPLE,
	REC_LOST,
	REC_THROTTLE,
	REC_STEP,	/* a step down the ladder, or a counted warning */
	REC_FINISH,	/* last: totals, to check against */
};

/*
 * META keys (text values): version, hostname, kernel, arch, cpus, cpu_model,
 * command (as a shell would take it), start_realtime_ns, start_mono_ns,
 * frequency_hz or period, mode ("spawn" or "attach"), user ("root" or uid),
 * perf_event_paranoid, held ("rt", "certificate", "none").
 */

enum frame_kind {
	FRAME_NATIVE = 1,
	FRAME_PYTHON = 2,
	FRAME_KERNEL = 3,
	/*
	 * Pseudo frame at the root of a stack that is not complete, so that
	 * it never merges with whole ones: addr holds the enum stack_end.
	 */
	FRAME_END = 4,
};

/* Why a stack ended. Only END_COMPLETE has no FRAME_END at its root. */
enum stack_end {
	END_COMPLETE = 0,	/* CFI: no return address; or a known start */
	END_CUT = 1,		/* the bytes were not there: dump too short,
				 * or a tail that was not held */
	END_NO_RULE = 2,	/* no unwind rule for this code */
	END_NO_PROGRESS = 3,	/* the CFA did not advance */
	END_READ_FAULT = 4,	/* the target's memory could not be read */
	END_NO_USER = 5,	/* no user registers: kernel thread, exiting */
	END_TOO_DEEP = 6,	/* our own bound on frames */
	END_NOT_HELD = 7,	/* the read could not be proved, discarded */
	END_PRESSURE = 8,	/* no room to copy the stack into */
	END_COUNT,
};

/* "complete", "cut", "no_rule", ... as the JSON report names them; "other". */
const char *stack_end_name(enum stack_end end);

#define FRAME_F_LEAF (1u << 0)	/* addr is the interrupted instruction, not a
				 * return address (look a caller up at -1) */
#define FRAME_F_EVALUATOR (1u << 1) /* native code that implements the Python
				 * frame beside it; hidden unless native only */
#define FRAME_F_SIGNAL (1u << 2)	/* a signal frame: looked up at addr */

enum module_kind {
	MODULE_FILE = 1,
	MODULE_VDSO = 2,
	MODULE_KERNEL = 3,	/* [kernel.kallsyms] */
	MODULE_KMOD = 4,	/* [name] of a kernel module */
	MODULE_JIT = 5,		/* anonymous executable memory, addr = avma */
};

#define BUILD_ID_MAX_BYTES 20

struct rec_meta {
	struct str_id key, value;
};

struct rec_string {
	struct str_id id;
	const char *bytes;	/* NUL behind; len does not count it */
	uint32_t len;
};

struct rec_module {
	struct module_id id;
	enum module_kind kind;
	struct str_id path;	/* in the target's mount namespace */
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	uint8_t build_id_bytes;	/* 0 = none */
};

struct rec_process {
	struct process_id id;	/* an exec makes a new one */
	struct process_id parent;	/* 0 = not recorded */
	int32_t pid;		/* in adder's PID namespace */
	uint64_t start_mono_ns;	/* first seen or started */
	struct str_id exe;	/* path, or 0 */
	bool after_exec;	/* same pid as its parent, which it replaced */
};

struct rec_thread {
	struct thread_id id;
	struct process_id process;
	int32_t tid;
	uint64_t start_mono_ns;
	struct str_id name;
};

struct rec_thread_name {
	struct thread_id thread;
	uint64_t t_mono_ns;
	struct str_id name;
};

struct rec_thread_exit {
	struct thread_id thread;
	uint64_t t_mono_ns;
};

enum event_unit { UNIT_NS = 1, UNIT_COUNT = 2 };

struct rec_event {
	struct event_id id;
	struct str_id name;	/* as the user wrote it or as we chose it */
	enum event_unit unit;	/* of sample weights */
	uint64_t period;	/* 0 when a frequency was asked for */
	uint32_t frequency_hz;	/* 0 when a period was asked for */
	bool user_only;		/* exclude_kernel */
};

struct rec_frame {
	struct frame_id id;
	enum frame_kind kind;
	uint32_t flags;
	struct module_id module;	/* native, kernel */
	/*
	 * Native: svma in the module (address as its ELF states it). JIT and
	 * Python (its trampoline): avma. Kernel: address. END: stack_end.
	 */
	uint64_t addr;
	struct str_id name;	/* Python: qualified name; else 0 */
	struct str_id file;	/* Python */
	uint32_t line;		/* Python: current line, 0 = not known */
	uint32_t first_line;	/* Python: of the function, 0 = not known */
};

/* A stack is its innermost frame on the stack of its callers. */
struct rec_stack {
	struct stack_id id;
	struct stack_id parent;	/* 0 = root */
	struct frame_id frame;
};

/*
 * The names of a native or kernel frame: one record per inlined function,
 * depth 0 innermost; the last (is_outer) is the function that the symbol
 * table knows. A frame without any is unnamed: shown as module+0xaddr. A
 * depth of 0 for a frame that has names already begins a better list of them.
 * Without a name, start_svma alone says which function it is (its unwind
 * entry's begin).
 */
struct rec_symbol {
	struct frame_id frame;
	uint32_t depth;
	bool is_outer;
	struct str_id name;
	struct str_id file;	/* 0 = not known */
	uint32_t line;		/* 0 = not known */
	uint64_t start_svma;	/* of the outer function, for name+0xoff */
};

struct rec_sample {
	uint64_t t_mono_ns;
	uint64_t weight;	/* period of this sample in the event's unit */
	/*
	 * CPU time that this sample stands for, ns: the weight of the clock
	 * event's samples, 0 for other events' samples.
	 */
	uint64_t running_ns;
	struct thread_id thread;
	struct event_id event;
	struct stack_id stack;	/* 0 = no stack at all */
	uint32_t cpu;
};

enum lost_why {
	LOST_RING = 1,		/* the kernel had no room in its ring */
	LOST_QUEUE = 2,		/* we had none between reader and unwinder */
	LOST_LATE = 3,		/* came behind the watermark (kept all the same) */
	LOST_DECODE = 4,	/* a record we could not read */
};

struct rec_lost {
	uint64_t t_mono_ns;
	enum lost_why why;
	uint64_t count;
};

struct rec_throttle {
	uint64_t t_mono_ns;
	uint64_t duration_ns;
	uint32_t cpu;
};

struct rec_step {
	struct str_id text;	/* one line: the limit and the remedy */
	uint64_t count;		/* how often, for counted warnings; else 1 */
	bool is_warning;
};

struct rec_finish {
	uint64_t start_mono_ns, end_mono_ns;
	uint64_t samples;	/* as many REC_SAMPLE came before */
	uint64_t lost;
	/*
	 * CPU time of all tasks as the kernel counted it, kernel time that
	 * may not be sampled included; 0 = not known.
	 */
	uint64_t running_ns;
	bool interrupted;	/* by the user; the data is whole all the same */
};

struct record {
	enum record_type type;
	union {
		struct rec_meta meta;
		struct rec_string string;
		struct rec_module module;
		struct rec_process process;
		struct rec_thread thread;
		struct rec_thread_name thread_name;
		struct rec_thread_exit thread_exit;
		struct rec_event event;
		struct rec_frame frame;
		struct rec_stack stack;
		struct rec_symbol symbol;
		struct rec_sample sample;
		struct rec_lost lost;
		struct rec_throttle throttle;
		struct rec_step step;
		struct rec_finish finish;
	};
};

struct sink {
	/* 0, or a negative error that ends the work; the sink keeps its err. */
	int (*push)(void *self, const struct record *rec);
	void *self;
};

static inline int sink_push(const struct sink *s, const struct record *rec)
{
	return s->push(s->self, rec);
}

#endif
