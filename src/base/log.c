/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "adder/buf.h"
#include "adder/text.h"

#define LINE_BYTES 2048

static atomic_int max_level = LOG_NOTE;
static atomic_bool has_progress;
static log_sink the_sink;
static void *the_ctx;

void log_set_sink(log_sink sink, void *ctx)
{
	the_sink = sink;
	the_ctx = ctx;
}

void log_over_progress(bool shown)
{
	atomic_store(&has_progress, shown);
}

void log_set_level(enum log_level level)
{
	atomic_store(&max_level, (int)level);
}

void log_say(enum log_level level, const char *fmt, ...)
{
	static const char *const prefix[] = {
		[LOG_ERROR] = "error: ", [LOG_WARNING] = "warning: ",
		[LOG_NOTE] = "", [LOG_DEBUG] = "debug: ",
	};
	struct buf b = { 0 };
	char line[LINE_BYTES];
	va_list ap;

	if ((int)level > atomic_load(&max_level))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_escape(&b, line, strlen(line));
	if (the_sink)
		the_sink(the_ctx, level, buf_cstr(&b));
	else
		fprintf(stderr, "%sadder: %s%s\n",
			atomic_exchange(&has_progress, false) ?
			"\r\033[K" : "", prefix[level], buf_cstr(&b));
	buf_release(&b);
}
