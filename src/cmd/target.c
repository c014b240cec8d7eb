/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/target.h"

#include <string.h>
#include <unistd.h>

#include "adder/capture.h"
#include "adder/err.h"
#include "adder/mem.h"
#include "adder/sys.h"
#include "cmd/cmd.h"

#define DEFAULT_HZ 999
/*
 * What a sample costs the target's CPU must stay below what it runs between
 * two of them: at 30000 a second a Python program came to a standstill.
 */
#define MAX_HZ 20000

extern char **environ;

void target_args_init(struct target_args *a)
{
	memset(a, 0, sizeof(*a));
}

static bool take_number(const char *text, uint64_t min, uint64_t max,
			uint64_t *out)
{
	return cmd_parse_u64(text, out) && *out >= min && *out <= max;
}

static int take_pids(struct target_args *a, const char *text, struct err *err)
{
	char word[16];
	int32_t pid;
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if (!len || len >= sizeof(word))
			break;
		memcpy(word, text, len);
		word[len] = '\0';
		if (!cmd_parse_pid(word, &pid))
			break;
		a->pids = mem_realloc_array(a->pids, a->pid_count + 1,
					    sizeof(*a->pids));
		a->pids[a->pid_count++] = pid;
		if (!text[len])
			return 1;
	}
	return err_set(err, ERR_USAGE,
		       "-p takes process ids, separated by commas");
}

int target_args_take(struct target_args *a, int option, const char *value,
		     struct err *err)
{
	uint64_t v;
	int rc;

	switch (option) {
	case 'p':
		return take_pids(a, value, err);
	case 'F':
	case 'r':
		if (!take_number(value, 1, MAX_HZ, &v))
			return err_set(err, ERR_USAGE, "-F takes a rate from 1 "
				       "to %d samples a second", MAX_HZ);
		a->frequency_hz = (uint32_t)v;
		return 1;
	case 'c':
		if (!take_number(value, 1, UINT64_MAX >> 1, &a->period))
			return err_set(err, ERR_USAGE,
				       "-c takes a count above 0");
		return 1;
	case 'e':
		if (a->events)
			return err_set(err, ERR_USAGE, "give -e once, with "
				       "the events separated by commas");
		rc = event_parse(value, &a->events, &a->event_count, err);
		return rc < 0 ? rc : 1;
	case 'g':	/* perf's: stacks are always recorded */
	case 's':	/* py-spy's: children are always recorded */
		return 1;
	case TARGET_OPT_NO_CHILDREN:
		a->no_children = true;
		return 1;
	case TARGET_OPT_NO_RT:
		a->no_rt = true;
		return 1;
	default:
		return 0;
	}
}

int target_args_finish(struct target_args *a, int argc, char *const *argv,
		       struct err *err)
{
	if (a->frequency_hz && a->period)
		return err_set(err, ERR_USAGE, "give -F or -c, not both");
	if (!a->frequency_hz && !a->period)
		a->frequency_hz = DEFAULT_HZ;
	if (argc > 0 && a->pid_count)
		return err_set(err, ERR_USAGE,
			       "give a command or -p, not both");
	if (argc <= 0 && !a->pid_count)
		return err_set(err, ERR_USAGE, "what is to be recorded? "
			       "give a command, or -p PID");
	if (argc > 0)
		a->argv = argv;
	return 0;
}

void target_args_capture(const struct target_args *a,
			 struct capture_opts *opts)
{
	opts->argv = a->argv;
	opts->envp = environ;
	opts->pids = a->pids;
	opts->pid_count = a->pid_count;
	opts->no_children = a->no_children;
	opts->events = a->events;
	opts->event_count = a->event_count;
	opts->frequency_hz = a->frequency_hz;
	opts->period = a->period;
	opts->no_rt = a->no_rt;
	opts->sys = &sys_real;
}

void target_args_release(struct target_args *a)
{
	mem_free(a->pids);
	event_specs_free(a->events, a->event_count);
	target_args_init(a);
}
