/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that is played: every Python level is a Python frame above three
 * native ones that implement it; a stack ends in the evaluator's loop (most),
 * in a C extension, or in the kernel. Stacks form a tree whose branches part
 * ever more often towards the leaves.
 */
#include "gen_stream.h"

#include <stdio.h>
#include <string.h>

#include "adder/hmap.h"
#include "adder/intern.h"
#include "adder/vec.h"
#include "prng.h"

#define START_NS UINT64_C(86400000000000)
#define PERIOD_NS 1001001u
#define SECOND_NS UINT64_C(1000000000)
#define PYTHON_FUNCTIONS 400
#define LEAVES_PER_TRUNK 16

enum module_index { M_PYTHON, M_LIBC, M_CRYPTO, M_KERNEL, M_VDSO, M_COUNT };

static const struct {
	const char *path;
	enum module_kind kind;
	uint64_t base_svma;
	uint32_t functions, function_bytes;
} modules[M_COUNT] = {
	[M_PYTHON] = { "/usr/bin/python3.13", MODULE_FILE, 0x420000, 900,
		       2048 },
	[M_LIBC] = { "/usr/lib/x86_64-linux-gnu/libc.so.6", MODULE_FILE,
		     0x26000, 300, 512 },
	[M_CRYPTO] = { "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
		       MODULE_FILE, 0xb2000, 120, 4096 },
	[M_KERNEL] = { "[kernel.kallsyms]", MODULE_KERNEL,
		       UINT64_C(0xffffffff81000000), 200, 1024 },
	[M_VDSO] = { "[vdso]", MODULE_VDSO, 0x600, 3, 256 },
};

static const char *const hostile_names[] = {
	"(leading", "a b;c", "semi;colon", "paren(s) here", "new\nline",
	"esc\033[31mred\033[0m", "\xff\xfe" "not utf-8", "tab\there",
	"trailing ", " leading", "quote\"back\\slash", "<&>'",
	"bidi\xe2\x80\xae" "drawkcab", "csi\xc2\x9b" "1m", "per%cent%s%n",
	"[unknown]", "+0x10", "name+0x10", "-", "\r", "a\rb", "# comment",
	"50.00%", "\x01\x02\x03", "caf\xc3\xa9", "\xc3", "\x7f",
	"ffffffff81000000 symbol (module)", "comm 1/2 [000] 1.0: 1 ev:",
};

struct gen {
	const struct gen_opts *opts;
	struct sink sink;
	struct prng prng;
	struct intern strings;
	struct hmap frames;	/* key of a frame -> id */
	struct hmap128 stacks;	/* (parent, frame) -> id */
	VEC(uint64_t) known;	/* key of frame id - 1 */
	size_t named;		/* frames below have their symbols */
	uint32_t stack_count;
	uint32_t introduced;	/* of the distinct stacks */
	uint32_t module_ids[M_COUNT];
	uint64_t samples;
	int error;
};

static void push(struct gen *g, const struct record *rec)
{
	if (!g->error)
		g->error = sink_push(&g->sink, rec);
}

static struct str_id string(struct gen *g, const char *s)
{
	size_t len = strlen(s);
	struct record rec = { .type = REC_STRING };
	struct str_id id;
	bool is_new;

	id = intern_put(&g->strings, s, len, &is_new);
	if (is_new) {
		rec.string.id = id;
		rec.string.bytes = intern_at(&g->strings, id, NULL);
		rec.string.len = (uint32_t)len;
		push(g, &rec);
	}
	return id;
}

static const char *hostile(uint32_t n)
{
	return hostile_names[n % ARRAY_LEN(hostile_names)];
}

static struct str_id python_name(struct gen *g, uint32_t n)
{
	static const char *const verbs[] = {
		"handle", "parse", "encode", "load", "render", "merge",
		"dispatch", "fetch", "commit", "walk", "normalize", "send",
	};
	static const char *const nouns[] = {
		"request", "row", "template", "document", "header", "session",
		"token", "batch", "node", "message", "field", "chunk",
	};
	static const char *const classes[] = {
		"", "Server.", "JSONDecoder.", "Parser.", "Session.",
		"Model.", "main.<locals>.",
	};
	char s[160];

	if (g->opts->hostile) {
		snprintf(s, sizeof(s), "%s%u", hostile(n), n);
		return string(g, n % 3 ? s : hostile(n));
	}
	if (n % 37 == 36)
		return string(g, n % 2 ? "<genexpr>" : "<lambda>");
	snprintf(s, sizeof(s), "%s%s_%s", classes[n % ARRAY_LEN(classes)],
		 verbs[n / 7 % ARRAY_LEN(verbs)],
		 nouns[n / 84 % ARRAY_LEN(nouns)]);
	return string(g, s);
}

