/*
 * record_scan.c: find the values of a few fields in a line of JSON, fast.
 *
 * Runs in the reader and, at its start, in the logger.  Input: lines of log files, which may be damaged or not ours: every step is
 * bounded by the line's end.  A value is passed over by looking for the quotes in it only.
 */
#include "record_scan.h"

#include <string.h>

#include "err.h"
#include "hex.h"

#define HEX_SUFFIX "_hex"

void record_scan_init(struct record_scan *s)
{
	*s = (struct record_scan){0};
}

/* Of a name that is not empty. */
static uint8_t hash_of(const char *name, size_t len)
{
	return (uint8_t)(len * 37 + (uint8_t)name[0] + (uint8_t)name[len / 2] * 5u +
			 (uint8_t)name[len - 1] * 11u);
}

static enum record_field field_of(const char *name, size_t len)
{
	size_t suffix = strlen(HEX_SUFFIX);
	enum record_field f = record_field_find(name, len);

	if (f == FIELD_COUNT && len > suffix &&
	    memcmp(name + len - suffix, HEX_SUFFIX, suffix) == 0)
		f = record_field_find(name, len - suffix);
	return f;
}

/* The slot of a name, or -1. */
static int slot_of(const struct record_scan *s, const char *name, size_t len)
{
	unsigned i = len > 0 ? s->hash[hash_of(name, len)] : 0;

	for (; i != 0; i = s->field[i - 1].next) {
		const struct record_scan_field *f = &s->field[i - 1];

		if (f->name_len == len && memcmp(f->name, name, len) == 0)
			return (int)i - 1;
	}
	return -1;
}

int record_scan_want(struct record_scan *s, const char *name, size_t len)
{
	int slot = slot_of(s, name, len);

	if (slot >= 0)
		return slot;
	enum record_field field = field_of(name, len);
	if (field == FIELD_COUNT)
		return ERR_REFUSED;
	if (s->count == RECORD_SCAN_MAX)
		return ERR_FULL;
	uint8_t *head = &s->hash[hash_of(name, len)];
	s->field[s->count] = (struct record_scan_field){name, len, field, *head};
	*head = (uint8_t)++s->count;
	return (int)s->count - 1;
}

/* The end of a string that starts at p, behind its first quote: at the last one.  NULL if there
 * is none. */
static const char *string_end(const char *p, const char *end, bool *escaped_r)
{
	const char *start = p, *quote;

	*escaped_r = false;
	while ((quote = memchr(p, '"', (size_t)(end - p))) != NULL) {
		const char *back = quote;

		while (back > start && back[-1] == '\\')
			back--;
		if ((quote - back) % 2 == 0)
			break;
		p = quote + 1;
	}
	if (quote != NULL)
		*escaped_r = memchr(start, '\\', (size_t)(quote - start)) != NULL;
	return quote;
}

/* The end of the list or object that starts at p, behind its first bracket: at the last one. */
static const char *nest_end(const char *p, const char *end)
{
	unsigned depth = 1;
	bool escaped;

	for (; p < end; p++) {
		switch (*p) {
		case '"':
			p = string_end(p + 1, end, &escaped);
			if (p == NULL)
				return NULL;
			break;
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			if (--depth == 0)
				return p;
			break;
		default:
			break;
		}
	}
	return NULL;
}

static const char *word_end(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-'))
		p++;
	return p > start ? p : NULL;
}

/* Take the value that starts at p; returns what follows it, or NULL. */
static const char *take_value(const char *p, const char *end, struct record_scan_value *v_r)
{
	const char *start = p + 1, *last;

	if (p == end)
		return NULL;
	*v_r = (struct record_scan_value){0};
	if (*p == '"') {
		v_r->kind = SCAN_STRING;
		last = string_end(start, end, &v_r->escaped);
	} else if (*p == '[' || *p == '{') {
		v_r->kind = SCAN_LIST;
		last = nest_end(start, end);
	} else {
		v_r->kind = SCAN_WORD;
		start = p;
		last = word_end(p, end);
	}
	if (last == NULL)
		return NULL;
	v_r->text = start;
	v_r->len = (size_t)(last - start);
	return v_r->kind == SCAN_WORD ? last : last + 1;
}

