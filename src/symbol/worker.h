/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child's side: serves wire.h's requests until its socket ends. */
#ifndef SYMBOL_WORKER_H
#define SYMBOL_WORKER_H

#include <stdint.h>

struct worker_opts {
	uint32_t cpu_seconds;	/* for one request; 0 = no limit */
};

/* Fits struct confine_opts; ctx is a struct worker_opts. */
void worker_serve(int socket_fd, void *ctx);

#endif
