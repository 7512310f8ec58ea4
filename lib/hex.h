/*
 * hex.h: hexadecimal digits.  Those that are written are in lower case.
 */
#ifndef SMTPTRAP_HEX_H
#define SMTPTRAP_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The digit of the low four bits of n. */
static inline char hex_digit(unsigned n)
{
	return "0123456789abcdef"[n & 15];
}

/* What a digit in either case stands for; -1: c is none. */
static inline int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Is it a digit as they are written here? */
static inline bool hex_is_lower(int c)
{
	return hex_value(c) >= 0 && !(c >= 'A' && c <= 'F');
}

/* Write 2 * len digits, and no NUL. */
static inline void hex_write(void *text_r, const uint8_t *bytes, size_t len)
{
	char *to = text_r;

	for (size_t i = 0; i < len; i++) {
		*to++ = hex_digit(bytes[i] >> 4);
		*to++ = hex_digit(bytes[i]);
	}
}

/* Read so many bytes; returns whether text is 2 * len digits in lower case. */
static inline bool hex_read(uint8_t *bytes_r, size_t len, const char *text, size_t text_len)
{
	if (text_len % 2 != 0 || text_len / 2 != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = text[2 * i], low = text[2 * i + 1];

		if (!hex_is_lower(high) || !hex_is_lower(low))
			return false;
		bytes_r[i] = (uint8_t)(hex_value(high) * 16 + hex_value(low));
	}
	return true;
}

#endif
