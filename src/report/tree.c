/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The call tree. A chain of single callees that all have the same samples is
 * one line, so that what a person must read is where the time divides. The
 * path to the node under way is kept by hand: stacks may be thousands deep.
 */
#include <stdio.h>
#include <string.h>

#include "adder/vec.h"
#include "report/internal.h"

#define DIGITS 32
#define NUMBER_COLUMNS 23
/* Where names would be squeezed, depth is told by a number instead. */
#define MAX_BARS 24
#define CHAIN_COLUMNS 160	/* of a chain, where lines have no end */

struct level {
	struct call_node *nodes;
	size_t count, next;
};

struct tree_text {
	struct report *r;
	struct call_tree *tree;
	uint64_t min_weight, lines, hidden_lines;
	VEC(struct level) levels;
	VEC(struct call_node) chain;
};

static void put_bars(struct tree_text *t, struct buf *b, size_t max_bars)
{
	static const char *const ascii[] = { "|  ", "   ", "|- ", "`- " };
	static const char *const boxes[] = {
		"\xe2\x94\x82  ", "   ", "\xe2\x94\x9c\xe2\x94\x80 ",
		"\xe2\x94\x94\xe2\x94\x80 ",
	};
	const char *const *bars = t->r->opts->utf8 ? boxes : ascii;
	size_t depth = t->levels.count - 1, first = 1, i;
	const struct level *l;

	if (depth > max_bars) {
		first = depth - max_bars + 1;
		buf_printf(b, "+%zu ", first - 1);
	}
	for (i = first; i <= depth; i++) {
		l = &t->levels.data[i];
		buf_puts(b, bars[(i == depth ? 2 : 0) + (l->next == l->count)]);
	}
}

/* A name of the chain; the last one says where it is, too. */
static void put_name(struct tree_text *t, struct buf *b, size_t at,
		     size_t columns)
{
	const struct call_node *n = &t->chain.data[at];

	if (at + 1 < t->chain.count)
		label_name(b, t->r, n->function);
	else
		label_put(b, t->r, n->function, n->is_inlined, columns);
}

/* The names of the chain from `from` on, joined. */
static void put_names(struct tree_text *t, struct buf *b, size_t from,
		      size_t columns)
{
	size_t i;

	for (i = from; i < t->chain.count; i++) {
		if (i > from)
			buf_puts(b, " > ");
		put_name(t, b, i, columns);
	}
}

/*
 * The first of the last names of the chain that fit into so many columns
 * together, those in front of them counted as more; the chain's length if not
 * even the last one does. A chain may be thousands long: no name is looked at
 * twice, and none that does not fit.
 */
static size_t first_that_fits(struct tree_text *t, size_t head_columns,
			      size_t limit)
{
	size_t count = t->chain.count, at = count, best = count, used = 0;
	struct buf text = { 0 };
	char more[48];

	while (at > 0) {
		buf_clear(&text);
		put_name(t, &text, --at, 0);
		used += cell_columns(&text) + (at + 1 < count ? 3 : 0);
		if (used > limit)
			break;
		if (!at) {
			best = 0;
		} else if (at > 1) {
			snprintf(more, sizeof(more), " > (%zu more) > ",
				 at - 1);
			if (head_columns + strlen(more) + used <= limit)
				best = at;
		}
	}
	buf_release(&text);
	return best;
}

/* First > (N more) > as many of the last ones as there is room for. */
static void put_chain(struct tree_text *t, struct buf *b, size_t columns)
{
	size_t limit = columns ? columns : CHAIN_COLUMNS, from, count;
	struct buf head = { 0 }, text = { 0 };

	count = t->chain.count;
	if (count == 1) {
		put_names(t, b, 0, columns);
		goto out;
	}
	label_name(&head, t->r, t->chain.data[0].function);
	from = first_that_fits(t, cell_columns(&head), limit);
	if (from < count) {
		if (from) {
			buf_put(b, head.data, head.len);
			buf_printf(b, " > (%zu more) > ", from - 1);
		}
		put_names(t, b, from, 0);
		goto out;
	}
	/* No two names fit whole: the first has a third, the last the rest. */
	buf_clear(&text);
	cell_put_cut(&text, &head, limit / 3, t->r->opts->utf8);
	buf_puts(&text, " > ");
	if (count > 2)
		buf_printf(&text, "(%zu more) > ", count - 2);
	buf_put(b, text.data, text.len);
	from = cell_columns(&text);
	label_put(b, t->r, t->chain.data[count - 1].function,
		  t->chain.data[count - 1].is_inlined,
		  limit > from + 8 ? limit - from : 8);
out:
	buf_release(&head);
	buf_release(&text);
}

