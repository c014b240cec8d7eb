/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said to a person: one line each, on standard error unless a sink
 * takes it, escaped. Only levels that count: an error ends the work, a
 * warning is a thing lost or guessed, a note is one step down a ladder or a
 * hint, debug is for us.
 */
#ifndef ADDER_LOG_H
#define ADDER_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTE, LOG_DEBUG };

typedef void (*log_sink)(void *ctx, enum log_level level, const char *line);

/* NULL gives back standard error. Not thread-safe: set before threads start. */
void log_set_sink(log_sink sink, void *ctx);
void log_set_level(enum log_level level);	/* default LOG_NOTE */
/*
 * A progress line stands on the terminal: the next message clears it first.
 * Call it with true each time that one is drawn.
 */
void log_over_progress(bool shown);
/* Thread-safe. The message is escaped by text_escape() before it is shown. */
void log_say(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_say(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_say(LOG_WARNING, __VA_ARGS__)
#define log_note(...) log_say(LOG_NOTE, __VA_ARGS__)
#define log_debug(...) log_say(LOG_DEBUG, __VA_ARGS__)

#endif
