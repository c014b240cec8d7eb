/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording/state.h"

#include <string.h>

#include "recording/format.h"

static const struct {
	const char *name;
	uint32_t limit;
} kinds[ID_KINDS] = {
	[ID_STRING] = { "string", 1u << 28 },
	[ID_MODULE] = { "module", 1u << 20 },
	[ID_PROCESS] = { "process", 1u << 24 },
	[ID_THREAD] = { "thread", 1u << 24 },
	[ID_EVENT] = { "event", 4096 },
	[ID_FRAME] = { "frame", 1u << 28 },
	[ID_STACK] = { "stack", 1u << 28 },
};

const char *id_kind_name(enum id_kind kind)
{
	return kinds[kind].name;
}

const char *record_type_name(enum record_type type)
{
	static const char *const names[RECORD_TYPES] = {
		[REC_META] = "meta", [REC_STRING] = "string",
		[REC_MODULE] = "module", [REC_PROCESS] = "process",
		[REC_THREAD] = "thread", [REC_THREAD_NAME] = "thread name",
		[REC_THREAD_EXIT] = "thread exit", [REC_EVENT] = "event",
		[REC_FRAME] = "frame", [REC_STACK] = "stack",
		[REC_SYMBOL] = "symbol", [REC_SAMPLE] = "sample",
		[REC_LOST] = "lost", [REC_THROTTLE] = "throttle",
		[REC_STEP] = "step", [REC_FINISH] = "finish",
	};

	if (type >= RECORD_TYPES || !names[type])
		return "unknown";
	return names[type];
}

void state_init(struct state *s)
{
	memset(s, 0, sizeof(*s));
}

void state_release(struct state *s)
{
	vec_release(&s->depths);
	vec_release(&s->addrs);
	vec_release(&s->starts);
	vec_release(&s->threads);
	vec_release(&s->events);
	vec_release(&s->frame_slots);
}

void state_next_chunk(struct state *s, uint64_t base_ns)
{
	s->chunk++;
	s->base_ns = base_ns;
	s->symbol_frame = 0;
	memset(s->prev, 0, sizeof(s->prev));
}

/* The id is the next one, and one more may be. */
static const char *check_next(const struct state *s, enum id_kind kind,
			      uint32_t id)
{
	if (id != s->count[kind] + 1)
		return "its id is not the next one";
	if (s->count[kind] >= kinds[kind].limit)
		return "too many of its kind";
	return NULL;
}

/* Ids that the table of fields names; 0 is legal in all of them. */
static const char *check_fields(const struct state *s,
				const struct record *rec)
{
	const struct field *f;
	size_t count;

	for (f = record_fields(rec->type, &count); count--; f++) {
		if (f->method == FIELD_BACK &&
		    field_get(rec, f) > s->count[f->kind])
			return "it names what is not defined";
	}
	return NULL;
}

static const char *check_frame(const struct state *s,
			       const struct rec_frame *r)
{
	if (r->kind < FRAME_NATIVE || r->kind > FRAME_END)
		return "its kind is not known";
	if (r->module.v > s->count[ID_MODULE])
		return "its module is not defined";
	return check_next(s, ID_FRAME, r->id.v);
}

static const char *check_stack(const struct state *s,
			       const struct rec_stack *r)
{
	if (!r->frame.v || r->frame.v > s->count[ID_FRAME])
		return "its frame is not defined";
	if (r->parent.v > s->count[ID_STACK])
		return "its parent is not defined";
	if (r->parent.v && s->depths.data[r->parent.v - 1] >= MAX_STACK_DEPTH)
		return "it is too deep";
	return check_next(s, ID_STACK, r->id.v);
}

static const char *check_sample(const struct state *s,
				const struct rec_sample *r)
{
	if (!r->thread.v || r->thread.v > s->count[ID_THREAD])
		return "its thread is not defined";
	if (!r->event.v || r->event.v > s->count[ID_EVENT])
		return "its event is not defined";
	if (r->stack.v > s->count[ID_STACK])
		return "its stack is not defined";
	return NULL;
}

