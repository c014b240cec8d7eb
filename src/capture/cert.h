/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificate: proof, after the fact, that a thread stood still while its
 * stack was read.
 *
 * A real-time reader keeps the thread off its CPU; the proof that remains is
 * that it did not begin to run on another one before the read had ended.
 * Otherwise a read is certain if the thread was preempted right after the
 * sample and not switched in again, on any CPU, before the read had ended.
 * (So a sample in a long system call, or just before a sleep, is not proved:
 * between it and the switch the thread may have been in user mode.)
 *
 * The records of all CPUs are put in here as they are drained; a question may
 * be asked once everything up to the end of the read has been drained.
 */
#ifndef CAPTURE_CERT_H
#define CAPTURE_CERT_H

#include <stdbool.h>
#include <stdint.h>

struct cert;

struct cert *cert_new(void);
void cert_free(struct cert *c);
void cert_switch(struct cert *c, int32_t tid, uint64_t t_mono_ns, bool out,
		 bool preempt);
/* Records between these times were lost: nothing there is certain. */
void cert_lost(struct cert *c, uint64_t from_ns, uint64_t until_ns);
bool cert_held(struct cert *c, int32_t tid, uint64_t sample_ns,
	       uint64_t until_ns);
/* For a real-time reader: no switch-in in between. */
bool cert_unmoved(struct cert *c, int32_t tid, uint64_t sample_ns,
		  uint64_t until_ns);
void cert_forget(struct cert *c, int32_t tid);
/* Questions before this time will not be asked any more. */
void cert_prune(struct cert *c, uint64_t before_ns);

#endif
