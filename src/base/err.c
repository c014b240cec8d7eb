/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->message, sizeof(err->message), fmt, ap);
		va_end(ap);
	}
	return -(int)code;
}

int err_set_errno(struct err *err, enum err_code code, int errnum,
		  const char *fmt, ...)
{
	va_list ap;
	size_t len;

	if (err) {
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->message, sizeof(err->message), fmt, ap);
		va_end(ap);
		len = strlen(err->message);
		snprintf(err->message + len, sizeof(err->message) - len,
			 ": %s", strerror(errnum));
	}
	return -(int)code;
}

void err_prefix(struct err *err, const char *fmt, ...)
{
	char old[ERR_MESSAGE_BYTES];
	va_list ap;
	size_t len;

	if (!err || !err->code)
		return;
	memcpy(old, err->message, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, ap);
	va_end(ap);
	len = strlen(err->message);
	snprintf(err->message + len, sizeof(err->message) - len, ": %s", old);
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	err->code = 0;
	err->message[0] = '\0';
}