static struct str_id python_file(struct gen *g, uint32_t n)
{
	static const char *const dirs[] = {
		"/usr/lib/python3.13/json", "/usr/lib/python3.13",
		"/srv/app/service", "/srv/app/lib/site-packages/flask",
	};
	static const char *const names[] = {
		"decoder.py", "scanner.py", "app.py", "views.py", "models.py",
		"utils.py", "wsgi.py", "queue.py",
	};
	char s[200];

	snprintf(s, sizeof(s), "%s/%s",
		 g->opts->hostile && n % 2 ? hostile(n / 3) :
		 dirs[n / 8 % ARRAY_LEN(dirs)], names[n % ARRAY_LEN(names)]);
	return string(g, s);
}

/*
 * A frame's key: kind (3 bits), flags (4), module or Python function (16),
 * address in the module or line (32).
 */
static uint64_t frame_key(enum frame_kind kind, uint32_t flags, uint32_t what,
			  uint32_t where)
{
	return (uint64_t)kind << 52 | (uint64_t)flags << 48 |
	       (uint64_t)what << 32 | where;
}

static void fill_frame(struct gen *g, struct rec_frame *f, uint64_t key)
{
	uint32_t what = key >> 32 & 0xffff, where = (uint32_t)key;

	f->kind = (enum frame_kind)(key >> 52);
	f->flags = key >> 48 & 0xf;
	switch (f->kind) {
	case FRAME_PYTHON:
		f->addr = UINT64_C(0x7f3a00000000) + what * 32;
		f->name = python_name(g, what);
		f->file = python_file(g, what % 32);
		f->first_line = 10 + what * 7 % 900;
		f->line = f->first_line + where;
		break;
	case FRAME_END:
		f->addr = where;
		break;
	default:
		f->module.v = g->module_ids[what];
		f->addr = modules[what].base_svma + where;
		break;
	}
}

static uint32_t frame(struct gen *g, uint64_t key)
{
	struct record rec = { .type = REC_FRAME };
	uint64_t *id;
	bool is_new;

	id = hmap_put(&g->frames, key, &is_new);
	if (is_new) {
		fill_frame(g, &rec.frame, key);
		*vec_push(&g->known) = key;
		rec.frame.id.v = (uint32_t)g->known.count;
		*id = rec.frame.id.v;
		push(g, &rec);
	}
	return (uint32_t)*id;
}

static uint32_t stack(struct gen *g, uint32_t parent, uint32_t frame_id)
{
	struct record rec = { .type = REC_STACK };
	uint64_t *id;
	bool is_new;

	id = hmap128_put(&g->stacks, parent, frame_id, &is_new);
	if (is_new) {
		*id = ++g->stack_count;
		rec.stack.id.v = g->stack_count;
		rec.stack.parent.v = parent;
		rec.stack.frame.v = frame_id;
		push(g, &rec);
	}
	return (uint32_t)*id;
}

/* The same mixing for the same node of the tree, whichever sample comes. */
static uint32_t node_hash(const struct gen *g, uint32_t level, uint32_t branch)
{
	return (uint32_t)hash_u64(g->opts->seed << 48 ^ (uint64_t)level << 32 ^
				  branch);
}

static uint64_t leaf_key(struct gen *g, uint32_t h)
{
	uint32_t loop = 50 * 2048;	/* the evaluator's loop: 100 KB */

	switch (h % 10) {
	case 0:
		return frame_key(FRAME_KERNEL, FRAME_F_LEAF, M_KERNEL,
				 (h >> 8) % (200 * 1024));
	case 1:
	case 2:
		return frame_key(FRAME_NATIVE, FRAME_F_LEAF, M_CRYPTO,
				 (h >> 8) % (120 * 4096));
	case 3:
		return frame_key(FRAME_NATIVE, FRAME_F_LEAF, M_LIBC,
				 (h >> 8) % (300 * 512));
	case 4:
	case 5:
		return frame_key(FRAME_NATIVE, FRAME_F_LEAF, M_PYTHON,
				 (h >> 8) % (900 * 2048));
	default:
		return frame_key(FRAME_NATIVE, FRAME_F_LEAF, M_PYTHON,
				 (h >> 8) % loop);
	}
	(void)g;
}

