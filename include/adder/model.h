/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: what a recording or a live session says, ready to be asked.
 * It is filled through its sink and knows nothing of how it is shown.
 */
#ifndef ADDER_MODEL_H
#define ADDER_MODEL_H

#include "adder/sink.h"
#include "adder/types.h"

struct model;

struct model *model_new(void);
struct sink model_sink(struct model *m);
void model_free(struct model *m);

#endif
