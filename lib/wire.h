/*
 * wire.h: numbers in files that go from machine to machine, the least significant byte first.
 */
#ifndef SMTPTRAP_WIRE_H
#define SMTPTRAP_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

/* Write the low `bytes` bytes (1 to 8) of n to p. */
static inline void wire_store(uint8_t *p, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(n >> (8 * i));
}

/* Append them. */
static inline void wire_put(struct buf *to, uint64_t n, size_t bytes)
{
	uint8_t p[8];

	wire_store(p, n, bytes);
	buf_put(to, p, bytes);
}

/* Read a number of so many bytes (1 to 8) at *at and move *at behind it.  0, or ERR_FORMAT if it
 * does not end before end. */
static inline int wire_get(const uint8_t **at, const uint8_t *end, uint64_t *n_r, size_t bytes)
{
	if ((size_t)(end - *at) < bytes)
		return ERR_FORMAT;
	*n_r = 0;
	for (size_t i = bytes; i-- > 0;)
		*n_r = *n_r << 8 | (*at)[i];
	*at += bytes;
	return 0;
}

#endif
