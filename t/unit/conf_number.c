/*
 * conf_number.c: tests of lib/conf_number.c.
 */
#include "conf_number.h"

#include "../tap.h"
#include "err.h"

static const struct {
	const char *name, *input;
	const struct conf_unit *units;
	int result;
	uint64_t expected;
} cases[] = {
    {"a plain number", "4096", conf_units_none, 0, 4096},
    {"leading zeros", "007", conf_units_none, 0, 7},
    {"the largest number", "18446744073709551615", conf_units_none, 0, UINT64_MAX},
    {"one more is too large", "18446744073709551616", conf_units_none, ERR_FULL, 0},
    {"very many digits are too large", "99999999999999999999999999", conf_units_none, ERR_FULL, 0},
    {"a plain number has no unit", "4k", conf_units_none, ERR_FORMAT, 0},
    {"an empty number", "", conf_units_none, ERR_FORMAT, 0},
    {"a sign", "-1", conf_units_none, ERR_FORMAT, 0},
    {"white space", " 1", conf_units_none, ERR_FORMAT, 0},
    {"a fraction", "1.5", conf_units_none, ERR_FORMAT, 0},
    {"hexadecimal", "0x10", conf_units_none, ERR_FORMAT, 0},
    {"bytes", "1000", conf_units_size, 0, 1000},
    {"k is 1024", "2k", conf_units_size, 0, 2048},
    {"m", "64m", conf_units_size, 0, 64 << 20},
    {"g", "20g", conf_units_size, 0, 20ull << 30},
    {"t", "1t", conf_units_size, 0, 1ull << 40},
    {"capital units are refused", "1M", conf_units_size, ERR_FORMAT, 0},
    {"a unit alone is refused", "m", conf_units_size, ERR_FORMAT, 0},
    {"two units are refused", "1mm", conf_units_size, ERR_FORMAT, 0},
    {"the largest size", "16777215t", conf_units_size, 0, 16777215ull << 40},
    {"a size over 64 bits", "16777216t", conf_units_size, ERR_FULL, 0},
    {"us", "7us", conf_units_duration, 0, 7},
    {"ms", "500ms", conf_units_duration, 0, 500000},
    {"s", "30s", conf_units_duration, 0, 30000000},
    {"minutes", "2m", conf_units_duration, 0, 120000000},
    {"h", "1h", conf_units_duration, 0, 3600000000},
    {"d", "90d", conf_units_duration, 0, 7776000000000},
    {"a duration needs a unit", "30", conf_units_duration, ERR_FORMAT, 0},
    {"0 needs none", "0", conf_units_duration, 0, 0},
    {"0 may have one", "0s", conf_units_duration, 0, 0},
    {"a duration over 64 bits", "213503983d", conf_units_duration, ERR_FULL, 0},
};

static const struct {
	uint64_t n;
	const struct conf_unit *units;
	const char *expected;
} texts[] = {
    {0, conf_units_size, "0"},
    {0, conf_units_duration, "0"},
    {1, conf_units_size, "1"},
    {1023, conf_units_size, "1023"},
    {1024, conf_units_size, "1k"},
    {1025, conf_units_size, "1025"},
    {1 << 20, conf_units_size, "1m"},
    {3ull << 40, conf_units_size, "3t"},
    {100000, conf_units_duration, "100ms"},
    {90000000, conf_units_duration, "90s"},
    {120000000, conf_units_duration, "2m"},
    {86400000000, conf_units_duration, "1d"},
    {UINT64_MAX, conf_units_none, "18446744073709551615"},
};

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t n = 0;
		int result =
		    conf_number_parse(&n, cases[i].input, strlen(cases[i].input), cases[i].units);
		ok(result == cases[i].result && n == cases[i].expected, "%s: \"%s\"", cases[i].name,
		   cases[i].input);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char text[CONF_NUMBER_TEXT_MAX], title[64];
		snprintf(title, sizeof title, "%s is written with its largest unit",
			 texts[i].expected);
		is_str(conf_number_text(texts[i].n, texts[i].units, text), texts[i].expected,
		       title);
	}
	return tap_done();
}
