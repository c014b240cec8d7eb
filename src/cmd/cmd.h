/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of subcommands and what they share. A subcommand NAME is one file
 * cmd_NAME.c that exports its entry alone; argv[0] is its name.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adder/out.h"
#include "adder/profile.h"

enum cmd_status { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *help;	/* one line */
};

int cmd_doctor(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_script(int argc, char **argv);

#define CMD_DEFAULT_RECORDING "adder.rec"

/* --- usage.c --- */
/* A word that people bring from elsewhere, and what it is called here. */
struct word_hint {
	const char *word, *hint;
};

/*
 * One line about a wrong command line, with what was probably meant;
 * returns CMD_USAGE. `option` is getopt_long's answer '?' or ':' explained.
 */
int cmd_bad_option(const char *command, int argc, char **argv, int answer,
		   const struct option *known, const struct word_hint *hints);
int cmd_bad_value(const char *command, const char *option, const char *value,
		  const char *expected);
/* The word of the list that is nearest, or NULL if none is near. */
const char *cmd_nearest(const char *word, const char *const *words,
			size_t count);
/* The index of value in words, or -1. */
int cmd_choice(const char *value, const char *const *words, size_t count);
bool cmd_parse_u64(const char *s, uint64_t *out);
bool cmd_parse_pid(const char *s, int32_t *out);
/* Says one line about a command line that does not hold together. */
int cmd_usage(const char *command, const char *message);
/* Says an error that ended the work; returns CMD_FAILED. */
struct err;
int cmd_fail(const struct err *err);
/* "1.5", "1.5s", "20ms", "2m" */
bool cmd_parse_duration(const char *s, uint64_t *ns);
/* At most one argument, the recording; NULL after a message. */
const char *cmd_recording_arg(const char *command, int argc, char **argv);

/* --- select_opts.c: the flags that choose what is shown --- */
struct select_opts {
	struct selection sel;
	uint64_t from_ns, to_ns;
};

enum select_option {
	SELECT_EVENT = 0x1000, SELECT_THREAD, SELECT_PROCESS, SELECT_FUNCTION,
	SELECT_MODULE, SELECT_SHOW, SELECT_FROM, SELECT_TO,
};

#define SELECT_LONG_OPTIONS \
	{ "event", required_argument, NULL, SELECT_EVENT }, \
	{ "thread", required_argument, NULL, SELECT_THREAD }, \
	{ "process", required_argument, NULL, SELECT_PROCESS }, \
	{ "function", required_argument, NULL, SELECT_FUNCTION }, \
	{ "module", required_argument, NULL, SELECT_MODULE }, \
	{ "show", required_argument, NULL, SELECT_SHOW }, \
	{ "from", required_argument, NULL, SELECT_FROM }, \
	{ "to", required_argument, NULL, SELECT_TO }

#define SELECT_HELP \
"What is shown:\n" \
"  --event NAME          samples of this event\n" \
"  --thread TID|NAME     samples of these threads (NAME may hold * and ?)\n" \
"  --process PID|NAME    samples of these processes\n" \
"  --function REGEX      stacks that pass through such a function\n" \
"  --module NAME         stacks that pass through such a file\n" \
"  --from T, --to T      a part of the time, since the start (1.5, 20ms)\n" \
"  --show python|native|both\n" \
"                        which frames (both)\n"

/* CMD_OK, or CMD_USAGE after a message; -1 if the option is none of these. */
int select_opts_take(struct select_opts *s, const char *command, int option,
		     const char *value);

/* --- load.c --- */
struct loaded {
	struct model *model;
	struct profile *profile;
	char state[320];	/* one line if the file is not whole, or "" */
};

/*
 * Reads the recording and applies the selection. CMD_OK, or a status after a
 * message. A recording that is cut or damaged is loaded as far as it goes and
 * said; the command should end with loaded_status().
 */
int cmd_load(struct loaded *l, const char *path, const struct select_opts *s,
	     bool keep_samples);
void loaded_release(struct loaded *l);
int loaded_status(const struct loaded *l);

/* --- stdout.c --- */
void cmd_out_init(struct out *o);
/* Flushes; a failed write is said, a closed pipe is not. Returns a status. */
int cmd_out_close(struct out *o);
/* Columns of the terminal that standard output is, 0 if it is none. */
size_t cmd_out_columns(void);
bool cmd_out_is_utf8(void);

#endif
