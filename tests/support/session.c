/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <stdarg.h>
#include <string.h>

#define MS UINT64_C(1000000)

static void push(struct session *s, const struct record *rec)
{
	if (!s->error)
		s->error = sink_push(&s->sink, rec);
}

void session_init(struct session *s, const struct sink *sink)
{
	memset(s, 0, sizeof(*s));
	s->sink = *sink;
	s->now_ns = SESSION_START_NS;
	intern_init(&s->strings);
	session_meta(s, "start_mono_ns", "5000000000");
}

int session_end(struct session *s)
{
	struct record rec = { .type = REC_FINISH };

	rec.finish.start_mono_ns = SESSION_START_NS;
	rec.finish.end_mono_ns = s->now_ns;
	rec.finish.samples = s->samples;
	push(s, &rec);
	intern_release(&s->strings);
	return s->error;
}

struct str_id session_string(struct session *s, const char *text)
{
	struct record rec = { .type = REC_STRING };
	size_t len;
	bool is_new;

	if (!text)
		return (struct str_id){ 0 };
	len = strlen(text);
	rec.string.id = intern_put(&s->strings, text, len, &is_new);
	rec.string.bytes = text;
	rec.string.len = (uint32_t)len;
	if (is_new)
		push(s, &rec);
	return rec.string.id;
}

void session_meta(struct session *s, const char *key, const char *value)
{
	struct record rec = { .type = REC_META };

	rec.meta.key = session_string(s, key);
	rec.meta.value = session_string(s, value);
	push(s, &rec);
}

void session_step(struct session *s, const char *text, uint64_t count,
		  bool is_warning)
{
	struct record rec = { .type = REC_STEP };

	rec.step.text = session_string(s, text);
	rec.step.count = count;
	rec.step.is_warning = is_warning;
	push(s, &rec);
}

uint32_t session_event(struct session *s, const char *name,
		       enum event_unit unit, uint32_t hz)
{
	struct record rec = { .type = REC_EVENT };

	rec.event.id.v = ++s->events;
	rec.event.name = session_string(s, name);
	rec.event.unit = unit;
	rec.event.frequency_hz = hz;
	rec.event.period = hz ? 0 : 100000;
	push(s, &rec);
	return s->events;
}

uint32_t session_module(struct session *s, const char *path,
			enum module_kind kind)
{
	struct record rec = { .type = REC_MODULE };

	rec.module.id.v = ++s->modules;
	rec.module.kind = kind;
	rec.module.path = session_string(s, path);
	push(s, &rec);
	return s->modules;
}

uint32_t session_process(struct session *s, int32_t pid, const char *exe)
{
	struct record rec = { .type = REC_PROCESS };

	rec.process.id.v = ++s->processes;
	rec.process.pid = pid;
	rec.process.start_mono_ns = s->now_ns;
	rec.process.exe = session_string(s, exe);
	push(s, &rec);
	return s->processes;
}

uint32_t session_thread(struct session *s, uint32_t process, int32_t tid,
			const char *name)
{
	struct record rec = { .type = REC_THREAD };

	rec.thread.id.v = ++s->threads;
	rec.thread.process.v = process;
	rec.thread.tid = tid;
	rec.thread.start_mono_ns = s->now_ns;
	rec.thread.name = session_string(s, name);
	push(s, &rec);
	return s->threads;
}

void session_rename(struct session *s, uint32_t thread, const char *name)
{
	struct record rec = { .type = REC_THREAD_NAME };

	rec.thread_name.thread.v = thread;
	rec.thread_name.t_mono_ns = s->now_ns + 1;
	rec.thread_name.name = session_string(s, name);
	push(s, &rec);
}

static uint32_t push_frame(struct session *s, struct record *rec)
{
	rec->type = REC_FRAME;
	rec->frame.id.v = ++s->frames;
	push(s, rec);
	return s->frames;
}

uint32_t session_python(struct session *s, const char *name, const char *file,
			uint32_t first_line)
{
	struct record rec = { .frame = { .kind = FRAME_PYTHON,
					 .addr = 0x7f0000001000 } };

	rec.frame.name = session_string(s, name);
	rec.frame.file = session_string(s, file);
	rec.frame.first_line = first_line;
	rec.frame.line = first_line ? first_line + 3 : 0;
	return push_frame(s, &rec);
}

