/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One constant per processor, private to this room. */
#ifndef ADDER_SRC_ARCH_ARCHS_H
#define ADDER_SRC_ARCH_ARCHS_H

struct arch;

extern const struct arch arch_x86_64, arch_aarch64;

#endif