/* Take `"name":` at p; returns what follows it, or NULL. */
static const char *take_name(const char *p, const char *end, const char **name_r, size_t *len_r)
{
	bool escaped;

	if (p == end || *p != '"')
		return NULL;
	const char *last = string_end(p + 1, end, &escaped);
	if (last == NULL || end - last < 2 || last[1] != ':')
		return NULL;
	*name_r = p + 1;
	*len_r = (size_t)(last - p - 1);
	return last + 2;
}

int record_scan_line(struct record_scan *s, const uint8_t *line, size_t len)
{
	const char *p = (const char *)line, *end = p + len, *name;
	struct record_scan_value value;
	size_t name_len, found = 0;

	memset(s->value, 0, s->count * sizeof s->value[0]);
	if (p == end || *p != '{')
		return ERR_FORMAT;
	if (end - p > 1 && p[1] == '}')
		p++;
	while (p < end && *p != '}' && found < s->count) {
		p = take_name(p + 1, end, &name, &name_len);
		if (p == NULL || (p = take_value(p, end, &value)) == NULL || p == end ||
		    (*p != ',' && *p != '}'))
			return ERR_FORMAT;
		int slot = slot_of(s, name, name_len);
		if (slot < 0)
			continue;
		found += s->value[slot].kind == SCAN_ABSENT;
		s->value[slot] = value;
	}
	return 0;
}

int record_scan_element(const struct record_scan_value *list, size_t *at,
			struct record_scan_value *value_r)
{
	const char *end = list->text + list->len, *p = list->text + *at;

	if (p >= end)
		return 0;
	p = take_value(p, end, value_r);
	if (p == NULL || (p < end && *p != ','))
		return ERR_FORMAT;
	*at = (size_t)(p - list->text) + 1;
	return 1;
}

/* ---- escapes ---- */

/* Four hexadecimal digits at p; -1 if they are not that. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t n = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(p[i]);

		if (digit < 0)
			return -1;
		n = n * 16 + digit;
	}
	return n;
}

static void put_utf8(struct buf *to, int32_t c)
{
	uint8_t bytes[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = len; i-- > 1; c >>= 6)
		bytes[i] = (uint8_t)(0x80 | (c & 0x3f));
	bytes[0] = (uint8_t)(lead[len] | c);
	buf_put(to, bytes, len);
}

/* What follows \u at p, a second one of a pair included; returns what is behind, or NULL. */
static const char *put_unicode(struct buf *to, const char *p, const char *end)
{
	int32_t c = hex4(p, end), low;

	if (c < 0)
		return NULL;
	p += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
	    (low = hex4(p + 2, end)) >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	put_utf8(to, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return p;
}

/* What follows a backslash at p; returns what is behind, or NULL. */
static const char *put_escape(struct buf *to, const char *p, const char *end)
{
	static const char from[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";

	if (p == end)
		return NULL;
	if (*p == 'u')
		return put_unicode(to, p + 1, end);
	const char *at = memchr(from, *p, sizeof from - 1);
	if (at == NULL)
		return NULL;
	buf_put(to, &bytes[at - from], 1);
	return p + 1;
}

int record_scan_text(const struct record_scan_value *value, struct buf *scratch,
		     const char **text_r, size_t *len_r)
{
	const char *p = value->text, *end = p + value->len;

	if (!value->escaped) {
		*text_r = p;
		*len_r = value->len;
		return 0;
	}
	buf_reset(scratch);
	while (p != NULL && p < end) {
		const char *back = memchr(p, '\\', (size_t)(end - p));
		const char *stop = back != NULL ? back : end;

		buf_put(scratch, p, (size_t)(stop - p));
		p = back != NULL ? put_escape(scratch, back + 1, end) : end;
	}
	if (p == NULL || scratch->failed)
		return p == NULL ? ERR_FORMAT : ERR_MEMORY;
	*text_r = (const char *)scratch->data;
	*len_r = scratch->len;
	return 0;
}
