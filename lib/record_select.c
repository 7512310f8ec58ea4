/*
 * record_select.c: choose records by time and by the values of fields.
 *
 * Runs in the reader.  Most lines are told apart without parsing JSON: by the time at their
 * start, and by the field's name not being in them.
 */
#include "record_select.h"

#include <string.h>

#include "err.h"
#include "record.h"
#include "record_line.h"

#define HEX_SUFFIX "_hex"

void record_select_init(struct record_select *s)
{
	*s = (struct record_select){.until = UINT64_MAX};
}

static bool is_field(const char *name, size_t len)
{
	size_t suffix = strlen(HEX_SUFFIX);
	enum record_field f = record_field_find(name, len);

	if (f == FIELD_COUNT && len > suffix &&
	    memcmp(name + len - suffix, HEX_SUFFIX, suffix) == 0)
		f = record_field_find(name, len - suffix);
	return f != FIELD_COUNT && record_table[f].kind != RECORD_DIALOGUE;
}

int record_select_add(struct record_select *s, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return ERR_FORMAT;
	if (!is_field(text, (size_t)(equals - text)))
		return ERR_REFUSED;
	if (s->count == RECORD_SELECT_MAX)
		return ERR_FULL;
	s->field[s->count++] =
	    (struct record_select_field){text, (size_t)(equals - text), equals + 1};
	return 0;
}

/* Is "NAME": somewhere in the line? */
static bool has_name(const struct record_select_field *f, const uint8_t *line, size_t len)
{
	char key[RECORD_NAME_MAX + 3];

	key[0] = '"';
	memcpy(key + 1, f->name, f->name_len);
	memcpy(key + 1 + f->name_len, "\":", 2);
	return memmem(line, len, key, f->name_len + 3) != NULL;
}

struct match {
	const struct record_select *select;
	uint32_t found; /* a bit a field */
};

static int on_item(void *ctx, const struct record_item *item)
{
	struct match *m = ctx;

	if (item->member != NULL)
		return 0;
	for (size_t i = 0; i < m->select->count; i++) {
		const struct record_select_field *f = &m->select->field[i];

		if (strncmp(item->name, f->name, f->name_len) == 0 &&
		    item->name[f->name_len] == '\0' && strlen(f->value) == item->len &&
		    memcmp(f->value, item->text, item->len) == 0)
			m->found |= 1u << i;
	}
	return 0;
}

static int match_fields(const struct record_select *s, const uint8_t *line, size_t len)
{
	struct match m = {.select = s};

	for (size_t i = 0; i < s->count; i++) {
		if (!has_name(&s->field[i], line, len))
			return 0;
	}
	int rc = record_line_walk(line, len, on_item, &m);
	return rc != 0 ? rc : m.found == (1u << s->count) - 1;
}

int record_select_match(const struct record_select *s, const uint8_t *line, size_t len)
{
	struct record_line_head head;

	if (record_line_head(line, len, &head) != 0)
		return ERR_FORMAT;
	if (head.ts < s->since || head.ts >= s->until)
		return 0;
	return s->count == 0 ? 1 : match_fields(s, line, len);
}