/* The frame of a level below the leaf, on a branch of the tree. */
static uint64_t level_key(const struct gen *g, uint32_t level, uint32_t branch)
{
	uint32_t h = node_hash(g, level & ~3u, branch);

	if (level < 4)		/* _start, __libc_start_main, main, ... */
		return frame_key(FRAME_NATIVE, 0, level == 1 ? M_LIBC :
				 M_PYTHON, 2048 * level + 77);
	switch (level % 4) {
	case 0:
		return frame_key(FRAME_PYTHON, 0, h % PYTHON_FUNCTIONS,
				 (h >> 12) % 6);
	case 1:
		return frame_key(FRAME_NATIVE, FRAME_F_EVALUATOR, M_PYTHON,
				 60 * 2048 + 33);
	case 2:
		return frame_key(FRAME_NATIVE, FRAME_F_EVALUATOR, M_PYTHON,
				 1000 + (h >> 20) % 4 * 900);
	default:
		return frame_key(FRAME_NATIVE, FRAME_F_EVALUATOR, M_PYTHON,
				 70 * 2048 + (h >> 22) % 3 * 300);
	}
}

/* Distinct stack number n, defined as far as it is new. */
static uint32_t make_stack(struct gen *g, uint32_t n)
{
	uint32_t trunk = n / LEAVES_PER_TRUNK, bits = 0, level, shift, id = 0;
	uint32_t depth = g->opts->depth;

	while (g->opts->stacks / LEAVES_PER_TRUNK >> bits)
		bits++;
	for (level = 0; level + 1 < depth; level++) {
		shift = bits * (depth - 1 - level) / depth;
		id = stack(g, id, frame(g, level_key(g, level,
						     trunk >> shift)));
	}
	/* The leaf's number makes it distinct even where addresses meet. */
	return stack(g, id, frame(g, leaf_key(g, node_hash(g, depth, n)) ^
				  (uint64_t)(n % LEAVES_PER_TRUNK) << 2));
}

/*
 * New stacks come spread over the session; between them the known ones, the
 * early ones (the program's hot loops) more often.
 */
static uint32_t next_stack(struct gen *g)
{
	uint64_t due = g->samples * g->opts->stacks / g->opts->samples;
	double u;

	if (g->introduced <= due && g->introduced < g->opts->stacks)
		return make_stack(g, g->introduced++);
	u = (double)(prng_next(&g->prng) >> 11) / 9007199254740992.0;
	return make_stack(g, (uint32_t)(u * u * u * g->introduced));
}

static void symbol(struct gen *g, uint32_t frame_id, uint64_t key)
{
	enum module_index m = key >> 32 & 0xffff;
	uint32_t bytes = modules[m].function_bytes;
	uint32_t function = (uint32_t)key / bytes;
	struct record rec = { .type = REC_SYMBOL };
	char s[128];

	/* The evaluator's loop is one function of many addresses. */
	if (m == M_PYTHON && function < 50)
		function = 0;
	rec.symbol.frame.v = frame_id;
	if (function % 5 == 4) {	/* with a function inlined into it */
		rec.symbol.name = string(g, "Py_DECREF");
		rec.symbol.file = string(g, "Include/object.h");
		rec.symbol.line = 430;
		push(g, &rec);
		rec.symbol.depth = 1;
	}
	if (g->opts->hostile && function % 3 == 1)
		snprintf(s, sizeof(s), "%s", hostile(function / 3));
	else if (m == M_PYTHON)
		snprintf(s, sizeof(s), "%s_%u", function ? "PyObject_Call" :
			 "_PyEval_EvalFrameDefault", function);
	else
		snprintf(s, sizeof(s), "%s_function_%u", m == M_LIBC ?
			 "__libc" : m == M_KERNEL ? "do_sys" : "sha256",
			 function);
	rec.symbol.name = string(g, s);
	rec.symbol.file.v = 0;
	rec.symbol.line = 0;
	rec.symbol.is_outer = true;
	rec.symbol.start_svma = modules[m].base_svma +
				(uint64_t)function * bytes;
	push(g, &rec);
}

static void name_frames(struct gen *g)
{
	uint64_t key;

	for (; g->named < g->known.count; g->named++) {
		key = g->known.data[g->named];
		if (key >> 52 == FRAME_NATIVE || key >> 52 == FRAME_KERNEL)
			symbol(g, (uint32_t)g->named + 1, key);
	}
}

static void meta(struct gen *g, const char *key, const char *value)
{
	struct record rec = { .type = REC_META };

	rec.meta.key = string(g, key);
	rec.meta.value = string(g, value);
	push(g, &rec);
}

static void begin_modules(struct gen *g)
{
	struct record rec = { .type = REC_MODULE };
	uint32_t i, k;

	for (i = 0; i < M_COUNT; i++) {
		rec.module.id.v = g->module_ids[i] = i + 1;
		rec.module.kind = modules[i].kind;
		rec.module.path = string(g, g->opts->hostile && i == M_CRYPTO ?
					 "/tmp/(evil) lib;\033]0;x\a\n.so" :
					 modules[i].path);
		rec.module.build_id_bytes = i == M_KERNEL ? 0 : 20;
		for (k = 0; k < rec.module.build_id_bytes; k++)
			rec.module.build_id[k] = (uint8_t)hash_u64(i * 32 + k);
		push(g, &rec);
	}
}

