/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/sink.h"

const char *stack_end_name(enum stack_end end)
{
	static const char *const names[END_COUNT] = {
		[END_COMPLETE] = "complete",
		[END_CUT] = "cut",
		[END_NO_RULE] = "no_rule",
		[END_NO_PROGRESS] = "no_progress",
		[END_READ_FAULT] = "read_fault",
		[END_NO_USER] = "no_user",
		[END_TOO_DEEP] = "too_deep",
		[END_NOT_HELD] = "not_held",
		[END_PRESSURE] = "pressure",
	};

	/* A recording of a later version may hold a reason of its own. */
	return (unsigned int)end < END_COUNT ? names[end] : "other";
}
