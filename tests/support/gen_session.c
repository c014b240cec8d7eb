/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the session of session_example() as a recording: gen_session FILE */
#include <stdio.h>

#include "adder/err.h"
#include "adder/recording.h"
#include "session.h"

int main(int argc, char **argv)
{
	struct recording_writer *w;
	struct err err = { 0 };
	struct session s;
	struct sink sink;

	if (argc != 2) {
		fprintf(stderr, "usage: gen_session FILE\n");
		return 2;
	}
	if (recording_writer_open(&w, argv[1], &err))
		goto fail;
	sink = recording_writer_sink(w);
	session_init(&s, &sink);
	session_example(&s);
	if (session_end(&s)) {
		err = *recording_writer_err(w);
		recording_writer_abandon(w);
		goto fail;
	}
	if (!recording_writer_close(w, &err))
		return 0;
fail:
	fprintf(stderr, "gen_session: %s\n", err.message);
	return 1;
}
