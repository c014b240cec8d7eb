/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording/encode.h"

#include <string.h>

#include "recording/format.h"

void encoder_init(struct encoder *e)
{
	memset(e, 0, sizeof(*e));
	state_init(&e->state);
	state_next_chunk(&e->state, 0);
}

void encoder_release(struct encoder *e)
{
	size_t i;

	for (i = 0; i < COLUMN_COUNT; i++)
		buf_release(&e->columns[i].bytes);
	state_release(&e->state);
}

static void put(struct encoder *e, unsigned int column, uint64_t v)
{
	struct column_out *c = &e->columns[column];
	size_t before = c->bytes.len;

	if (!before) {
		if (!v) {
			c->zeros++;
			return;
		}
		if (c->zeros)
			memset(buf_reserve(&c->bytes, c->zeros), 0, c->zeros);
		c->bytes.len = c->zeros;
		c->zeros = 0;
	}
	if (v < 0x80)
		buf_putc(&c->bytes, (char)v);
	else
		buf_put_uleb(&c->bytes, v);
	e->raw_bytes += c->bytes.len - before;
}

static void put_delta(struct encoder *e, unsigned int column, uint64_t v)
{
	put(e, column, zigzag(v - e->state.prev[column]));
	e->state.prev[column] = v;
}

static void put_bytes(struct encoder *e, unsigned int column, const void *p,
		      size_t len)
{
	buf_put(&e->columns[column].bytes, p, len);
	e->raw_bytes += len;
}

/* The chunk's base time is the first that it hears of. */
static void note_base(struct encoder *e, uint64_t t_ns)
{
	if (e->has_base)
		return;
	e->state.base_ns = t_ns;
	e->has_base = true;
}

static void note_time(struct encoder *e, uint64_t t_ns)
{
	note_base(e, t_ns);
	if (!e->has_times || t_ns < e->first_ns)
		e->first_ns = t_ns;
	if (!e->has_times || t_ns > e->last_ns)
		e->last_ns = t_ns;
	e->has_times = true;
}

static void put_fields(struct encoder *e, const struct record *rec)
{
	const struct field *f;
	unsigned int column;
	size_t count;
	uint64_t v;

	for (f = record_fields(rec->type, &count); count--; f++) {
		column = COLUMN(rec->type, f->column);
		v = field_get(rec, f);
		switch (f->method) {
		case FIELD_PLAIN:
		case FIELD_FLAG:
			put(e, column, v);
			break;
		case FIELD_DELTA:
			put_delta(e, column, v);
			break;
		case FIELD_TIME:
			note_base(e, v);
			put_delta(e, column, v - e->state.base_ns);
			break;
		case FIELD_BACK:
			put(e, column,
			    v ? 1 + e->state.count[f->kind] - v : 0);
			break;
		}
	}
}

static void put_string(struct encoder *e, const struct rec_string *r)
{
	uint32_t len = r->len;

	if (len > MAX_STRING_BYTES) {
		len = MAX_STRING_BYTES;
		e->cut_strings++;
	}
	put(e, COLUMN_STRING_LEN, len);
	put_bytes(e, COLUMN_STRING_BYTES, r->bytes, len);
	put_bytes(e, COLUMN_STRING_BYTES, "", 1);
}

static void put_frame_addr(struct encoder *e, const struct rec_frame *r)
{
	struct state *s = &e->state;
	struct chunk_value *v = state_frame_slot(s, r->kind, r->module);

	put(e, COLUMN_FRAME_ADDR,
	    zigzag(r->addr - chunk_value_get(v, s->chunk, 0)));
	chunk_value_set(v, s->chunk, r->addr);
}

static void put_stack(struct encoder *e, const struct rec_stack *r)
{
	put(e, COLUMN_STACK_PARENT, r->parent.v ? r->id.v - r->parent.v : 0);
	put(e, COLUMN_STACK_FRAME, e->state.count[ID_FRAME] - r->frame.v);
}

