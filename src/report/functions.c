/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of functions. */
#include <stdlib.h>
#include <string.h>

#include "adder/vec.h"
#include "report/internal.h"

#define NUMBER_COLUMNS 40	/* all but the samples' own */
#define DIGITS 32
#define PYTHON_ROWS 10	/* of the first of two tables */

struct sorted_row {
	struct profile_row row;
	char *name;	/* for a total order */
	enum report_sort by;
};

static int descending(uint64_t a, uint64_t b)
{
	return a > b ? -1 : a < b;
}

static int row_order(const void *pa, const void *pb)
{
	const struct sorted_row *a = pa, *b = pb;
	int self = descending(a->row.self.weight, b->row.self.weight);
	int total = descending(a->row.total.weight, b->row.total.weight);
	int ret = a->by == REPORT_SELF ? self : total;

	if (!ret)
		ret = a->by == REPORT_SELF ? total : self;
	if (!ret)
		ret = descending(a->row.total.samples, b->row.total.samples);
	if (!ret)
		ret = strcmp(a->name, b->name);
	if (!ret)
		ret = a->row.function < b->row.function ? -1 : 1;
	return ret;
}

static struct sorted_row *sort_rows(struct report *r, size_t *count)
{
	size_t all, i;
	const struct profile_row *rows = profile_rows(r->p, &all);
	struct sorted_row *sorted = mem_alloc((all + 1) * sizeof(*sorted));
	struct buf name = { 0 };

	*count = 0;
	for (i = 0; i < all; i++) {
		if (rows[i].event.v != r->event.v)
			continue;
		buf_clear(&name);
		label_name(&name, r, rows[i].function);
		sorted[(*count)++] = (struct sorted_row){
			.row = rows[i], .name = mem_strdup(buf_cstr(&name)),
			.by = r->opts->sort,
		};
	}
	buf_release(&name);
	qsort(sorted, *count, sizeof(*sorted), row_order);
	return sorted;
}

static const char *kind_word(const struct report *r, uint32_t function)
{
	static const char *const words[] = {
		[FUNCTION_PYTHON] = "python", [FUNCTION_NATIVE] = "native",
		[FUNCTION_KERNEL] = "kernel", [FUNCTION_PSEUDO] = "-",
	};

	return words[model_function(r->m, function)->kind];
}

static void put_cost(struct buf *b, const struct report *r,
		     const struct model_cost *cost)
{
	char cell[DIGITS];

	cell_put_right(b, cell_percent(cell, sizeof(cell), cost->weight,
				       r->total.weight), 6);
	cell_put_right(b, cell_weight(cell, sizeof(cell), r->unit,
				      cost->weight), 9);
}

static void put_row(struct report *r, const struct profile_row *row,
		    size_t samples_columns)
{
	size_t used = NUMBER_COLUMNS + samples_columns, room = 0;
	struct buf *b = &r->o->buf;
	char cell[DIGITS];

	put_cost(b, r, &row->self);
	buf_puts(b, " ");
	put_cost(b, r, &row->total);
	cell_put_right(b, cell_count(cell, sizeof(cell), row->self.samples),
		       samples_columns + 1);
	buf_printf(b, " %-6s ", kind_word(r, row->function));
	if (r->opts->columns)
		room = r->opts->columns > used + 16 ?
		       r->opts->columns - used : 16;
	label_put(b, r, row->function, false, room);
	buf_putc(b, '\n');
}

static bool is_above(const struct report *r, const struct profile_row *row)
{
	uint64_t weight = r->opts->sort == REPORT_SELF ? row->self.weight :
			  row->total.weight;

	return (double)weight * 100 >=
	       r->opts->min_percent * (double)r->total.weight;
}

static void put_rest(struct report *r, const struct sorted_row *rows,
		     size_t shown, size_t count, const char *how)
{
	char percent[DIGITS], number[DIGITS];
	uint64_t self = 0;
	size_t i;

	if (shown == count)
		return;
	for (i = shown; i < count; i++)
		self += rows[i].row.self.weight;
	buf_printf(&r->o->buf, "(%s more functions, together %s self; "
		   "%s shows all)\n",
		   cell_count(number, sizeof(number), count - shown),
		   cell_percent(percent, sizeof(percent), self,
				r->total.weight), how);
}

static void put_table(struct report *r, uint64_t limit, const char *how)
{
	size_t count, shown = 0, i, columns;
	struct sorted_row *rows = sort_rows(r, &count);
	struct buf *b = &r->o->buf;
	char cell[DIGITS];

	columns = strlen(cell_count(cell, sizeof(cell), r->total.samples));
	if (columns < 7)
		columns = 7;
	buf_printf(b, "%15s %15s %*s %-6s %s\n", "self", "total",
		   (int)columns, "samples", "kind", "function");
	for (i = 0; i < count; i++) {
		if ((limit && i == limit) || !is_above(r, &rows[i].row))
			break;
		put_row(r, &rows[i].row, columns);
		shown++;
		if (out_check(r->o))
			break;
	}
	put_rest(r, rows, shown, count, how);
	for (i = 0; i < count; i++)
		mem_free(rows[i].name);
	mem_free(rows);
}

static bool has_python(struct report *r)
{
	size_t count, i;
	const struct profile_row *rows = profile_rows(r->p, &count);

	for (i = 0; i < count; i++) {
		if (rows[i].event.v == r->event.v &&
		    model_function(r->m, rows[i].function)->kind ==
		    FUNCTION_PYTHON)
			return true;
	}
	return false;
}

/*
 * Which of the program's own functions to look at: in a table of everything
 * the allocator and the like come first, on behalf of all of them.
 */
static void put_python_first(struct report *r)
{
	struct selection sel = *profile_selection(r->p);
	uint64_t limit = r->opts->limit;
	struct report python = *r;

	sel.show = SHOW_PYTHON;
	if (profile_new(&python.p, r->m, &sel, NULL))
		return;
	buf_puts(&r->o->buf, "Python functions, each with the C code that it"
		 " runs:\n");
	put_table(&python, limit && limit < PYTHON_ROWS ? limit : PYTHON_ROWS,
		  "--show python");
	buf_puts(&r->o->buf, "\nAll functions, each on its own:\n");
	profile_free(python.p);
}

void report_functions(struct report *r)
{
	if (profile_selection(r->p)->show == SHOW_BOTH && has_python(r))
		put_python_first(r);
	put_table(r, r->opts->limit, "--limit 0 --min 0");
}
