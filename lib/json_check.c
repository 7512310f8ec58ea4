/*
 * json_check.c: is a line a whole JSON object?
 *
 * Runs in the shipper and the reader, over each line that they follow, so it has to be cheap: it
 * decodes nothing and keeps nothing but a bit a level.  Input: lines of logs, which may be what
 * inflating damaged data gave; every step is bounded by the line's end.
 */
#include "json_check.h"

#include <endian.h>
#include <string.h>

#include "json_text.h"

#define WORD 8u
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The first of eight bytes that is a quote, a backslash, below 0x20 or above 0x7f; 8: none is.  The
 * lowest bit that is set is exact: subtracting carries upwards only. */
static unsigned first_special(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	w = le64toh(w);
	uint64_t quote = w ^ EACH('"'), back = w ^ EACH('\\');
	uint64_t found = (w | (w - EACH(0x20)) | (quote - EACH(1)) | (back - EACH(1))) & EACH(0x80);
	return found != 0 ? (unsigned)__builtin_ctzll(found) / 8 : WORD;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* What follows the backslash at p; NULL if JSON does not have it. */
static const uint8_t *pass_escape(const uint8_t *p, const uint8_t *end)
{
	if (end - p < 2)
		return NULL;
	if (p[1] != 'u')
		return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? p + 2 : NULL;
	if (end - p < 6 || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]) || !is_hex(p[5]))
		return NULL;
	return p + 6;
}

/* The character at p, which needs a look; NULL if a string must not have it. */
static const uint8_t *pass_special(const uint8_t *p, const uint8_t *end)
{
	if (*p == '\\')
		return pass_escape(p, end);
	size_t n = *p < 0x20 ? 0 : utf8_length(p, end);
	return n > 0 ? p + n : NULL;
}

/* What follows the string whose first quote is at p; NULL if it is none. */
static const uint8_t *pass_string(const uint8_t *p, const uint8_t *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	while (p != NULL && p < end) {
		unsigned plain = (size_t)(end - p) >= WORD ? first_special(p) : 0;

		p += plain;
		if (plain == WORD)
			continue;
		if (*p == '"')
			return p + 1;
		p = pass_special(p, end);
	}
	return NULL;
}

/* One digit or more; NULL if there is none. */
static const uint8_t *pass_digits(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = p;

	while (p < end && is_digit(*p))
		p++;
	return p > start ? p : NULL;
}

static const uint8_t *pass_number(const uint8_t *p, const uint8_t *end)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else
		p = pass_digits(p, end);
	if (p != NULL && p < end && *p == '.')
		p = pass_digits(p + 1, end);
	if (p != NULL && p < end && (*p | 0x20) == 'e') {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		p = pass_digits(p, end);
	}
	return p;
}

static const uint8_t *pass_word(const uint8_t *p, const uint8_t *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

/* A value that is neither object nor list. */
static const uint8_t *pass_scalar(const uint8_t *p, const uint8_t *end)
{
	switch (*p) {
	case '"':
		return pass_string(p, end);
	case 't':
		return pass_word(p, end, "true");
	case 'f':
		return pass_word(p, end, "false");
	case 'n':
		return pass_word(p, end, "null");
	default:
		return pass_number(p, end);
	}
}

/* "name": */
static const uint8_t *pass_name(const uint8_t *p, const uint8_t *end)
{
	p = pass_string(p, end);
	return p != NULL && p < end && *p == ':' ? p + 1 : NULL;
}

struct nest {
	unsigned depth;
	uint32_t lists; /* a bit a level, the lowest is the present one: a list */
};

_Static_assert(JSON_CHECK_DEPTH <= 32, "a bit a level");

/* At the bracket that opens an object or a list: what follows it and, of an object, the first
 * name; sets *empty_r if the end of it follows. */
static const uint8_t *open_nest(struct nest *n, const uint8_t *p, const uint8_t *end, bool *empty_r)
{
	bool list = *p++ == '[';

	if (n->depth++ == JSON_CHECK_DEPTH || p == end)
		return NULL;
	n->lists = n->lists << 1 | list;
	*empty_r = *p == (list ? ']' : '}');
	return *empty_r || list ? p : pass_name(p, end);
}

/* Behind a value: pass the ends of what it closes, then a comma and the next name.  At the end of
 * all, depth is 0. */
static const uint8_t *pass_between(struct nest *n, const uint8_t *p, const uint8_t *end)
{
	while (n->depth > 0 && p < end && *p == ((n->lists & 1) != 0 ? ']' : '}')) {
		n->lists >>= 1;
		n->depth--;
		p++;
	}
	if (n->depth == 0)
		return p;
	if (p == end || *p++ != ',')
		return NULL;
	return (n->lists & 1) != 0 ? p : pass_name(p, end);
}

bool json_is_object(const uint8_t *text, size_t len)
{
	const uint8_t *p = text, *end = text + len;
	struct nest n = {0};

	if (len == 0 || *p != '{')
		return false;
	do {
		bool inside = false, empty = false;

		if (p < end && (*p == '{' || *p == '[')) {
			p = open_nest(&n, p, end, &empty);
			inside = !empty;
		} else {
			p = p < end ? pass_scalar(p, end) : NULL;
		}
		if (p != NULL && !inside)
			p = pass_between(&n, p, end);
	} while (p != NULL && n.depth > 0);
	return p == end;
}