static void put_sample(struct encoder *e, const struct rec_sample *r)
{
	struct state *s = &e->state;
	uint64_t weight;

	note_base(e, r->t_mono_ns);
	put(e, COLUMN_SAMPLE_THREAD,
	    zigzag(r->thread.v - s->prev[COLUMN_SAMPLE_THREAD]));
	put(e, COLUMN_SAMPLE_EVENT,
	    zigzag(r->event.v - s->prev[COLUMN_SAMPLE_EVENT]));
	weight = chunk_value_get(&s->events.data[r->event.v - 1], s->chunk, 0);
	put(e, COLUMN_SAMPLE_WEIGHT, zigzag(r->weight - weight));
	if (r->running_ns == r->weight) {
		put(e, COLUMN_SAMPLE_RUNNING, RUNNING_IS_WEIGHT);
	} else if (!r->running_ns) {
		put(e, COLUMN_SAMPLE_RUNNING, RUNNING_IS_ZERO);
	} else {
		put(e, COLUMN_SAMPLE_RUNNING, RUNNING_STATED);
		put(e, COLUMN_SAMPLE_RUNNING_NS, r->running_ns);
	}
	put(e, COLUMN_SAMPLE_TIME,
	    zigzag(r->t_mono_ns - state_sample_time(s, r)));
	put(e, COLUMN_SAMPLE_STACK,
	    r->stack.v ? 1 + s->count[ID_STACK] - r->stack.v : 0);
	put(e, COLUMN_SAMPLE_CPU, zigzag(r->cpu - s->prev[COLUMN_SAMPLE_CPU]));
	state_note_sample(s, r);
	note_time(e, r->t_mono_ns);
}

static void put_rest(struct encoder *e, const struct record *rec)
{
	put_fields(e, rec);
	switch (rec->type) {
	case REC_MODULE:
		put(e, COLUMN_BUILD_ID_LEN, rec->module.build_id_bytes);
		put_bytes(e, COLUMN_BUILD_ID, rec->module.build_id,
			  rec->module.build_id_bytes);
		break;
	case REC_FRAME:
		put_frame_addr(e, &rec->frame);
		break;
	case REC_SYMBOL:
		put(e, COLUMN_SYMBOL_START,
		    zigzag(state_symbol_start(&e->state, &rec->symbol) -
			   rec->symbol.start_svma));
		break;
	case REC_THREAD_NAME:
		note_time(e, rec->thread_name.t_mono_ns);
		break;
	case REC_THREAD_EXIT:
		note_time(e, rec->thread_exit.t_mono_ns);
		break;
	case REC_LOST:
		note_time(e, rec->lost.t_mono_ns);
		break;
	case REC_THROTTLE:
		note_time(e, rec->throttle.t_mono_ns);
		break;
	default:
		break;
	}
}

const char *encoder_put(struct encoder *e, const struct record *rec)
{
	const char *wrong = state_check(&e->state, rec);

	if (wrong)
		return wrong;
	put(e, COLUMN_ORDER, rec->type);
	e->records++;
	switch (rec->type) {
	case REC_SAMPLE:
		put_sample(e, &rec->sample);
		return NULL;
	case REC_STACK:
		put_stack(e, &rec->stack);
		break;
	case REC_STRING:
		put_string(e, &rec->string);
		break;
	default:
		put_rest(e, rec);
		break;
	}
	e->defines |= rec->type != REC_LOST && rec->type != REC_THROTTLE;
	state_note(&e->state, rec);
	return NULL;
}

/* Without an allocation: a recorder that is out of memory still ends a chunk. */
static void put_preamble(struct encoder *e, struct buf *out)
{
	uint64_t values[1 + ID_KINDS];
	size_t start = out->len, i;

	values[0] = e->state.base_ns;
	for (i = 0; i < ID_KINDS; i++)
		values[1 + i] = e->base_count[i];
	buf_putc(out, 0);	/* the length, less than 128 */
	for (i = 0; i < ARRAY_LEN(values); i++)
		buf_put_uleb(out, values[i]);
	out->data[start] = (char)(out->len - start - 1);
}

void encoder_take(struct encoder *e, struct buf *out)
{
	struct column_out *c;
	size_t i;

	put_preamble(e, out);
	for (i = 0; i < COLUMN_COUNT; i++) {
		c = &e->columns[i];
		if (c->bytes.len) {
			buf_put_uleb(out, i);
			buf_put_uleb(out, c->bytes.len);
			buf_put(out, c->bytes.data, c->bytes.len);
		}
		buf_clear(&c->bytes);
		c->zeros = 0;
	}
	memcpy(e->base_count, e->state.count, sizeof(e->base_count));
	e->raw_bytes = 0;
	e->records = 0;
	e->first_ns = e->last_ns = 0;
	e->has_base = e->has_times = e->defines = false;
	state_next_chunk(&e->state, 0);
}
