/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds every file of a corpus to a fuzz target built without a fuzzer:
 * fuzz_NAME [FILE-OR-FOLDER...], by default tests/fuzz/corpus/NAME of the
 * source tree ($srcdir, as automake's test driver sets it). Files of a folder
 * are taken in order of their names. An empty corpus is a failure.
 */
#ifdef FUZZING
/* libFuzzer brings a main of its own: tests/support/check-long. */
typedef int fuzzing_needs_no_main;
#else
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rbe");
	uint8_t *data = NULL;
	size_t len = 0, n;
	uint8_t chunk[4096];

	if (!f) {
		perror(path);
		return 1;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		/* Exactly as long as the input: a read behind it is seen. */
		data = realloc(data, len + n);
		if (!data)
			abort();
		memcpy(data + len, chunk, n);
		len += n;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data ? data : chunk, len);
	free(data);
	replayed++;
	return 0;
}

static int replay(const char *path)
{
	struct dirent **names;
	char file[4096];
	struct stat st;
	int i, n, rc = 0;

	if (stat(path, &st)) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0) {
		perror(path);
		return 1;
	}
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			rc |= replay_file(file);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int replay_default(const char *self)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(self, '/');
	char path[4096];

	name = name ? name + 1 : self;
	if (!strncmp(name, "lt-", 3))
		name += 3;
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
		 srcdir ? srcdir : ".", name);
	return replay(path);
}

int main(int argc, char **argv)
{
	int i, rc = 0;

	if (argc < 2)
		rc = replay_default(argv[0]);
	for (i = 1; i < argc; i++)
		rc |= replay(argv[i]);
	printf("%zu inputs replayed\n", replayed);
	return rc || !replayed;
}
#endif
