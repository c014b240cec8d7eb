/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a made-up recording for tests and benches of what reads one:
 *
 *	gen_recording [--samples N] [--depth D] [--stacks S] [--threads T]
 *	              [--seed X] [--hostile] FILE
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "adder/err.h"
#include "adder/recording.h"
#include "gen_stream.h"

static int flush(void *ctx)
{
	return recording_writer_flush(ctx, NULL);
}

static int write_recording(const char *path, const struct gen_opts *opts)
{
	struct recording_writer *w;
	struct err err = { 0 };
	struct sink sink;

	if (recording_writer_open(&w, path, &err))
		goto fail;
	sink = recording_writer_sink(w);
	if (gen_stream(opts, &sink, flush, w)) {
		err = *recording_writer_err(w);
		recording_writer_abandon(w);
		goto fail;
	}
	if (!recording_writer_close(w, &err))
		return 0;
fail:
	fprintf(stderr, "gen_recording: %s\n", err.message);
	return 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: gen_recording [--samples N] [--depth D] "
		"[--stacks S] [--threads T] [--seed X] [--hostile] FILE\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "samples", required_argument, NULL, 'n' },
		{ "depth", required_argument, NULL, 'd' },
		{ "stacks", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 'x' },
		{ "hostile", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct gen_opts opts = GEN_DEFAULTS;
	uint64_t v;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		v = optarg ? strtoull(optarg, NULL, 0) : 0;
		switch (c) {
		case 'n': opts.samples = (uint32_t)v; break;
		case 'd': opts.depth = (uint32_t)v; break;
		case 's': opts.stacks = (uint32_t)v; break;
		case 't': opts.threads = (uint32_t)v; break;
		case 'x': opts.seed = v; break;
		case 'h': opts.hostile = true; break;
		default: return usage();
		}
	}
	if (optind + 1 != argc || !opts.samples || opts.depth < 6 ||
	    !opts.stacks || !opts.threads)
		return usage();
	return write_recording(argv[optind], &opts);
}
