/*
 * time_text.c: times as text, UTC, without locale or time zone files.
 *
 * Runs in every process.  The calendar arithmetic counts days from 1 March of the year 0, so
 * that the leap day is the last day of a year (H. Hinnant, "chrono-compatible low-level date
 * algorithms").  Years outside 1970 to 9999 are refused, so a number that a peer or a broken
 * process sent cannot overflow anything.
 */
#include "time_text.h"

#include <stdbool.h>
#include <string.h>

#include "err.h"

#define SECONDS_PER_DAY 86400u
#define DAYS_PER_ERA 146097u /* 400 years */
#define DAYS_TO_1970 719468u /* from 0000-03-01 */
#define MICROSECONDS 1000000u
#define SECOND_TEXT 19 /* 2025-11-22T10:30:00 */

struct time_parts time_split(uint64_t seconds)
{
	unsigned of_day = (unsigned)(seconds % SECONDS_PER_DAY);
	unsigned since_1970 = (unsigned)(seconds / SECONDS_PER_DAY);
	unsigned days = since_1970 + DAYS_TO_1970;
	unsigned era = days / DAYS_PER_ERA;
	unsigned doe = days % DAYS_PER_ERA;
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned march = (5 * doy + 2) / 153; /* months since March */
	unsigned month = march < 10 ? march + 3 : march - 9;