static void begin_threads(struct gen *g)
{
	struct record process = { .type = REC_PROCESS };
	struct record rec;
	char s[32];
	uint32_t i;

	process.process.id.v = 1;
	process.process.pid = 4242;
	process.process.start_mono_ns = START_NS - 500000;
	process.process.exe = string(g, modules[M_PYTHON].path);
	push(g, &process);
	for (i = 0; i < g->opts->threads; i++) {
		rec = (struct record){ .type = REC_THREAD };
		rec.thread.id.v = i + 1;
		rec.thread.process.v = 1;
		rec.thread.tid = 4242 + (int32_t)i;
		rec.thread.start_mono_ns = START_NS + i * 20000;
		snprintf(s, sizeof(s), i ? "worker-%u" : "python3", i);
		rec.thread.name = string(g, g->opts->hostile ? hostile(i) : s);
		push(g, &rec);
	}
}

static void begin(struct gen *g)
{
	struct record event = { .type = REC_EVENT };
	struct record step = { .type = REC_STEP };

	meta(g, "version", "0.1.0");
	meta(g, "command", g->opts->hostile ? "python3 '\033[1m;x\n.py'" :
	     "python3 service.py");
	meta(g, "arch", "x86_64");
	meta(g, "kernel", "6.12.0");
	meta(g, "cpus", "4");
	meta(g, "frequency_hz", "999");
	meta(g, "mode", "spawn");
	event.event.id.v = 1;
	event.event.name = string(g, "cpu-clock");
	event.event.unit = UNIT_NS;
	event.event.frequency_hz = 999;
	push(g, &event);
	step.step.text = string(g, "no hardware counter on this machine: "
				"sampling cpu-clock");
	step.step.count = 1;
	push(g, &step);
	begin_modules(g);
	begin_threads(g);
}

static void end(struct gen *g, uint64_t last_ns)
{
	struct record rec = { .type = REC_FINISH };

	name_frames(g);
	rec.finish.start_mono_ns = START_NS;
	rec.finish.end_mono_ns = last_ns;
	rec.finish.samples = g->samples;
	push(g, &rec);
}

static void sample(struct gen *g, uint32_t thread, uint64_t t_ns)
{
	struct record rec = { .type = REC_SAMPLE };

	rec.sample.stack.v = next_stack(g);
	rec.sample.t_mono_ns = t_ns;
	rec.sample.weight = rec.sample.running_ns = PERIOD_NS;
	rec.sample.thread.v = thread + 1;
	rec.sample.event.v = 1;
	rec.sample.cpu = (thread + (uint32_t)(t_ns / (7 * SECOND_NS))) % 4;
	push(g, &rec);
	g->samples++;
}

/* Each thread's clock ticks by itself, a few microseconds late each time. */
static uint64_t run(struct gen *g, int (*second)(void *ctx), void *ctx)
{
	VEC(uint64_t) ticks = { 0 };
	uint64_t t_ns = START_NS, next_ns = START_NS + SECOND_NS;
	uint32_t i, first;

	for (i = 0; i < g->opts->threads; i++)
		*vec_push(&ticks) = START_NS + PERIOD_NS + i * 12345;
	while (g->samples < g->opts->samples && !g->error) {
		first = 0;
		for (i = 1; i < g->opts->threads; i++) {
			if (ticks.data[i] < ticks.data[first])
				first = i;
		}
		t_ns = ticks.data[first];
		ticks.data[first] += PERIOD_NS;
		if (t_ns >= next_ns) {
			name_frames(g);
			if (second && !g->error)
				g->error = second(ctx);
			next_ns += SECOND_NS;
		}
		sample(g, first, t_ns + prng_below(&g->prng, 3000));
	}
	vec_release(&ticks);
	return t_ns + 3000;
}

int gen_stream(const struct gen_opts *opts, const struct sink *sink,
	       int (*second)(void *ctx), void *ctx)
{
	struct gen g = { .opts = opts, .sink = *sink,
			 .prng = { opts->seed } };

	intern_init(&g.strings);
	hmap_init(&g.frames);
	hmap128_init(&g.stacks);
	begin(&g);
	end(&g, run(&g, second, ctx));
	vec_release(&g.known);
	hmap128_release(&g.stacks);
	hmap_release(&g.frames);
	intern_release(&g.strings);
	return g.error;
}
