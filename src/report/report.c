/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text report: a head that says what was measured and how well, then one
 * table. Whoever reads only the first screen knows where the time goes.
 */
#include "adder/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adder/mem.h"
#include "adder/text.h"
#include "report/internal.h"

#define DIGITS 40
#define KEY_COLUMNS 11

static void put_key(struct report *r, const char *key)
{
	buf_printf(&r->o->buf, "%-*s ", KEY_COLUMNS - 1, key);
}

/*
 * Breaks the lines from `start` on at blanks where they are too long, and
 * indents what follows below the values.
 */
static void wrap(struct buf *b, size_t start, size_t columns)
{
	struct buf lines = { 0 };
	size_t at, used = 0, word;

	buf_put(&lines, b->data + start, b->len - start);
	b->len = start;
	for (at = 0; at < lines.len; at += word) {
		for (word = 1; at + word < lines.len; word++) {
			if (lines.data[at + word] == ' ' ||
			    lines.data[at + word] == '\n')
				break;
		}
		if (lines.data[at] == '\n') {
			used = 0;
		} else if (lines.data[at] == ' ' && used > KEY_COLUMNS &&
			   used + text_columns(lines.data + at, word) >
			   columns) {
			buf_printf(b, "\n%*s", KEY_COLUMNS - 1, "");
			used = KEY_COLUMNS - 1;
		}
		buf_put(b, lines.data + at, word);
		used += text_columns(lines.data + at, word);
	}
	buf_release(&lines);
}

static void put_text(struct report *r, const char *s)
{
	text_escape(&r->o->buf, s, strlen(s));
}

/* " NAME VALUE" if the recording says so. */
static void put_meta(struct report *r, const char *before, const char *key,
		     const char *after)
{
	const char *value = model_meta(r->m, key);

	if (!value || !*value)
		return;
	buf_puts(&r->o->buf, before);
	put_text(r, value);
	buf_puts(&r->o->buf, after);
}

