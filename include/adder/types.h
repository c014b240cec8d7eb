/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ids that cross layers. Each is a struct of one field, so that the compiler
 * tells a frame from a stack; zero means "none". Ids are dense, start at 1
 * and are given out by the side that defines the thing (the pipeline); a
 * recording keeps them.
 */
#ifndef ADDER_TYPES_H
#define ADDER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str_id { uint32_t v; };
struct module_id { uint32_t v; };
struct process_id { uint32_t v; };
struct thread_id { uint32_t v; };
struct event_id { uint32_t v; };
struct frame_id { uint32_t v; };
struct stack_id { uint32_t v; };

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
