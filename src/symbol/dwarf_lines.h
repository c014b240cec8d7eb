/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inlined functions and lines of one DWARF file by libdw. Nothing is read
 * ahead but the ranges of its units: a unit's functions and lines are read
 * when the first address in it is asked for.
 */
#ifndef SYMBOL_DWARF_LINES_H
#define SYMBOL_DWARF_LINES_H

#include <elfutils/libdw.h>

#include "adder/symbol.h"

struct dwarf_lines;

/* Keeps the Dwarf borrowed. */
struct dwarf_lines *dwarf_lines_new(Dwarf *dw);
void dwarf_lines_free(struct dwarf_lines *d);
/*
 * Fills at most `max` lines, innermost first; the last is the function itself,
 * whose name is NULL where DWARF does not tell it. *start receives that
 * function's start. The number of lines, 0 where nothing is known.
 */
size_t dwarf_lines_find(struct dwarf_lines *d, uint64_t svma,
			struct symbol_line *lines, size_t max,
			uint64_t *start);

#endif
