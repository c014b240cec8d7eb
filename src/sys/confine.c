/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nursery and its workers; see the header for what they are for.
 *
 *	adder --control socket--> nursery --fork--> worker
 *	  \------------- worker socket ---------------/
 *
 * Control protocol, one byte each way and an int32 back: 'W' with a socket
 * beside it forks a worker that serves it (0 or -errno); 'R' kills and reaps
 * the worker (the signal it died of by itself, or 0). The end of the stream
 * ends both, so nothing outlives adder, however it ends.
 */
#include "adder/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adder/buf.h"
#include "adder/err.h"
#include "adder/log.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "adder/types.h"
#include "sys/seccomp_filter.h"

#define NOBODY 65534
#define CONTROL_FD 3	/* in the nursery */
#define WORKER_FD 4	/* in a worker */

/* Their shadow memory breaks every limit, their reports need stderr. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct confine {
	pid_t nursery;
	int control_fd;
	int worker_fd;		/* -1: no worker */
};

int confine_send(int fd, const void *bytes, size_t len, int pass_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	const char *p = bytes;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (pass_fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &pass_fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	while (len) {
		iov.iov_base = (void *)p;
		iov.iov_len = len;
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
	}
	return 0;
}

/* 0 when fd can be read, -ETIMEDOUT, -errno. */
static int wait_readable(int fd, uint64_t deadline_mono_ns)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec ts;
	uint64_t now, left_ms;
	int n;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
		if (now >= deadline_mono_ns)
			return -ETIMEDOUT;
		left_ms = (deadline_mono_ns - now) / 1000000 + 1;
		n = poll(&p, 1, left_ms > 1000000 ? 1000000 : (int)left_ms);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* Takes the first descriptor of a message, closes any other. */
static void take_fds(struct msghdr *msg, int *got_fd)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (got_fd && *got_fd < 0)
				*got_fd = fd;
			else
				close(fd);
		}
	}
}

int confine_recv(int fd, void *bytes, size_t len, int *got_fd,
		 uint64_t deadline_mono_ns)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	char *p = bytes;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;
	int rc;

	if (got_fd)
		*got_fd = -1;
	while (len) {
		rc = deadline_mono_ns ? wait_readable(fd, deadline_mono_ns) : 0;
		if (rc < 0)
			goto fail;
		iov.iov_base = p;
		iov.iov_len = len;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? -errno : -EPIPE;
		if (n <= 0)
			goto fail;
		take_fds(&msg, got_fd);
		p += n;
		len -= (size_t)n;
	}
	return 0;
fail:
	if (got_fd && *got_fd >= 0) {
		close(*got_fd);
		*got_fd = -1;
	}
	return rc;
}

static void limit(int resource, uint64_t value)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r))
		return;
	if (r.rlim_max == RLIM_INFINITY || r.rlim_max > value)
		r.rlim_cur = r.rlim_max = value;
	else
		r.rlim_cur = r.rlim_max;
	setrlimit((__rlimit_resource_t)resource, &r);
}

static void default_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		sigaction(i, &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Only stdio (on /dev/null) and the given descriptor, as number CONTROL_FD. */
static void keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR), i;

	if (fd != CONTROL_FD) {
		dup2(fd, CONTROL_FD);
		if (null == CONTROL_FD)
			null = open("/dev/null", O_RDWR);
	}
	for (i = 0; i < (SANITIZED ? 2 : 3); i++) {
		if (null >= 0)
			dup2(null, i);
		else
			close(i);
	}
	if (syscall(SYS_close_range, CONTROL_FD + 1, ~0U, 0))
		for (i = CONTROL_FD + 1; i < 65536; i++)
			close(i);
}

