/*
 * uuid.c: identifiers of records, UUID version 7 (RFC 9562).
 *
 * Runs in workers and the master, which make them, and in logger and reader, which show and read
 * them.  uuid_parse() trusts nothing of its input.
 */
#include "uuid.h"

#include <string.h>

#include "err.h"
#include "hex.h"

#define FRACTION_BITS 12
#define HYPHENS (1ull << 8 | 1ull << 13 | 1ull << 18 | 1ull << 23) /* where they stand in text */

void uuid_make(struct uuid_state *state, uint64_t us_since_1970, const uint8_t random[UUID_RANDOM],
	       uint8_t uuid_r[UUID_BYTES])
{
	uint64_t ms = us_since_1970 / 1000;
	uint64_t fraction = (us_since_1970 % 1000 << FRACTION_BITS) / 1000;
	uint64_t stamp = ms << FRACTION_BITS | fraction;

	if (stamp <= state->last)
		stamp = state->last + 1;
	state->last = stamp;
	for (int i = 0; i < 6; i++)
		uuid_r[i] = (uint8_t)(stamp >> (FRACTION_BITS + 40 - 8 * i));
	uuid_r[6] = (uint8_t)(0x70 | (stamp >> 8 & 0x0f));
	uuid_r[7] = (uint8_t)stamp;
	memcpy(uuid_r + 8, random, UUID_RANDOM);
	uuid_r[8] = (uint8_t)(0x80 | (uuid_r[8] & 0x3f));
}

void uuid_format(const uint8_t uuid[UUID_BYTES], char text_r[UUID_TEXT])
{
	char *to = text_r;

	for (int i = 0; i < UUID_BYTES; i++) {
		if (HYPHENS >> (to - text_r) & 1)
			*to++ = '-';
		*to++ = hex_digit(uuid[i] >> 4);
		*to++ = hex_digit(uuid[i]);
	}
	*to = '\0';
}

int uuid_parse(const char *text, size_t len, uint8_t uuid_r[UUID_BYTES])
{
	unsigned nibble = 0;

	if (len != UUID_TEXT - 1)
		return ERR_FORMAT;
	for (unsigned i = 0; i < len; i++) {
		int value = hex_value(text[i]);

		if (HYPHENS >> i & 1) {
			if (text[i] != '-')
				return ERR_FORMAT;
			continue;
		}
		if (value < 0)
			return ERR_FORMAT;
		int high = nibble % 2 ? uuid_r[nibble / 2] << 4 : 0;
		uuid_r[nibble / 2] = (uint8_t)(high | value);
		nibble++;
	}
	return 0;
}

uint64_t uuid_time_us(const uint8_t uuid[UUID_BYTES])
{
	uint64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | uuid[i];
	return ms * 1000;
}