static void put_when(struct report *r)
{
	const char *start = model_meta(r->m, "start_realtime_ns");
	struct tm tm;
	char text[DIGITS];
	time_t t;

	if (!start && !model_meta(r->m, "hostname"))
		return;
	put_key(r, "recorded");
	t = start ? (time_t)(strtoull(start, NULL, 10) / 1000000000) : 0;
	if (start && gmtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		buf_puts(&r->o->buf, text);
	put_meta(r, " on ", "hostname", "");
	put_meta(r, ", ", "arch", "");
	put_meta(r, ", ", "cpus", " CPUs");
	put_meta(r, ", Linux ", "kernel", "");
	put_meta(r, ", adder ", "version", "");
	buf_putc(&r->o->buf, '\n');
}

/* Those that have threads: a parent may be there for its child's sake alone. */
static size_t count_processes(const struct model *m)
{
	size_t i, n = 0;
	bool *seen = mem_calloc(model_process_count(m) + 1, sizeof(*seen));
	uint32_t p;

	for (i = 1; i < model_thread_count(m); i++) {
		p = model_thread(m, (struct thread_id){ (uint32_t)i })->process.v;
		n += !seen[p];
		seen[p] = true;
	}
	mem_free(seen);
	return n;
}

static void put_duration(struct report *r)
{
	const struct model_totals *t = model_totals(r->m);
	uint64_t ns = t->end_mono_ns > t->start_mono_ns ?
		      t->end_mono_ns - t->start_mono_ns : 0;
	struct buf *b = &r->o->buf;
	uint64_t unsampled_ns = 0, running_ns;
	char cell[DIGITS];
	size_t n;

	put_key(r, "duration");
	buf_puts(b, text_duration(cell, sizeof(cell), ns));
	n = count_processes(r->m);
	buf_printf(b, ", %zu process%s", n, n == 1 ? "" : "es");
	n = model_thread_count(r->m);
	n = n ? n - 1 : 0;
	buf_printf(b, ", %zu thread%s", n, n == 1 ? "" : "s");
	if (r->unit == UNIT_NS && ns) {
		report_unsampled(r, &unsampled_ns);
		running_ns = r->total.weight + unsampled_ns;
		buf_printf(b, "; %s on the CPU",
			   cell_weight(cell, sizeof(cell), UNIT_NS,
				       running_ns));
		buf_printf(b, " (%.2f CPUs)",
			   (double)running_ns / (double)ns);
	}
	buf_puts(b, t->interrupted ? "; ended by the user\n" : "\n");
}

static void put_rate(struct report *r, const struct rec_event *e)
{
	char cell[DIGITS];

	if (e->frequency_hz)
		buf_printf(&r->o->buf, " at %u Hz", e->frequency_hz);
	else if (e->period)
		buf_printf(&r->o->buf, ", one per %s",
			   cell_weight(cell, sizeof(cell), e->unit, e->period));
	if (e->user_only)
		buf_puts(&r->o->buf, ", user code only");
}

static void put_samples(struct report *r)
{
	const struct model_totals *t = model_totals(r->m);
	struct buf *b = &r->o->buf;
	struct model_text name;
	char cell[DIGITS];

	put_key(r, "samples");
	buf_puts(b, cell_count(cell, sizeof(cell), r->total.samples));
	if (r->event.v) {
		name = model_string(r->m, model_event(r->m, r->event)->name);
		buf_puts(b, " of ");
		text_escape(b, name.bytes, name.len);
		put_rate(r, model_event(r->m, r->event));
	}
	if (t->lost)
		buf_printf(b, "; %s LOST",
			   cell_count(cell, sizeof(cell), t->lost));
	else
		buf_puts(b, "; none lost");
	if (t->throttled_ns)
		buf_printf(b, "; throttled for %s",
			   text_duration(cell, sizeof(cell), t->throttled_ns));
	buf_putc(b, '\n');
}

bool report_unsampled(const struct report *r, uint64_t *ns)
{
	const struct model_totals *t = model_totals(r->m);
	const struct selection *s = profile_selection(r->p);
	uint64_t sampled = 0;
	struct event_id id;

	if (!t->running_ns || s->thread || s->process || s->function ||
	    s->module || t->kept != t->samples)
		return false;
	for (id.v = 1; id.v < model_event_count(r->m); id.v++)
		sampled += profile_total(r->p, id).running_ns;
	*ns = t->running_ns > sampled ? t->running_ns - sampled : 0;
	return sampled || s->event == NULL;
}

/* Kernel time that may not be sampled is said, never spread over user code. */
static void put_unsampled(struct report *r)
{
	const struct model_totals *t = model_totals(r->m);
	struct buf *b = &r->o->buf;
	char time[DIGITS], share[DIGITS];
	bool hidden;
	uint64_t ns;

	hidden = r->event.v && model_event(r->m, r->event)->user_only;
	if (!report_unsampled(r, &ns) || ns * 100 < t->running_ns ||
	    r->unit != UNIT_NS)
		return;
	put_key(r, hidden ? "kernel" : "unsampled");
	text_duration(time, sizeof(time), ns);
	cell_share(share, sizeof(share), ns, t->running_ns);
	if (hidden)
		buf_printf(b, "%s of that (%s) [kernel, not permitted]: in no "
			   "figure below\n", time, share);
	else
		buf_printf(b, "%s of that (%s): in no figure below\n", time,
			   share);
}

static void put_stacks(struct report *r)
{
	const uint64_t *ends = profile_ends(r->p, r->event);
	uint64_t with_user = r->total.samples - ends[END_NO_USER];
	struct buf *b = &r->o->buf;
	const char *text;
	char cell[DIGITS];
	unsigned int i;

	if (!r->total.samples)
		return;
	put_key(r, "stacks");
	buf_printf(b, "%s complete to the root",
		   cell_share(cell, sizeof(cell), ends[END_COMPLETE],
			      with_user));
	for (i = 0; i < MODEL_ENDS; i++) {
		if (!ends[i] || i == END_COMPLETE)
			continue;
		cell_count(cell, sizeof(cell), ends[i]);
		text = model_end_text(i);
		if (!strncmp(text, "cut: ", 5))
			buf_printf(b, "; %s cut (%s)", cell, text + 5);
		else
			buf_printf(b, "; %s with %s", cell, text);
	}
	buf_putc(b, '\n');
}

static void put_selection(struct report *r)
{
	const struct selection *s = profile_selection(r->p);
	const struct { const char *word, *value; } parts[] = {
		{ "thread", s->thread }, { "process", s->process },
		{ "function", s->function }, { "module", s->module },
	};
	const struct model_totals *t = model_totals(r->m);
	const char *before = "";
	struct buf *b = &r->o->buf;
	size_t i;

	if (!s->thread && !s->process && !s->function && !s->module &&
	    s->show == SHOW_BOTH && t->kept == t->samples)
		return;
	put_key(r, "shown");
	for (i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i].value)
			continue;
		buf_printf(b, "%s%s ", before, parts[i].word);
		put_text(r, parts[i].value);
		before = ", ";
	}
	if (s->show != SHOW_BOTH) {
		buf_printf(b, "%s%s frames only", before,
			   s->show == SHOW_PYTHON ? "Python" : "native");
		before = ", ";
	}
	if (t->kept != t->samples)
		buf_printf(b, "%spart of the time", before);
	buf_puts(b, "; percentages are of what is shown\n");
}

