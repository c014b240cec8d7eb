/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a confined worker can and cannot do, and how its end is told. */
#include "support/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adder/confine.h"
#include "adder/err.h"
#include "adder/sys.h"

enum order {
	DO_ECHO, DO_OPEN, DO_SOCKET, DO_EXEC_MAP, DO_SEGV, DO_ABORT, DO_HANG,
	DO_UID, DO_COUNT_FDS, DO_ALLOC, DO_RETURN,
};

struct answer {
	int32_t result, error;
};

static struct answer obey(enum order order)
{
	struct answer a = { 0 };
	volatile char *null = NULL;
	char *p;
	int i;

	errno = 0;
	switch (order) {
	case DO_OPEN:
		a.result = open("/etc/passwd", O_RDONLY);
		break;
	case DO_SOCKET:
		a.result = socket(AF_INET, SOCK_STREAM, 0);
		break;
	case DO_EXEC_MAP:
		p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		a.result = p == MAP_FAILED ? -1 : 0;
		break;
	case DO_SEGV:
		raise(SIGSEGV);
		*null = 1;
		break;
	case DO_ABORT:
		abort();
	case DO_HANG:
		confine_cpu_limit(1);
		for (;;)
			;
	case DO_UID:
		a.result = (int32_t)getuid();
		break;
	case DO_COUNT_FDS:
		for (i = 3; i < 1024; i++)
			a.result += fcntl(i, F_GETFD) >= 0;
		break;
	case DO_ALLOC:
		p = malloc(256u << 20);
		a.result = p ? 0 : -1;
		free(p);
		break;
	default:
		break;
	}
	a.error = errno;
	return a;
}

static void serve(int fd, void *ctx)
{
	uint8_t order;
	struct answer a;
	char byte = 0;
	int got;

	(void)ctx;
	while (!confine_recv(fd, &order, 1, &got, 0) && order != DO_RETURN) {
		a = obey((enum order)order);
		if (order == DO_ECHO && got >= 0 &&
		    pread(got, &byte, 1, 0) == 1)
			a.result = byte;
		sys_close(got);
		if (confine_send(fd, &a, sizeof(a), -1))
			return;
	}
}

static const struct confine_opts opts = {
	.heap_bytes = 64 << 20, .space_bytes = 1 << 30, .serve = serve,
};

struct fixture {
	struct confine *c;
	int fd;
	unsigned int held;
};

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = { 0 };

	f->c = confine_new(&opts, &err);
	assert_non_null(f->c);
	f->fd = confine_worker(f->c, &f->held, &err);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;

	confine_free(f->c);
	free(f);
	return 0;
}

static int try(struct fixture *f, enum order order, int pass_fd,
	       struct answer *a)
{
	uint8_t byte = (uint8_t)order;

	assert_int_equal(confine_send(f->fd, &byte, 1, pass_fd), 0);
	return confine_recv(f->fd, a, sizeof(*a), NULL,
			    sys_mono_ns() + UINT64_C(20000000000));
}

static void a_worker_reads_the_descriptor_it_is_given(void **state)
{
	int fd = sys_memfd("test", "Q", 1);
	struct answer a;

	assert_true(fd >= 0);
	assert_int_equal(try(*state, DO_ECHO, fd, &a), 0);
	assert_int_equal(a.result, 'Q');
	sys_close(fd);
}

static void a_worker_opens_no_file(void **state)
{
	struct fixture *f = *state;
	struct answer a;

	if (!(f->held & CONFINE_SECCOMP)) {
		print_message("no seccomp here\n");
		return;
	}
	assert_int_equal(try(f, DO_OPEN, -1, &a), 0);
	assert_int_equal(a.result, -1);
	assert_int_equal(a.error, EACCES);
	assert_int_equal(try(f, DO_EXEC_MAP, -1, &a), 0);
	assert_int_equal(a.result, -1);
}

/* A user namespace may have no such user; the first one has all. */
static bool has_nobody(void)
{
	struct buf b = { 0 };
	bool all;

	assert_int_equal(sys_read_file("/proc/self/uid_map", &b, 4096), 0);
	all = strstr(buf_cstr(&b), " 4294967295");
	buf_release(&b);
	return all;
}

static void a_worker_is_nobody_and_has_one_socket(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int extra = dup(0), i;

	if (!getuid()) {
		assert_int_equal(try(f, DO_UID, -1, &a), 0);
		assert_int_equal(a.result, has_nobody() ? 65534 : 0);
		assert_int_equal(f->held & CONFINE_UID,
				 has_nobody() ? CONFINE_UID : 0);
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(confine_worker(f->c, &f->held, NULL), f->fd);
	assert_int_equal(try(f, DO_COUNT_FDS, -1, &a), 0);
	assert_int_equal(a.result, 1);
	close(extra);
}

static void memory_is_bounded(void **state)
{
	struct answer a;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	print_message("a sanitizer's memory cannot be bounded\n");
	skip();
#endif
	assert_int_equal(try(*state, DO_ALLOC, -1, &a), 0);
	assert_int_equal(a.result, -1);
}

static void the_cause_of_death_is_told_and_another_worker_starts(void **state)
{
	static const struct { enum order order; int sig; } deaths[] = {
		{ DO_SOCKET, SIGSYS }, { DO_SEGV, SIGSEGV },
		{ DO_ABORT, SIGABRT }, { DO_HANG, SIGPROF }, { DO_RETURN, 0 },
	};
	struct fixture *f = *state;
	struct answer a;
	size_t i;

	for (i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		if (deaths[i].order == DO_SOCKET &&
		    !(f->held & CONFINE_SECCOMP))
			continue;
		assert_int_equal(try(f, deaths[i].order, -1, &a), -EPIPE);
		assert_int_equal(confine_reap(f->c), deaths[i].sig);
		f->fd = confine_worker(f->c, &f->held, NULL);
		assert_true(f->fd >= 0);
		assert_int_equal(try(f, DO_ECHO, -1, &a), 0);
	}
	/* One that lives is killed, which is no death of its own. */
	assert_int_equal(confine_reap(f->c), 0);
}

static void a_deadline_passes(void **state)
{
	struct fixture *f = *state;
	char byte;

	assert_int_equal(confine_recv(f->fd, &byte, 1, NULL,
				      sys_mono_ns() + 20000000), -ETIMEDOUT);
}

/* A container's filter that refuses further filters. */
static int forbid_seccomp(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM),
				  SCMP_SYS(seccomp), 0);

	rc |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
			       SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
	rc |= seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

static int in_container(void)
{
	struct fixture f = { 0 };
	struct answer a = { 0 };
	int rc;

	if (forbid_seccomp())
		return 77;
	f.c = confine_new(&opts, NULL);
	f.fd = confine_worker(f.c, &f.held, NULL);
	if (f.fd < 0 || f.held & CONFINE_SECCOMP)
		return 1;
	rc = try(&f, DO_ECHO, -1, &a);
	confine_free(f.c);
	return rc ? 2 : 0;
}

static void where_seccomp_is_forbidden_a_worker_runs_without(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid)
		_exit(in_container());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
		T(a_worker_reads_the_descriptor_it_is_given),
		T(a_worker_opens_no_file),
		T(a_worker_is_nobody_and_has_one_socket),
		T(memory_is_bounded),
		T(the_cause_of_death_is_told_and_another_worker_starts),
		T(a_deadline_passes),
		cmocka_unit_test(
			where_seccomp_is_forbidden_a_worker_runs_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