	return (struct time_parts){
	    .year = yoe + era * 400 + (month <= 2),
	    .month = month,
	    .day = doy - (153 * march + 2) / 5 + 1,
	    .hour = of_day / 3600,
	    .minute = of_day / 60 % 60,
	    .second = of_day % 60,
	    .weekday = (since_1970 + 4) % 7, /* 1970-01-01 was a Thursday */
	};
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

int time_join(const struct time_parts *t, uint64_t *seconds_r)
{
	if (t->year < 1970 || t->year > 9999 || t->month < 1 || t->month > 12)
		return ERR_FORMAT;
	if (t->day < 1 || t->day > days_in_month(t->year, t->month))
		return ERR_FORMAT;
	if (t->hour > 23 || t->minute > 59 || t->second > 59)
		return ERR_FORMAT;

	unsigned year = t->year - (t->month <= 2);
	unsigned era = year / 400;
	unsigned yoe = year % 400;
	unsigned doy = (153 * (t->month > 2 ? t->month - 3 : t->month + 9) + 2) / 5 + t->day - 1;
	uint64_t days = era * DAYS_PER_ERA + yoe * 365 + yoe / 4 - yoe / 100 + doy - DAYS_TO_1970;

	*seconds_r = days * SECONDS_PER_DAY + t->hour * 3600 + t->minute * 60 + t->second;
	return 0;
}

/* Write count decimal digits, leading zeros included. */
static void put_digits(char *to, unsigned n, unsigned count)
{
	while (count-- > 0) {
		to[count] = (char)('0' + n % 10);
		n /= 10;
	}
}

static void second_format(uint64_t seconds, char *to)
{
	struct time_parts t = time_split(seconds);

	memcpy(to, "0000-00-00T00:00:00", SECOND_TEXT);
	put_digits(to, t.year, 4);
	put_digits(to + 5, t.month, 2);
	put_digits(to + 8, t.day, 2);
	put_digits(to + 11, t.hour, 2);
	put_digits(to + 14, t.minute, 2);
	put_digits(to + 17, t.second, 2);
}

int time_format(struct time_cache *cache, uint64_t us_since_1970, char text_r[TIME_TEXT_MAX])
{
	uint64_t seconds = us_since_1970 / MICROSECONDS;
	struct time_cache none = {0};

	if (seconds >= TIME_SECONDS_END)
		return ERR_FORMAT;
	if (cache == NULL)
		cache = &none;
	if (cache->second_plus_1 != seconds + 1) {
		second_format(seconds, cache->text);
		cache->second_plus_1 = seconds + 1;
	}
	memcpy(text_r, cache->text, SECOND_TEXT);
	text_r[SECOND_TEXT] = '.';
	put_digits(text_r + SECOND_TEXT + 1, (unsigned)(us_since_1970 % MICROSECONDS), 6);
	memcpy(text_r + SECOND_TEXT + 7, "Z", 2);
	return 0;
}

/* A text that is being read; every take_*() returns whether it got what it wanted. */
struct reader {
	const char *p, *end;
};

static bool take_digits(struct reader *r, unsigned count, unsigned *n_r)
{
	unsigned n = 0;

	if ((size_t)(r->end - r->p) < count)
		return false;
	for (unsigned i = 0; i < count; i++, r->p++) {
		if (*r->p < '0' || *r->p > '9')
			return false;
		n = n * 10 + (unsigned)(*r->p - '0');
	}
	*n_r = n;
	return true;
}

static bool take_one_of(struct reader *r, const char *set)
{
	if (r->p == r->end || *r->p == '\0' || strchr(set, *r->p) == NULL)
		return false;
	r->p++;
	return true;
}

/* Decimals of a second behind the point, to microseconds; more digits are passed over. */
static bool take_fraction(struct reader *r, unsigned *us_r)
{
	unsigned us = 0, scale = MICROSECONDS, digit;
	const char *start = r->p;

	while (take_digits(r, 1, &digit)) {
		scale /= 10;
		us += digit * scale;
	}
	*us_r = us;
	return r->p > start;
}

/* Z, z, +hh:mm, -hh:mm, or nothing: minutes east of Greenwich. */
static bool take_zone(struct reader *r, int *minutes_r)
{
	unsigned hours, minutes;

	*minutes_r = 0;
	if (r->p == r->end || take_one_of(r, "Zz"))
		return true;
	int sign = *r->p == '-' ? -1 : 1;
	if (!take_one_of(r, "+-") || !take_digits(r, 2, &hours) || !take_one_of(r, ":") ||
	    !take_digits(r, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*minutes_r = sign * (int)(hours * 60 + minutes);
	return true;
}

/* hh:mm, or hh:mm:ss, or hh:mm:ss.decimals */
static bool take_clock(struct reader *r, struct time_parts *t, unsigned *us_r)
{
	if (!take_digits(r, 2, &t->hour) || !take_one_of(r, ":") || !take_digits(r, 2, &t->minute))
		return false;
	if (!take_one_of(r, ":"))
		return true;
	if (!take_digits(r, 2, &t->second))
		return false;
	return !take_one_of(r, ".") || take_fraction(r, us_r);
}

int time_parse(const char *text, size_t len, uint64_t *us_r)
{
	struct reader r = {text, text + len};
	struct time_parts t = {0};
	unsigned us = 0;
	uint64_t seconds;
	int zone = 0;

	if (!take_digits(&r, 4, &t.year) || !take_one_of(&r, "-") ||
	    !take_digits(&r, 2, &t.month) || !take_one_of(&r, "-") || !take_digits(&r, 2, &t.day))
		return ERR_FORMAT;
	if (take_one_of(&r, "Tt ") && (!take_clock(&r, &t, &us) || !take_zone(&r, &zone)))
		return ERR_FORMAT;
	if (r.p != r.end || time_join(&t, &seconds) != 0)
		return ERR_FORMAT;
	int64_t moved = (int64_t)seconds - (int64_t)zone * 60;
	if (moved < 0 || moved >= (int64_t)TIME_SECONDS_END)
		return ERR_FORMAT;
	*us_r = (uint64_t)moved * MICROSECONDS + us;
	return 0;
}

void time_put_clock(struct buf *to, const struct time_parts *t)
{
	buf_put_digits(to, t->hour, 2);
	buf_put_byte(to, ':');
	buf_put_digits(to, t->minute, 2);
	buf_put_byte(to, ':');
	buf_put_digits(to, t->second, 2);
}

/* libc's strftime() would want the time zone's file. */
void time_put_mail(struct buf *to, uint64_t us_since_1970)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct time_parts t = time_split(us_since_1970 / 1000000);

	buf_put(to, days + 3 * t.weekday, 3);
	buf_put_str(to, ", ");
	buf_put_u64(to, t.day);
	buf_put_byte(to, ' ');
	buf_put(to, months + 3 * (t.month - 1), 3);
	buf_put_byte(to, ' ');
	buf_put_u64(to, t.year);
	buf_put_byte(to, ' ');
	time_put_clock(to, &t);
	buf_put_str(to, " +0000");
}
