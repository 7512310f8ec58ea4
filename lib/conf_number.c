/*
 * conf_number.c: numbers with units, as configuration files write them.
 *
 * Runs wherever a configuration is read.  Texts come from files and may be anything.
 */
#include "conf_number.h"

#include "err.h"
#include "unit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const struct conf_unit conf_units_none[] = {{"", 1}, {NULL, 0}};
const struct conf_unit conf_units_size[] = {{"", 1},    {"k", KIB}, {"m", MIB},
					    {"g", GIB}, {"t", TIB}, {NULL, 0}};
const struct conf_unit conf_units_duration[] = {{"us", 1},     {"ms", MILLISECOND}, {"s", SECOND},
						{"m", MINUTE}, {"h", HOUR},         {"d", DAY},
						{NULL, 0}};

static const struct conf_unit *find_unit(const struct conf_unit *u, const char *suffix, size_t len)
{
	for (; u->suffix != NULL; u++)
		if (strlen(u->suffix) == len && memcmp(u->suffix, suffix, len) == 0)
			return u;
	return NULL;
}

int conf_number_parse(uint64_t *n_r, const char *text, size_t len, const struct conf_unit *units)
{
	bool over = false;
	uint64_t n = 0;
	size_t i = 0;

	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		over = over || __builtin_mul_overflow(n, 10, &n) ||
		       __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n);
	const struct conf_unit *unit = find_unit(units, text + i, len - i);
	if (unit == NULL && i == len && n == 0 && !over) /* 0 is 0 in every unit */
		unit = units;
	if (i == 0 || unit == NULL)
		return ERR_FORMAT;
	if (over || __builtin_mul_overflow(n, unit->factor, &n))
		return ERR_FULL;
	*n_r = n;
	return 0;
}

char *conf_number_text(uint64_t n, const struct conf_unit *units, char text[CONF_NUMBER_TEXT_MAX])
{
	const struct conf_unit *best = units;

	for (const struct conf_unit *u = units; u->suffix != NULL; u++)
		if (n % u->factor == 0)
			best = u;
	if (n == 0)
		strcpy(text, "0");
	else
		snprintf(text, CONF_NUMBER_TEXT_MAX, "%" PRIu64 "%s", n / best->factor,
			 best->suffix);
	return text;
}
