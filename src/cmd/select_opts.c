/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/log.h"
#include "cmd/cmd.h"

static int take_show(struct select_opts *s, const char *command,
		     const char *value)
{
	static const char *const words[] = {
		[SHOW_BOTH] = "both", [SHOW_PYTHON] = "python",
		[SHOW_NATIVE] = "native",
	};
	int i = cmd_choice(value, words, ARRAY_LEN(words));

	if (i < 0)
		return cmd_bad_value(command, "--show", value,
				     "python, native or both");
	s->sel.show = (enum show)i;
	return CMD_OK;
}

int select_opts_take(struct select_opts *s, const char *command, int option,
		     const char *value)
{
	static const char time[] = "a time since the start such as 1.5 or 20ms";

	switch (option) {
	case SELECT_EVENT: s->sel.event = value; return CMD_OK;
	case SELECT_THREAD: s->sel.thread = value; return CMD_OK;
	case SELECT_PROCESS: s->sel.process = value; return CMD_OK;
	case SELECT_FUNCTION: s->sel.function = value; return CMD_OK;
	case SELECT_MODULE: s->sel.module = value; return CMD_OK;
	case SELECT_SHOW: return take_show(s, command, value);
	case SELECT_FROM:
		if (!cmd_parse_duration(value, &s->from_ns))
			return cmd_bad_value(command, "--from", value, time);
		return CMD_OK;
	case SELECT_TO:
		if (!cmd_parse_duration(value, &s->to_ns) || !s->to_ns)
			return cmd_bad_value(command, "--to", value, time);
		return CMD_OK;
	default:
		return -1;
	}
}
