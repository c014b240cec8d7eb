/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CRC-32C (Castagnoli), reflected, eight bytes a step by eight tables
 * ("slicing by 8"): about 1.5 GB/s without any instruction of one processor.
 */
#include "recording/format.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u

static uint32_t tables[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
	uint32_t i, k, v;

	for (i = 0; i < 256; i++) {
		v = i;
		for (k = 0; k < 8; k++)
			v = v >> 1 ^ (v & 1 ? POLYNOMIAL : 0);
		tables[0][i] = v;
	}
	for (k = 1; k < 8; k++) {
		for (i = 0; i < 256; i++) {
			v = tables[k - 1][i];
			tables[k][i] = v >> 8 ^ tables[0][v & 0xff];
		}
	}
}

uint32_t crc32c(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t crc = 0xffffffff, lo, hi;

	pthread_once(&tables_once, make_tables);
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&lo, p, 4);
		memcpy(&hi, p + 4, 4);
		lo ^= crc;
		crc = tables[7][lo & 0xff] ^ tables[6][lo >> 8 & 0xff] ^
		      tables[5][lo >> 16 & 0xff] ^ tables[4][lo >> 24] ^
		      tables[3][hi & 0xff] ^ tables[2][hi >> 8 & 0xff] ^
		      tables[1][hi >> 16 & 0xff] ^ tables[0][hi >> 24];
	}
	for (; len; len--, p++)
		crc = crc >> 8 ^ tables[0][(crc ^ *p) & 0xff];
	return ~crc;
}
