/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/kallsyms: about 200,000 lines "ffffffff81000000 T _text[\t[module]]".
 * Its text is kept and the names point into it, each ended in place. Where the
 * kernel hides its addresses (kptr_restrict) all of them read as zero.
 *
 * A symbol reaches to the next one, as the kernel's own lookup has it; data
 * symbols therefore count as ends, but do not name an address.
 */
#include "adder/symbol.h"

#include <stdlib.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/vec.h"

#define LIMIT_BYTES (256u << 20)
/* A last symbol, or one before a gap, must not name what lies far behind. */
#define REACH_BYTES (256u << 10)

struct ksym {
	uint64_t addr;
	uint32_t name, module;	/* offsets in text; module 0 = the kernel */
	bool is_code, is_global;
};

struct kallsyms {
	struct buf text;
	VEC(struct ksym) syms;
};

static bool hex(const char **p, const char *end, uint64_t *out)
{
	const char *s = *p;
	uint64_t v = 0;
	unsigned int c;

	for (; s < end && s - *p < 16; s++) {
		c = (unsigned char)*s;
		if (c - '0' <= 9)
			c -= '0';
		else if ((c | 32) - 'a' <= 5)
			c = (c | 32) - 'a' + 10;
		else
			break;
		v = v << 4 | c;
	}
	if (s == *p || s == end || *s != ' ')
		return false;
	*p = s + 1;
	*out = v;
	return true;
}

/* One line without its end, which becomes a NUL; malformed ones are left out. */
static void add_line(struct kallsyms *k, char *line, char *end)
{
	const char *p = line;
	struct ksym s = { 0 };
	char *name, *tab, type;

	*end = '\0';
	if (!hex(&p, end, &s.addr) || end - p < 3 || p[1] != ' ')
		return;
	type = *p;
	name = line + (p - line) + 2;
	s.name = (uint32_t)(name - k->text.data);
	tab = memchr(name, '\t', (size_t)(end - name));
	if (tab) {
		*tab = '\0';
		if (tab[1] == '[' && end[-1] == ']' && end - tab > 3) {
			end[-1] = '\0';
			s.module = (uint32_t)(tab + 2 - k->text.data);
		}
	}
	if (!*name)
		return;
	s.is_code = memchr("TtWw", type, 4) && strcmp(name, "_etext") &&
		    strcmp(name, "_einittext");
	s.is_global = type == 'T';
	*vec_push(&k->syms) = s;
}

/* By address; of equal ones the best name first. */
static int compare(const void *a, const void *b)
{
	const struct ksym *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->is_code != y->is_code)
		return y->is_code - x->is_code;
	if (x->is_global != y->is_global)
		return y->is_global - x->is_global;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void index_symbols(struct kallsyms *k)
{
	size_t i, n = 0;

	for (i = 1; i < k->syms.count; i++)
		if (compare(&k->syms.data[i - 1], &k->syms.data[i]) > 0)
			break;
	if (i < k->syms.count)
		qsort(k->syms.data, k->syms.count, sizeof(*k->syms.data),
		      compare);
	for (i = 0; i < k->syms.count; i++)
		if (!n || k->syms.data[n - 1].addr != k->syms.data[i].addr)
			k->syms.data[n++] = k->syms.data[i];
	k->syms.count = n;
}

static struct kallsyms *parse_owned(struct buf *text_owned, struct err *err)
{
	struct kallsyms *k = mem_calloc(1, sizeof(*k));
	char *p, *end, *nl;
	bool shown = false;
	size_t i;

	k->text = *text_owned;
	memset(text_owned, 0, sizeof(*text_owned));
	buf_cstr(&k->text);
	p = k->text.data;
	end = k->text.data + k->text.len;
	vec_reserve(&k->syms, k->text.len / 40 + 1);
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		add_line(k, p, nl);
	}
	for (i = 0; i < k->syms.count && !shown; i++)
		shown = k->syms.data[i].addr != 0;
	if (!shown) {
		err_set(err, ERR_PERM, k->syms.count ?
			"the kernel hides its addresses in '/proc/kallsyms'; "
			"run as root or set kernel.kptr_restrict to 0" :
			"'/proc/kallsyms' holds no symbols");
		kallsyms_free(k);
		return NULL;
	}
	index_symbols(k);
	return k;
}

struct kallsyms *kallsyms_parse(const char *text, size_t len, struct err *err)
{
	struct buf b = { 0 };

	buf_put(&b, text, len);
	return parse_owned(&b, err);
}

struct kallsyms *kallsyms_read(struct err *err)
{
	struct buf b = { 0 };
	int rc;

	rc = sys_read_file("/proc/kallsyms", &b, LIMIT_BYTES);
	if (rc) {
		buf_release(&b);
		err_set_errno(err, ERR_PERM, -rc,
			      "cannot read '/proc/kallsyms'");
		return NULL;
	}
	return parse_owned(&b, err);
}

void kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return;
	buf_release(&k->text);
	vec_release(&k->syms);
	mem_free(k);
}

bool kallsyms_find(const struct kallsyms *k, uint64_t addr, const char **name,
		   const char **module, uint64_t *start)
{
	size_t lo = 0, hi = k->syms.count, mid;
	const struct ksym *s;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (k->syms.data[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || !k->syms.data[lo - 1].is_code ||
	    addr - k->syms.data[lo - 1].addr > REACH_BYTES)
		return false;
	s = &k->syms.data[lo - 1];
	*name = k->text.data + s->name;
	*module = s->module ? k->text.data + s->module : "";
	*start = s->addr;
	return true;
}
