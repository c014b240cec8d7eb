/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording costs: time to write a record, bytes in the file, time to
 * read it. `name value unit` per line. Two sessions: a minute of one busy
 * program, and the million samples of 50,000 distinct stacks 40 deep that
 * readers are measured by. With a FILE, that recording is measured instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adder/err.h"
#include "adder/recording.h"
#include "../support/gen_stream.h"
#include "../support/record_list.h"
#include "../support/tmpdir.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what, const struct err *err)
{
	fprintf(stderr, "bench_recording: %s: %s\n", what, err->message);
	return 1;
}

struct counts {
	uint64_t records, samples;
};

static int count_push(void *self, const struct record *rec)
{
	struct counts *c = self;

	c->records++;
	c->samples += rec->type == REC_SAMPLE;
	return 0;
}

static int read_back(const char *name, const char *path, struct counts *c)
{
	const struct sink sink = { count_push, c };
	struct recording_info info;
	struct err err = { 0 };
	double begin, took, best = 1e9;
	int i;

	for (i = 0; i < 5; i++) {
		*c = (struct counts){ 0 };
		begin = seconds();
		if (recording_read(path, &sink, &info, &err))
			return fail("read", &err);
		took = seconds() - begin;
		if (took < best)
			best = took;
	}
	printf("recording_%s_file %.0f bytes\n", name, (double)info.file_bytes);
	printf("recording_%s_per_sample %.2f bytes\n", name,
	       (double)info.file_bytes / (double)c->samples);
	printf("recording_%s_read %.4f s\n", name, best);
	printf("recording_%s_read_per_record %.1f ns\n", name,
	       best * 1e9 / (double)c->records);
	return 0;
}

/* Flushed as the recorder does it: once for each second of the session. */
static int write_list(const struct record_list *l, const char *path,
		      double *took)
{
	struct recording_writer *w;
	struct err err = { 0 };
	const struct record *rec;
	struct sink sink;
	uint64_t flush_ns = 0;
	double begin = seconds();
	size_t i;

	if (recording_writer_open(&w, path, &err))
		return fail("open", &err);
	sink = recording_writer_sink(w);
	for (i = 0; i < l->records.count; i++) {
		rec = &l->records.data[i];
		if (rec->type == REC_SAMPLE &&
		    rec->sample.t_mono_ns >= flush_ns) {
			recording_writer_flush(w, NULL);
			flush_ns = rec->sample.t_mono_ns + 1000000000;
		}
		if (sink_push(&sink, rec)) {
			err = *recording_writer_err(w);
			recording_writer_abandon(w);
			return fail("write", &err);
		}
	}
	if (recording_writer_close(w, &err))
		return fail("close", &err);
	*took = seconds() - begin;
	return 0;
}

static int measure(const char *name, const struct record_list *l)
{
	const char *path = tmpdir_at("bench.rec");
	struct counts c = { 0 };
	double took;

	if (write_list(l, path, &took) || read_back(name, path, &c))
		return 1;
	printf("recording_%s_write_per_record %.1f ns\n", name,
	       took * 1e9 / (double)l->records.count);
	printf("recording_%s_write_per_sample %.3f us\n", name,
	       took * 1e6 / (double)c.samples);
	return 0;
}

static int session(const char *name, const struct gen_opts *opts)
{
	struct record_list l;
	struct sink sink;
	int ret;

	record_list_init(&l);
	sink = record_list_sink(&l);
	gen_stream(opts, &sink, NULL, NULL);
	ret = measure(name, &l);
	record_list_release(&l);
	return ret;
}

static int file(const char *path)
{
	struct recording_info info;
	struct err err = { 0 };
	struct record_list l;
	struct sink sink;
	int ret;

	record_list_init(&l);
	sink = record_list_sink(&l);
	ret = recording_read(path, &sink, &info, &err);
	ret = ret ? fail(path, &err) : measure("file", &l);
	record_list_release(&l);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct gen_opts minute = {
		.samples = 60000, .depth = 40, .stacks = 20000, .threads = 1,
		.seed = 1,
	}, million = {
		.samples = 1000000, .depth = 40, .stacks = 50000,
		.threads = 8, .seed = 1,
	};
	int ret;

	if (tmpdir_setup(NULL))
		return 99;
	if (argc > 1)
		ret = file(argv[1]);
	else
		ret = session("minute", &minute) ||
		      session("million", &million);
	tmpdir_teardown(NULL);
	return ret;
}