/* Bytes of address space and of writable memory that we have already. */
static void used_memory(uint64_t *space_bytes, uint64_t *heap_bytes)
{
	struct buf b = { 0 };
	uint64_t v[6] = { 0 };
	char *p, *end;
	size_t i;

	if (!sys_read_file("/proc/self/statm", &b, 4096)) {
		buf_cstr(&b);
		for (i = 0, p = b.data; i < ARRAY_LEN(v); i++, p = end)
			v[i] = strtoull(p, &end, 10);
	}
	buf_release(&b);
	*space_bytes = v[0] * (uint64_t)sysconf(_SC_PAGESIZE);
	*heap_bytes = v[5] * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(const struct confine_opts *opts)
{
	uint64_t space_bytes, heap_bytes;

	used_memory(&space_bytes, &heap_bytes);
	limit(RLIMIT_DATA, heap_bytes + opts->heap_bytes);
	limit(RLIMIT_AS, space_bytes + opts->space_bytes);
	limit(RLIMIT_FSIZE, 0);
}

/* Whatever refuses here is reported by the worker's CONFINE_UID bit. */
static void drop_privileges(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof(none));
	if (!geteuid()) {
		if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			log_debug("cannot become nobody: %s", strerror(errno));
	}
	syscall(SYS_capset, &header, none);
	if (chdir("/"))
		log_debug("cannot leave the current directory");
	prctl(PR_SET_NAME, "adder-confined", 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void drop_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

__attribute__((noreturn))
static void run_worker(const struct confine_opts *opts, int fd)
{
	uint32_t held = geteuid() ? CONFINE_UID : 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	dup2(fd, WORKER_FD);
	if (fd != WORKER_FD)
		close(fd);
	close(CONTROL_FD);
	if (!SANITIZED)
		limit_memory(opts);
	limit(RLIMIT_CORE, 0);
	if (!seccomp_filter_install())
		held |= CONFINE_SECCOMP;
	if (!confine_send(WORKER_FD, &held, sizeof(held), -1))
		opts->serve(WORKER_FD, opts->ctx);
	_exit(0);
}

/* The signal that ended the worker before we killed it, or 0. */
static int32_t end_worker(pid_t *worker)
{
	siginfo_t info;
	int status = 0;
	bool ended;

	if (*worker <= 0)
		return 0;
	memset(&info, 0, sizeof(info));
	ended = !waitid(P_PID, (id_t)*worker, &info,
			WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
	kill(*worker, SIGKILL);
	while (waitpid(*worker, &status, 0) < 0 && errno == EINTR)
		;
	*worker = 0;
	if (!WIFSIGNALED(status) || (WTERMSIG(status) == SIGKILL && !ended))
		return 0;
	return WTERMSIG(status);
}

__attribute__((noreturn))
static void run_nursery(const struct confine_opts *opts, int control)
{
	pid_t worker = 0;
	int32_t answer;
	char what;
	int fd;

	/* The parent's sink, hook and terminal are not for us. */
	mem_set_oom_hook(NULL, NULL);
	log_set_sink(drop_line, NULL);
	setsid();
	default_signals();
	keep_only(control);
	drop_privileges();
	while (!confine_recv(CONTROL_FD, &what, 1, &fd, 0)) {
		answer = end_worker(&worker);
		if (what == 'W') {
			worker = fd < 0 ? -1 : fork();
			if (!worker)
				run_worker(opts, fd);
			answer = worker < 0 ? -errno : 0;
		}
		if (fd >= 0)
			close(fd);
		if (confine_send(CONTROL_FD, &answer, sizeof(answer), -1))
			break;
	}
	end_worker(&worker);
	_exit(0);
}

struct confine *confine_new(const struct confine_opts *opts, struct err *err)
{
	struct confine *c;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		err_set_errno(err, ERR_LIMIT, errno,
			      "cannot make a socket pair");
		return NULL;
	}
	pid = fork();
	if (pid < 0) {
		err_set_errno(err, ERR_LIMIT, errno,
			      "cannot fork the process that reads symbols");
		close(pair[0]);
		close(pair[1]);
		return NULL;
	}
	if (!pid)
		run_nursery(opts, pair[1]);
	close(pair[1]);
	c = mem_calloc(1, sizeof(*c));
	c->nursery = pid;
	c->control_fd = pair[0];
	c->worker_fd = -1;
	return c;
}

static int ask(struct confine *c, char what, int pass_fd, int32_t *answer)
{
	int rc = confine_send(c->control_fd, &what, 1, pass_fd);

	return rc ? rc : confine_recv(c->control_fd, answer, sizeof(*answer),
				      NULL, 0);
}

int confine_reap(struct confine *c)
{
	int32_t answer = 0;

	if (c->worker_fd < 0)
		return 0;
	if (ask(c, 'R', -1, &answer))
		answer = 0;
	close(c->worker_fd);
	c->worker_fd = -1;
	return answer;
}

bool confine_idle(const struct confine *c)
{
	struct pollfd p = { .fd = c->worker_fd, .events = POLLIN };

	return c->worker_fd >= 0 && !poll(&p, 1, 0);
}

int confine_worker(struct confine *c, unsigned int *held, struct err *err)
{
	int32_t answer = 0;
	uint32_t bits;
	int pair[2], rc;

	confine_reap(c);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_set_errno(err, ERR_LIMIT, errno,
				     "cannot make a socket pair");
	rc = ask(c, 'W', pair[1], &answer);
	close(pair[1]);
	if (!rc)
		rc = answer;
	if (!rc)
		rc = confine_recv(pair[0], &bits, sizeof(bits), NULL, 0);
	if (rc) {
		close(pair[0]);
		return err_set_errno(err, ERR_LIMIT, -rc,
				     "cannot start a process that reads symbols");
	}
	*held = bits;
	c->worker_fd = pair[0];
	return c->worker_fd;
}

void confine_free(struct confine *c)
{
	if (!c)
		return;
	if (c->worker_fd >= 0)
		close(c->worker_fd);
	close(c->control_fd);
	while (waitpid(c->nursery, NULL, 0) < 0 && errno == EINTR)
		;
	mem_free(c);
}

void confine_cpu_limit(uint32_t seconds)
{
	struct itimerval t = { .it_value.tv_sec = seconds };

	setitimer(ITIMER_PROF, &t, NULL);
}
