/*
 * report_markdown.c: a report as tables of Markdown; bytes of peers cannot make markup of it.
 */
#include <string.h>

#include "report_result.h"
#include "term_text.h"

#define CELL_MAX 2048

/* Every ASCII punctuation character may be escaped so (CommonMark 2.4). */
static void put_escaped(const struct buf *text, FILE *to)
{
	for (size_t i = 0; i < text->len; i++) {
		if (strchr("\\`*_{}[]<>()#+-.!|~&:@/", text->data[i]) != NULL)
			putc('\\', to);
		putc(text->data[i], to);
	}
}

static void put_cell(const struct result_row *row, enum result_column c, FILE *to)
{
	char raw[CELL_MAX], shown[CELL_MAX];
	struct buf text, safe;

	buf_init(&text, raw, sizeof raw);
	buf_init(&safe, shown, sizeof shown);
	result_cell(row, c, &text);
	term_put(&safe, text.data, text.len);
	fputs(row->estimated && c >= COLUMN_ADDRESSES && c <= COLUMN_NET64 ? " \\~" : " ", to);
	if (c == COLUMN_LABEL)
		put_escaped(&safe, to);
	else
		fwrite(safe.data, 1, safe.len, to);
	fputs(" |", to);
}

static void put_head(const struct result *r, const struct result_section *s, FILE *to)
{
	putc('|', to);
	for (int c = 0; c < COLUMN_COUNT_OF; c++) {
		if (result_has(r, s, (enum result_column)c))
			fprintf(to, " %s |", result_head(s, (enum result_column)c));
	}
	fputs("\n|", to);
	for (int c = 0; c < COLUMN_COUNT_OF; c++) {
		if (result_has(r, s, (enum result_column)c))
			fputs(result_is_number((enum result_column)c) ? " ---: |" : " --- |", to);
	}
	putc('\n', to);
}

static void put_section(const struct result *r, const struct result_section *s, FILE *to)
{
	fprintf(to, "\n## %s: %s\n\n%s, percent of %s\n\n", s->table->name, s->section->name,
		s->section->unit, s->section->denominator);
	put_head(r, s, to);
	for (size_t i = 0; i < s->count; i++) {
		putc('|', to);
		for (int c = 0; c < COLUMN_COUNT_OF; c++) {
			if (result_has(r, s, (enum result_column)c))
				put_cell(&s->rows[i], (enum result_column)c, to);
		}
		putc('\n', to);
	}
}

void result_markdown(const struct result *r, FILE *to)
{
	result_for_people(r, to, put_section);
}
