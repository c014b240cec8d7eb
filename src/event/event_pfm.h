/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpfm4's names; its headers are included in event_pfm.c only. */
#ifndef EVENT_EVENT_PFM_H
#define EVENT_EVENT_PFM_H

#include "adder/event.h"

/* NULL when spec was filled in, else why not (static text). */
const char *event_pfm_encode(const char *name, struct event_spec *spec);

#endif
