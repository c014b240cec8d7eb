/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/hint.h"

#include <stdatomic.h>

#include "adder/mem.h"

#define SLOTS 8192	/* power of two */
/* A stack that is not where the hint says: a coroutine's, a signal's. */
#define ELSEWHERE_BYTES ((size_t)32 << 10)
/* Of a thread whose walks never reach the root, after some tries. */
#define UNKNOWN_BYTES ((size_t)64 << 10)
#define UNKNOWN_TRIES 16

struct slot {
	atomic_int tid;		/* 0 while it changes; pairs with itself */
	atomic_uint tries;
	atomic_uint_least64_t hi_avma;
};

struct hints {
	struct slot slots[SLOTS];
};

struct hints *hints_new(void)
{
	return mem_calloc(1, sizeof(struct hints));
}

void hints_free(struct hints *h)
{
	mem_free(h);
}

static struct slot *slot_of(struct hints *h, int32_t tid)
{
	return &h->slots[(uint32_t)tid & (SLOTS - 1)];
}

void hints_set(struct hints *h, int32_t tid, uint64_t hi_avma)
{
	struct slot *s = slot_of(h, tid);

	if (atomic_load_explicit(&s->tid, memory_order_relaxed) == tid &&
	    atomic_load_explicit(&s->hi_avma, memory_order_relaxed) == hi_avma)
		return;
	atomic_store_explicit(&s->tid, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&s->hi_avma, hi_avma, memory_order_relaxed);
	atomic_store_explicit(&s->tries, 0, memory_order_relaxed);
	if (hi_avma)
		atomic_store_explicit(&s->tid, tid, memory_order_release);
}

/* The end of tid's stack, if somebody told. */
static bool known(struct slot *s, int32_t tid, uint64_t *hi_avma)
{
	if (atomic_load_explicit(&s->tid, memory_order_acquire) != tid)
		return false;
	*hi_avma = atomic_load_explicit(&s->hi_avma, memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&s->tid, memory_order_relaxed) == tid;
}

bool hints_covers(struct hints *h, int32_t tid, uint64_t sp, size_t len,
		  bool or_else)
{
	uint64_t hi;

	if (!known(slot_of(h, tid), tid, &hi))
		return or_else;
	return sp < hi && hi - sp <= len;
}

/*
 * Without a hint everything up to the limit is asked for: the kernel stops at
 * the end of the thread's stack, or at the guard page of the next one.
 */
size_t hints_want(struct hints *h, int32_t tid, uint64_t sp,
		  size_t limit_bytes, bool *unknown)
{
	struct slot *s = slot_of(h, tid);
	uint64_t hi;
	size_t want;

	*unknown = !known(s, tid, &hi);
	if (!*unknown) {
		want = sp < hi && hi - sp <= limit_bytes ? (size_t)(hi - sp) :
		       ELSEWHERE_BYTES;
		return want < limit_bytes ? want : limit_bytes;
	}
	if (atomic_fetch_add_explicit(&s->tries, 1, memory_order_relaxed) <
	    UNKNOWN_TRIES)
		return limit_bytes;
	return UNKNOWN_BYTES < limit_bytes ? UNKNOWN_BYTES : limit_bytes;
}
