/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our side of the confined child. A module stays open there in one of a few
 * slots, so that asking again (a live view does, every second) costs no
 * opening.
 *
 * When the child dies of a module, or is busy with it for too long, all slots
 * are lost and the module gets a further chance: once more by itself if it was
 * not alone in that child, then with its own symbol tables only, because it is
 * DWARF that is big and intricate. After that it is never touched again.
 */
#include "adder/symbol.h"

#include <errno.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/confine.h"
#include "adder/err.h"
#include "adder/hmap.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/vec.h"
#include "symbol/debug_files.h"
#include "symbol/wire.h"
#include "symbol/worker.h"

#define TIMEOUT_MS 30000
#define HEAP_BYTES (UINT64_C(1) << 30)
#define SPACE_BYTES (UINT64_C(16) << 30)
#define NEED_LIMIT 16		/* debug files that one module may ask for */
#define NO_SLOT UINT32_MAX

struct known {			/* a file that was asked for before */
	uint64_t key[4];
	uint32_t slot;		/* in the child, or NO_SLOT */
	uint32_t flags;		/* WIRE_* */
	bool is_damaged;	/* which was said */
	uint64_t used;		/* at this tick */
	int code;		/* 0, or the error that it gives: bad */
	char *message;
};

struct symbolizer {
	struct symbol_opts opts;
	struct worker_opts worker_opts;
	struct confine *confine;
	int root_fd;
	int fd;			/* of the child's socket, -1: none runs */
	VEC(struct known) known;
	uint32_t in_slot[WIRE_SLOTS];	/* index into known + 1; 0 = free */
	uint64_t tick;
	bool said_unfiltered;
	struct wire_frame in;
	struct buf out;
	struct symbol_stats stats;
};

struct request {
	int fd;
	const char *path;
	const uint8_t *build_id;
	size_t build_id_bytes;
	const uint64_t *svmas;
	size_t count, done;
	symbol_fn fn;
	void *ctx;
	uint64_t deadline_mono_ns;	/* of the step under way */
};

struct symbolizer *symbolizer_new(const struct symbol_opts *opts,
				  struct err *err)
{
	struct symbolizer *s = mem_calloc(1, sizeof(*s));
	struct confine_opts c = {
		.heap_bytes = HEAP_BYTES,
		.space_bytes = SPACE_BYTES,
		.serve = worker_serve,
		.ctx = &s->worker_opts,
	};
	const char *root;

	s->opts = *opts;
	if (!s->opts.timeout_ms)
		s->opts.timeout_ms = TIMEOUT_MS;
	/* In case nobody waits any more: adder stopped, or was killed. */
	s->worker_opts.cpu_seconds = s->opts.timeout_ms / 1000 + 5;
	s->fd = s->in.fd = -1;
	root = opts->debug_root ? opts->debug_root : "/";
	s->root_fd = sys_open_dir(root);
	if (s->root_fd < 0) {
		err_set_errno(err, ERR_NOTFOUND, -s->root_fd,
			      "cannot open the root of debug files '%s'", root);
		goto fail;
	}
	s->confine = confine_new(&c, err);
	if (!s->confine)
		goto fail;
	return s;
fail:
	symbolizer_free(s);
	return NULL;
}

void symbolizer_free(struct symbolizer *s)
{
	size_t i;

	if (!s)
		return;
	confine_free(s->confine);
	sys_close(s->root_fd);
	for (i = 0; i < s->known.count; i++)
		mem_free(s->known.data[i].message);
	vec_release(&s->known);
	wire_frame_release(&s->in);
	buf_release(&s->out);
	mem_free(s);
}

void symbolizer_stats(const struct symbolizer *s, struct symbol_stats *out)
{
	*out = s->stats;
}

/* Ends the child; says why, given what the socket said. */
static int child_died(struct symbolizer *s, int rc, struct err *err)
{
	int sig = confine_reap(s->confine);
	size_t i;

	s->fd = -1;
	memset(s->in_slot, 0, sizeof(s->in_slot));
	for (i = 0; i < s->known.count; i++)
		s->known.data[i].slot = NO_SLOT;
	s->stats.deaths++;
	if (rc == -ETIMEDOUT)
		return err_set(err, ERR_LIMIT, "reading its symbols takes "
			       "longer than %u ms", s->opts.timeout_ms);
	if (rc == -EBADMSG)
		return err_set(err, ERR_FORMAT,
			       "the answer about its symbols is malformed");
	if (sig)
		return err_set(err, ERR_FORMAT, "the process that read its "
			       "symbols died of signal %d (%s)", sig,
			       strsignal(sig));
	return err_set(err, ERR_FORMAT,
		       "the process that read its symbols ended");
}

