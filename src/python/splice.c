/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which native frames implement a Python frame. By structure and not by name,
 * because the names are missing in stripped interpreters (take_gil,
 * py_trampoline_evaluator and most of the evaluator's loop are local).
 *
 * A trampoline does nothing but call the evaluator it is given
 * (Python/asm_trampoline.S): its callee is the interpreter's loop. It is
 * called by py_trampoline_evaluator (Python/perf_trampoline.c), which some
 * compilers leave by a jump: then it is not on the stack, and the caller is
 * whatever native function called Python. Seen: a frame in 3.12.1 and 3.13.0
 * built by gcc 12; a jump in all of Debian's 3.13.5, 3.13.18, 3.14 and 3.15.
 * The instructions before the return address tell the two apart.
 */
#include "adder/python.h"
#include "adder/unwind.h"
#include "python_priv.h"

/*
 * Between a trampoline and a signal handler that interrupted it stands the
 * kernel's signal frame, which the trampoline did not call.
 */
static bool is_callee(const struct unwind_frame *f)
{
	return f->code == CODE_MODULE && !(f->flags & FRAME_F_SIGNAL);
}

static bool is_caller(const struct unwind_frame *f)
{
	return f->code == CODE_MODULE && f->module &&
	       call_site_is_evaluator(f->module, f->addr);
}

static uint8_t mark_of(const struct unwind_frame *frames,
		       const bool *is_tramp, uint32_t i, uint32_t count)
{
	if (is_tramp[i])
		return SPLICE_PYTHON;
	if (i > 0 && is_tramp[i - 1] && is_callee(&frames[i]))
		return SPLICE_EVALUATOR;
	if (i + 1 < count && is_tramp[i + 1] && is_caller(&frames[i]))
		return SPLICE_EVALUATOR;
	return SPLICE_NATIVE;
}

uint32_t splice_mark(const struct unwind_frame *frames, const bool *is_tramp,
		     uint32_t from, uint32_t count, uint8_t *marks)
{
	uint32_t first = from, i;
	uint8_t mark;

	/* the frame below the boundary has a new neighbour, or none */
	if (from > 0 && from <= count) {
		mark = mark_of(frames, is_tramp, from - 1, count);
		if (mark != marks[from - 1]) {
			marks[from - 1] = mark;
			first = from - 1;
		}
	}
	for (i = from; i < count; i++)
		marks[i] = mark_of(frames, is_tramp, i, count);
	return first;
}
