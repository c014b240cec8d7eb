/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adder report: where the time of a recording went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adder/log.h"
#include "adder/report.h"
#include "cmd/cmd.h"

#define NAME "report"
#define DEFAULT_ROWS 30
#define DEFAULT_TREE_PERCENT 0.5
#define MIN_WIDTH 60

enum option_id {
	OPT_BY = 0x100, OPT_FORMAT, OPT_SORT, OPT_LIMIT, OPT_MIN, OPT_WIDTH,
	OPT_FULL_PATHS, OPT_EXPAND, OPT_ASCII,
};

static const struct option options[] = {
	{ "by", required_argument, NULL, OPT_BY },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "sort", required_argument, NULL, OPT_SORT },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "min", required_argument, NULL, OPT_MIN },
	{ "width", required_argument, NULL, OPT_WIDTH },
	{ "full-paths", no_argument, NULL, OPT_FULL_PATHS },
	{ "expand", no_argument, NULL, OPT_EXPAND },
	{ "ascii", no_argument, NULL, OPT_ASCII },
	{ "help", no_argument, NULL, 'h' },
	SELECT_LONG_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

static const struct word_hint hints[] = {
	{ "--full-filenames", "it is --full-paths" },
	{ "--gil", "this version does not see who holds the GIL" },
	{ "--idle", "this version sees time on the CPU only" },
	{ "--native", "native frames are shown anyway (--show)" },
	{ "--no-children", "it is --sort self" },
	{ "--children", "it is --sort total" },
	{ "--nolineno", "functions are told apart by name and file" },
	{ "--stdio", "text is what it prints anyway" },
	{ "--threads", "it is --by thread" },
	{ "--call-graph", "it is --by tree" },
	{ "--input", "the recording is an argument: adder report FILE" },
	{ "-i", "the recording is an argument: adder report FILE" },
	{ "-g", "it is --by tree" },
	{ "-t", "it is --by thread" },
	{ "-n", "native frames are shown anyway (--show)" },
	{ "-o", "it prints to standard output: adder report > FILE" },
	{ "-s", "it is --sort self|total" },
	{ NULL, NULL },
};

static const char help_text[] =
"usage: adder report [OPTION...] [FILE]\n\n"
"Shows where the time of a recording (adder.rec) went.\n\n"
"  --by function|tree|thread\n"
"                        table of functions (default), call tree, threads\n"
"  --format text|json    for people (default), or for programs\n"
"  --sort self|total     functions by their own time (default), or with\n"
"                        what they call\n"
"  --limit N             rows at most (30 functions; 0 = all)\n"
"  --min PERCENT         leave out what is below (tree: 0.5)\n"
"  --expand              tree: one line for every frame\n"
"  --full-paths          whole paths of files\n"
"  --width N             columns (default: the terminal's; no end in a file)\n"
"  --ascii               no line-drawing characters\n"
SELECT_HELP;

struct report_args {
	struct select_opts select;
	struct report_opts report;
	bool json, has_limit, has_min, has_width, ascii;
};

static int take_by(struct report_args *a, const char *value)
{
	static const char *const words[] = {
		[REPORT_FUNCTIONS] = "function", [REPORT_TREE] = "tree",
		[REPORT_THREADS] = "thread",
	};
	int i = cmd_choice(value, words, ARRAY_LEN(words));

	if (i < 0)
		return cmd_bad_value(NAME, "--by", value,
				     "function, tree or thread");
	a->report.by = (enum report_by)i;
	return CMD_OK;
}

static int take_format(struct report_args *a, const char *value)
{
	static const char *const words[] = { "text", "json" };
	static const char *const foreign[] = {
		"flamegraph", "speedscope", "raw", "folded", "chrometrace",
		"perf", "script",
	};
	int i = cmd_choice(value, words, ARRAY_LEN(words));

	if (cmd_choice(value, foreign, ARRAY_LEN(foreign)) >= 0) {
		log_error("report: '%s' is not a report: 'adder script' prints"
			  " what flamegraph.pl, inferno and speedscope read",
			  value);
		return CMD_USAGE;
	}
	if (i < 0)
		return cmd_bad_value(NAME, "--format", value, "text or json");
	a->json = i == 1;
	return CMD_OK;
}

static int take_sort(struct report_args *a, const char *value)
{
	static const char *const words[] = { "self", "total" };
	int i = cmd_choice(value, words, ARRAY_LEN(words));

	if (i < 0)
		return cmd_bad_value(NAME, "--sort", value, "self or total");
	a->report.sort = i ? REPORT_TOTAL : REPORT_SELF;
	return CMD_OK;
}

static int take_min(struct report_args *a, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || (*end && strcmp(end, "%")) || !(v >= 0 && v <= 100))
		return cmd_bad_value(NAME, "--min", value,
				     "a percentage from 0 to 100");
	a->report.min_percent = v;
	a->has_min = true;
	return CMD_OK;
}

static int take_number(struct report_args *a, int option, const char *value)
{
	uint64_t v;

	if (!cmd_parse_u64(value, &v))
		return cmd_bad_value(NAME, option == OPT_LIMIT ? "--limit" :
				     "--width", value, "a number");
	if (option == OPT_LIMIT) {
		a->report.limit = v;
		a->has_limit = true;
	} else {
		a->report.columns = v && v < MIN_WIDTH ? MIN_WIDTH : (size_t)v;
		a->has_width = true;
	}
	return CMD_OK;
}

static int take_option(struct report_args *a, int option, const char *value)
{
	switch (option) {
	case OPT_BY: return take_by(a, value);
	case OPT_FORMAT: return take_format(a, value);
	case OPT_SORT: return take_sort(a, value);
	case OPT_MIN: return take_min(a, value);
	case OPT_LIMIT:
	case OPT_WIDTH: return take_number(a, option, value);
	case OPT_FULL_PATHS: a->report.full_paths = true; return CMD_OK;
	case OPT_EXPAND: a->report.expand = true; return CMD_OK;
	case OPT_ASCII: a->ascii = true; return CMD_OK;
	default: return select_opts_take(&a->select, NAME, option, value);
	}
}

static void fill_defaults(struct report_args *a)
{
	if (!a->has_width)
		a->report.columns = cmd_out_columns();
	if (!a->has_limit)
		a->report.limit = a->json || a->report.by == REPORT_TREE ? 0 :
				  DEFAULT_ROWS;
	if (!a->has_min)
		a->report.min_percent = !a->json &&
			a->report.by == REPORT_TREE ? DEFAULT_TREE_PERCENT : 0;
	a->report.utf8 = cmd_out_is_utf8() && !a->ascii;
}

static int run(struct report_args *a, const char *path)
{
	struct loaded l;
	struct out out;
	int status;

	status = cmd_load(&l, path, &a->select, false);
	if (status)
		return status;
	a->report.state = l.state[0] ? l.state : NULL;
	cmd_out_init(&out);
	if (a->json)
		report_json(&out, l.profile, &a->report);
	else
		report_text(&out, l.profile, &a->report);
	status = cmd_out_close(&out);
	if (!status)
		status = loaded_status(&l);
	loaded_release(&l);
	return status;
}

int cmd_report(int argc, char **argv)
{
	struct report_args a = { 0 };
	const char *path;
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
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
	path = cmd_recording_arg(NAME, argc, argv);
	if (!path)
		return CMD_USAGE;
	fill_defaults(&a);
	return run(&a, path);
}
