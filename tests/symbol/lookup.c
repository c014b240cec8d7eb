/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lookup [-n] [-r ROOT] [-t MS] [-b REPEAT] FILE...: reads hexadecimal svmas
 * from standard input, looks them up in each FILE and prints what
 * `addr2line -afiC` prints, so that a test can compare the two. -b looks them
 * up REPEAT times in all and says on standard error how long each took.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adder/err.h"
#include "adder/symbol.h"
#include "adder/sys.h"
#include "adder/vec.h"

struct svmas {
	uint64_t *data;
	size_t count, capacity;
};

static void print_result(void *ctx, size_t i, const struct symbol_result *r)
{
	const struct svmas *v = ctx;
	size_t j;

	printf("0x%016llx\n", (unsigned long long)v->data[i]);
	if (!r->count)
		printf("??\n??:0\n");
	for (j = 0; j < r->count; j++) {
		printf("%s\n%s:", r->lines[j].name,
		       r->lines[j].file ? r->lines[j].file : "??");
		if (r->lines[j].line || !r->lines[j].file)
			printf("%u\n", r->lines[j].line);
		else
			printf("?\n");
	}
}

static void count_result(void *ctx, size_t i, const struct symbol_result *r)
{
	size_t *named = ctx;

	(void)i;
	*named += r->count != 0;
}

static int one_file(struct symbolizer *s, const char *path,
		    struct svmas *v, int repeat)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), i, rc;
	struct err err = { 0 };
	uint64_t t;
	size_t named;

	if (fd < 0) {
		perror(path);
		return 1;
	}
	rc = symbolizer_lookup(s, fd, path, NULL, 0, v->data,
			       repeat ? 0 : v->count, print_result, v, &err);
	for (i = 0; i < repeat && !rc; i++) {
		named = 0;
		t = sys_mono_ns();
		rc = symbolizer_lookup(s, fd, path, NULL, 0, v->data, v->count,
				       count_result, &named, &err);
		fprintf(stderr, "%s: %zu addresses, %zu named, %.1f ms\n",
			path, v->count, named,
			(double)(sys_mono_ns() - t) / 1e6);
	}
	close(fd);
	if (rc)
		fprintf(stderr, "%s\n", err.message);
	return rc != 0;
}

int main(int argc, char **argv)
{
	struct symbol_opts opts = { 0 };
	struct svmas v = { 0 };
	struct symbol_stats stats;
	struct symbolizer *s;
	struct err err = { 0 };
	int o, repeat = 0, rc = 0;
	char line[64];

	while ((o = getopt(argc, argv, "nr:t:b:")) != -1) {
		if (o == 'n')
			opts.no_inlines = true;
		else if (o == 'r')
			opts.debug_root = optarg;
		else if (o == 't')
			opts.timeout_ms = (uint32_t)strtoul(optarg, NULL, 10);
		else if (o == 'b')
			repeat = (int)strtol(optarg, NULL, 10);
		else
			return 2;
	}
	s = symbolizer_new(&opts, &err);
	if (!s) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin))
		*vec_push(&v) = strtoull(line, NULL, 16);
	for (; optind < argc; optind++)
		rc |= one_file(s, argv[optind], &v, repeat);
	symbolizer_stats(s, &stats);
	fprintf(stderr, "modules %llu unreadable %llu damaged %llu deaths %llu "
		"reduced %llu\n", (unsigned long long)stats.modules,
		(unsigned long long)stats.unreadable,
		(unsigned long long)stats.damaged,
		(unsigned long long)stats.deaths,
		(unsigned long long)stats.reduced);
	symbolizer_free(s);
	vec_release(&v);
	return rc;
}
