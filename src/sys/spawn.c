/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command that waits for its events: fork, a pipe that holds the child
 * until they are open, another that closes at its exec or says why it failed.
 */
#include "adder/sys_perf.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adder/sys.h"
#include "adder/types.h"

struct child_setup {
	char *const *argv, *const *envp;
	int go_fd, report_fd;
};

/* Those that adder changes for itself, and what they were before. */
static const int changed_signals[] = {
	SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGCHLD
};
static sigset_t inherited_mask, inherited_ignored;

void sys_signals_inherited(void)
{
	struct sigaction sa;
	size_t i;

	pthread_sigmask(SIG_SETMASK, NULL, &inherited_mask);
	sigemptyset(&inherited_ignored);
	for (i = 0; i < ARRAY_LEN(changed_signals); i++) {
		if (!sigaction(changed_signals[i], NULL, &sa) &&
		    sa.sa_handler == SIG_IGN)
			sigaddset(&inherited_ignored, changed_signals[i]);
	}
	/* Ignored, it would take the command's status away from us. */
	signal(SIGCHLD, SIG_DFL);
}

/* Between fork and exec of a program with threads: system calls only. */
__attribute__((noreturn)) static void child_main(const struct child_setup *c)
{
	char byte;
	ssize_t n;
	size_t i;
	int e;

	for (i = 0; i < ARRAY_LEN(changed_signals); i++)
		signal(changed_signals[i],
		       sigismember(&inherited_ignored, changed_signals[i]) ?
		       SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
	do {
		n = read(c->go_fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(127);	/* our parent is gone */
	execvpe(c->argv[0], c->argv, c->envp);
	e = errno;
	(void)!write(c->report_fd, &e, sizeof(e));
	_exit(127);
}

int sys_spawn(struct sys_child *child, char *const *argv, char *const *envp)
{
	struct child_setup c = {
		.argv = argv, .envp = envp,
	};
	int go[2], report[2], ret;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(report, O_CLOEXEC)) {
		ret = -errno;
		close(go[0]);
		close(go[1]);
		return ret;
	}
	c.go_fd = go[0];
	c.report_fd = report[1];
	pid = fork();
	if (!pid) {
		close(go[1]);	/* so that our death is its end of file */
		child_main(&c);
	}
	ret = pid < 0 ? -errno : 0;
	close(go[0]);
	close(report[1]);
	if (ret) {
		close(go[1]);
		close(report[0]);
		return ret;
	}
	child->pid = pid;
	child->go_fd = go[1];
	child->report_fd = report[0];
	return 0;
}

int sys_spawn_go(struct sys_child *child)
{
	int e = 0, ret = 0;
	ssize_t n;

	do {
		n = write(child->go_fd, "", 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		ret = -errno;
	close(child->go_fd);
	child->go_fd = -1;
	do {
		n = read(child->report_fd, &e, sizeof(e));
	} while (n < 0 && errno == EINTR);
	close(child->report_fd);
	child->report_fd = -1;
	if (n == (ssize_t)sizeof(e))
		ret = -e;
	return ret;
}

int sys_child_status(pid_t pid, int *wait_status)
{
	pid_t got = waitpid(pid, wait_status, WNOHANG);

	if (got < 0)
		return -errno;
	return got == pid;
}

void sys_spawn_abort(struct sys_child *child)
{
	if (child->pid <= 0 || child->go_fd < 0)
		return;
	kill(child->pid, SIGKILL);
	close(child->go_fd);
	close(child->report_fd);
	child->go_fd = child->report_fd = -1;
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
