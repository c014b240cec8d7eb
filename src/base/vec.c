/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "adder/vec.h"

void *vec_grow_data(void *data, size_t *capacity, size_t n, size_t elem_bytes)
{
	size_t c = *capacity ? *capacity : 8;

	while (c < n)
		c += c / 2 + 8;
	*capacity = c;
	return mem_realloc_array(data, c, elem_bytes);
}
