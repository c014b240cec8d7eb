/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What symbolizer and child say to each other: frames of type, length and
 * payload, all little endian. The child's frames are hostile: each has a bound
 * and is read through a cursor.
 *
 *	OPEN    u32 slot, u32 flags, u8 n, n bytes of build-id; with the file
 *	  NEED    u8 kind, u8 attempt, u16 n, n bytes: a debug file, please
 *	  FILE    with the file, or with none
 *	OPENED  u8 ok, message to the end of the frame: the error, or what is
 *		damaged, or nothing
 *	LOOKUP  u32 slot, u32 n, n u64 svmas
 *	RESULTS u32 n (at least 1, fewer than asked for when the frame is full),
 *		n results: uleb lines; if any: uleb start_svma, and per line
 *		string name, string file, uleb line
 *	CLOSE   u32 slot; no answer
 *
 * A string is a uleb: 0 is none, 1..k one of the k strings of this frame so
 * far, k + 1 a new one, whose bytes and NUL follow.
 */
#ifndef SYMBOL_WIRE_H
#define SYMBOL_WIRE_H

#include "adder/buf.h"
#include "adder/cursor.h"
#include "adder/symbol.h"

struct err;

enum wire_type {
	WIRE_OPEN = 1,
	WIRE_FILE,
	WIRE_LOOKUP,
	WIRE_CLOSE,
	WIRE_NEED,
	WIRE_OPENED,
	WIRE_RESULTS,
};

#define WIRE_NO_INLINES (1u << 0)	/* symbol tables only */
#define WIRE_OWN_ONLY (1u << 1)		/* and no separate files at all */

#define WIRE_SLOTS 8
#define WIRE_CHUNK 4096			/* svmas in one LOOKUP */
#define WIRE_LIMIT_BYTES (16u << 20)	/* of a frame */
#define WIRE_SOFT_BYTES (8u << 20)	/* the child ends a frame behind this */
#define WIRE_NAME_BYTES 8192		/* of one string, at most */
#define WIRE_LINES 64			/* of one result */

struct wire_frame {
	enum wire_type type;
	struct buf payload;	/* reused from frame to frame */
	int fd;			/* that came with it, or -1 */
};

/* 0 or -errno. */
int wire_send(int socket_fd, enum wire_type type, const struct buf *payload,
	      int pass_fd);
/* The same as confine_recv(), and -EBADMSG for a frame beyond the limit. */
int wire_recv(int socket_fd, struct wire_frame *f, uint64_t deadline_mono_ns);
void wire_frame_release(struct wire_frame *f);

/* The child's side of RESULTS. */
struct wire_writer {
	struct buf buf;
	uint32_t strings;	/* so far in this frame */
};

/* A string known by its id, 0 for a new one; returns its id. */
uint32_t wire_put_string(struct wire_writer *w, uint32_t id, const char *s);

/* Our side. */
struct wire_strings {
	const char **data;
	size_t count, capacity;
};

/*
 * Calls fn for each result of a RESULTS payload; index counts on from first.
 * Nothing is called unless the whole frame is well formed. The number of
 * results (1..asked), or a negative error.
 */
int wire_results(const struct buf *payload, size_t asked, size_t first,
		 symbol_fn fn, void *ctx, struct err *err);

#endif
