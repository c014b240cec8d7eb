/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard output: data only, in large pieces, every failure noticed. */
#include <errno.h>
#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/log.h"
#include "adder/sys.h"
#include "cmd/cmd.h"

static int write_stdout(void *self, const void *bytes, size_t len)
{
	(void)self;
	return sys_write_full(STDOUT_FILENO, bytes, len);
}

void cmd_out_init(struct out *o)
{
	out_init(o, write_stdout, NULL);
}

int cmd_out_close(struct out *o)
{
	int error = out_close(o);
	struct err err = { 0 };

	if (!error)
		return CMD_OK;
	if (error == -EPIPE)
		return CMD_OK;	/* whoever read has seen enough */
	err_set_errno(&err, ERR_IO, -error, "cannot write to standard output");
	log_error("%s", err.message);
	return CMD_FAILED;
}

size_t cmd_out_columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 80;
	return size.ws_col;
}

bool cmd_out_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}
