/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object. An operation that can fail returns 0 or a negative
 * enum err_code and takes a trailing, nullable struct err * that receives a
 * complete message: lower case, the subject quoted, the remedy if one is
 * known, no full stop. There is no thread-local error state.
 */
#ifndef ADDER_ERR_H
#define ADDER_ERR_H

enum err_code {
	ERR_NONE = 0,
	ERR_USAGE = 1,		/* the caller asked for something malformed */
	ERR_NOTFOUND = 2,	/* no such process, file, event, symbol */
	ERR_PERM = 3,		/* the kernel or the owner refuses */
	ERR_IO = 4,		/* a read or a write failed */
	ERR_FORMAT = 5,		/* outside data is malformed */
	ERR_LIMIT = 6,		/* a bound of ours or the system's is reached */
	ERR_UNSUPPORTED = 7,	/* this kernel or machine cannot do it */
	ERR_GONE = 8,		/* the target ended meanwhile */
	ERR_NOMEM = 9,
};

#define ERR_MESSAGE_BYTES 1024

struct err {
	int code;		/* enum err_code, positive; 0 = no error */
	char message[ERR_MESSAGE_BYTES];
};

/*
 * Sets *err (if not NULL) and returns -code, so that a function can end with
 * `return err_set(err, ERR_IO, "...")`. A message that is too long is cut.
 */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": <text of errnum>" put after the message. */
int err_set_errno(struct err *err, enum err_code code, int errnum,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Puts "<text>: " in front of the message of an error already set. */
void err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

#endif
