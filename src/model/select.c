/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threads and which stacks a selection means. */
#include <ctype.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/text.h"
#include "model/profile_internal.h"

static bool all_digits(const char *s)
{
	return *s && strspn(s, "0123456789") == strlen(s);
}

static bool id_or_glob(const char *pattern, int32_t id, struct model_text name)
{
	if (all_digits(pattern))
		return strtoull(pattern, NULL, 10) == (uint64_t)id;
	return !fnmatch(pattern, name.bytes, 0);
}

static struct model_text base_name(struct model_text path)
{
	const char *slash = strrchr(path.bytes, '/');

	if (slash)
		path.bytes = slash + 1;
	path.len = (uint32_t)strlen(path.bytes);
	return path;
}

static bool thread_wanted(const struct profile *p, const struct model_thread *t)
{
	const struct model *m = p->m;
	struct model_text exe;

	if (p->sel.thread &&
	    !id_or_glob(p->sel.thread, t->tid, model_string(m, t->name)) &&
	    !id_or_glob(p->sel.thread, t->tid, model_string(m, t->first_name)))
		return false;
	if (!p->sel.process)
		return true;
	exe = t->process.v ?
	      model_string(m, m->processes.data[t->process.v].exe) :
	      model_string(m, (struct str_id){ 0 });
	return id_or_glob(p->sel.process, t->pid, base_name(exe)) ||
	       (!all_digits(p->sel.process) &&
		!fnmatch(p->sel.process, exe.bytes, 0));
}

static int select_threads(struct profile *p, struct err *err)
{
	const struct model *m = p->m;
	bool any = false;
	size_t i;

	p->threads = mem_calloc(m->threads.count + 1, sizeof(*p->threads));
	for (i = 1; i < m->threads.count; i++) {
		p->threads[i] = thread_wanted(p, &m->threads.data[i]);
		any = any || p->threads[i];
	}
	if (any || (!p->sel.thread && !p->sel.process))
		return 0;
	if (p->sel.thread && p->sel.process)
		return err_set(err, ERR_NOTFOUND,
			       "no thread '%s' in a process '%s' was recorded",
			       p->sel.thread, p->sel.process);
	return err_set(err, ERR_NOTFOUND,
		       "no %s '%s' was recorded (see 'adder report --by thread')",
		       p->sel.thread ? "thread" : "process",
		       p->sel.thread ? p->sel.thread : p->sel.process);
}

static int select_event(struct profile *p, struct err *err)
{
	const struct model *m = p->m;
	struct buf names = { 0 };
	struct model_text name;
	size_t i;
	int ret;

	if (!p->sel.event)
		return 0;
	for (i = 1; i < m->events.count; i++) {
		name = model_string(m, m->events.data[i].name);
		if (!strcmp(name.bytes, p->sel.event)) {
			p->event.v = (uint32_t)i;
			ret = 0;
			goto out;
		}
		buf_printf(&names, "%s%s", names.len ? ", " : "", name.bytes);
	}
	ret = err_set(err, ERR_NOTFOUND,
		      "no event '%s' was recorded; there %s %s", p->sel.event,
		      m->events.count > 2 ? "are" : "is",
		      names.len ? buf_cstr(&names) : "none");
out:
	buf_release(&names);
	return ret;
}

static bool module_matches(const struct model *m, const char *glob,
			   struct module_id id)
{
	struct model_text path = model_string(m, model_module(m, id)->path);

	return id.v && (!fnmatch(glob, path.bytes, 0) ||
			!fnmatch(glob, base_name(path).bytes, 0));
}

/* By function id: whether its name matches the expression. */
static bool *match_functions(const struct profile *p, regex_t *re)
{
	size_t count = model_function_count(p->m), i;
	bool *match = mem_calloc(count, sizeof(*match));
	struct buf name = { 0 };

	for (i = 1; i < count; i++) {
		buf_clear(&name);
		model_function_name(p->m, (uint32_t)i, &name);
		match[i] = !regexec(re, buf_cstr(&name), 0, NULL, 0);
	}
	buf_release(&name);
	return match;
}

static bool frame_matches(const struct profile *p, const bool *functions,
			  struct frame_id id)
{
	const struct model_place *places;
	size_t count, i;

	if (p->sel.module &&
	    !module_matches(p->m, p->sel.module, p->m->frames.data[id.v].module))
		return false;
	if (!functions)
		return true;
	places = model_places(p->m, id, &count);
	for (i = 0; i < count; i++) {
		if (functions[places[i].function])
			return true;
	}
	return false;
}

/* A stack is wanted if one of its frames is what was asked for. */
static void select_stacks(struct profile *p, const bool *functions)
{
	const struct model *m = p->m;
	bool *frames = mem_calloc(m->frames.count + 1, sizeof(*frames));
	size_t i;

	for (i = 1; i < m->frames.count; i++)
		frames[i] = frame_matches(p, functions,
					  (struct frame_id){ (uint32_t)i });
	p->stacks = mem_calloc(m->stack_frames.count + 1, sizeof(*p->stacks));
	for (i = 1; i < m->stack_frames.count; i++)
		p->stacks[i] = p->stacks[m->stack_parents.data[i].v] ||
			       frames[m->stack_frames.data[i].v];
	mem_free(frames);
}

static int select_by_frame(struct profile *p, struct err *err)
{
	bool *functions = NULL;
	char why[200];
	regex_t re;
	int ret;

	if (!p->sel.function && !p->sel.module)
		return 0;
	if (p->sel.function) {
		ret = regcomp(&re, p->sel.function, REG_EXTENDED | REG_NOSUB);
		if (ret) {
			regerror(ret, &re, why, sizeof(why));
			return err_set(err, ERR_USAGE,
				       "'%s' is no regular expression: %s",
				       p->sel.function, why);
		}
		functions = match_functions(p, &re);
		regfree(&re);
	}
	select_stacks(p, functions);
	mem_free(functions);
	return 0;
}

int profile_select(struct profile *p, struct err *err)
{
	int ret = select_event(p, err);

	if (!ret)
		ret = select_threads(p, err);
	if (!ret)
		ret = select_by_frame(p, err);
	return ret;
}

bool profile_wants(const struct profile *p, const struct model_cell *cell)
{
	return (!p->event.v || p->event.v == cell->event.v) &&
	       p->threads[cell->thread.v] &&
	       (!p->stacks || p->stacks[cell->stack.v]);
}

bool profile_wants_thread(const struct profile *p, struct thread_id thread)
{
	return p->threads[thread.v];
}

bool profile_wants_sample(const struct profile *p,
			  const struct model_sample *s)
{
	return (!p->event.v || p->event.v == s->event.v) &&
	       p->threads[s->thread.v] &&
	       (!p->stacks || p->stacks[s->stack.v]);
}

bool profile_shows(enum show show, const struct rec_frame *frame)
{
	if (frame->kind == FRAME_END)
		return true;
	switch (show) {
	case SHOW_PYTHON:
		return frame->kind == FRAME_PYTHON;
	case SHOW_NATIVE:
		return frame->kind != FRAME_PYTHON;
	default:
		return !(frame->flags & FRAME_F_EVALUATOR) ||
		       frame->kind == FRAME_PYTHON;
	}
}
