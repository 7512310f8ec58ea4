/*
 * Times as text: formatting, parsing, calendar arithmetic, limits.
 */
#include "time_text.h"

#include <time.h>

#include "../tap.h"
#include "err.h"

static const struct {
	uint64_t us;
	const char *text;
} format_cases[] = {
    {0, "1970-01-01T00:00:00.000000Z"},
    {1, "1970-01-01T00:00:00.000001Z"},
    {951782400000000, "2000-02-29T00:00:00.000000Z"},
    {951868799999999, "2000-02-29T23:59:59.999999Z"},
    {1763807400123456, "2025-11-22T10:30:00.123456Z"},
    {4107542400000000, "2100-03-01T00:00:00.000000Z"},
    {253402300799999999, "9999-12-31T23:59:59.999999Z"},
};

static const struct {
	const char *text;
	int rc;
	uint64_t us;
} parse_cases[] = {
    {"1970-01-01", 0, 0},
    {"2025-11-22", 0, 1763769600000000},
    {"2025-11-22T10:30", 0, 1763807400000000},
    {"2025-11-22 10:30:01", 0, 1763807401000000},
    {"2025-11-22t10:30:00.123456z", 0, 1763807400123456},
    {"2025-11-22T10:30:00.1Z", 0, 1763807400100000},
    {"2025-11-22T10:30:00.123456789Z", 0, 1763807400123456},
    {"2025-11-22T12:30:00+02:00", 0, 1763807400000000},
    {"2025-11-22T05:00:00-05:30", 0, 1763807400000000},
    {"2024-02-29", 0, 1709164800000000},
    {"2023-02-29", ERR_FORMAT, 0},
    {"2100-02-29", ERR_FORMAT, 0},
    {"1969-12-31", ERR_FORMAT, 0},
    {"1970-01-01T00:00+00:01", ERR_FORMAT, 0},
    {"9999-12-31T23:59-00:01", ERR_FORMAT, 0},
    {"2025-13-01", ERR_FORMAT, 0},
    {"2025-00-01", ERR_FORMAT, 0},
    {"2025-11-31", ERR_FORMAT, 0},
    {"2025-11-22T24:00", ERR_FORMAT, 0},
    {"2025-11-22T10:60", ERR_FORMAT, 0},
    {"2025-11-22T10:30:60Z", ERR_FORMAT, 0},
    {"2025-11-22T10", ERR_FORMAT, 0},
    {"2025-11-22T", ERR_FORMAT, 0},
    {"2025-11-22T10:30:00.Z", ERR_FORMAT, 0},
    {"2025-11-22T10:30:00Zx", ERR_FORMAT, 0},
    {"2025-11-22T10:30:00+2:00", ERR_FORMAT, 0},
    {"25-11-22", ERR_FORMAT, 0},
    {"", ERR_FORMAT, 0},
};

static void test_format(void)
{
	struct time_cache cache = {0};
	char text[TIME_TEXT_MAX];

	for (size_t i = 0; i < sizeof format_cases / sizeof *format_cases; i++) {
		is_int(time_format(&cache, format_cases[i].us, text), 0, "a time is written");
		is_str(text, format_cases[i].text, format_cases[i].text);
		is_int(time_format(NULL, format_cases[i].us, text), 0, "without a cache too");
		is_str(text, format_cases[i].text, format_cases[i].text);
	}
	is_int(time_format(&cache, 253402300800000000, text), ERR_FORMAT, "year 10000 is refused");
	is_int(time_format(&cache, UINT64_MAX, text), ERR_FORMAT, "so is the greatest number");
}

static void test_parse(void)
{
	for (size_t i = 0; i < sizeof parse_cases / sizeof *parse_cases; i++) {
		uint64_t us = 0;
		int rc = time_parse(parse_cases[i].text, strlen(parse_cases[i].text), &us);

		ok(rc == parse_cases[i].rc && us == parse_cases[i].us, "'%s' is %s",
		   parse_cases[i].text, rc == 0 ? "read" : "refused");
	}
}

/* Every 11th hour of 8,000 years against the C library. */
static void test_calendar(void)
{
	unsigned wrong = 0;

	for (uint64_t s = 0; s < TIME_SECONDS_END; s += 11 * 3600 + 61) {
		struct time_parts p = time_split(s);
		time_t t = (time_t)s;
		struct tm tm;
		uint64_t back = 0;

		gmtime_r(&t, &tm);
		wrong += (int)p.year != tm.tm_year + 1900 || (int)p.month != tm.tm_mon + 1 ||
			 (int)p.day != tm.tm_mday || (int)p.hour != tm.tm_hour ||
			 (int)p.minute != tm.tm_min || (int)p.second != tm.tm_sec ||
			 (int)p.weekday != tm.tm_wday || time_join(&p, &back) != 0 || back != s;
	}
	is_int(wrong, 0, "the calendar agrees with gmtime() from 1970 to 9999");
}

int main(void)
{
	test_format();
	test_parse();
	test_calendar();
	return tap_done();
}
