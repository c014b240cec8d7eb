/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "adder/cursor.h"
#include "recording/format.h"

void decoder_init(struct decoder *d)
{
	memset(d, 0, sizeof(*d));
	state_init(&d->state);
}

void decoder_release(struct decoder *d)
{
	state_release(&d->state);
}

__attribute__((format(printf, 2, 3)))
static int malformed(struct decoder *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->what, sizeof(d->what), fmt, ap);
	va_end(ap);
	return DECODE_MALFORMED;
}

static uint64_t get_slow(struct decoder *d, struct column_in *c)
{
	struct cursor in;
	uint64_t v;

	if (!c->p)
		return 0;
	in = cursor_of(c->p, (size_t)(c->end - c->p));
	v = cursor_uleb(&in);
	c->p = in.p;
	d->bad |= in.bad;
	return v;
}

static inline uint64_t get(struct decoder *d, unsigned int column)
{
	struct column_in *c = &d->columns[column];

	if (c->p < c->end && *c->p < 0x80)
		return *c->p++;
	return get_slow(d, c);
}

/* An id; one that does not fit is turned into one that cannot be defined. */
static inline uint32_t as_id(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static inline uint32_t get_back(struct decoder *d, unsigned int column,
				enum id_kind kind)
{
	uint64_t v = get(d, column);

	return v ? as_id(1 + (uint64_t)d->state.count[kind] - v) : 0;
}

static inline uint64_t get_delta(struct decoder *d, unsigned int column)
{
	uint64_t *prev = &d->state.prev[column];

	return *prev += unzigzag(get(d, column));
}

static const uint8_t *get_bytes(struct decoder *d, unsigned int column,
				uint64_t len)
{
	struct column_in *c = &d->columns[column];
	const uint8_t *p = c->p;

	if (len > (uint64_t)(c->end - c->p)) {
		d->bad = true;
		return NULL;
	}
	c->p += len;
	return p;
}

static void get_fields(struct decoder *d, struct record *rec)
{
	const struct field *f;
	unsigned int column;
	size_t count;
	uint64_t v = 0;

	for (f = record_fields(rec->type, &count); count--; f++) {
		column = COLUMN(rec->type, f->column);
		switch (f->method) {
		case FIELD_PLAIN:
			v = get(d, column);
			break;
		case FIELD_FLAG:
			v = get(d, column) & 1;
			break;
		case FIELD_DELTA:
			v = get_delta(d, column);
			break;
		case FIELD_TIME:
			v = get_delta(d, column) + d->state.base_ns;
			break;
		case FIELD_BACK:
			v = get_back(d, column, f->kind);
			break;
		}
		d->bad |= !field_set(rec, f, v);
	}
}

static void get_string(struct decoder *d, struct rec_string *r)
{
	uint64_t len = get(d, COLUMN_STRING_LEN);
	const uint8_t *p;

	r->id.v = d->state.count[ID_STRING] + 1;
	r->bytes = "";
	r->len = 0;
	if (len > MAX_STRING_BYTES) {
		d->bad = true;
		return;
	}
	p = get_bytes(d, COLUMN_STRING_BYTES, len + 1);
	if (!p || p[len]) {
		d->bad = true;
		return;
	}
	r->bytes = (const char *)p;
	r->len = (uint32_t)len;
}

static void get_build_id(struct decoder *d, struct rec_module *r)
{
	uint64_t len = get(d, COLUMN_BUILD_ID_LEN);
	const uint8_t *p;

	if (len > BUILD_ID_MAX_BYTES) {
		d->bad = true;
		return;
	}
	p = len ? get_bytes(d, COLUMN_BUILD_ID, len) : NULL;
	if (p) {
		memcpy(r->build_id, p, len);
		r->build_id_bytes = (uint8_t)len;
	}
}

static void get_frame_addr(struct decoder *d, struct rec_frame *r)
{
	struct state *s = &d->state;
	struct chunk_value *v;

	/* The slot is found by what has not been checked yet. */
	if (r->module.v > s->count[ID_MODULE] || r->kind < FRAME_NATIVE ||
	    r->kind > FRAME_END) {
		d->bad = true;
		return;
	}
	v = state_frame_slot(s, r->kind, r->module);
	r->addr = chunk_value_get(v, s->chunk, 0) +
		  unzigzag(get(d, COLUMN_FRAME_ADDR));
	chunk_value_set(v, s->chunk, r->addr);
}

static void get_stack(struct decoder *d, struct rec_stack *r)
{
	struct state *s = &d->state;
	uint64_t v = get(d, COLUMN_STACK_PARENT);

	r->id.v = s->count[ID_STACK] + 1;
	r->parent.v = v ? as_id((uint64_t)r->id.v - v) : 0;
	r->frame.v = as_id((uint64_t)s->count[ID_FRAME] -
			   get(d, COLUMN_STACK_FRAME));
	/* As far back as to "none" is not the way to say it. */
	d->bad |= v && !r->parent.v;
}

/* The time is told against thread and event, so these are checked first. */
static void get_sample(struct decoder *d, struct rec_sample *r)
{
	struct state *s = &d->state;

	r->thread.v = as_id(s->prev[COLUMN_SAMPLE_THREAD] +
			    unzigzag(get(d, COLUMN_SAMPLE_THREAD)));
	r->event.v = as_id(s->prev[COLUMN_SAMPLE_EVENT] +
			   unzigzag(get(d, COLUMN_SAMPLE_EVENT)));
	r->stack.v = get_back(d, COLUMN_SAMPLE_STACK, ID_STACK);
	r->cpu = (uint32_t)(s->prev[COLUMN_SAMPLE_CPU] +
			    unzigzag(get(d, COLUMN_SAMPLE_CPU)));
	if (!r->thread.v || r->thread.v > s->count[ID_THREAD] ||
	    !r->event.v || r->event.v > s->count[ID_EVENT])
		return;		/* state_check() will say so */
	r->weight = chunk_value_get(&s->events.data[r->event.v - 1], s->chunk,
				    0) +
		    unzigzag(get(d, COLUMN_SAMPLE_WEIGHT));
	switch (get(d, COLUMN_SAMPLE_RUNNING)) {
	case RUNNING_IS_WEIGHT:
		r->running_ns = r->weight;
		break;
	case RUNNING_IS_ZERO:
		r->running_ns = 0;
		break;
	case RUNNING_STATED:
		r->running_ns = get(d, COLUMN_SAMPLE_RUNNING_NS);
		break;
	default:
		d->bad = true;
		break;
	}
	r->t_mono_ns = state_sample_time(s, r) +
		       unzigzag(get(d, COLUMN_SAMPLE_TIME));
}

static void get_rest(struct decoder *d, struct record *rec)
{
	const uint32_t *count = d->state.count;
	uint32_t frame;

	get_fields(d, rec);
	switch (rec->type) {
	case REC_MODULE:
		rec->module.id.v = count[ID_MODULE] + 1;
		get_build_id(d, &rec->module);
		break;
	case REC_PROCESS:
		rec->process.id.v = count[ID_PROCESS] + 1;
		break;
	case REC_THREAD:
		rec->thread.id.v = count[ID_THREAD] + 1;
		break;
	case REC_EVENT:
		rec->event.id.v = count[ID_EVENT] + 1;
		break;
	case REC_FRAME:
		rec->frame.id.v = count[ID_FRAME] + 1;
		get_frame_addr(d, &rec->frame);
		break;
	case REC_SYMBOL:
		frame = rec->symbol.frame.v;
		if (frame && frame <= count[ID_FRAME])
			rec->symbol.start_svma =
				state_symbol_start(&d->state, &rec->symbol) -
				unzigzag(get(d, COLUMN_SYMBOL_START));
		break;
	default:
		break;
	}
}

/* One record of a known type, given on to the sink. */
static int push_one(struct decoder *d, enum record_type type,
		    const struct sink *sink)
{
	struct record rec = { .type = type };
	const char *wrong;
	int ret;

	switch (type) {
	case REC_SAMPLE:
		get_sample(d, &rec.sample);
		break;
	case REC_STACK:
		get_stack(d, &rec.stack);
		break;
	case REC_STRING:
		get_string(d, &rec.string);
		break;
	default:
		get_rest(d, &rec);
		break;
	}
	wrong = d->bad ? "its values are malformed" :
		state_check(&d->state, &rec);
	if (wrong)
		return malformed(d, "a %s record is wrong: %s",
				 record_type_name(type), wrong);
	ret = sink_push(sink, &rec);
	if (ret < 0)
		return ret;
	if (type == REC_SAMPLE)
		state_note_sample(&d->state, &rec.sample);
	else
		state_note(&d->state, &rec);
	return 0;
}

static int read_preamble(struct decoder *d, struct cursor *in)
{
	struct cursor c;
	const uint8_t *p;
	uint64_t len = cursor_uleb(in), base_ns;
	size_t i;

	p = len <= cursor_left(in) ? cursor_bytes(in, (size_t)len) : NULL;
	if (in->bad || !p)
		return malformed(d, "its preamble is malformed");
	c = cursor_of(p, (size_t)len);
	base_ns = cursor_uleb(&c);
	for (i = 0; i < ID_KINDS; i++) {
		if (cursor_uleb(&c) != d->state.count[i])
			return malformed(d, "the number of its first %s is "
					 "not the next one",
					 id_kind_name((enum id_kind)i));
	}
	if (c.bad)
		return malformed(d, "its preamble is malformed");
	state_next_chunk(&d->state, base_ns);
	return 0;
}

static int find_columns(struct decoder *d, struct cursor *in)
{
	uint64_t id, len, least = 0;
	const uint8_t *p;

	memset(d->columns, 0, sizeof(d->columns));
	while (cursor_left(in)) {
		id = cursor_uleb(in);
		len = cursor_uleb(in);
		p = len <= cursor_left(in) ? cursor_bytes(in, (size_t)len) :
		    NULL;
		if (in->bad || !p || id < least)
			return malformed(d, "its columns are malformed");
		least = id + 1;
		if (id >= COLUMN_COUNT)
			continue;
		d->columns[id].p = p;
		d->columns[id].end = p + len;
	}
	return 0;
}

int decoder_push(struct decoder *d, const uint8_t *body, size_t len,
		 uint32_t records, const struct sink *sink)
{
	struct cursor in = cursor_of(body, len);
	struct column_in *order = &d->columns[COLUMN_ORDER];
	uint32_t left = records;
	uint64_t type;
	int ret;

	d->bad = false;
	ret = read_preamble(d, &in);
	if (!ret)
		ret = find_columns(d, &in);
	for (; !ret && order->p < order->end; left--) {
		type = get(d, COLUMN_ORDER);
		if (d->bad || !type || !left)
			return malformed(d, "its order of records is "
					 "malformed");
		if (type < RECORD_TYPES)
			ret = push_one(d, (enum record_type)type, sink);
	}
	if (!ret && left)
		return malformed(d, "it has not as many records as it says");
	return ret;
}
