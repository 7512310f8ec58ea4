/*
 * time_text.h: times as text, UTC, years 1970 to 9999, without locale or time zone files.
 */
#ifndef SMTPTRAP_TIME_TEXT_H
#define SMTPTRAP_TIME_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define TIME_TEXT_MAX 28               /* 2025-11-22T10:30:00.123456Z and a NUL */
#define TIME_SECONDS_END 253402300800u /* the first second of the year 10000 */

/* A calendar time in UTC. */
struct time_parts {
	unsigned year, month, day; /* month and day from 1 */
	unsigned hour, minute, second;
	unsigned weekday; /* 0 is Sunday */
};

/* The calendar time of a second since 1970 that is less than TIME_SECONDS_END. */
struct time_parts time_split(uint64_t seconds);

/* The reverse.  Returns 0, or ERR_FORMAT if there is no such date (leap seconds included) or the
 * year is not in 1970 to 9999. */
int time_join(const struct time_parts *t, uint64_t *seconds_r);

/* The last second that was written, so that the next time in it costs less.  Zero it. */
struct time_cache {
	uint64_t second_plus_1; /* 0: empty */
	char text[TIME_TEXT_MAX];
};

/* Write 2025-11-22T10:30:00.123456Z (RFC 3339) and a NUL.  cache may be NULL.
 * Returns 0, or ERR_FORMAT past the year 9999. */
int time_format(struct time_cache *cache, uint64_t us_since_1970, char text_r[TIME_TEXT_MAX]);

/*
 * Read RFC 3339 (`T`, `t` or a blank between, up to 6 decimals used, zone Z or +hh:mm), or a
 * prefix that ends after the day or minute (2025-11-22, 2025-11-22T10:30), taken as UTC.
 * Returns 0, or ERR_FORMAT.
 */
int time_parse(const char *text, size_t len, uint64_t *us_r);

/* Put 14:50:44. */
void time_put_clock(struct buf *to, const struct time_parts *t);

/* Put the date of a mail header, "Sun, 22 Nov 2026 14:50:44 +0000" (RFC 5322, 3.3); before the
 * year 10000. */
void time_put_mail(struct buf *to, uint64_t us_since_1970);

#endif
