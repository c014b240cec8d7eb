/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of threads. */
#include <stdlib.h>
#include <string.h>

#include "adder/text.h"
#include "adder/vec.h"
#include "report/internal.h"

#define DIGITS 32

static int thread_order(const void *pa, const void *pb)
{
	const struct profile_thread *a = pa, *b = pb;

	if (a->cost.weight != b->cost.weight)
		return a->cost.weight > b->cost.weight ? -1 : 1;
	return a->thread.v < b->thread.v ? -1 : a->thread.v > b->thread.v;
}

static void put_thread(struct report *r, const struct profile_thread *row)
{
	const struct model_thread *t = model_thread(r->m, row->thread);
	struct model_text name = model_string(r->m, t->name), exe;
	struct buf *b = &r->o->buf;
	char cell[DIGITS];
	const char *slash;

	buf_printf(b, "%8d%8d", t->pid, t->tid);
	cell_put_right(b, cell_percent(cell, sizeof(cell), row->cost.weight,
				       r->total.weight), 8);
	cell_put_right(b, cell_weight(cell, sizeof(cell), r->unit,
				      row->cost.weight), 10);
	cell_put_right(b, cell_count(cell, sizeof(cell), row->cost.samples),
		       10);
	cell_put_right(b, cell_share(cell, sizeof(cell), row->complete,
				     row->cost.samples - row->no_user), 10);
	buf_puts(b, "  ");
	text_escape(b, name.bytes, name.len);
	if (t->process.v) {
		exe = model_string(r->m, model_process(r->m, t->process)->exe);
		slash = strrchr(exe.bytes, '/');
		slash = slash ? slash + 1 : exe.bytes;
		if (*slash && strcmp(slash, name.bytes)) {
			buf_puts(b, " (");
			text_escape(b, slash, strlen(slash));
			buf_puts(b, ")");
		}
	}
	buf_putc(b, '\n');
}

void report_threads(struct report *r)
{
	size_t all, count = 0, i;
	const struct profile_thread *rows = profile_threads(r->p, &all);
	struct profile_thread *sorted = mem_alloc((all + 1) * sizeof(*sorted));

	for (i = 0; i < all; i++) {
		if (rows[i].event.v == r->event.v)
			sorted[count++] = rows[i];
	}
	qsort(sorted, count, sizeof(*sorted), thread_order);
	buf_printf(&r->o->buf, "%8s%8s%18s%10s%10s  %s\n", "pid", "tid",
		   r->unit == UNIT_NS ? "running" : "count", "samples",
		   "complete", "thread");
	for (i = 0; i < count && !out_check(r->o); i++) {
		if (r->opts->limit && i == r->opts->limit) {
			buf_printf(&r->o->buf,
				   "(%zu more threads; --limit 0 shows all)\n",
				   count - i);
			break;
		}
		put_thread(r, &sorted[i]);
	}
	mem_free(sorted);
}
