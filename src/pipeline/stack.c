/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack of one sample: unwound, its trampolines named, interned root
 * first so that what did not change since the thread's previous sample costs
 * nothing, the kernel's frames on top.
 */
#include "pipeline/internal.h"

#include <linux/perf_event.h>
#include <string.h>

#include "adder/elf_image.h"
#include "adder/python.h"
#include "adder/sys.h"

#define WINDOW_BYTES 64
/* Farther apart, two addresses are not of one stack (RLIMIT_STACK's default). */
#define STACK_MAX_BYTES (UINT64_C(8) << 20)
/* The entry code before it jumps on, generously. */
#define START_BYTES 64
/* Above the highest address that a walk missed, to be read next time. */
#define HINT_STEP_BYTES UINT64_C(65536)

static bool region_find(void *ctx, uint64_t avma, struct unwind_region *out)
{
	struct pl_process *pp = ctx;
	const struct mapping *m = process_find(pp->process, avma);
	struct module *mod;

	if (!m)
		return false;
	memset(out, 0, sizeof(*out));
	out->lo_avma = m->lo_avma;
	out->hi_avma = m->hi_avma;
	mod = m->module;
	if (!mod) {
		out->kind = CODE_JIT;
		return true;
	}
	out->kind = CODE_MODULE;
	out->module = mod;
	out->bias = m->bias;
	if (!m->bias_known || !module_image(mod))
		return true;
	if (!mod->cfi)
		mod->cfi = cfi_table_new(mod->image, pp->pl->arch, NULL);
	out->cfi = mod->cfi;
	return true;
}

struct module *pl_interpreter(const struct process *p)
{
	struct module *m;
	size_t i;

	for (i = 0; i < p->map_count; i++) {
		m = p->maps[i].module;
		if (m && m->is_python)
			return m;
	}
	return NULL;
}

/*
 * The interpreter's own template, _Py_trampoline_func_start of CPython's
 * Python/asm_trampoline.S: serves where the process is gone.
 */
static void read_template(struct pl_process *pp)
{
	uint64_t svma, end, size;
	struct module *m;

	pp->template_tried = true;
	m = pl_interpreter(pp->process);
	if (!m || !module_image(m))
		return;
	if (!elf_image_dynsym(m->image, "_Py_trampoline_func_start", &svma,
			      &size) ||
	    !elf_image_dynsym(m->image, "_Py_trampoline_func_end", &end, &size))
		return;
	if (end <= svma || end - svma > TEMPLATE_MAX_BYTES)
		return;
	if (elf_image_read_svma(m->image, svma, pp->template_bytes,
				end - svma, NULL) < 0)
		return;
	pp->template_len = (uint32_t)(end - svma);
}

/* The name of a trampoline; reads on in the map when it is not there yet. */
static bool name_at(struct pl_process *pp, uint64_t avma, struct py_name *out)
{
	struct process *p = pp->process;
	struct buf why = { 0 };

	if (pp->pl->opts.no_python || !p->python)
		return false;
	if (py_process_name(p->python, avma, out))
		return true;
	/* a line is there before its code runs: read since, it is not there */
	if (pp->last_refresh_ns > pp->pl->sample_ns)
		return false;
	pp->last_refresh_ns = sys_mono_ns();
	py_process_refresh(p->python, &why);
	if (why.len)
		pp->pl->opts.step(pp->pl->opts.ctx, buf_cstr(&why), true);
	buf_release(&why);
	return py_process_name(p->python, avma, out);
}

static bool rule_from_template(struct pl_process *pp, uint64_t avma,
			       struct cfi_rule *rule)
{
	const struct arch *a = pp->pl->arch;
	const struct arch_tramp *t;
	struct py_name name;
	size_t offset;

	if (!pp->template_tried)
		read_template(pp);
	if (!pp->template_len || !name_at(pp, avma, &name))
		return false;
	offset = avma - name.lo_avma;
	if (offset >= pp->template_len)
		return false;
	t = arch_find_tramp(a, pp->template_bytes, pp->template_len, offset,
			    &offset);
	return t && a->tramp_rule(t, offset, rule);
}

static bool rule_of_jit(void *ctx, uint64_t avma, struct cfi_rule *rule)
{
	struct pl_process *pp = ctx;
	const struct arch *a = pp->pl->arch;
	const struct mapping *m = process_find(pp->process, avma);
	uint8_t window[WINDOW_BYTES];
	const struct arch_tramp *t;
	uint64_t lo, hi;
	size_t offset;
	int64_t n;

	if (rule_from_template(pp, avma, rule))
		return true;
	if (!m)
		return false;
	lo = avma - m->lo_avma < WINDOW_BYTES / 2 ? m->lo_avma :
		avma - WINDOW_BYTES / 2;
	hi = m->hi_avma - lo < WINDOW_BYTES ? m->hi_avma : lo + WINDOW_BYTES;
	n = pp->pl->opts.sys->mem_read(pp->process->pid, lo, window, hi - lo);
	if (n <= 0 || lo + (uint64_t)n <= avma)
		return false;
	t = arch_find_tramp(a, window, (size_t)n, avma - lo, &offset);
	return t && a->tramp_rule(t, offset, rule);
}