static void put_steps(struct report *r)
{
	size_t count, i;
	const struct model_step *steps = model_steps(r->m, &count);
	struct model_text text;

	for (i = 0; i < count; i++) {
		put_key(r, steps[i].is_warning ? "warning" : "note");
		text = model_string(r->m, steps[i].text);
		text_escape(&r->o->buf, text.bytes, text.len);
		if (steps[i].count > 1)
			buf_printf(&r->o->buf, " (%llu times)",
				   (unsigned long long)steps[i].count);
		buf_putc(&r->o->buf, '\n');
	}
}

/* Events that are not shown here, and how to see them. */
static void put_other_events(struct report *r)
{
	struct model_text name;
	const char *before = "";
	uint32_t i;

	if (profile_selection(r->p)->event)
		return;
	for (i = 1; i < model_event_count(r->m); i++) {
		if (i == r->event.v ||
		    !profile_has_event(r->p, (struct event_id){ i }))
			continue;
		if (!*before)
			put_key(r, "also");
		buf_puts(&r->o->buf, before);
		name = model_string(r->m,
			model_event(r->m, (struct event_id){ i })->name);
		text_escape(&r->o->buf, name.bytes, name.len);
		before = ", ";
	}
	if (*before)
		buf_puts(&r->o->buf, " (--event NAME shows one)\n");
}

void report_head(struct report *r)
{
	const char *command = model_meta(r->m, "command");
	const char *mode = model_meta(r->m, "mode");
	size_t start = r->o->buf.len;

	if (command && *command) {
		put_key(r, mode && !strcmp(mode, "attach") ? "attached" :
			"command");
		put_text(r, command);
		buf_putc(&r->o->buf, '\n');
	}
	put_when(r);
	put_duration(r);
	put_samples(r);
	put_unsampled(r);
	put_stacks(r);
	put_selection(r);
	put_other_events(r);
	put_steps(r);
	if (r->opts->state) {
		put_key(r, "warning");
		put_text(r, r->opts->state);
		buf_putc(&r->o->buf, '\n');
	}
	if (r->opts->columns)
		wrap(&r->o->buf, start, r->opts->columns);
	buf_putc(&r->o->buf, '\n');
}

int report_text(struct out *o, struct profile *p,
		const struct report_opts *opts)
{
	struct report r = {
		.o = o, .p = p, .m = profile_model(p), .opts = opts,
		.event = profile_event(p),
	};

	r.total = profile_total(p, r.event);
	r.unit = r.event.v ? model_event(r.m, r.event)->unit : UNIT_NS;
	report_head(&r);
	if (!r.total.samples) {
		buf_puts(&o->buf, "no samples: nothing ran on a CPU, or nothing"
			 " of what was asked for did\n");
		return out_check(o);
	}
	switch (opts->by) {
	case REPORT_TREE:
		report_tree(&r);
		break;
	case REPORT_THREADS:
		report_threads(&r);
		break;
	default:
		report_functions(&r);
		break;
	}
	return out_check(o);
}
