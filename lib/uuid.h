/*
 * uuid.h: identifiers of records, UUID version 7 (RFC 9562, section 5.7).
 *
 * The 48 bits of milliseconds are followed by the fraction of the millisecond in 12 bits (method
 * 3 of section 6.2) and 62 random bits, so that identifiers made by one process sort in the
 * order they were made, and those of different processes by time.
 */
#ifndef SMTPTRAP_UUID_H
#define SMTPTRAP_UUID_H

#include <stddef.h>
#include <stdint.h>

#define UUID_BYTES 16
#define UUID_TEXT 37 /* 36 characters and a NUL */
#define UUID_RANDOM 8

/* What keeps the identifiers of one process in order; zero it before the first use. */
struct uuid_state {
	uint64_t last; /* milliseconds and fraction of the last identifier: 48 and 12 bits */
};

/*
 * Make the next identifier from the time (microseconds since 1970, UTC) and UUID_RANDOM random
 * bytes, which no one else may guess or use.  It sorts after every identifier that this state
 * made before, also if the clock stood still or went back.
 */
void uuid_make(struct uuid_state *state, uint64_t us_since_1970, const uint8_t random[UUID_RANDOM],
	       uint8_t uuid_r[UUID_BYTES]);

/* Write the text form, lower case, and a NUL. */
void uuid_format(const uint8_t uuid[UUID_BYTES], char text_r[UUID_TEXT]);

/* Read the text form in either case; len must be 36.  Returns 0, or ERR_FORMAT. */
int uuid_parse(const char *text, size_t len, uint8_t uuid_r[UUID_BYTES]);

/* The time in a version 7 identifier, milliseconds since 1970 in microseconds. */
uint64_t uuid_time_us(const uint8_t uuid[UUID_BYTES]);

#endif
