/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * docs/format.md's table of records as data. The order of the fields in each
 * list is that of the encoding and means nothing, since columns are apart.
 */
#include "recording/state.h"

#include <string.h>

#define MEMBER(m) .offset = offsetof(struct record, m), \
		  .width_bytes = sizeof(((struct record *)0)->m)
#define PLAIN(c, m) { .column = c, .method = FIELD_PLAIN, MEMBER(m) }
#define FLAG(c, m) { .column = c, .method = FIELD_FLAG, MEMBER(m) }
#define DELTA(c, m) { .column = c, .method = FIELD_DELTA, MEMBER(m) }
#define SIGNED_DELTA(c, m) \
	{ .column = c, .method = FIELD_DELTA, .is_signed = true, MEMBER(m) }
#define TIME(c, m) { .column = c, .method = FIELD_TIME, MEMBER(m) }
#define BACK(c, m, k) { .column = c, .method = FIELD_BACK, .kind = k, MEMBER(m) }

static const struct field meta_fields[] = {
	BACK(0, meta.key.v, ID_STRING),
	BACK(1, meta.value.v, ID_STRING),
};

/* The build-id's length and bytes are done by hand. */
static const struct field module_fields[] = {
	PLAIN(0, module.kind),
	BACK(1, module.path.v, ID_STRING),
};

static const struct field process_fields[] = {
	BACK(0, process.parent.v, ID_PROCESS),
	SIGNED_DELTA(1, process.pid),
	TIME(2, process.start_mono_ns),
	BACK(3, process.exe.v, ID_STRING),
	FLAG(4, process.after_exec),
};

static const struct field thread_fields[] = {
	BACK(0, thread.process.v, ID_PROCESS),
	SIGNED_DELTA(1, thread.tid),
	TIME(2, thread.start_mono_ns),
	BACK(3, thread.name.v, ID_STRING),
};

static const struct field thread_name_fields[] = {
	BACK(0, thread_name.thread.v, ID_THREAD),
	TIME(1, thread_name.t_mono_ns),
	BACK(2, thread_name.name.v, ID_STRING),
};

static const struct field thread_exit_fields[] = {
	BACK(0, thread_exit.thread.v, ID_THREAD),
	TIME(1, thread_exit.t_mono_ns),
};

static const struct field event_fields[] = {
	BACK(0, event.name.v, ID_STRING),
	PLAIN(1, event.unit),
	PLAIN(2, event.period),
	PLAIN(3, event.frequency_hz),
	FLAG(4, event.user_only),
};

/* The address is done by hand. */
static const struct field frame_fields[] = {
	PLAIN(0, frame.kind),
	PLAIN(1, frame.flags),
	PLAIN(2, frame.module.v),
	BACK(4, frame.name.v, ID_STRING),
	BACK(5, frame.file.v, ID_STRING),
	DELTA(6, frame.line),
	DELTA(7, frame.first_line),
};

/* The start is done by hand. */
static const struct field symbol_fields[] = {
	DELTA(0, symbol.frame.v),
	PLAIN(1, symbol.depth),
	FLAG(2, symbol.is_outer),
	BACK(3, symbol.name.v, ID_STRING),
	BACK(4, symbol.file.v, ID_STRING),
	DELTA(5, symbol.line),
};

static const struct field lost_fields[] = {
	TIME(0, lost.t_mono_ns),
	PLAIN(1, lost.why),
	PLAIN(2, lost.count),
};

static const struct field throttle_fields[] = {
	TIME(0, throttle.t_mono_ns),
	PLAIN(1, throttle.duration_ns),
	PLAIN(2, throttle.cpu),
};

static const struct field step_fields[] = {
	BACK(0, step.text.v, ID_STRING),
	PLAIN(1, step.count),
	FLAG(2, step.is_warning),
};

static const struct field finish_fields[] = {
	PLAIN(0, finish.start_mono_ns),
	PLAIN(1, finish.end_mono_ns),
	PLAIN(2, finish.samples),
	PLAIN(3, finish.lost),
	FLAG(4, finish.interrupted),
	PLAIN(5, finish.running_ns),
};

static const struct {
	const struct field *fields;
	size_t count;
} lists[RECORD_TYPES] = {
#define LIST(type, list) [type] = { list, ARRAY_LEN(list) }
	LIST(REC_META, meta_fields),
	LIST(REC_MODULE, module_fields),
	LIST(REC_PROCESS, process_fields),
	LIST(REC_THREAD, thread_fields),
	LIST(REC_THREAD_NAME, thread_name_fields),
	LIST(REC_THREAD_EXIT, thread_exit_fields),
	LIST(REC_EVENT, event_fields),
	LIST(REC_FRAME, frame_fields),
	LIST(REC_SYMBOL, symbol_fields),
	LIST(REC_LOST, lost_fields),
	LIST(REC_THROTTLE, throttle_fields),
	LIST(REC_STEP, step_fields),
	LIST(REC_FINISH, finish_fields),
};

const struct field *record_fields(enum record_type type, size_t *count)
{
	*count = lists[type].count;
	return lists[type].fields;
}

uint64_t field_get(const struct record *rec, const struct field *f)
{
	const char *p = (const char *)rec + f->offset;
	uint32_t v32;
	uint64_t v64;

	switch (f->width_bytes) {
	case 1:
		return *(const uint8_t *)p;
	case 4:
		memcpy(&v32, p, 4);
		return f->is_signed ? (uint64_t)(int64_t)(int32_t)v32 : v32;
	default:
		memcpy(&v64, p, 8);
		return v64;
	}
}

bool field_set(struct record *rec, const struct field *f, uint64_t v)
{
	char *p = (char *)rec + f->offset;
	uint32_t v32 = (uint32_t)v;

	switch (f->width_bytes) {
	case 1:
		*(uint8_t *)p = (uint8_t)v;
		return v <= UINT8_MAX;
	case 4:
		memcpy(p, &v32, 4);
		if (f->is_signed)
			return (int64_t)v == (int32_t)v32;
		return v == v32;
	default:
		memcpy(p, &v, 8);
		return true;
	}
}
