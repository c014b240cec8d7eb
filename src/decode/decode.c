/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One perf record from its bytes. A record stands in shared memory that the
 * kernel wrote and that came through a queue of ours, or in a file: nothing
 * in it is believed, each length is checked against the record's own.
 *
 * A record that is not a sample ends in the sample_id trailer (TID, TIME, ID,
 * STREAM_ID, CPU, IDENTIFIER, as sample_type has them); it is read from the
 * end, so that a newer kernel's longer body does no harm.
 */
#include "adder/decode.h"

#include <linux/perf_event.h>
#include <string.h>

#include "adder/cursor.h"
#include "adder/err.h"

#define SAMPLE_TYPE_KNOWN						\
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |	\
	 PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_ID |		\
	 PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD |	\
	 PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER |		\
	 PERF_SAMPLE_STACK_USER)

#ifndef PERF_RECORD_MISC_MMAP_BUILD_ID
#define PERF_RECORD_MISC_MMAP_BUILD_ID (1 << 14)
#endif

static int malformed(struct err *err, uint32_t type, size_t len)
{
	return err_set(err, ERR_FORMAT,
		       "malformed perf record of type %u and %zu bytes", type,
		       len);
}

static void set_event(const struct perf_layout *l, uint64_t id,
		      struct perf_rec *out)
{
	out->sample.event = l->event_of_id ? l->event_of_id(l->ctx, id) :
			    UINT64_MAX;
}

/* Leaves out the markers; what stands behind a marker of user space too. */
static void read_chain(struct cursor *c, struct perf_sample *s)
{
	uint64_t count = cursor_u64(c), i, pc;
	const uint8_t *p;

	if (c->bad || count > cursor_left(c) / 8) {
		c->bad = true;
		return;
	}
	p = cursor_bytes(c, count * 8);
	if (!count)
		return;
	memcpy(&pc, p, 8);
	if (pc != (uint64_t)PERF_CONTEXT_KERNEL)
		return;
	s->kernel_chain = p + 8;
	for (i = 1; i < count; i++) {
		memcpy(&pc, p + i * 8, 8);
		if (pc >= (uint64_t)PERF_CONTEXT_MAX)
			break;
	}
	s->kernel_count = i - 1;
}

static void read_regs(struct cursor *c, uint64_t mask, struct perf_sample *s)
{
	uint32_t count = (uint32_t)__builtin_popcountll(mask);

	s->regs_abi = cursor_u64(c);
	if (s->regs_abi == PERF_SAMPLE_REGS_ABI_NONE)
		return;
	s->regs = cursor_bytes(c, (size_t)count * 8);
	s->reg_count = s->regs ? count : 0;
}

static void read_stack(struct cursor *c, struct perf_sample *s)
{
	uint64_t room = cursor_u64(c), used;

	if (!room)
		return;
	if (room > cursor_left(c)) {
		c->bad = true;
		return;
	}
	s->stack = cursor_bytes(c, room);
	used = cursor_u64(c);
	if (used > room)
		c->bad = true;
	s->stack_bytes = c->bad ? 0 : used;
}

static int decode_sample(const struct perf_layout *l, struct cursor *c,
			 uint16_t misc, struct perf_rec *out)
{
	struct perf_sample *s = &out->sample;
	uint64_t t = l->sample_type, id = 0;

	if (t & ~(uint64_t)SAMPLE_TYPE_KNOWN)
		return -ERR_FORMAT;
	s->user_mode = (misc & PERF_RECORD_MISC_CPUMODE_MASK) ==
		       PERF_RECORD_MISC_USER;
	if (t & PERF_SAMPLE_IDENTIFIER)
		id = cursor_u64(c);
	if (t & PERF_SAMPLE_IP)
		s->ip = cursor_u64(c);
	if (t & PERF_SAMPLE_TID) {
		out->pid = cursor_i32(c);
		out->tid = cursor_i32(c);
	}
	if (t & PERF_SAMPLE_TIME)
		out->t_mono_ns = cursor_u64(c);
	if (t & PERF_SAMPLE_ADDR)
		cursor_u64(c);
	if (t & PERF_SAMPLE_ID)
		id = cursor_u64(c);
	if (t & PERF_SAMPLE_STREAM_ID)
		cursor_u64(c);
	if (t & PERF_SAMPLE_CPU) {
		out->cpu = cursor_u32(c);
		cursor_u32(c);
	}
	if (t & PERF_SAMPLE_PERIOD)
		s->period = cursor_u64(c);
	if (t & PERF_SAMPLE_CALLCHAIN)
		read_chain(c, s);
	if (t & PERF_SAMPLE_REGS_USER)
		read_regs(c, l->regs_mask, s);
	if (t & PERF_SAMPLE_STACK_USER)
		read_stack(c, s);
	set_event(l, id, out);
	return c->bad || cursor_left(c) ? -ERR_FORMAT : 0;
}

