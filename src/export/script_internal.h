/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What script.c, script_frames.c and script_tasks.c share. */
#ifndef EXPORT_SCRIPT_INTERNAL_H
#define EXPORT_SCRIPT_INTERNAL_H

#include <string.h>

#include "adder/buf.h"
#include "adder/export.h"
#include "adder/model.h"
#include "adder/out.h"
#include "adder/profile.h"
#include "adder/vec.h"

/* A piece of a buffer; made = 0 as long as nobody wrote it. */
struct piece {
	size_t at;
	uint32_t len;
	bool made;
};

/*
 * A file may name a million frames by one string of a megabyte: above this
 * the texts made so far are thrown away, and made again where they are met.
 */
#define TEXT_MAX_BYTES ((size_t)32 << 20)

struct script {
	struct out *o;
	struct profile *p;
	struct model *m;
	const struct script_opts *opts;
	enum show show;
	struct event_id event;		/* 0 = all */

	struct buf frame_text;		/* each frame's lines, once */
	struct piece *frames;		/* by frame id */
	struct buf comm_text;		/* by thread, as named at the moment */
	struct piece *comms;
	struct str_id *names;
	struct buf event_text;		/* " name: " by event */
	struct piece *events;
};

/* A line of FORK, COMM or EXIT, or only a change of name. */
struct task_line {
	uint64_t t_mono_ns;
	enum task_what { TASK_FORK, TASK_COMM, TASK_EXIT } what;
	struct thread_id thread;
	struct str_id name;
};

/* --- script_frames.c --- */
/* The frame's lines: none for a frame that is not shown. */
const struct piece *script_frame(struct script *s, struct frame_id id);

/* --- script.c --- */
void script_put_start(struct script *s, struct thread_id thread, uint32_t cpu,
		      uint64_t t_mono_ns);
void script_name_thread(struct script *s, struct thread_id thread,
			struct str_id name);
const struct piece *script_comm(struct script *s, struct thread_id thread);

/* --- script_tasks.c --- */
/* In order of time; the caller frees it with mem_free(). */
struct task_line *script_task_lines(struct script *s, size_t *count);
/* Applies the line to what is known, and prints it if that was asked for. */
void script_do_task(struct script *s, const struct task_line *l);
void script_put_header(struct script *s);

static inline void put_fast(struct buf *b, const char *p, size_t len)
{
	if (!len)
		return;
	if (b->capacity - b->len < len)
		buf_reserve(b, len);
	memcpy(b->data + b->len, p, len);
	b->len += len;
}

#endif
