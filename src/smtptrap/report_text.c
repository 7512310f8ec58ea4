/*
 * report_text.c: a report for a terminal: aligned columns, bytes of peers escaped.
 */
#include <string.h>

#include "report_result.h"
#include "term_text.h"

#define CELL_MAX 2048 /* a label of 255 bytes, each as \u{NNNN} */

/* A cell as it is shown, and its width. */
static size_t cell(const struct result_row *row, enum result_column c, struct buf *to)
{
	char raw[CELL_MAX];
	struct buf text;
	size_t width = 0;

	buf_init(&text, raw, sizeof raw);
	if (row->estimated && c >= COLUMN_ADDRESSES && c <= COLUMN_NET64)
		buf_put_byte(&text, '~');
	result_cell(row, c, &text);
	buf_reset(to);
	term_put(to, text.data, text.len);
	for (size_t i = 0; i < to->len; i++)
		width += (to->data[i] & 0xc0) != 0x80;
	return width;
}

static size_t width_of(const struct result_section *s, enum result_column c)
{
	size_t width = strlen(result_head(s, c));
	char shown[CELL_MAX];
	struct buf text;

	buf_init(&text, shown, sizeof shown);
	for (size_t i = 0; i < s->count; i++) {
		size_t w = cell(&s->rows[i], c, &text);

		width = w > width ? w : width;
	}
	return width;
}

static void pad(size_t n, FILE *to)
{
	fprintf(to, "%*s", (int)n, "");
}

/* Text in a column; the last one has no blanks behind. */
static void put(const void *text, size_t len, size_t blanks, enum result_column c, FILE *to)
{
	if (result_is_number(c))
		pad(blanks, to);
	fwrite(text, 1, len, to);
	if (!result_is_number(c))
		pad(blanks, to);
}

static void put_row(const struct result *r, const struct result_section *s,
		    const struct result_row *row, const size_t *width, FILE *to)
{
	char shown[CELL_MAX];
	struct buf text;

	buf_init(&text, shown, sizeof shown);
	for (int c = 0; c < COLUMN_COUNT_OF; c++) {
		if (!result_has(r, s, (enum result_column)c))
			continue;
		fputs(c > 0 ? "  " : "", to);
		if (row == NULL) {
			const char *head = result_head(s, (enum result_column)c);

			put(head, strlen(head), width[c] - strlen(head), (enum result_column)c, to);
		} else {
			size_t w = cell(row, (enum result_column)c, &text);

			put(text.data, text.len, width[c] - w, (enum result_column)c, to);
		}
	}
	putc('\n', to);
}

static void put_section(const struct result *r, const struct result_section *s, FILE *to)
{
	size_t width[COLUMN_COUNT_OF] = {0};

	fprintf(to, "\n%s %s: %s, percent of %s\n", s->table->name, s->section->name,
		s->section->unit, s->section->denominator);
	if (s->count == 0) {
		fputs("  none\n", to);
		return;
	}
	for (int c = 0; c < COLUMN_COUNT_OF; c++)
		width[c] = width_of(s, (enum result_column)c);
	put_row(r, s, NULL, width, to);
	for (size_t i = 0; i < s->count; i++)
		put_row(r, s, &s->rows[i], width, to);
}

void result_text(const struct result *r, FILE *to)
{
	result_for_people(r, to, put_section);
}