static size_t trailer_bytes(uint64_t t)
{
	return 8 * (size_t)(!!(t & PERF_SAMPLE_TID) + !!(t & PERF_SAMPLE_TIME) +
			    !!(t & PERF_SAMPLE_ID) +
			    !!(t & PERF_SAMPLE_STREAM_ID) +
			    !!(t & PERF_SAMPLE_CPU) +
			    !!(t & PERF_SAMPLE_IDENTIFIER));
}

static void read_trailer(struct cursor *c, uint64_t t, struct perf_rec *out)
{
	if (t & PERF_SAMPLE_TID) {
		out->pid = cursor_i32(c);
		out->tid = cursor_i32(c);
	}
	if (t & PERF_SAMPLE_TIME)
		out->t_mono_ns = cursor_u64(c);
	if (t & PERF_SAMPLE_ID)
		cursor_u64(c);
	if (t & PERF_SAMPLE_STREAM_ID)
		cursor_u64(c);
	if (t & PERF_SAMPLE_CPU)
		out->cpu = cursor_u32(c);
}

static void read_mmap2(struct cursor *c, uint16_t misc, struct perf_rec *out)
{
	struct perf_mmap *m = &out->mmap;
	const uint8_t *id;

	out->pid = cursor_i32(c);
	out->tid = cursor_i32(c);
	m->lo_avma = cursor_u64(c);
	m->len_bytes = cursor_u64(c);
	m->fileoff = cursor_u64(c);
	if (misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		m->build_id_bytes = cursor_u8(c);
		cursor_u8(c);
		cursor_u16(c);
		id = cursor_bytes(c, sizeof(m->build_id));
		if (m->build_id_bytes > sizeof(m->build_id))
			c->bad = true;
		else if (id)
			memcpy(m->build_id, id, sizeof(m->build_id));
	} else {
		m->dev_major = cursor_u32(c);
		m->dev_minor = cursor_u32(c);
		m->ino = cursor_u64(c);
		cursor_u64(c);	/* inode generation */
	}
	m->prot = cursor_u32(c);
	m->flags = cursor_u32(c);
	m->path = cursor_str(c);
	if (m->lo_avma + m->len_bytes < m->lo_avma)
		c->bad = true;
}

/* The older form, without protection: executable unless it says data. */
static void read_mmap(struct cursor *c, uint16_t misc, struct perf_rec *out)
{
	struct perf_mmap *m = &out->mmap;

	out->pid = cursor_i32(c);
	out->tid = cursor_i32(c);
	m->lo_avma = cursor_u64(c);
	m->len_bytes = cursor_u64(c);
	m->fileoff = cursor_u64(c);
	m->prot = misc & PERF_RECORD_MISC_MMAP_DATA ? 1 : 5;
	m->path = cursor_str(c);
	if (m->lo_avma + m->len_bytes < m->lo_avma)
		c->bad = true;
}

static void read_task(struct cursor *c, struct perf_rec *out)
{
	out->pid = cursor_i32(c);
	out->fork.ppid = cursor_i32(c);
	out->tid = cursor_i32(c);
	out->fork.ptid = cursor_i32(c);
	out->t_mono_ns = cursor_u64(c);
}

