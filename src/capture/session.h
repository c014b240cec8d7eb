/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session's own pieces: capture.c (life), pass.c (drain and order). */
#ifndef CAPTURE_SESSION_H
#define CAPTURE_SESSION_H

#include "adder/capture.h"
#include "adder/sys_perf.h"
#include "capture/cert.h"
#include "capture/hint.h"
#include "capture/merge.h"
#include "capture/reader.h"
#include "capture/target.h"

/* Where each CPU's side queue has been looked through. */
struct scan {
	size_t pos;
	uint64_t last_ns;
};

struct capture {
	struct capture_opts opts;
	struct capture_hooks hooks;
	struct target target;
	struct readers_shared shared;
	struct reader *readers;
	size_t reader_count;
	struct merge merge;
	struct scan *scans;
	struct cert *cert;		/* NULL: dumps only */
	enum capture_class cls;
	struct perf_layout layout;	/* with event_of_id */
	struct perf_rec rec;		/* given out last */

	struct sys_child child;
	int child_fd;			/* pidfd, or -1 */
	bool child_ended;
	int child_status;
	/* Attached: tid -> time of its last fork or exit * 2 + lives. */
	struct hmap tasks;
	size_t live_tasks;
	/*
	 * Attached: a thread that appeared while events were being opened has
	 * events of its own beside those that it inherited. tid -> the thread
	 * whose events count for it; empty where that did not happen.
	 */
	struct hmap owners;
	bool raced;
	uint32_t sample_owner;	/* of the sample decoded last */
	uint64_t last_check_ns;

	/* Whether readers may sleep through samples, see lazy.c. */
	bool is_lazy;			/* what we decided last */
	uint64_t covered_run;		/* samples whose dump was all */
	uint64_t hold_until_ns, hold_ns;

	uint64_t pass_ns;		/* start of the last pass */
	uint64_t watermark_ns;
	bool stopping, finished;
	uint64_t lost_records;
	struct capture_stats stats;
};

/* lazy.c */
void lazy_init(struct capture *c);
void lazy_see(struct capture *c, const struct perf_rec *rec);

/* pass.c */
void pass_scan_side(struct capture *c);
uint64_t pass_watermark(struct capture *c, uint64_t now_ns);
void pass_task(struct capture *c, int32_t tid, uint64_t t_mono_ns, bool lives);

#endif
