/*
 * report_csv.c: a report as one table of CSV (RFC 4180), the same columns for all sections.
 *
 * Control characters of peers are escaped as for a terminal, and a text that a spreadsheet would
 * take for a formula has an apostrophe before it.
 */
#include <string.h>

#include "report_result.h"
#include "term_text.h"

#define CELL_MAX 2048

static void put_quoted(const struct buf *text, FILE *to)
{
	putc('"', to);
	if (text->len > 0 && strchr("=+-@", text->data[0]) != NULL)
		putc('\'', to);
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '"')
			putc('"', to);
		putc(text->data[i], to);
	}
	putc('"', to);
}

static void put_cell(const struct result *r, const struct result_section *s,
		     const struct result_row *row, enum result_column c, FILE *to)
{
	char raw[CELL_MAX], shown[CELL_MAX];
	struct buf text, safe;

	buf_init(&text, raw, sizeof raw);
	buf_init(&safe, shown, sizeof shown);
	if (c == COLUMN_OF || result_has(r, s, c))
		result_cell(row, c, &text);
	if (c != COLUMN_LABEL) {
		fwrite(text.data, 1, text.len, to);
		return;
	}
	term_put(&safe, text.data, text.len);
	put_quoted(&safe, to);
}

void result_csv(const struct result *r, FILE *to)
{
	static const char *const kinds[TALLY_KIND_COUNT] = {"total", "value", "others"};

	fputs("table,section,kind", to);
	for (int c = 0; c < COLUMN_COUNT_OF; c++)
		fprintf(to, ",%s", result_column_names[c]);
	fputs(",estimated,unit,denominator\r\n", to);
	for (size_t i = 0; i < r->count; i++) {
		const struct result_section *s = &r->sections[i];

		for (size_t n = 0; n < s->count; n++) {
			const struct result_row *row = &s->rows[n];

			fprintf(to, "%s,%s,%s", s->table->name, s->section->name, kinds[row->kind]);
			for (int c = 0; c < COLUMN_COUNT_OF; c++) {
				putc(',', to);
				put_cell(r, s, row, (enum result_column)c, to);
			}
			fprintf(to, ",%s,\"%s\",\"%s\"\r\n", row->estimated ? "true" : "false",
				s->section->unit, s->section->denominator);
		}
	}
}
