/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of unknown origin into the model, and the model through everything
 * that shows it. A record is a byte of type and two bytes for each field, so
 * that ids mostly lie near each other; a refused record does not end it.
 */
#include <stdint.h>
#include <string.h>

#include "adder/export.h"
#include "adder/out.h"
#include "adder/profile.h"
#include "adder/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_OUT_BYTES (8u << 20)

struct input {
	const uint8_t *at;
	size_t left;
};

static uint32_t next(struct input *in)
{
	uint32_t v = 0;

	if (in->left < 2) {
		in->left = 0;
		return 0;
	}
	v = (uint32_t)in->at[0] | (uint32_t)in->at[1] << 8;
	in->at += 2;
	in->left -= 2;
	/* a few large ones; 0xffff is the largest */
	return v >= 0xff00 ? v << 16 | 0xffff : v;
}

static const char *take_bytes(struct input *in, uint32_t *len, char *text)
{
	*len = next(in) % 40;
	if (*len > in->left)
		*len = (uint32_t)in->left;
	memcpy(text, in->at, *len);
	text[*len] = '\0';
	in->at += *len;
	in->left -= *len;
	return text;
}

static void fill_code(struct record *r, struct input *in)
{
	switch (r->type) {
	case REC_FRAME:
		r->frame.id.v = next(in);
		r->frame.kind = next(in) % 7;
		r->frame.flags = next(in);
		r->frame.module.v = next(in);
		r->frame.addr = next(in);
		r->frame.name.v = next(in);
		r->frame.file.v = next(in);
		r->frame.first_line = next(in);
		break;
	case REC_STACK:
		r->stack.id.v = next(in);
		r->stack.parent.v = next(in);
		r->stack.frame.v = next(in);
		break;
	case REC_SYMBOL:
		r->symbol.frame.v = next(in);
		r->symbol.depth = next(in) % 4;
		r->symbol.is_outer = next(in) & 1;
		r->symbol.name.v = next(in);
		r->symbol.start_svma = next(in);
		break;
	case REC_SAMPLE:
		r->sample.t_mono_ns = (uint64_t)next(in) << 20;
		r->sample.weight = next(in);
		r->sample.running_ns = next(in);
		r->sample.thread.v = next(in);
		r->sample.event.v = next(in);
		r->sample.stack.v = next(in);
		r->sample.cpu = next(in);
		break;
	default:
		break;
	}
}

static void fill(struct record *r, struct input *in, char *text)
{
	switch (r->type) {
	case REC_META:
		r->meta.key.v = next(in);
		r->meta.value.v = next(in);
		break;
	case REC_STRING:
		r->string.id.v = next(in);
		r->string.bytes = take_bytes(in, &r->string.len, text);
		break;
	case REC_MODULE:
		r->module.id.v = next(in);
		r->module.path.v = next(in);
		break;
	case REC_PROCESS:
		r->process.id.v = next(in);
		r->process.parent.v = next(in);
		r->process.pid = (int32_t)next(in);
		r->process.exe.v = next(in);
		break;
	case REC_THREAD:
		r->thread.id.v = next(in);
		r->thread.process.v = next(in);
		r->thread.tid = (int32_t)next(in);
		r->thread.start_mono_ns = (uint64_t)next(in) << 20;
		r->thread.name.v = next(in);
		break;
	case REC_THREAD_NAME:
		r->thread_name.thread.v = next(in);
		r->thread_name.t_mono_ns = (uint64_t)next(in) << 20;
		r->thread_name.name.v = next(in);
		break;
	case REC_THREAD_EXIT:
		r->thread_exit.thread.v = next(in);
		r->thread_exit.t_mono_ns = (uint64_t)next(in) << 20;
		break;
	case REC_EVENT:
		r->event.id.v = next(in);
		r->event.name.v = next(in);
		r->event.unit = next(in) % 4;
		r->event.frequency_hz = next(in);
		break;
	case REC_STEP:
		r->step.text.v = next(in);
		r->step.count = next(in);
		break;
	case REC_FINISH:
		r->finish.samples = next(in);
		r->finish.end_mono_ns = (uint64_t)next(in) << 20;
		break;
	default:
		fill_code(r, in);
		break;
	}
}

static int swallow(void *self, const void *bytes, size_t len)
{
	size_t *total = self;

	(void)bytes;
	*total += len;
	return *total > MAX_OUT_BYTES ? -1 : 0;
}

static void show(struct model *m, const struct selection *sel)
{
	static const struct script_opts scripts[] = {
		{ 0 }, { .exact = true, .header = true, .task_events = true,
			 .with_pid = true, .with_cpu = true },
	};
	struct report_opts opts = { .columns = 60, .utf8 = true };
	struct script_stats stats;
	struct profile *p;
	size_t total = 0, i;
	struct out o;

	if (profile_new(&p, m, sel, NULL))
		return;
	out_init(&o, swallow, &total);
	for (opts.by = REPORT_FUNCTIONS; opts.by <= REPORT_THREADS; opts.by++) {
		report_text(&o, p, &opts);
		report_json(&o, p, &opts);
	}
	for (i = 0; i < ARRAY_LEN(scripts); i++)
		script_write(&o, p, &scripts[i], &stats);
	out_close(&o);
	profile_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct selection views[] = {
		{ 0 }, { .show = SHOW_PYTHON, .function = "a", .module = "*" },
		{ .show = SHOW_NATIVE, .thread = "*" },
	};
	struct input in = { data, size };
	struct model *m = model_new();
	struct sink sink = model_sink(m);
	char text[64];
	size_t i;

	model_keep_samples(m);
	while (in.left) {
		struct record r = { .type = in.at[0] % (REC_FINISH + 2) };

		in.at++;
		in.left--;
		fill(&r, &in, text);
		sink_push(&sink, &r);
	}
	for (i = 0; i < ARRAY_LEN(views); i++)
		show(m, &views[i]);
	model_free(m);
	return 0;
}