static void read_comm(struct cursor *c, uint16_t misc, struct perf_rec *out)
{
	out->pid = cursor_i32(c);
	out->tid = cursor_i32(c);
	out->comm.exec = misc & PERF_RECORD_MISC_COMM_EXEC;
	out->comm.name = cursor_str(c);
}

static void read_lost(struct cursor *c, bool samples, struct perf_rec *out)
{
	if (!samples)
		cursor_u64(c);	/* id: of whoever wrote next, no use */
	out->lost.count = cursor_u64(c);
	out->lost.samples = samples;
}

static void read_body(struct cursor *c, uint32_t type, uint16_t misc,
		      struct perf_rec *out)
{
	switch (type) {
	case PERF_RECORD_MMAP:
		out->kind = PERF_REC_MMAP;
		read_mmap(c, misc, out);
		break;
	case PERF_RECORD_MMAP2:
		out->kind = PERF_REC_MMAP;
		read_mmap2(c, misc, out);
		break;
	case PERF_RECORD_COMM:
		out->kind = PERF_REC_COMM;
		read_comm(c, misc, out);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		out->kind = type == PERF_RECORD_FORK ? PERF_REC_FORK :
			    PERF_REC_EXIT;
		read_task(c, out);
		break;
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		out->kind = PERF_REC_LOST;
		read_lost(c, type == PERF_RECORD_LOST_SAMPLES, out);
		break;
	case PERF_RECORD_THROTTLE:
	case PERF_RECORD_UNTHROTTLE:
		out->kind = type == PERF_RECORD_THROTTLE ? PERF_REC_THROTTLE :
			    PERF_REC_UNTHROTTLE;
		out->t_mono_ns = cursor_u64(c);
		break;
	case PERF_RECORD_SWITCH:
		out->kind = PERF_REC_SWITCH;
		out->sw.out = misc & PERF_RECORD_MISC_SWITCH_OUT;
		out->sw.preempt = misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
		break;
	default:
		out->kind = PERF_REC_OTHER;
	}
}

/*
 * The body's own pid and tid win over the trailer's: of a FORK the trailer
 * names the parent, of a COMM or MMAP2 whoever wrote.
 */
static int decode_other(const struct perf_layout *l, struct cursor *c,
			uint32_t type, uint16_t misc, struct perf_rec *out)
{
	size_t trailer = trailer_bytes(l->sample_type);
	struct perf_rec id = { 0 };
	struct cursor end, body;

	if (cursor_left(c) < trailer)
		return -ERR_FORMAT;
	body = cursor_of(c->p, cursor_left(c) - trailer);
	end = cursor_of(body.end, trailer);
	read_trailer(&end, l->sample_type, &id);
	read_body(&body, type, misc, out);
	if (body.bad || end.bad)
		return -ERR_FORMAT;
	out->cpu = id.cpu;
	if (l->sample_type & PERF_SAMPLE_TIME)
		out->t_mono_ns = id.t_mono_ns;
	switch (out->kind) {
	case PERF_REC_OTHER:
	case PERF_REC_LOST:
	case PERF_REC_THROTTLE:
	case PERF_REC_UNTHROTTLE:
	case PERF_REC_SWITCH:
		out->pid = id.pid;
		out->tid = id.tid;
		break;
	default:
		break;
	}
	return 0;
}

int perf_rec_decode(const struct perf_layout *layout, const void *bytes,
		    size_t len, struct perf_rec *out, struct err *err)
{
	struct cursor c = cursor_of(bytes, len);
	uint32_t type = cursor_u32(&c);
	uint16_t misc = cursor_u16(&c), record_bytes = cursor_u16(&c);
	int ret;

	memset(out, 0, sizeof(*out));
	if (c.bad || record_bytes != len)
		return malformed(err, type, len);
	if (type == PERF_RECORD_SAMPLE) {
		out->kind = PERF_REC_SAMPLE;
		ret = decode_sample(layout, &c, misc, out);
	} else {
		ret = decode_other(layout, &c, type, misc, out);
	}
	return ret ? malformed(err, type, len) : 0;
}
