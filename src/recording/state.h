/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What encoder and decoder know at every record, kept by one piece of code so
 * that they cannot drift apart: which ids are defined (for the whole file),
 * and the earlier values that the next ones are told against (for one chunk;
 * a stamp says which one a value belongs to).
 */
#ifndef RECORDING_STATE_H
#define RECORDING_STATE_H

#include "adder/sink.h"
#include "adder/vec.h"

enum id_kind {
	ID_STRING, ID_MODULE, ID_PROCESS, ID_THREAD, ID_EVENT, ID_FRAME,
	ID_STACK, ID_KINDS,
};

#define FIELDS_PER_TYPE 16
#define RECORD_TYPES (REC_FINISH + 1)
#define COLUMN_COUNT (RECORD_TYPES * FIELDS_PER_TYPE)
#define COLUMN(type, field) ((type) * FIELDS_PER_TYPE + (field))
#define COLUMN_ORDER 0

/* Columns that no table of fields describes. */
enum {
	COLUMN_STRING_LEN = COLUMN(REC_STRING, 0),
	COLUMN_STRING_BYTES = COLUMN(REC_STRING, 1),
	COLUMN_BUILD_ID_LEN = COLUMN(REC_MODULE, 2),
	COLUMN_BUILD_ID = COLUMN(REC_MODULE, 3),
	COLUMN_FRAME_ADDR = COLUMN(REC_FRAME, 3),
	COLUMN_STACK_PARENT = COLUMN(REC_STACK, 0),
	COLUMN_STACK_FRAME = COLUMN(REC_STACK, 1),
	COLUMN_SYMBOL_START = COLUMN(REC_SYMBOL, 6),
	COLUMN_SAMPLE_THREAD = COLUMN(REC_SAMPLE, 0),
	COLUMN_SAMPLE_TIME = COLUMN(REC_SAMPLE, 1),
	COLUMN_SAMPLE_EVENT = COLUMN(REC_SAMPLE, 2),
	COLUMN_SAMPLE_WEIGHT = COLUMN(REC_SAMPLE, 3),
	COLUMN_SAMPLE_RUNNING = COLUMN(REC_SAMPLE, 4),
	COLUMN_SAMPLE_RUNNING_NS = COLUMN(REC_SAMPLE, 5),
	COLUMN_SAMPLE_STACK = COLUMN(REC_SAMPLE, 6),
	COLUMN_SAMPLE_CPU = COLUMN(REC_SAMPLE, 7),
};

enum { RUNNING_IS_WEIGHT = 0, RUNNING_IS_ZERO = 1, RUNNING_STATED = 2 };

struct chunk_value {
	uint64_t value;
	uint32_t chunk;		/* the stamp */
	uint32_t unit;		/* of an event; for the whole file */
};

struct state {
	/* For the whole file. */
	uint32_t count[ID_KINDS];
	VEC(uint16_t) depths;		/* [stack id - 1] */
	VEC(uint64_t) addrs;		/* [frame id - 1] */
	VEC(uint64_t) starts;		/* of functions, by name's id - 1 */
	/* For a chunk. */
	uint32_t chunk;
	uint64_t base_ns;
	uint64_t prev[COLUMN_COUNT];
	VEC(struct chunk_value) threads;	/* last time, [id - 1] */
	VEC(struct chunk_value) events;		/* last weight, [id - 1] */
	VEC(struct chunk_value) frame_slots;	/* last address */
	uint32_t symbol_frame;			/* of the last SYMBOL */
	uint64_t symbol_start;
};

void state_init(struct state *s);
void state_release(struct state *s);
void state_next_chunk(struct state *s, uint64_t base_ns);

/*
 * Whether the record names only what is defined, and defines the next id:
 * NULL, or what is wrong with it in a few words.
 */
const char *state_check(const struct state *s, const struct record *rec);
/* After a record that is right: what it defines is defined. */
void state_note(struct state *s, const struct record *rec);

const char *id_kind_name(enum id_kind kind);
const char *record_type_name(enum record_type type);

/* Where the previous address of a frame's kind and module stands. */
struct chunk_value *state_frame_slot(struct state *s, enum frame_kind kind,
				     struct module_id module);

/* The value of this chunk, or `fresh` where it has none yet. */
static inline uint64_t chunk_value_get(const struct chunk_value *v,
				       uint32_t chunk, uint64_t fresh)
{
	return v->chunk == chunk ? v->value : fresh;
}

static inline void chunk_value_set(struct chunk_value *v, uint32_t chunk,
				   uint64_t value)
{
	v->chunk = chunk;
	v->value = value;
}

/* The time at which a sample is expected; thread and event are defined. */
static inline uint64_t state_sample_time(const struct state *s,
					 const struct rec_sample *r)
{
	const struct chunk_value *t = &s->threads.data[r->thread.v - 1];

	if (t->chunk != s->chunk)
		return s->base_ns + s->prev[COLUMN_SAMPLE_TIME];
	if (s->events.data[r->event.v - 1].unit == UNIT_NS)
		return t->value + r->weight;
	return t->value;
}

/* After a sample: what the next ones are told against. */
static inline void state_note_sample(struct state *s,
				     const struct rec_sample *r)
{
	chunk_value_set(&s->threads.data[r->thread.v - 1], s->chunk,
			r->t_mono_ns);
	chunk_value_set(&s->events.data[r->event.v - 1], s->chunk, r->weight);
	s->prev[COLUMN_SAMPLE_THREAD] = r->thread.v;
	s->prev[COLUMN_SAMPLE_TIME] = r->t_mono_ns - s->base_ns;
	s->prev[COLUMN_SAMPLE_EVENT] = r->event.v;
	s->prev[COLUMN_SAMPLE_CPU] = r->cpu;
}

/*
 * The start that a symbol's function is expected to have; its frame and name
 * are defined.
 */
uint64_t state_symbol_start(const struct state *s, const struct rec_symbol *r);

/* --- fields that are told one by one, without regard to others --- */
enum field_method {
	FIELD_PLAIN,	/* uleb */
	FIELD_FLAG,	/* a bool in bit 0 */
	FIELD_DELTA,	/* zigzag against the previous value */
	FIELD_TIME,	/* the same, the first against the base time */
	FIELD_BACK,	/* an id by its distance from the latest */
};

struct field {
	uint8_t column;		/* field number */
	uint8_t method;
	uint8_t kind;		/* FIELD_BACK: of which ids */
	uint8_t width_bytes;	/* 1, 4, 8 */
	bool is_signed;
	uint16_t offset;	/* in struct record */
};

/* The table of a type, or NULL and 0 (STRING, STACK, SAMPLE: by hand). */
const struct field *record_fields(enum record_type type, size_t *count);

uint64_t field_get(const struct record *rec, const struct field *f);
/* false: the value does not fit. */
bool field_set(struct record *rec, const struct field *f, uint64_t v);

#endif