static void thread_room(struct pl_thread *pt, uint32_t count)
{
	uint32_t capacity;

	if (count <= pt->capacity)
		return;
	capacity = count + count / 2 + 64;
	pt->stack_ids = mem_realloc_array(pt->stack_ids, capacity,
					  sizeof(*pt->stack_ids));
	pt->frame_ids = mem_realloc_array(pt->frame_ids, capacity,
					  sizeof(*pt->frame_ids));
	pt->marks = mem_realloc_array(pt->marks, capacity,
				      sizeof(*pt->marks));
	pt->is_tramp = mem_realloc_array(pt->is_tramp, capacity,
					 sizeof(*pt->is_tramp));
	pt->capacity = capacity;
}

/*
 * Code of another JIT compiler, a trampoline that is not in the map, or an
 * instruction pointer that no mapping holds. It may get its name yet, so
 * nothing is remembered in the cookie.
 */
static uint32_t jit_frame(struct pipeline *pl, struct pl_process *pp,
			  const struct unwind_frame *f)
{
	uint32_t id = pl_frame_native(pl, pl_jit_module(pl), f->addr,
				      f->flags);
	struct record r = { .type = REC_SYMBOL };
	struct py_process *py = pp->process->python;
	struct py_name name;

	if (pl->frames.data[id].named)
		return id;
	if (!py || !py_process_jit_name(py, f->pc_avma, &name)) {
		pl->stats.unnamed_jit++;
		return id;
	}
	r.symbol.frame.v = id;
	r.symbol.is_outer = true;
	r.symbol.name = pl_string(pl, name.name, name.name_len);
	r.symbol.start_svma = name.lo_avma;
	pl_push(pl, &r);
	pl->frames.data[id].named = 1;
	return id;
}

/*
 * The frame's id, as if nothing were known of Python. Remembered in the walk's
 * cookie: the low half for return addresses, the high half for leaves.
 */
static uint32_t plain_frame(struct pipeline *pl, struct pl_process *pp,
			    const struct unwind_frame *f)
{
	bool leaf = f->flags & (FRAME_F_LEAF | FRAME_F_SIGNAL);
	uint32_t id = (uint32_t)(leaf ? *f->cookie >> 32 : *f->cookie);
	struct py_name name;

	if (id)
		return id;
	if (f->code == CODE_JIT && name_at(pp, f->pc_avma, &name)) {
		pp->has_names = true;
		id = pl_frame_python(pl, name.lo_avma,
				     pl_string(pl, name.name, name.name_len),
				     pl_string(pl, name.file, name.file_len));
	} else if (!f->module) {
		return jit_frame(pl, pp, f);
	} else {
		id = pl_frame_native(pl, pl_module(pl, f->module), f->addr,
				     f->flags);
	}
	*f->cookie |= leaf ? (uint64_t)id << 32 : id;
	return id;
}

/* Interns the walk's frames from the first that changed on. */
static uint32_t intern_walk(struct pipeline *pl, struct pl_process *pp,
			    struct pl_thread *pt, const struct unwind_walk *w)
{
	uint32_t from = w->shared, i, id, frame;

	if (from > pt->count || w->end != pt->end)
		from = 0;
	thread_room(pt, w->count);
	for (i = from; i < w->count; i++) {
		frame = plain_frame(pl, pp, &w->frames[i]);
		pt->frame_ids[i] = frame;
		pt->is_tramp[i] = pl->frames.data[frame].kind == FRAME_PYTHON;
	}
	i = splice_mark(w->frames, pt->is_tramp, from, w->count, pt->marks);
	if (i > from)
		i = from;
	id = i ? pt->stack_ids[i - 1] : pl_end_stack(pl, w->end);
	for (; i < w->count; i++) {
		frame = pt->frame_ids[i];
		if (pt->marks[i] == SPLICE_EVALUATOR)
			frame = pl_frame_evaluator(pl, frame);
		id = pl_stack(pl, id, frame);
		pt->stack_ids[i] = id;
	}
	pl->stats.frames += w->count;
	pt->count = w->count;
	pt->end = w->end;
	return id;
}

