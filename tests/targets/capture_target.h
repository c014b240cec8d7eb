/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capture_target leaves on its stacks. */
#ifndef CAPTURE_TARGET_H
#define CAPTURE_TARGET_H

#include <stdint.h>

#define LEAF_MAGIC UINT64_C(0x1eaf5a5a1eafc0de)
#define LEVEL_MAGIC UINT64_C(0x1e7e15a51e7e1bed)
#define LEVEL_BYTES 1024

struct leaf_mark {
	uint64_t magic, t_mono_ns;
};

struct level_mark {
	uint64_t magic, number;
	uint8_t room[LEVEL_BYTES - 128];
};

#endif
