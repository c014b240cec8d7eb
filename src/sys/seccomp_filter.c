/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that knows libseccomp. A worker may read and map (never as
 * code) the descriptors that it is given, allocate, talk on its socket, and
 * end. Calls by which libelf and libdw look for further files are refused
 * politely, because those libraries make them as a matter of course; whatever
 * else is asked for ends the worker.
 */
#include "sys/seccomp_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adder/types.h"

static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(close), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg), SCMP_SYS(futex), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(clock_gettime), SCMP_SYS(setitimer), SCMP_SYS(getrandom),
	SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall), SCMP_SYS(sysinfo),
};

/* elf_begin() asks fcntl(F_GETFD); the others are searches for files. */
static const int refused[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(stat), SCMP_SYS(lstat),
	SCMP_SYS(statx), SCMP_SYS(prlimit64), SCMP_SYS(getrlimit),
};

static int add_rules(scmp_filter_ctx ctx, int pid)
{
	const struct scmp_arg_cmp no_exec =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int rc = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(allowed); i++)
		rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; i < ARRAY_LEN(refused); i++)
		rc |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES),
				       refused[i], 0);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			       no_exec);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
			       SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
			       SCMP_A1(SCMP_CMP_EQ, 1 /* F_GETFD */));
	/* abort(), and nothing else, signals: itself. */
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
			       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)pid));
	return rc;
}

int seccomp_filter_install(bool lenient)
{
	scmp_filter_ctx ctx;
	int rc;

	ctx = seccomp_init(lenient ? SCMP_ACT_ERRNO(EPERM)
				   : SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return -ENOMEM;
	rc = add_rules(ctx, getpid());
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}
