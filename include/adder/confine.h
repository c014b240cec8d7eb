/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on hostile input at arm's length. confine_new() forks a small parent
 * process (the nursery) while the caller is young: it closes every descriptor
 * but its own, becomes nobody where it can, and gives up every capability.
 * Each worker is forked from it on demand, so that no later fork copies the
 * caller's memory or meets its threads, and confines itself further by a
 * seccomp filter that can neither open a file nor make a socket: a worker gets
 * descriptors, through its socket, and nothing else.
 *
 * One worker at a time. Not thread-safe: one thread at a time uses it.
 */
#ifndef ADDER_CONFINE_H
#define ADDER_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct confine;

struct confine_opts {
	uint64_t heap_bytes;	/* RLIMIT_DATA of a worker */
	uint64_t space_bytes;	/* RLIMIT_AS: mappings of files included */
	/* Runs in the worker; its return ends the worker. */
	void (*serve)(int socket_fd, void *ctx);
	void *ctx;		/* as it stood at confine_new() */
};

/* What holds a worker; the bits it reached. */
#define CONFINE_UID (1u << 0)		/* it is not root */
#define CONFINE_SECCOMP (1u << 1)	/* its system calls are filtered */

struct confine *confine_new(const struct confine_opts *opts, struct err *err);
/* Ends worker and nursery. NULL is legal. */
void confine_free(struct confine *c);
/*
 * A new worker in place of the one before, which is killed. Returns our end
 * of its socket, which stays confine's, or a negative error. *held receives
 * CONFINE_* bits.
 */
int confine_worker(struct confine *c, unsigned int *held, struct err *err);
/* Whether the worker runs and, as it should while nothing is asked, is mute. */
bool confine_idle(const struct confine *c);
/*
 * Kills the worker and says what it died of before that: the signal, or 0 if
 * it still lived or returned.
 */
int confine_reap(struct confine *c);
/* Limits the CPU time of what the worker does next; 0 lifts it. In a worker. */
void confine_cpu_limit(uint32_t seconds);

/*
 * Sends all bytes, with a descriptor beside the first one unless pass_fd is
 * -1: 0 or -errno.
 */
int confine_send(int fd, const void *bytes, size_t len, int pass_fd);
/*
 * Receives exactly len bytes. *got_fd (nullable) receives a descriptor that
 * came with them, close-on-exec, or -1; others are closed. 0, -EPIPE at the
 * end of the stream, -ETIMEDOUT after deadline_mono_ns (0 = none), -errno.
 */
int confine_recv(int fd, void *bytes, size_t len, int *got_fd,
		 uint64_t deadline_mono_ns);

#endif