static int start_child(struct symbolizer *s, struct err *err)
{
	unsigned int held;
	int fd;

	if (s->fd >= 0 && confine_idle(s->confine))
		return 0;
	if (s->fd >= 0)		/* not the fault of what comes now */
		child_died(s, 0, NULL);
	fd = confine_worker(s->confine, &held, err);
	if (fd < 0)
		return fd;
	s->fd = fd;
	if (!(held & CONFINE_SECCOMP) && !s->said_unfiltered) {
		s->said_unfiltered = true;
		log_note("symbols are read without a system call filter: the "
			 "kernel or the container forbids seccomp");
	}
	return 0;
}

static struct known *find_known(struct symbolizer *s, const uint64_t key[4])
{
	struct known *k;
	size_t i;

	for (i = 0; i < s->known.count; i++)
		if (!memcmp(s->known.data[i].key, key, 4 * sizeof(*key)))
			return &s->known.data[i];
	k = vec_push(&s->known);
	*k = (struct known){
		.slot = NO_SLOT,
		.flags = s->opts.no_inlines ? WIRE_NO_INLINES : 0,
	};
	memcpy(k->key, key, sizeof(k->key));
	s->stats.modules++;
	return k;
}

/* A free slot, else the one that was used the longest ago. */
static uint32_t take_slot(struct symbolizer *s)
{
	uint32_t i, best = 0;
	uint64_t oldest = UINT64_MAX, used;

	for (i = 0; i < WIRE_SLOTS; i++) {
		used = s->in_slot[i] ?
			s->known.data[s->in_slot[i] - 1].used : 0;
		if (used < oldest) {
			oldest = used;
			best = i;
		}
	}
	if (s->in_slot[best])
		s->known.data[s->in_slot[best] - 1].slot = NO_SLOT;
	s->in_slot[best] = 0;
	return best;
}

static bool alone_in_child(const struct symbolizer *s)
{
	size_t i, n = 0;

	for (i = 0; i < WIRE_SLOTS; i++)
		n += s->in_slot[i] != 0;
	return n <= 1;
}

/* Reads frames until one that is no NEED. 0 or -errno. */
static int receive(struct symbolizer *s, const struct request *r)
{
	int needs, fd, rc;

	for (needs = 0; needs < NEED_LIMIT; needs++) {
		rc = wire_recv(s->fd, &s->in, r->deadline_mono_ns);
		if (rc || s->in.type != WIRE_NEED)
			return rc;
		fd = debug_file_open(s->root_fd, r->path, &s->in.payload);
		rc = wire_send(s->fd, WIRE_FILE, NULL, fd);
		sys_close(fd);
		if (rc)
			return rc;
	}
	return -EBADMSG;
}

static void start_clock(const struct symbolizer *s, struct request *r)
{
	r->deadline_mono_ns = sys_mono_ns() +
			      (uint64_t)s->opts.timeout_ms * 1000000;
}

/* 0; 1 if the file is bad (err set); -errno of the socket. */
static int open_module(struct symbolizer *s, struct known *k,
		       struct request *r, struct err *err)
{
	uint32_t slot = take_slot(s);
	size_t n = r->build_id_bytes > 64 ? 0 : r->build_id_bytes;
	int rc;

	start_clock(s, r);
	s->in_slot[slot] = (uint32_t)(k - s->known.data) + 1;
	k->slot = slot;
	buf_clear(&s->out);
	buf_put_u32(&s->out, slot);
	buf_put_u32(&s->out, k->flags);
	buf_putc(&s->out, (char)n);
	buf_put(&s->out, r->build_id, n);
	rc = wire_send(s->fd, WIRE_OPEN, &s->out, r->fd);
	if (!rc)
		rc = receive(s, r);
	if (rc)
		return rc;
	if (s->in.type != WIRE_OPENED || s->in.payload.len < 1)
		return -EBADMSG;
	buf_cstr(&s->in.payload);
	if (!s->in.payload.data[0]) {
		s->in_slot[slot] = 0;
		k->slot = NO_SLOT;
		err_set(err, ERR_FORMAT, "%.*s", 256, s->in.payload.data + 1);
		return 1;
	}
	if (s->in.payload.len > 1 && !k->is_damaged) {
		k->is_damaged = true;
		s->stats.damaged++;
		log_warning("'%s' is damaged: %.*s; names may be missing",
			    r->path, 256, s->in.payload.data + 1);
	}
	return 0;
}

/* One LOOKUP and its answer: 0 or -errno. */
static int lookup_chunk(struct symbolizer *s, const struct known *k,
			struct request *r)
{
	size_t n = r->count - r->done, i;
	int rc;

