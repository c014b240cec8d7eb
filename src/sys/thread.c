/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a thread that does not run stands, without stopping it: proc(5),
 * /proc/PID/task/TID/syscall (needs ptrace access) and status.
 */
#include "adder/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_LIMIT_BYTES 65536

int sys_thread_where(pid_t pid, pid_t tid, struct sys_where *out)
{
	unsigned long long v[9];
	struct buf b = { 0 };
	char path[64];
	int n, rc;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid,
		 (int)tid);
	rc = sys_read_file(path, &b, 4096);
	if (rc < 0)
		goto out;
	if (!strncmp(buf_cstr(&b), "running", 7)) {
		out->running = true;
		goto out;
	}
	/* Number, six arguments, SP, PC; or -1, SP, PC outside a call. */
	out->syscall = (int)strtol(b.data, NULL, 10);
	if (out->syscall == -1) {
		n = sscanf(b.data, "-1 %llx %llx", &v[0], &v[1]);
		rc = n == 2 ? 0 : -EINVAL;
		out->sp_avma = v[0];
		out->pc_avma = v[1];
		goto out;
	}
	n = sscanf(b.data, "%*d %llx %llx %llx %llx %llx %llx %llx %llx",
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]);
	rc = n == 8 ? 0 : -EINVAL;
	out->sp_avma = v[6];
	out->pc_avma = v[7];
out:
	buf_release(&b);
	return rc;
}

int sys_thread_switches(pid_t pid, pid_t tid, uint64_t *count)
{
	static const char *const keys[] = { "\nvoluntary_ctxt_switches:",
					    "\nnonvoluntary_ctxt_switches:" };
	struct buf b = { 0 };
	char path[64], *p;
	size_t i;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid,
		 (int)tid);
	rc = sys_read_file(path, &b, STATUS_LIMIT_BYTES);
	*count = 0;
	for (i = 0; rc >= 0 && i < 2; i++) {
		p = strstr(buf_cstr(&b), keys[i]);
		if (!p)
			rc = -EINVAL;
		else
			*count += strtoull(p + strlen(keys[i]), NULL, 10);
	}
	buf_release(&b);
	return rc < 0 ? rc : 0;
}
