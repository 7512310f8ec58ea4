/*
 * base64.c: a strict decoder of base64.
 *
 * Runs in the workers, on what peers send in AUTH.
 */
#include "base64.h"

#include "err.h"

/* The value of a character of the alphabet plus 1; 0 for all others. */
static uint32_t value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 1u;
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 27u;
	if (c >= '0' && c <= '9')
		return c - '0' + 53u;
	return c == '+' ? 63 : c == '/' ? 64 : 0;
}

/* Decode four characters of which the last `padding` are '='; returns whether they are good. */
static bool decode_group(const uint8_t *in, unsigned padding, uint8_t *out)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < 4 - padding; i++) {
		uint32_t value = value_of(in[i]);
		if (value == 0)
			return false;
		bits |= (value - 1) << (18 - 6 * i);
	}
	if (bits & ((1u << (8 * padding)) - 1))
		return false;
	for (unsigned i = 0; i < 3 - padding; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return true;
}

int base64_decode(struct span in, uint8_t *out, size_t *len_r)
{
	*len_r = 0;
	if (in.len % 4 != 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < in.len; i += 4) {
		unsigned padding = 0;
		if (i + 4 == in.len && in.bytes[i + 3] == '=')
			padding = in.bytes[i + 2] == '=' ? 2 : 1;
		if (!decode_group(in.bytes + i, padding, out + i / 4 * 3))
			return ERR_FORMAT;
		*len_r += 3 - padding;
	}
	return 0;
}
