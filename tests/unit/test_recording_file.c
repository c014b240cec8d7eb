/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer and its files: names, modes, rotation, disks that fill up. */
#include "../support/cmocka_all.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "adder/err.h"
#include "adder/log.h"
#include "adder/recording.h"
#include "recording/format.h"
#include "../support/gen_stream.h"
#include "../support/recording_file.h"
#include "../support/tmpdir.h"

static struct record_list whole;
static char said[256];

static void hear(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	snprintf(said, sizeof(said), "%s", line);
}

static int setup(void **state)
{
	const struct gen_opts opts = { .samples = 3000, .depth = 10,
				       .stacks = 600, .threads = 2, .seed = 3 };
	struct sink sink;

	record_list_init(&whole);
	sink = record_list_sink(&whole);
	gen_stream(&opts, &sink, NULL, NULL);
	log_set_sink(hear, NULL);
	return tmpdir_setup(state);
}

static int teardown(void **state)
{
	log_set_sink(NULL, NULL);
	record_list_release(&whole);
	return tmpdir_teardown(state);
}

static bool exists(const char *name)
{
	struct stat st;

	return !lstat(tmpdir_at(name), &st);
}

static struct recording_writer *open_at(const char *name)
{
	struct recording_writer *w;
	struct err err = { 0 };

	if (recording_writer_open(&w, tmpdir_at(name), &err))
		fail_msg("%s", err.message);
	return w;
}

static void refused(const char *path, int code, const char *says)
{
	struct recording_writer *w;
	struct err err = { 0 };

	assert_int_equal(recording_writer_open(&w, path, &err), -code);
	assert_null(w);
	if (!strstr(err.message, says))
		fail_msg("'%s' does not say '%s'", err.message, says);
	assert_null(strchr(err.message, '\n'));
}

/* The records of a file are the first ones of `whole`; how many. */
static size_t prefix_in(const char *path, enum recording_state want)
{
	struct recording_info info;
	struct record_list got;
	struct err err = { 0 };
	struct sink sink;
	size_t count;

	record_list_init(&got);
	sink = record_list_sink(&got);
	if (recording_read(path, &sink, &info, &err))
		fail_msg("%s", err.message);
	assert_int_equal(info.state, want);
	assert_int_equal(info.read_bytes, info.file_bytes);
	count = got.records.count;
	assert_int_equal(record_list_match(&got, &whole), count);
	record_list_release(&got);
	return count;
}

static int push_all(struct recording_writer *w, size_t from, size_t to)
{
	struct sink sink = recording_writer_sink(w);
	size_t i;
	int ret = 0;

	for (i = from; i < to && !ret; i++) {
		ret = sink_push(&sink, &whole.records.data[i]);
		if (!ret && i % 1000 == 999)
			ret = recording_writer_flush(w, NULL);
	}
	return ret;
}