static void push_symbol(struct session *s, uint32_t frame, uint32_t depth,
			const char *name, bool is_outer, uint64_t start)
{
	struct record rec = { .type = REC_SYMBOL };

	rec.symbol.frame.v = frame;
	rec.symbol.depth = depth;
	rec.symbol.is_outer = is_outer;
	rec.symbol.name = session_string(s, name);
	rec.symbol.start_svma = start;
	push(s, &rec);
}

static uint32_t push_code(struct session *s, enum frame_kind kind,
			  uint32_t flags, uint32_t module, uint64_t addr)
{
	struct record rec = { .frame = { .kind = kind, .flags = flags,
					 .addr = addr } };

	rec.frame.module.v = module;
	return push_frame(s, &rec);
}

uint32_t session_native(struct session *s, uint32_t module, uint64_t addr,
			const char *name)
{
	uint32_t frame = push_code(s, FRAME_NATIVE, 0, module, addr);

	if (name)
		push_symbol(s, frame, 0, name, true, addr - 0x10);
	return frame;
}

uint32_t session_evaluator(struct session *s, uint32_t module, uint64_t addr,
			   const char *name)
{
	uint32_t frame = push_code(s, FRAME_NATIVE, FRAME_F_EVALUATOR, module,
				   addr);

	push_symbol(s, frame, 0, name, true, addr - 0x10);
	return frame;
}

uint32_t session_kernel(struct session *s, uint32_t module, const char *name)
{
	uint64_t addr = 0xffffffff81000010 + s->frames * 0x100;
	uint32_t frame = push_code(s, FRAME_KERNEL, 0, module, addr);

	if (name)
		push_symbol(s, frame, 0, name, true, addr - 0x10);
	return frame;
}

uint32_t session_inlined(struct session *s, uint32_t module, uint64_t addr,
			 const char *inner, const char *outer)
{
	uint32_t frame = push_code(s, FRAME_NATIVE, 0, module, addr);

	push_symbol(s, frame, 0, inner, false, addr - 0x10);
	push_symbol(s, frame, 1, outer, true, addr - 0x10);
	return frame;
}

uint32_t session_cut(struct session *s, enum stack_end why)
{
	return push_code(s, FRAME_END, 0, 0, (uint64_t)why);
}

uint32_t session_push_stack(struct session *s, uint32_t parent, uint32_t frame)
{
	struct record rec = { .type = REC_STACK };

	rec.stack.id.v = ++s->stacks;
	rec.stack.parent.v = parent;
	rec.stack.frame.v = frame;
	push(s, &rec);
	return s->stacks;
}

uint32_t session_stack(struct session *s, ...)
{
	uint32_t stack = 0, frame;
	va_list ap;

	va_start(ap, s);
	while ((frame = va_arg(ap, uint32_t)))
		stack = session_push_stack(s, stack, frame);
	va_end(ap);
	return stack;
}

void session_samples(struct session *s, uint32_t thread, uint32_t event,
		     uint32_t stack, unsigned int n, uint64_t weight)
{
	struct record rec = { .type = REC_SAMPLE };

	rec.sample.thread.v = thread;
	rec.sample.event.v = event;
	rec.sample.stack.v = stack;
	rec.sample.weight = weight;
	/* event 1 is the clock by agreement of all tests */
	rec.sample.running_ns = event == 1 ? weight : 0;
	for (; n; n--) {
		s->now_ns += MS;
		rec.sample.t_mono_ns = s->now_ns;
		push(s, &rec);
		s->samples++;
	}
}

static void example_head(struct session *s)
{
	session_meta(s, "version", "0.1.0");
	session_meta(s, "hostname", "box\033[2J");
	session_meta(s, "kernel", "6.12.0");
	session_meta(s, "arch", "x86_64");
	session_meta(s, "cpus", "4");
	session_meta(s, "command", "python3 service.py --port 80");
	session_meta(s, "start_realtime_ns", "1790000000000000000");
	session_meta(s, "mode", "spawn");
	session_step(s, "no hardware counter on this machine: sampling "
		     "cpu-clock", 1, false);
	session_step(s, "'/tmp/perf-12.map' is a symbolic link: not read", 3,
		     true);
	session_event(s, "cpu-clock", UNIT_NS, 999);
	session_event(s, "page-faults", UNIT_COUNT, 0);
}

