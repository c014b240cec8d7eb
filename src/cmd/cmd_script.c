/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adder script: a recording as the text that perf script prints. */
#include <stdio.h>
#include <string.h>

#include "adder/export.h"
#include "adder/log.h"
#include "cmd/cmd.h"

#define NAME "script"

enum option_id { OPT_EXACT = 0x100, OPT_NS, OPT_HEADER, OPT_TASKS };

static const struct option options[] = {
	{ "exact", no_argument, NULL, OPT_EXACT },
	{ "ns", no_argument, NULL, OPT_NS },
	{ "fields", required_argument, NULL, 'F' },
	{ "header", no_argument, NULL, OPT_HEADER },
	{ "show-task-events", no_argument, NULL, OPT_TASKS },
	{ "help", no_argument, NULL, 'h' },
	SELECT_LONG_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

static const struct word_hint hints[] = {
	{ "-i", "the recording is an argument: adder script FILE" },
	{ "--input", "the recording is an argument: adder script FILE" },
	{ "-o", "it prints to standard output: adder script > FILE" },
	{ "--output", "it prints to standard output: adder script > FILE" },
	{ "--comms", "it is --thread NAME" },
	{ "--pid", "it is --process PID" },
	{ "--tid", "it is --thread TID" },
	{ "--time", "it is --from and --to" },
	{ "--native", "native frames are shown anyway (--show)" },
	{ NULL, NULL },
};

static const char help_text[] =
"usage: adder script [OPTION...] [FILE]\n\n"
"Prints a recording (adder.rec) as perf-script text, for the programs that\n"
"read it: flamegraph.pl, inferno, speedscope, profiler.firefox.com.\n\n"
"  --exact               as perf prints it: padding, blanks in names, all\n"
"                        events. Without it, names and padding that one of\n"
"                        those programs is known to misread are changed\n"
"  --ns                  nanoseconds\n"
"  -F +pid, -F +cpu      the process, the CPU\n"
"  --header              with --exact: lines about the recording\n"
"  --show-task-events    with --exact: lines of FORK, COMM and EXIT\n"
SELECT_HELP;

struct script_args {
	struct select_opts select;
	struct script_opts script;
};

/* "+pid,+cpu"; what is printed anyway may be named. */
static int take_fields(struct script_args *a, const char *value)
{
	static const char *const words[] = {
		"pid", "cpu", "comm", "tid", "time", "period", "event", "ip",
		"sym", "symoff", "dso",
	};
	const char *at = value;
	char word[16];
	size_t len;

	for (;;) {
		if (*at == '+')
			at++;
		len = strcspn(at, ",");
		if (len >= sizeof(word))
			break;
		memcpy(word, at, len);
		word[len] = '\0';
		switch (cmd_choice(word, words, ARRAY_LEN(words))) {
		case -1:
			return cmd_bad_value(NAME, "-F", value,
					     "+pid and +cpu");
		case 0: a->script.with_pid = true; break;
		case 1: a->script.with_cpu = true; break;
		default: break;
		}
		at += len;
		if (!*at++)
			return CMD_OK;
	}
	return cmd_bad_value(NAME, "-F", value, "+pid and +cpu");
}

static int take_option(struct script_args *a, int option, const char *value)
{
	switch (option) {
	case OPT_EXACT: a->script.exact = true; return CMD_OK;
	case OPT_NS: a->script.nanoseconds = true; return CMD_OK;
	case OPT_HEADER: a->script.header = true; return CMD_OK;
	case OPT_TASKS: a->script.task_events = true; return CMD_OK;
	case 'F': return take_fields(a, value);
	default: return select_opts_take(&a->select, NAME, option, value);
	}
}

/* One event to a file: their weights mean different things. */
static void say_other_events(const struct loaded *l)
{
	struct event_id shown = profile_event(l->profile);
	struct model_text name;
	uint32_t i;

	for (i = 1; i < model_event_count(l->model); i++) {
		if (i == shown.v ||
		    !profile_has_event(l->profile, (struct event_id){ i }))
			continue;
		name = model_string(l->model,
				    model_event(l->model, shown)->name);
		log_note("printed are the samples of '%s'; --event NAME "
			 "prints another event, --exact all of them",
			 name.bytes);
		return;
	}
}

static int run(struct script_args *a, const char *path)
{
	struct script_stats stats;
	struct loaded l;
	struct out out;
	int status;

	status = cmd_load(&l, path, &a->select, true);
	if (status)
		return status;
	if (!a->script.exact)
		say_other_events(&l);
	cmd_out_init(&out);
	script_write(&out, l.profile, &a->script, &stats);
	status = cmd_out_close(&out);
	if (!stats.samples && !status)
		log_note("there is no sample to print");
	if (!status)
		status = loaded_status(&l);
	loaded_release(&l);
	return status;
}

int cmd_script(int argc, char **argv)
{
	struct script_args a = { 0 };
	const char *path;
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hF:", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return fflush(stdout) ? CMD_FAILED : CMD_OK;
		}
		status = c == '?' || c == ':' ?
			 cmd_bad_option(NAME, argc, argv, c, options, hints) :
			 take_option(&a, c, optarg);
		if (status)
			return status;
	}
	if ((a.script.header || a.script.task_events) && !a.script.exact) {
		log_error("script: %s goes with --exact: other programs stop "
			  "at such lines", a.script.header ? "--header" :
			  "--show-task-events");
		return CMD_USAGE;
	}
	path = cmd_recording_arg(NAME, argc, argv);
	return path ? run(&a, path) : CMD_USAGE;
}