static void put_line(struct tree_text *t)
{
	const struct call_node *last = &t->chain.data[t->chain.count - 1];
	size_t columns = t->r->opts->columns, used;
	struct buf *b = &t->r->o->buf, bars = { 0 };
	char cell[DIGITS];

	cell_put_right(b, cell_percent(cell, sizeof(cell), last->total.weight,
				       t->r->total.weight), 6);
	cell_put_right(b, cell_weight(cell, sizeof(cell), t->r->unit,
				      last->total.weight), 9);
	cell_put_right(b, cell_percent(cell, sizeof(cell), last->self.weight,
				       t->r->total.weight), 7);
	buf_putc(b, ' ');
	put_bars(t, &bars, columns && columns / 8 < MAX_BARS ? columns / 8 :
		 MAX_BARS);
	buf_put(b, bars.data, bars.len);
	used = NUMBER_COLUMNS + cell_columns(&bars);
	put_chain(t, b, !columns ? 0 : columns > used + 16 ? columns - used :
		  16);
	buf_putc(b, '\n');
	buf_release(&bars);
	t->lines++;
}

/*
 * Follows the node's single callees that have all of its samples. What the
 * last one calls becomes *nodes.
 */
static void follow_chain(struct tree_text *t, struct call_node node,
			 struct call_node **nodes, size_t *count)
{
	vec_clear(&t->chain);
	*vec_push(&t->chain) = node;
	call_tree_expand(t->tree, &node, t->min_weight, nodes, count);
	/* why a stack was cut stays a line of its own */
	while (!t->r->opts->expand && *count == 1 &&
	       model_function(t->r->m, node.function)->kind !=
	       FUNCTION_PSEUDO &&
	       (*nodes)->total.samples == node.total.samples &&
	       (*nodes)->total.weight == node.total.weight) {
		node = (*nodes)[0];
		mem_free(*nodes);
		*vec_push(&t->chain) = node;
		call_tree_expand(t->tree, &node, t->min_weight, nodes, count);
	}
}

static void push_level(struct tree_text *t, struct call_node *nodes,
		       size_t count)
{
	*vec_push(&t->levels) = (struct level){
		.nodes = nodes, .count = count,
	};
}

static void walk(struct tree_text *t)
{
	struct call_node root = call_tree_root(t->tree), *nodes;
	const struct report_opts *opts = t->r->opts;
	struct level *l;
	size_t count;

	call_tree_expand(t->tree, &root, t->min_weight, &nodes, &count);
	push_level(t, nodes, count);
	while (t->levels.count) {
		l = &t->levels.data[t->levels.count - 1];
		if (l->next == l->count || out_check(t->r->o) ||
		    (opts->limit && t->lines == opts->limit)) {
			t->hidden_lines += l->count - l->next;
			mem_free(l->nodes);
			t->levels.count--;
			continue;
		}
		follow_chain(t, l->nodes[l->next++], &nodes, &count);
		put_line(t);
		push_level(t, nodes, count);
	}
}

void report_tree(struct report *r)
{
	const struct report_opts *opts = r->opts;
	struct tree_text t = { .r = r };
	double min = opts->min_percent / 100 * (double)r->total.weight;

	t.min_weight = min < 1 ? 0 : (uint64_t)min;
	t.tree = call_tree_new(r->p, r->event);
	buf_printf(&r->o->buf, "%15s %6s function", "total", "self");
	if (opts->min_percent > 0)
		buf_printf(&r->o->buf, "%s(below %g%% left out: --min)",
			   "   ", opts->min_percent);
	buf_putc(&r->o->buf, '\n');
	walk(&t);
	if (t.hidden_lines)
		buf_puts(&r->o->buf, "(more lines: --limit 0 shows all)\n");
	call_tree_free(t.tree);
	vec_release(&t.chain);
	vec_release(&t.levels);
}
