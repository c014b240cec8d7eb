/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls that a confined worker keeps. */
#ifndef SYS_SECCOMP_FILTER_H
#define SYS_SECCOMP_FILTER_H

#include <stdbool.h>

/*
 * 0, or -errno where the kernel or the container forbids filters. lenient
 * turns the kill into a refusal: a sanitizer's run-time makes calls of its
 * own.
 */
int seccomp_filter_install(bool lenient);

#endif
