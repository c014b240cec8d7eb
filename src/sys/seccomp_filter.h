/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system calls that a confined worker keeps. */
#ifndef SYS_SECCOMP_FILTER_H
#define SYS_SECCOMP_FILTER_H

/* 0, or -errno where the kernel or the container forbids filters. */
int seccomp_filter_install(void);

#endif