static void a_recording_is_private_and_appears_at_the_close(void **state)
{
	struct recording_writer *w = open_at("a");
	struct stat st;

	(void)state;
	assert_true(exists("a.partial"));
	assert_false(exists("a"));
	assert_int_equal(push_all(w, 0, 100), 0);
	assert_int_equal(recording_writer_close(w, NULL), 0);
	assert_false(exists("a.partial"));
	assert_int_equal(stat(tmpdir_at("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(prefix_in(tmpdir_at("a"), RECORDING_WHOLE), 100);
}

static void an_older_recording_becomes_old(void **state)
{
	struct recording_writer *w;
	size_t i;

	(void)state;
	for (i = 1; i <= 3; i++) {
		w = open_at("b");
		push_all(w, 0, i * 10);
		assert_int_equal(recording_writer_close(w, NULL), 0);
	}
	assert_int_equal(prefix_in(tmpdir_at("b"), RECORDING_WHOLE), 30);
	assert_int_equal(prefix_in(tmpdir_at("b.old"), RECORDING_WHOLE), 20);
}

static void a_flushed_chunk_outlives_its_writer(void **state)
{
	struct recording_writer *w;
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		w = open_at("c");
		push_all(w, 0, 500);
		recording_writer_flush(w, NULL);
		push_all(w, 500, 600);	/* never reaches the file */
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(prefix_in(tmpdir_at("c.partial"), RECORDING_CUT),
			 500);

	/* The next run throws nothing away, and says so. */
	said[0] = '\0';
	w = open_at("c");
	assert_non_null(strstr(said, "c.partial.1"));
	recording_writer_abandon(w);
	assert_int_equal(prefix_in(tmpdir_at("c.partial.1"), RECORDING_CUT),
			 500);
	w = open_at("c");
	assert_non_null(strstr(said, "c.partial.2"));
	recording_writer_close(w, NULL);
}

static void two_writers_do_not_meet(void **state)
{
	struct recording_writer *w = open_at("d");

	(void)state;
	refused(tmpdir_at("d"), ERR_IO, "is being written by another adder");
	assert_int_equal(recording_writer_close(w, NULL), 0);
}

static void a_place_that_cannot_be_written_is_refused_at_once(void **state)
{
	char deep[700];

	(void)state;
	snprintf(deep, sizeof(deep), "%s/no/such/folder/x", tmpdir_path);
	refused(deep, ERR_NOTFOUND, "No such file or directory");
	assert_int_equal(mkdir(tmpdir_at("dir"), 0755), 0);
	refused(tmpdir_at("dir"), ERR_USAGE, "it is a directory");
	assert_int_equal(mkfifo(tmpdir_at("fifo"), 0600), 0);
	refused(tmpdir_at("fifo"), ERR_USAGE, "not a file");
	refused("/dev/null", ERR_USAGE, "not a file");
	assert_false(access("/dev/null.partial", F_OK) == 0);
	refused("/proc/adder.rec", ERR_NOTFOUND, "cannot write the recording");
	refused("-", ERR_USAGE, "-o");
	refused("", ERR_USAGE, "empty");
}

static void nothing_is_written_through_a_link(void **state)
{
	struct stat st;

	(void)state;
	tmpdir_write("victim", "precious");
	assert_int_equal(symlink("victim", tmpdir_at("e.partial")), 0);
	refused(tmpdir_at("e"), ERR_PERM, "symbolic link");
	assert_int_equal(symlink("nowhere", tmpdir_at("f.partial")), 0);
	refused(tmpdir_at("f"), ERR_PERM, "symbolic link");
	assert_false(exists("nowhere"));

	/* A link at the final name is moved aside, not followed. */
	assert_int_equal(symlink("victim", tmpdir_at("g")), 0);
	assert_int_equal(recording_writer_close(open_at("g"), NULL), 0);
	assert_int_equal(lstat(tmpdir_at("g"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat(tmpdir_at("victim"), &st), 0);
	assert_int_equal(st.st_size, 8);
}

/* In a child: file sizes are limited, the n-th byte cannot be written. */
static void write_with_limit(const char *name, size_t limit)
{
	struct rlimit rl = { limit, limit };
	struct recording_writer *w;
	struct err err = { 0 };
	int ret;

	if (setrlimit(RLIMIT_FSIZE, &rl))
		_exit(9);
	if (recording_writer_open(&w, tmpdir_at(name), &err))
		_exit(limit < FILE_HEADER_BYTES && err.message[0] ? 0 : 1);
	ret = push_all(w, 0, whole.records.count);
	if (ret && recording_writer_err(w)->code != -ret)
		_exit(2);
	/* A dead writer stays dead. */
	if (ret && push_all(w, 0, 1) != ret)
		_exit(3);
	ret = recording_writer_close(w, &err);
	_exit(ret == -ERR_IO && strstr(err.message, ".partial' keeps") ? 0 : 4);
}

static void a_failing_write_costs_one_chunk(void **state)
{
	size_t limit, size, before = 0, count;
	struct stat st;
	char name[40];
	int status;
	pid_t pid;

	(void)state;
	recording_file_write(tmpdir_at("full"), &whole, 1000);
	assert_int_equal(stat(tmpdir_at("full"), &st), 0);
	size = (size_t)st.st_size;
	for (limit = 0; limit < size; limit += limit < 200 ? 9 : size / 60) {
		snprintf(name, sizeof(name), "limit%zu", limit);
		pid = fork();
		if (!pid)
			write_with_limit(name, limit);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			fail_msg("limit %zu: status %d", limit, status);
		snprintf(name, sizeof(name), "limit%zu.partial", limit);
		if (limit < FILE_HEADER_BYTES) {
			assert_false(exists(name));
			continue;
		}
		count = prefix_in(tmpdir_at(name), RECORDING_CUT);
		assert_true(count >= before);
		before = count;
	}
	assert_int_equal(before, whole.records.count);
}

static void a_full_disk_leaves_what_was_recorded(void **state)
{
	struct recording_writer *w;
	struct err err = { 0 };
	int ret = 0, rounds = 0;

	(void)state;
	assert_int_equal(mkdir(tmpdir_at("mnt"), 0755), 0);
	if (mount("adder-test", tmpdir_at("mnt"), "tmpfs", 0, "size=16k")) {
		print_message("no tmpfs of our own: %s\n", strerror(errno));
		skip();
	}
	w = open_at("mnt/r");
	/* What is pushed a second time defines things twice: samples only. */
	ret = push_all(w, 0, whole.records.count);
	while (!ret && rounds++ < 100) {
		struct sink sink = recording_writer_sink(w);
		size_t i;

		for (i = 0; i < whole.records.count && !ret; i++) {
			if (whole.records.data[i].type == REC_SAMPLE)
				ret = sink_push(&sink, &whole.records.data[i]);
		}
	}
	assert_int_equal(ret, -ERR_IO);
	assert_non_null(strstr(recording_writer_err(w)->message,
			       "No space left on device"));
	assert_int_equal(recording_writer_close(w, &err), -ERR_IO);
	{
		struct recording_info info;
		struct record_list got;
		struct sink sink;

		record_list_init(&got);
		sink = record_list_sink(&got);
		assert_int_equal(recording_read(tmpdir_at("mnt/r.partial"),
						&sink, &info, &err), 0);
		assert_int_equal(info.state, RECORDING_CUT);
		assert_int_equal(info.read_bytes, info.file_bytes);
		assert_true(got.records.count > 0);
		record_list_release(&got);
	}
	assert_int_equal(umount(tmpdir_at("mnt")), 0);
}

static void what_cannot_be_right_is_not_recorded(void **state)
{
	struct record rec = { .type = REC_STACK };
	struct recording_writer *w = open_at("h");
	struct sink sink = recording_writer_sink(w);
	struct err err;

	(void)state;
	rec.stack.id.v = 1;
	rec.stack.frame.v = 1;
	assert_int_equal(sink_push(&sink, &rec), -ERR_USAGE);
	assert_string_equal(recording_writer_err(w)->message, "cannot record a "
			    "stack record: its frame is not defined");
	assert_int_equal(recording_writer_close(w, &err), -ERR_USAGE);
}

static void a_string_too_long_is_cut_and_counted(void **state)
{
	struct recording_writer *w = open_at("i");
	struct sink sink = recording_writer_sink(w);
	struct record rec = { .type = REC_STRING };
	struct recording_info info;
	struct record_list got;
	struct err err;
	char *s = test_malloc(3u << 20);

	(void)state;
	memset(s, 'x', 3u << 20);
	rec.string.id.v = 1;
	rec.string.bytes = s;
	rec.string.len = 3u << 20;
	assert_int_equal(sink_push(&sink, &rec), 0);
	assert_int_equal(recording_writer_stats(w)->cut_strings, 1);
	assert_int_equal(recording_writer_close(w, &err), 0);
	record_list_init(&got);
	sink = record_list_sink(&got);
	assert_int_equal(recording_read(tmpdir_at("i"), &sink, &info, &err),
			 0);
	assert_int_equal(info.state, RECORDING_WHOLE);
	assert_int_equal(got.records.data[0].string.len, MAX_STRING_BYTES);
	record_list_release(&got);
	test_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_recording_is_private_and_appears_at_the_close),
		cmocka_unit_test(an_older_recording_becomes_old),
		cmocka_unit_test(a_flushed_chunk_outlives_its_writer),
		cmocka_unit_test(two_writers_do_not_meet),
		cmocka_unit_test(
			a_place_that_cannot_be_written_is_refused_at_once),
		cmocka_unit_test(nothing_is_written_through_a_link),
		cmocka_unit_test(a_failing_write_costs_one_chunk),
		cmocka_unit_test(a_full_disk_leaves_what_was_recorded),
		cmocka_unit_test(what_cannot_be_right_is_not_recorded),
		cmocka_unit_test(a_string_too_long_is_cut_and_counted),
	};

	return cmocka_run_group_tests(tests, setup, teardown) != 0;
}
