/* SPDX-License-Identifier: GPL-2.0-or-later */
/* adder's entry: the table of subcommands, help and version. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "adder/log.h"
#include "adder/sys_perf.h"
#include "cmd/cmd.h"

static const struct command commands[] = {
	{ "record", cmd_record, "record a command or running processes" },
	{ "report", cmd_report, "show where the time of a recording went" },
	{ "script", cmd_script, "print a recording as perf-script text" },
	{ "dump", cmd_dump, "print the stacks of all threads of a process now" },
	{ "doctor", cmd_doctor, "say what is permitted here, and what to do" },
};

/* What users of other profilers type. */
static const struct word_hint hints[] = {
	{ "annotate", "'adder report --function NAME' is the nearest" },
	{ "convert", "'adder script' prints what other tools read" },
	{ "export", "'adder script' prints what other tools read" },
	{ "flamegraph", "'adder script FILE' prints what flamegraph.pl, "
	  "speedscope and profiler.firefox.com read" },
	{ "import", "adder reads its own recordings only" },
	{ "load", "'adder report FILE' shows a recording" },
	{ "run", "'adder record -- COMMAND' records a program" },
	{ "attach", "'adder record -p PID' records a running program" },
	{ "stat", "this version has 'adder record' and 'adder report'" },
	{ "top", "this version has no live view: 'adder record -p PID "
	  "--duration 5', then 'adder report'" },
	{ "view", "this version has no viewer: 'adder report'" },
};

static void put_help(FILE *to)
{
	size_t i;

	fputs("usage: adder COMMAND [OPTION...] [ARGUMENT...]\n\n"
	      "Profiles Python programs and the native code under them.\n\n",
	      to);
	for (i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(to, "  %-10s %s\n", commands[i].name,
			commands[i].help);
	fputs("\n'adder COMMAND --help' says more; so does adder(1).\n", to);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *words[ARRAY_LEN(commands)], *nearest;
	size_t i;

	for (i = 0; i < ARRAY_LEN(hints); i++) {
		if (!strcmp(hints[i].word, name)) {
			log_error("there is no command '%s': %s", name,
				  hints[i].hint);
			return CMD_USAGE;
		}
	}
	for (i = 0; i < ARRAY_LEN(commands); i++)
		words[i] = commands[i].name;
	nearest = cmd_nearest(name, words, ARRAY_LEN(words));
	if (nearest)
		log_error("there is no command '%s'; did you mean '%s'?",
			  name, nearest);
	else
		log_error("there is no command '%s' (see 'adder --help')",
			  name);
	return CMD_USAGE;
}

/* "adder help", "adder help COMMAND" */
static int help(int argc, char **argv)
{
	const struct command *c;
	char flag[] = "--help";
	char *args[3] = { NULL, flag, NULL };

	if (argc < 2) {
		put_help(stdout);
		return fflush(stdout) ? CMD_FAILED : CMD_OK;
	}
	c = find_command(argv[1]);
	if (!c)
		return unknown_command(argv[1]);
	args[0] = argv[1];
	return c->fn(2, args);
}

int main(int argc, char **argv)
{
	const struct command *c;

	/* names of characters only: numbers keep their point */
	setlocale(LC_CTYPE, "");
	sys_signals_inherited();
	/* a reader that ends early is seen as an error of write() */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		put_help(stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts(PACKAGE_STRING);
		return fflush(stdout) ? CMD_FAILED : CMD_OK;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
	    !strcmp(argv[1], "-h"))
		return help(argc - 1, argv + 1);
	if (argv[1][0] == '-') {
		log_error("unknown option '%s'; a command comes first "
			  "(see 'adder --help')", argv[1]);
		return CMD_USAGE;
	}
	c = find_command(argv[1]);
	return c ? c->fn(argc - 1, argv + 1) : unknown_command(argv[1]);
}
