/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written is what is read, for random streams of every record type,
 * flushed at random places. PROP_SEED replays one seed, PROP_RUNS sets how
 * many are tried.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adder/err.h"
#include "adder/recording.h"
#include "../support/prng.h"
#include "../support/random_stream.h"
#include "../support/tmpdir.h"

static int fail(uint64_t seed, const char *what, const char *message)
{
	printf("PROP_SEED=%llu: %s: %s\n", (unsigned long long)seed, what,
	       message);
	return 1;
}

static int write_stream(const struct record_list *in, uint64_t seed,
			const char *path, struct err *err)
{
	struct prng prng = { seed ^ 0x5eed };
	struct recording_writer *w;
	struct sink sink;
	size_t i;

	if (recording_writer_open(&w, path, err))
		return 1;
	sink = recording_writer_sink(w);
	for (i = 0; i < in->records.count; i++) {
		if (sink_push(&sink, &in->records.data[i]) ||
		    (!prng_below(&prng, 100) &&
		     recording_writer_flush(w, NULL))) {
			*err = *recording_writer_err(w);
			recording_writer_abandon(w);
			return 1;
		}
	}
	return recording_writer_close(w, err);
}

static int try_seed(uint64_t seed)
{
	struct recording_info info = { 0 };
	struct record_list in, out;
	struct err err = { 0 };
	struct sink sink;
	char path[600];
	int ret = 0;

	snprintf(path, sizeof(path), "%s", tmpdir_at("prop.rec"));
	record_list_init(&in);
	record_list_init(&out);
	sink = record_list_sink(&out);
	random_stream(&in, seed, 100 + seed % 3000);
	if (write_stream(&in, seed, path, &err))
		ret = fail(seed, "write", err.message);
	else if (recording_read(path, &sink, &info, &err))
		ret = fail(seed, "read", err.message);
	else if (info.state != RECORDING_WHOLE)
		ret = fail(seed, "not whole", info.what);
	else if (in.records.count != out.records.count ||
		 record_list_match(&out, &in) != in.records.count)
		ret = fail(seed, "records", "not the same");
	record_list_release(&in);
	record_list_release(&out);
	return ret;
}

int main(void)
{
	const char *one = getenv("PROP_SEED"), *runs = getenv("PROP_RUNS");
	uint64_t seed, count = runs ? strtoull(runs, NULL, 0) : 200;
	int failed = 0;

	if (tmpdir_setup(NULL))
		return 99;
	if (one)
		failed = try_seed(strtoull(one, NULL, 0));
	for (seed = 1; !one && seed <= count; seed++)
		failed += try_seed(seed);
	tmpdir_teardown(NULL);
	printf("%llu seeds, %d failed\n",
	       (unsigned long long)(one ? 1 : count), failed);
	return failed != 0;
}