	if (n > WIRE_CHUNK)
		n = WIRE_CHUNK;
	start_clock(s, r);
	buf_clear(&s->out);
	buf_put_u32(&s->out, k->slot);
	buf_put_u32(&s->out, (uint32_t)n);
	for (i = 0; i < n; i++)
		buf_put_u64(&s->out, r->svmas[r->done + i]);
	rc = wire_send(s->fd, WIRE_LOOKUP, &s->out, -1);
	if (!rc)
		rc = wire_recv(s->fd, &s->in, r->deadline_mono_ns);
	if (rc)
		return rc;
	if (s->in.type != WIRE_RESULTS)
		return -EBADMSG;
	rc = wire_results(&s->in.payload, n, r->done, r->fn, r->ctx, NULL);
	if (rc < 0)
		return -EBADMSG;
	r->done += (size_t)rc;
	return 0;
}

/* The same: 0, 1, -errno. */
static int try_lookup(struct symbolizer *s, struct known *k, struct request *r,
		      struct err *err)
{
	int rc = 0;

	if (k->slot == NO_SLOT)
		rc = open_module(s, k, r, err);
	while (!rc && r->done < r->count)
		rc = lookup_chunk(s, k, r);
	return rc;
}

static void mark_bad(struct symbolizer *s, struct known *k,
		     const struct err *err)
{
	k->code = err->code;
	k->message = mem_strdup(err->message);
	s->stats.unreadable++;
}

static int serve(struct symbolizer *s, struct known *k, struct request *r,
		 struct err *err)
{
	bool alone;
	int rc;

	for (;;) {
		rc = start_child(s, err);
		if (rc)
			return rc;
		rc = try_lookup(s, k, r, err);
		if (!rc)
			return 0;
		if (rc > 0) {
			mark_bad(s, k, err);
			return -err->code;
		}
		alone = alone_in_child(s);
		child_died(s, rc, err);
		if (!alone)
			continue;
		if (k->flags & WIRE_OWN_ONLY) {
			mark_bad(s, k, err);
			return -err->code;
		}
		k->flags = WIRE_OWN_ONLY | WIRE_NO_INLINES;
		s->stats.reduced++;
		log_warning("'%s': %s; its own symbol tables only are used",
			    r->path, err->message);
	}
}

/* For what is left: every address has its call. */
static void no_results(struct request *r)
{
	static const struct symbol_result none;

	for (; r->done < r->count; r->done++)
		r->fn(r->ctx, r->done, &none);
}

static int lookup(struct symbolizer *s, const uint64_t key[4],
		  struct request *r, struct err *err)
{
	struct known *k = find_known(s, key);
	struct err own = { 0 };
	int rc = 0;

	k->used = ++s->tick;
	if (k->code)
		rc = err_set(&own, k->code, "%s", k->message);
	else if (r->count)
		rc = serve(s, k, r, &own);
	no_results(r);
	if (rc)
		err_set(err, own.code, "no symbols of '%s': %s", r->path,
			own.message);
	return rc;
}

int symbolizer_lookup(struct symbolizer *s, int fd, const char *path,
		      const uint8_t *build_id, size_t build_id_bytes,
		      const uint64_t *svmas, size_t count, symbol_fn fn,
		      void *ctx, struct err *err)
{
	struct request r = {
		.fd = fd, .path = path, .build_id = build_id,
		.build_id_bytes = build_id_bytes, .svmas = svmas,
		.count = count, .fn = fn, .ctx = ctx,
	};
	struct sys_stat st = { 0 };
	uint64_t key[4];
	int rc = sys_fstat(fd, &st);

	if (rc) {
		no_results(&r);
		return err_set_errno(err, ERR_IO, -rc,
				     "no symbols of '%s'", path);
	}
	/* A build-id is what the file says: no identity among enemies. */
	key[0] = st.dev;
	key[1] = st.ino;
	key[2] = st.size_bytes;
	key[3] = st.mtime_ns;
	return lookup(s, key, &r, err);
}

int symbolizer_lookup_memory(struct symbolizer *s, const void *bytes,
			     size_t len, const uint64_t *svmas, size_t count,
			     symbol_fn fn, void *ctx, struct err *err)
{
	struct request r = {
		.path = "[vdso]", .svmas = svmas, .count = count, .fn = fn,
		.ctx = ctx,
	};
	uint64_t key[4] = { UINT64_MAX, hash_bytes(bytes, len), len, 0 };
	int rc;

	r.fd = sys_memfd("adder-image", bytes, len);
	if (r.fd < 0) {
		no_results(&r);
		return err_set_errno(err, ERR_LIMIT, -r.fd,
				     "cannot copy the image of '%s'", r.path);
	}
	rc = lookup(s, key, &r, err);
	sys_close(r.fd);
	return rc;
}
