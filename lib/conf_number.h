/*
 * conf_number.h: numbers with units, as configuration files write them.
 */
#ifndef SMTPTRAP_CONF_NUMBER_H
#define SMTPTRAP_CONF_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define CONF_NUMBER_TEXT_MAX 32

/* A table of these, smallest factor first, ends with a NULL suffix. */
struct conf_unit {
	const char *suffix;
	uint64_t factor;
};

extern const struct conf_unit conf_units_none[];     /* plain numbers */
extern const struct conf_unit conf_units_size[];     /* bytes: "", k, m, g, t by 1024 */
extern const struct conf_unit conf_units_duration[]; /* microseconds: us, ms, s, m, h, d */

/*
 * Read decimal digits and one of the suffixes behind; 0 needs none.  Returns 0; ERR_FORMAT if it
 * is not of that form; ERR_FULL if it is over 64 bits.
 */
int conf_number_parse(uint64_t *n_r, const char *text, size_t len, const struct conf_unit *units);

/* Write n with the largest unit that leaves no fraction; returns text. */
char *conf_number_text(uint64_t n, const struct conf_unit *units, char text[CONF_NUMBER_TEXT_MAX]);

#endif
