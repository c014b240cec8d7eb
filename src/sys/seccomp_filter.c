/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that knows libseccomp. A worker may read and map (never as
 * code) the descriptors that it is given, allocate, talk on its socket, and
 * end. Whatever else it asks for is refused: libelf and libdw look for further
 * files as a matter of course, and a newer libc may make calls of which we do
 * not know. Calls that none of them would ever make end the worker.
 */
#include "sys/seccomp_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "adder/types.h"

struct rule {
	int syscall;
	struct scmp_arg_cmp arg;	/* .op = 0: none */
};

#define NOT_AS_CODE { .arg = 2, .op = SCMP_CMP_MASKED_EQ, \
		      .datum_a = PROT_EXEC, .datum_b = 0 }

static const struct rule allowed[] = {
	{ .syscall = SCMP_SYS(read) },
	{ .syscall = SCMP_SYS(pread64) },
	{ .syscall = SCMP_SYS(lseek) },
	{ .syscall = SCMP_SYS(fstat) },
	{ .syscall = SCMP_SYS(newfstatat) },	/* glibc's fstat() */
	{ .syscall = SCMP_SYS(close) },
	{ .syscall = SCMP_SYS(mmap), .arg = NOT_AS_CODE },
	{ .syscall = SCMP_SYS(mprotect), .arg = NOT_AS_CODE },
	{ .syscall = SCMP_SYS(munmap) },
	{ .syscall = SCMP_SYS(mremap) },
	{ .syscall = SCMP_SYS(madvise) },
	{ .syscall = SCMP_SYS(brk) },
	{ .syscall = SCMP_SYS(recvmsg) },
	{ .syscall = SCMP_SYS(sendmsg) },
	{ .syscall = SCMP_SYS(futex) },
	{ .syscall = SCMP_SYS(exit) },
	{ .syscall = SCMP_SYS(exit_group) },
	{ .syscall = SCMP_SYS(rt_sigreturn) },
	{ .syscall = SCMP_SYS(rt_sigprocmask) },
	{ .syscall = SCMP_SYS(sigaltstack) },	/* AddressSanitizer */
	{ .syscall = SCMP_SYS(getuid) },
	{ .syscall = SCMP_SYS(geteuid) },
	{ .syscall = SCMP_SYS(getpid) },
	{ .syscall = SCMP_SYS(gettid) },
	{ .syscall = SCMP_SYS(clock_gettime) },
	{ .syscall = SCMP_SYS(gettimeofday) },
	{ .syscall = SCMP_SYS(setitimer) },
	{ .syscall = SCMP_SYS(getrandom) },
	{ .syscall = SCMP_SYS(sched_yield) },
	{ .syscall = SCMP_SYS(restart_syscall) },
	{ .syscall = SCMP_SYS(sysinfo) },	/* qsort() asks for memory */
	{ .syscall = SCMP_SYS(write),
	  .arg = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = STDERR_FILENO } },
	/* elf_begin() asks whether its descriptor is one. */
	{ .syscall = SCMP_SYS(fcntl),
	  .arg = { .arg = 1, .op = SCMP_CMP_EQ, .datum_a = 1 /* F_GETFD */ } },
};

static const int fatal[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(socket),
	SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(io_uring_setup),
	SCMP_SYS(userfaultfd), SCMP_SYS(mount), SCMP_SYS(unshare),
	SCMP_SYS(setns), SCMP_SYS(keyctl), SCMP_SYS(memfd_create),
};

/* A call that this architecture does not have needs no rule: -EDOM. */
static int known(int rc)
{
	return rc == -EDOM ? 0 : rc;
}

static int add_rules(scmp_filter_ctx ctx)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(allowed) && !rc; i++)
		rc = known(seccomp_rule_add_array(
			ctx, SCMP_ACT_ALLOW, allowed[i].syscall,
			allowed[i].arg.op ? 1 : 0, &allowed[i].arg));
	for (i = 0; i < ARRAY_LEN(fatal) && !rc; i++)
		rc = known(seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS,
					    fatal[i], 0));
	/* abort() signals itself, and nobody else. */
	if (!rc)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				      SCMP_A0(SCMP_CMP_EQ,
					      (scmp_datum_t)getpid()));
	return rc;
}

int seccomp_filter_install(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EACCES));
	int rc;

	if (!ctx)
		return -ENOMEM;
	rc = add_rules(ctx);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}
