/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event text to perf_event_attr. For now: perf's generic hardware and
 * software names, raw rNNN, and libpfm4's names, with :u and :k.
 */
#ifndef ADDER_EVENT_H
#define ADDER_EVENT_H

#include "adder/sink.h"
#include "adder/types.h"

struct err;
struct perf_event_attr;

struct event_spec {
	char *text;		/* as given, canonical name; owned */
	uint32_t type;		/* PERF_TYPE_* */
	uint64_t config, config1, config2;
	bool exclude_user, exclude_kernel;
	bool is_clock;		/* cpu-clock or task-clock: weight in ns */
	uint64_t period;	/* 0 = the session's rate */
};

/* Parses "a,b:u,c" into *specs (the caller frees with event_specs_free). */
int event_parse(const char *text, struct event_spec **specs, size_t *count,
		struct err *err);
void event_specs_free(struct event_spec *specs, size_t count);

#endif
