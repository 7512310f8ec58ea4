/*
 * record_select.c: choose records by time, by the values of fields, and by an expression.
 *
 * Runs in the reader.  Input: lines of log files, which may be damaged or not ours.
 */
#include "record_select.h"

#include <string.h>

#include "err.h"
#include "log_read.h"
#include "record_line.h"

void record_select_init(struct record_select *s)
{
	*s = (struct record_select){.until = UINT64_MAX};
	record_scan_init(&s->scan);
	buf_init_heap(&s->scratch, LOG_LINE_MAX);
}

void record_select_fini(struct record_select *s)
{
	where_free(&s->where);
	buf_fini(&s->scratch);
}

int record_select_add(struct record_select *s, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return ERR_FORMAT;
	if (s->count == RECORD_SELECT_MAX)
		return ERR_FULL;
	int slot = record_scan_want(&s->scan, text, (size_t)(equals - text));
	if (slot < 0 || record_table[s->scan.field[slot].field].kind == RECORD_DIALOGUE)
		return ERR_REFUSED;
	s->field[s->count].slot = slot;
	s->field[s->count++].value = equals + 1;
	return 0;
}

static bool has_value(struct record_select *s, const struct record_scan_value *v, const char *value)
{
	const char *text;
	size_t len;

	return record_scan_text(v, &s->scratch, &text, &len) == 0 && len == strlen(value) &&
	       memcmp(text, value, len) == 0;
}

static bool has_element(struct record_select *s, const struct record_scan_value *list,
			const char *value)
{
	struct record_scan_value element;
	size_t at = 0;

	while (record_scan_element(list, &at, &element) == 1) {
		if (has_value(s, &element, value))
			return true;
	}
	return false;
}

static int match_fields(struct record_select *s, const uint8_t *line, size_t len)
{
	if (record_scan_line(&s->scan, line, len) != 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < s->count; i++) {
		const struct record_scan_value *v = &s->scan.value[s->field[i].slot];

		if (v->kind == SCAN_ABSENT ||
		    !(v->kind == SCAN_LIST ? has_element : has_value)(s, v, s->field[i].value))
			return 0;
	}
	return 1;
}

int record_select_match(struct record_select *s, const uint8_t *line, size_t len)
{
	struct record_line_head head;
	int chosen = 1;

	if (record_line_head(line, len, &head) != 0)
		return ERR_FORMAT;
	if (head.ts < s->since || head.ts >= s->until)
		return 0;
	if (s->count > 0)
		chosen = match_fields(s, line, len);
	if (chosen == 1 && s->where != NULL)
		chosen = where_match(s->where, line, len);
	return chosen;
}