static const char *check_definition(const struct state *s,
				    const struct record *rec)
{
	switch (rec->type) {
	case REC_MODULE:
		if (rec->module.kind < MODULE_FILE ||
		    rec->module.kind > MODULE_JIT)
			return "its kind is not known";
		if (rec->module.build_id_bytes > BUILD_ID_MAX_BYTES)
			return "its build-id is too long";
		return check_next(s, ID_MODULE, rec->module.id.v);
	case REC_PROCESS:
		return check_next(s, ID_PROCESS, rec->process.id.v);
	case REC_THREAD:
		if (!rec->thread.process.v)
			return "it belongs to no process";
		return check_next(s, ID_THREAD, rec->thread.id.v);
	case REC_EVENT:
		if (rec->event.unit != UNIT_NS && rec->event.unit != UNIT_COUNT)
			return "its unit is not known";
		return check_next(s, ID_EVENT, rec->event.id.v);
	case REC_THREAD_NAME:
		return rec->thread_name.thread.v ? NULL : "it has no thread";
	case REC_THREAD_EXIT:
		return rec->thread_exit.thread.v ? NULL : "it has no thread";
	case REC_SYMBOL:
		if (!rec->symbol.frame.v ||
		    rec->symbol.frame.v > s->count[ID_FRAME])
			return "its frame is not defined";
		return NULL;
	default:
		return NULL;
	}
}

const char *state_check(const struct state *s, const struct record *rec)
{
	const char *wrong;

	switch (rec->type) {
	case REC_SAMPLE:
		return check_sample(s, &rec->sample);
	case REC_STACK:
		return check_stack(s, &rec->stack);
	case REC_STRING:
		return check_next(s, ID_STRING, rec->string.id.v);
	case REC_FRAME:
		wrong = check_frame(s, &rec->frame);
		return wrong ? wrong : check_fields(s, rec);
	default:
		if (!rec->type || rec->type >= RECORD_TYPES)
			return "its type is not known";
		wrong = check_fields(s, rec);
		return wrong ? wrong : check_definition(s, rec);
	}
}

#define NEAR_BYTES 65536u

uint64_t state_symbol_start(const struct state *s, const struct rec_symbol *r)
{
	uint64_t addr = s->addrs.data[r->frame.v - 1];
	uint32_t name = r->name.v;

	if (r->frame.v == s->symbol_frame)
		return s->symbol_start;
	if (name)
		return name <= s->starts.count && s->starts.data[name - 1] ?
		       s->starts.data[name - 1] : addr;
	/* Functions without a name come in order of their addresses. */
	if (s->symbol_frame && addr >= s->symbol_start &&
	    addr - s->symbol_start < NEAR_BYTES)
		return s->symbol_start;
	return addr;
}

static void note_symbol(struct state *s, const struct rec_symbol *r)
{
	s->symbol_frame = r->frame.v;
	s->symbol_start = r->start_svma;
	if (!r->name.v)
		return;
	while (s->starts.count < r->name.v)
		*vec_push(&s->starts) = 0;
	s->starts.data[r->name.v - 1] = r->start_svma;
}

void state_note(struct state *s, const struct record *rec)
{
	uint16_t depth;

	switch (rec->type) {
	case REC_STRING:
		s->count[ID_STRING]++;
		break;
	case REC_MODULE:
		s->count[ID_MODULE]++;
		break;
	case REC_PROCESS:
		s->count[ID_PROCESS]++;
		break;
	case REC_THREAD:
		s->count[ID_THREAD]++;
		*vec_push(&s->threads) = (struct chunk_value){ 0 };
		break;
	case REC_EVENT:
		s->count[ID_EVENT]++;
		*vec_push(&s->events) = (struct chunk_value){
			.unit = rec->event.unit };
		break;
	case REC_FRAME:
		s->count[ID_FRAME]++;
		*vec_push(&s->addrs) = rec->frame.addr;
		break;
	case REC_STACK:
		s->count[ID_STACK]++;
		depth = 1;
		if (rec->stack.parent.v)
			depth += s->depths.data[rec->stack.parent.v - 1];
		*vec_push(&s->depths) = depth;
		break;
	case REC_SYMBOL:
		note_symbol(s, &rec->symbol);
		break;
	default:
		break;
	}
}

struct chunk_value *state_frame_slot(struct state *s, enum frame_kind kind,
				     struct module_id module)
{
	size_t slot = (size_t)module.v * 4 + (kind - FRAME_NATIVE);

	while (s->frame_slots.count <= slot)
		*vec_push(&s->frame_slots) = (struct chunk_value){ 0 };
	return &s->frame_slots.data[slot];
}