static void regs_of(const struct arch *a, const struct perf_sample *s,
		    struct unwind_regs *out)
{
	uint32_t i;
	uint64_t v;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < s->reg_count && i < ARCH_REGS; i++) {
		if (s->regs_known && !(s->regs_known >> i & 1))
			continue;
		memcpy(&v, s->regs + (size_t)i * sizeof(v), sizeof(v));
		out->v[a->perf_regs_dwarf[i]] = v;
		out->known |= UINT64_C(1) << a->perf_regs_dwarf[i];
	}
}

/*
 * Tells the reader how far up the stack of this thread it is worth reading: to
 * the root, once a walk has come there. A cut walk that was read before the
 * root was known must not take that back.
 */
static void tell_hint(struct pipeline *pl, struct pl_thread *pt, pid_t tid,
		      const struct unwind_walk *w)
{
	uint64_t hint = 0;

	if (!pl->opts.stack_hint)
		return;
	if (w->end == END_COMPLETE)
		hint = pt->root_avma = w->root_cfa;
	else if (w->end == END_CUT && w->needed_avma < pt->root_avma &&
		 pt->root_avma - w->needed_avma < STACK_MAX_BYTES)
		hint = pt->root_avma;
	else if (w->end == END_CUT && w->needed_avma)
		hint = w->needed_avma + HINT_STEP_BYTES;
	if (!hint || hint == pt->hint_avma)
		return;
	pt->hint_avma = hint;
	pl->opts.stack_hint(pl->opts.ctx, tid, hint);
}

static enum stack_end end_without_bytes(enum held_state held)
{
	switch (held) {
	case HELD_UNPROVED:
		return END_NOT_HELD;
	case HELD_FAULT:
		return END_READ_FAULT;
	case HELD_PRESSURE:
		return END_PRESSURE;
	default:
		return END_CUT;
	}
}

/*
 * A process begins at the entry of its dynamic loader, which states no unwind
 * rule there (glibc's RTLD_START): what was reached is the start all the same.
 */
static bool is_process_start(const struct unwind_frame *f)
{
	struct module *m = f->module;
	uint64_t entry;

	if (!m || !m->image)
		return false;
	entry = elf_image_entry(m->image);
	return entry && f->addr >= entry && f->addr - entry < START_BYTES;
}

static uint32_t user_stack(struct pipeline *pl, struct thread *t,
			   const struct perf_sample *s, enum stack_end *end)
{
	struct pl_process *pp = pl_process_of(pl, t->process);
	struct pl_thread *pt = pl_thread_of(t);
	struct unwind_space space = {
		.generation = t->process->generation,
		.find = region_find, .jit_rule = rule_of_jit, .ctx = pp,
	};
	struct unwind_stack stack;
	struct unwind_regs regs;
	struct unwind_walk w;

	regs_of(pl->arch, s, &regs);
	stack.bytes = s->stack;
	stack.size_bytes = s->stack_bytes;
	stack.lo_avma = regs.v[pl->arch->reg_sp];
	stack.beyond = end_without_bytes(s->held);
	if (stack.beyond != END_CUT)
		stack.size_bytes = 0;
	unwind_walk(pl->unwinder, pt->memo, &space, &regs, &stack, &w);
	if (w.end == END_NO_RULE && w.count && is_process_start(w.frames))
		w.end = END_COMPLETE;
	*end = w.end;
	if (w.slow)
		pl->stats.slow_walks++;
	if (stack.beyond == END_CUT)
		tell_hint(pl, pt, t->tid, &w);
	pl_advise(pl, pp);
	return intern_walk(pl, pp, pt, &w);
}

/* The kernel's chain is innermost first and holds context markers. */
static uint32_t kernel_frames(struct pipeline *pl, uint32_t stack,
			      const struct perf_sample *s)
{
	uint64_t i, addr;

	for (i = s->kernel_count; i-- > 0;) {
		memcpy(&addr, s->kernel_chain + i * sizeof(addr),
		       sizeof(addr));
		if (addr >= PERF_CONTEXT_MAX || !(addr >> 63))
			continue;
		stack = pl_stack(pl, stack, pl_frame_kernel(pl, addr,
						addr == s->ip && i <= 1));
	}
	return stack;
}

uint32_t pl_sample_stack(struct pipeline *pl, struct thread *t,
			 const struct perf_sample *s, enum stack_end *end)
{
	uint32_t stack;

	if (s->regs_abi == pl->arch->perf_abi && s->reg_count) {
		stack = user_stack(pl, t, s, end);
	} else {
		/* A kernel thread, a task that exits, or a 32-bit one. */
		*end = END_NO_USER;
		stack = pl_end_stack(pl, *end);
	}
	return kernel_frames(pl, stack, s);
}