struct example_code {
	uint32_t start, run, module, parse, loop, fib, eval, sha, copy, sys,
		 nameless, cut, no_user;
};

static void example_code(struct session *s, struct example_code *c)
{
	uint32_t python, libc, crypto, kernel;

	python = session_module(s, "/usr/bin/python3.13", MODULE_FILE);
	libc = session_module(s, "/usr/lib/x86_64-linux-gnu/libc.so.6",
			      MODULE_FILE);
	crypto = session_module(s, "/opt/my libs/(old)/libcrypto.so (deleted)",
				MODULE_FILE);
	kernel = session_module(s, "[kernel.kallsyms]", MODULE_KERNEL);
	c->start = session_native(s, libc, 0x27000, "__libc_start_main");
	c->run = session_native(s, python, 0x421000, "Py_BytesMain");
	c->module = session_python(s, "<module>", "/srv/app/service.py", 1);
	c->parse = session_python(s, "Parser.<locals>.parse_a_rather_long_name"
				  "_that_no_line_can_hold_whole",
				  "/srv/app/parser/__init__.py", 40);
	c->loop = session_python(s, "evil;name (x)\n\033[31m\xff",
				 "/srv/app/bad name;.py", 0);
	c->fib = session_python(s, "fib", "/srv/app/service.py", 7);
	c->eval = session_evaluator(s, python, 0x430000,
				    "_PyEval_EvalFrameDefault");
	c->sha = session_inlined(s, crypto, 0xb2100, "rotate",
				 "sha256_block_data_order");
	c->copy = session_native(s, libc, 0x31000, "(anonymous namespace)::"
				 "copy<int, char>::operator->");
	c->sys = session_kernel(s, kernel, "do_syscall_64");
	c->nameless = session_native(s, crypto, 0xb9999, NULL);
	c->cut = session_cut(s, END_CUT);
	c->no_user = session_cut(s, END_NO_USER);
}

void session_example(struct session *s)
{
	struct example_code c;
	uint32_t service, worker, main_thread, helper, child, stack, i;

	example_head(s);
	example_code(s, &c);
	service = session_process(s, 1200, "/usr/bin/python3.13");
	worker = session_process(s, 1300, "/usr/bin/sort");
	main_thread = session_thread(s, service, 1200, "python3");
	helper = session_thread(s, service, 1201, "7");
	child = session_thread(s, worker, 1300, "so rt\t1");

	stack = session_stack(s, c.start, c.run, c.module, c.eval, c.parse,
			      c.eval, c.sha, 0u);
	session_samples(s, main_thread, 1, stack, 40, 1001001);
	stack = session_stack(s, c.start, c.run, c.module, c.eval, c.parse,
			      c.eval, 0u);
	session_samples(s, main_thread, 1, stack, 20, 1001001);
	stack = session_stack(s, c.start, c.run, c.module, c.eval, 0u);
	for (i = 0; i < 12; i++) {
		stack = session_push_stack(s, stack, c.fib);
		stack = session_push_stack(s, stack, c.eval);
		session_samples(s, main_thread, 1, stack, i < 11 ? 1 : 9,
				1001001);
	}
	session_rename(s, helper, "#");
	stack = session_stack(s, c.loop, c.copy, c.sys, 0u);
	session_samples(s, helper, 1, stack, 6, 1001001);
	session_samples(s, helper, 2, stack, 3, 100000);
	session_rename(s, helper, "pool worker 3");
	session_samples(s, helper, 1, stack, 4, 1001001);
	stack = session_stack(s, c.cut, c.parse, c.nameless, 0u);
	session_samples(s, helper, 1, stack, 5, 1001001);
	stack = session_stack(s, c.no_user, c.sys, 0u);
	session_samples(s, child, 1, stack, 4, 1001001);
	session_samples(s, child, 1, 0, 1, 1001001);
}
