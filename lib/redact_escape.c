/*
 * redact_escape.c: the ways a character is written other than by itself.
 *
 * Input: bytes of strangers, as units of one, two or four bytes.  All looks are bounded.
 */
#include <string.h>

#include "hex.h"
#include "json_text.h"
#include "mime_code.h"
#include "redact_int.h"

#define NUMBER_MAX 12  /* digits of a number of HTML, leading zeros included */
#define TAG_MAX 120    /* units of a tag inside of a secret */
#define COMMENT_MAX 80 /* units of a comment or of white space beside an `@` */

int redact_unit(const struct redact_units *u, size_t i)
{
	if (i >= u->count)
		return -1;
	const uint8_t *unit = u->p + i * u->width;
	for (unsigned k = 0; k < u->width; k++) {
		if (k != u->at && unit[k] != 0)
			return -1;
	}
	return unit[u->at];
}

/* So many hexadecimal digits from i; their value, or -1. */
static long hex_run(const struct redact_units *u, size_t i, size_t digits)
{
	long value = 0;

	for (size_t k = 0; k < digits; k++) {
		int digit = hex_value(redact_unit(u, i + k));

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* The units from i are this ASCII text in lower case. */
static bool says(const struct redact_units *u, size_t i, const char *text)
{
	for (; *text != '\0'; text++, i++) {
		int unit = redact_unit(u, i);

		if (unit >= 'A' && unit <= 'Z')
			unit |= 0x20;
		if (unit != *text)
			return false;
	}
	return true;
}

/* %40, %2540 */
static size_t percent(const struct redact_units *u, size_t i, long *value_r)
{
	size_t j = i + 1;

	while (says(u, j, "25") && hex_run(u, j + 2, 2) >= 0)
		j += 2;
	*value_r = hex_run(u, j, 2);
	return j + 2 - i;
}

/* =40 */
static size_t quoted(const struct redact_units *u, size_t i, long *value_r)
{
	*value_r = hex_run(u, i + 1, 2);
	return 3;
}

/* The number behind "&#", decimal or hexadecimal; *j moves behind it. */
static long html_number(const struct redact_units *u, size_t *j)
{
	bool is_hex = says(u, *j, "x");
	long value = -1;

	*j += is_hex;
	for (size_t n = 0; n < NUMBER_MAX; n++, (*j)++) {
		int digit = hex_value(redact_unit(u, *j));

		if (digit < 0 || (!is_hex && digit > 9))
			break;
		value = (value < 0 ? 0 : value) * (is_hex ? 16 : 10) + digit;
		if (value > 0x10ffff)
			return -1;
	}
	return value;
}

static const struct {
	const char *name;
	long value; /* -1: invisible */
} html_names[] = {
    {"commat;", '@'}, {"period;", '.'}, {"lowbar;", '_'}, {"plus;", '+'},          {"equals;", '='},
    {"dash;", '-'},   {"hyphen;", '-'}, {"percnt;", '%'}, {"num;", '#'},           {"shy;", -1},
    {"zwnj;", -1},    {"zwj;", -1},     {"wbr;", -1},     {"zerowidthspace;", -1},
};

/* &#64; &#x40; &commat; and with &amp; for & */
static size_t html(const struct redact_units *u, size_t i, long *value_r)
{
	size_t j = i + 1;

	while (says(u, j, "amp;") && j - i < 20)
		j += 4;
	if (redact_unit(u, j) == '#') {
		j++;
		*value_r = html_number(u, &j);
		return j + (redact_unit(u, j) == ';') - i;
	}
	for (size_t k = 0; k < sizeof html_names / sizeof html_names[0]; k++) {
		if (says(u, j, html_names[k].name)) {
			*value_r = html_names[k].value;
			return j + strlen(html_names[k].name) - i;
		}
	}
	*value_r = -1;
	return 0;
}

/* \100 and \56 */
static size_t octal(const struct redact_units *u, size_t i, long *value_r)
{
	size_t n = 0;
	long value = 0;

	for (int unit; n < 3 && (unit = redact_unit(u, i + 1 + n)) >= '0' && unit <= '7'; n++)
		value = value * 8 + unit - '0';
	*value_r = n < 2 ? -1 : value;
	return n + 1;
}

/* \x40 \u0040 \u{40} \100 and \'40 */
static size_t backslash(const struct redact_units *u, size_t i, long *value_r)
{
	int kind = redact_unit(u, i + 1);

	*value_r = -1;
	if (kind == 'x' || kind == '\'') {
		*value_r = hex_run(u, i + 2, 2);
		return 4;
	}
	if (kind == 'u' && redact_unit(u, i + 2) == '{') {
		size_t j = i + 3;

		*value_r = 0;
		for (int digit; j < i + 9 && (digit = hex_value(redact_unit(u, j))) >= 0; j++)
			*value_r = *value_r * 16 + digit;
		return j + 1 - i;
	}
	if (kind == 'u' || kind == 'U') {
		size_t digits = kind == 'u' ? 4 : 8;

		*value_r = hex_run(u, i + 2, digits);
		return 2 + digits;
	}
	return octal(u, i, value_r);
}

/* Three characters of base64 behind the `+` at i that are a character of ASCII in UTF-7 (RFC 2152):
 * its number; -1: they are none. */
static long utf7(const struct redact_units *u, size_t i)
{
	long value = 0;

	for (size_t k = 1; k <= 3; k++) {
		int unit = redact_unit(u, i + k);
		int six = unit < 0 ? -1 : mime_base64_value((uint8_t)unit);

		if (six < 0)
			return -1;
		value = value << 6 | six;
	}
	return (value & 3) == 0 && value >> 2 < 0x80 ? value >> 2 : -1;
}

/* +AEA-: `@` in UTF-7; +40: the same in xtext (RFC 3461, 4) */
static size_t plus(const struct redact_units *u, size_t i, long *value_r)
{
	*value_r = utf7(u, i);
	if (*value_r >= 0)
		return 4u + (redact_unit(u, i + 4) == '-');
	*value_r = hex_run(u, i + 1, 2);
	return 3;
}

size_t redact_escape(const struct redact_units *u, size_t i, uint8_t *byte_r)
{
	long value = -1;
	size_t len = 0;

	switch (redact_unit(u, i)) {
	case '%':
		len = percent(u, i, &value);
		break;
	case '=':
		len = quoted(u, i, &value);
		break;
	case '&':
		len = html(u, i, &value);
		break;
	case '\\':
		len = backslash(u, i, &value);
		break;
	case '+':
		len = plus(u, i, &value);
		break;
	default:
		break;
	}
	if (value < 0 || value > 255)
		return 0;
	*byte_r = (uint8_t)value;
	return len;
}

/* A tag, which neither begins another nor is too long. */
static size_t tag(const struct redact_units *u, size_t i)
{
	for (size_t j = i + 1; j < i + TAG_MAX; j++) {
		int unit = redact_unit(u, j);

		if (unit == '>')
			return j + 1 - i;
		if (unit < 0 || unit == '<')
			return 0;
	}
	return 0;
}

/* =CRLF, a soft line break of quoted-printable */
static size_t soft_break(const struct redact_units *u, size_t i)
{
	size_t j = i + 1;

	while (j < i + 8 && (redact_unit(u, j) == ' ' || redact_unit(u, j) == '\t'))
		j++;
	j += redact_unit(u, j) == '\r';
	return redact_unit(u, j) == '\n' ? j + 1 - i : 0;
}

/* A character that is not seen, by its number in Unicode: marks of breaks and direction, joiners,
 * fillers, variation selectors. */
static bool has_no_width(long value)
{
	static const struct {
		long first, last;
	} ranges[] = {{0xad, 0xad},     {0x34f, 0x34f},    {0x61c, 0x61c},   {0x115f, 0x1160},
		      {0x17b4, 0x17b5}, {0x180b, 0x180f},  {0x200b, 0x200f}, {0x202a, 0x202e},
		      {0x2060, 0x206f}, {0x3164, 0x3164},  {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
		      {0xffa0, 0xffa0}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		if (value >= ranges[i].first && value <= ranges[i].last)
			return true;
	}
	return false;
}

/* The character of UTF-8 at i, and its length; -1: it is none. */
static long utf8(const struct redact_units *u, size_t i, size_t *len_r)
{
	*len_r = utf8_length(u->p + i, u->p + u->count);
	return *len_r > 0 ? (long)utf8_value(u->p + i, *len_r) : -1;
}

/* The unit of two or four bytes at i as a number. */
static long wide(const struct redact_units *u, size_t i)
{
	const uint8_t *unit = u->p + i * u->width;
	uint32_t value = 0;

	for (unsigned k = 0; k < u->width; k++)
		value = value << 8 | unit[u->at == 0 ? u->width - 1 - k : k];
	return (long)value;
}

/* A character without width, as it is. */
static size_t without_width(const struct redact_units *u, size_t i)
{
	size_t len = 1;

	if (i >= u->count)
		return 0;
	return has_no_width(u->width == 1 ? utf8(u, i, &len) : wide(u, i)) ? len : 0;
}

/* A backslash alone, or with an escape behind it. */
static size_t backslash_without_width(const struct redact_units *u, size_t i)
{
	long value;
	size_t len = backslash(u, i, &value);

	return has_no_width(value) ? len : 1;
}

static size_t html_without_width(const struct redact_units *u, size_t i)
{
	long value = 0;
	size_t j = i + 2, len;

	if (redact_unit(u, i + 1) == '#')
		return has_no_width(html_number(u, &j)) ? j + (redact_unit(u, j) == ';') - i : 0;
	len = html(u, i, &value);
	return value < 0 ? len : 0;
}

size_t redact_invisible(const struct redact_units *u, size_t i)
{
	switch (redact_unit(u, i)) {
	case '<':
		return tag(u, i);
	case '=':
		return soft_break(u, i);
	case '&':
		return html_without_width(u, i);
	case '\\':
		return backslash_without_width(u, i);
	default:
		return without_width(u, i);
	}
}

static bool is_white(int unit)
{
	return unit == ' ' || unit == '\t' || unit == '\r' || unit == '\n';
}

size_t redact_loose(const struct redact_units *u, size_t i)
{
	int unit = redact_unit(u, i);
	size_t j = i;

	if (unit == '"' || unit == '\'')
		return 1;
	if (unit == '(') {
		while (j < i + COMMENT_MAX && (unit = redact_unit(u, j)) >= 0 && unit != ')')
			j++;
		return unit == ')' ? j + 1 - i : 0;
	}
	while (j < i + COMMENT_MAX && is_white(redact_unit(u, j)))
		j++;
	return j - i;
}

size_t redact_at_sign(const struct redact_units *u, size_t i)
{
	static const char *const forms[] = {"@",    "=",    "#",    "%",    "!",    "(at)", "[at]",
					    "{at}", "_at_", "-at-", ".at.", "+at+", " at "};

	for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
		if (says(u, i, forms[k]))
			return strlen(forms[k]);
	}
	return 0;
}
