/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading command lines, and saying what is wrong with them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adder/err.h"
#include "adder/log.h"
#include "cmd/cmd.h"

#define WORD_MAX_BYTES 40

/* Edits (change, insert, drop, swap of neighbours) between two short words. */
static size_t distance(const char *a, const char *b)
{
	size_t d[WORD_MAX_BYTES + 1][WORD_MAX_BYTES + 1];
	size_t n = strlen(a), m = strlen(b), i, j, best;

	if (n > WORD_MAX_BYTES || m > WORD_MAX_BYTES)
		return WORD_MAX_BYTES;
	for (i = 0; i <= n; i++)
		d[i][0] = i;
	for (j = 0; j <= m; j++)
		d[0][j] = j;
	for (i = 1; i <= n; i++) {
		for (j = 1; j <= m; j++) {
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *cmd_nearest(const char *word, const char *const *words,
			size_t count)
{
	const char *nearest = NULL;
	size_t best = 3, i, d;

	for (i = 0; i < count; i++) {
		if (strlen(word) >= 3 &&
		    !strncmp(word, words[i], strlen(word)))
			return words[i];
		d = distance(word, words[i]);
		if (d < best && d < strlen(words[i])) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

int cmd_choice(const char *value, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(value, words[i]))
			return (int)i;
	}
	return -1;
}

static int unknown_option(const char *command, const char *given,
			  const struct option *known,
			  const struct word_hint *hints)
{
	const char *words[64], *nearest;
	char name[WORD_MAX_BYTES + 1];
	size_t count = 0, len = strcspn(given, "=");

	for (; hints && hints->word; hints++) {
		if (strlen(hints->word) == len &&
		    !strncmp(hints->word, given, len)) {
			log_error("%s: no option '%.*s' here: %s", command,
				  (int)len, given, hints->hint);
			return CMD_USAGE;
		}
	}
	for (; known->name && count < 64; known++)
		words[count++] = known->name;
	if (given[0] == '-' && given[1] == '-' && len - 2 < sizeof(name)) {
		memcpy(name, given + 2, len - 2);
		name[len - 2] = '\0';
		nearest = cmd_nearest(name, words, count);
		if (nearest) {
			log_error("%s: no option '%.*s'; did you mean '--%s'?",
				  command, (int)len, given, nearest);
			return CMD_USAGE;
		}
	}
	log_error("%s: no option '%.*s' (see 'adder %s --help')", command,
		  (int)len, given, command);
	return CMD_USAGE;
}

int cmd_bad_option(const char *command, int argc, char **argv, int answer,
		   const struct option *known, const struct word_hint *hints)
{
	const char *given = optind > 0 && optind <= argc ? argv[optind - 1] :
			    "";
	char letter[3] = { '-', (char)optopt, '\0' };

	if (answer == ':') {
		log_error("%s: option '%s' needs a value", command, given);
		return CMD_USAGE;
	}
	/* of a group of letters, getopt names the one that is unknown */
	if (optopt > 0 && optopt < 0x100 && strncmp(given, "--", 2))
		given = letter;
	if (optopt >= 0x100 || (optopt > 0 && !strncmp(given, "--", 2))) {
		log_error("%s: option '%.*s' takes no value", command,
			  (int)strcspn(given, "="), given);
		return CMD_USAGE;
	}
	return unknown_option(command, given, known, hints);
}

int cmd_bad_value(const char *command, const char *option, const char *value,
		  const char *expected)
{
	log_error("%s: %s takes %s, not '%s'", command, option, expected,
		  value);
	return CMD_USAGE;
}

bool cmd_parse_u64(const char *s, uint64_t *out)
{
	char *end;

	if (*s < '0' || *s > '9' || strlen(s) > 18)
		return false;
	*out = strtoull(s, &end, 10);
	return !*end;
}

bool cmd_parse_duration(const char *s, uint64_t *ns)
{
	static const struct { const char *unit; double ns; } units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 },
		{ "ns", 1 }, { "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 },
	};
	size_t digits = strspn(s, "0123456789."), i;
	char *end;
	double v;

	if (!digits || digits > 20)
		return false;
	v = strtod(s, &end);
	if (end != s + digits)
		return false;
	for (i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].unit) || v * units[i].ns > 1e18)
			continue;
		*ns = (uint64_t)llround(v * units[i].ns);
		return true;
	}
	return false;
}

const char *cmd_recording_arg(const char *command, int argc, char **argv)
{
	if (optind == argc)
		return CMD_DEFAULT_RECORDING;
	if (optind + 1 == argc)
		return argv[optind];
	log_error("%s: one recording at a time: '%s' is one too many", command,
		  argv[optind + 1]);
	return NULL;
}

bool cmd_parse_pid(const char *s, int32_t *out)
{
	uint64_t v;

	if (!cmd_parse_u64(s, &v) || !v || v > INT32_MAX)
		return false;
	*out = (int32_t)v;
	return true;
}

int cmd_usage(const char *command, const char *message)
{
	log_error("%s (see 'adder %s --help')", message, command);
	return CMD_USAGE;
}

int cmd_fail(const struct err *err)
{
	log_error("%s", err->message);
	return CMD_FAILED;
}
