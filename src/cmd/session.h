/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture and a pipeline wired together: what `record` and `dump` share.
 * The sink decides what becomes of it.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "adder/capture.h"
#include "adder/pipeline.h"
#include "adder/sink.h"

struct err;
struct session;

struct session_opts {
	struct capture_opts capture;
	struct sink sink;
	bool no_python;
	bool quiet;		/* keep notes in the recording, do not say them */
	bool advise;		/* but say what keeps Python frames nameless */
};

int session_open(struct session **out, const struct session_opts *opts,
		 struct err *err);
int session_start(struct session *s, struct err *err);
/* One pass: 1 more to come, 0 the target ended, negative: the sink or the
 * capture failed (see err; a sink's own message is the sink's). */
int session_pass(struct session *s, int timeout_ms, struct err *err);
/* Totals to the sink; call when passes have ended. */
int session_finish(struct session *s, bool interrupted, struct err *err);
struct capture *session_capture(struct session *s);
struct pipeline *session_pipeline(struct session *s);
uint64_t session_elapsed_ns(const struct session *s);
void session_free(struct session *s);

#endif
