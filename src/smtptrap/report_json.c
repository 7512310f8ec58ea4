/*
 * report_json.c: a report as an object of JSON, a line a row.
 */
#include <inttypes.h>
#include <string.h>

#include "json_text.h"
#include "report_result.h"
#include "time_text.h"

#define LINE_MAX_BYTES 8192 /* a row: a label of 255 bytes, each as \u00XX, and numbers */

static void put_text(struct buf *to, const char *text)
{
	json_put_string(to, (const uint8_t *)text, strlen(text));
}

static void put_cell(const struct result_row *row, enum result_column c, struct buf *to)
{
	char raw[512];
	struct buf text;

	buf_init(&text, raw, sizeof raw);
	result_cell(row, c, &text);
	if (text.len == 0 && c != COLUMN_LABEL)
		return;
	buf_printf(to, ",\"%s\":", result_column_names[c]);
	if (result_is_number(c))
		buf_put(to, text.data, text.len);
	else
		json_put_string(to, text.data, text.len);
}

static void put_row(const struct result *r, const struct result_section *s,
		    const struct result_row *row, FILE *to)
{
	static const char *const kinds[TALLY_KIND_COUNT] = {"total", "value", "others"};
	char memory[LINE_MAX_BYTES];
	struct buf line;

	buf_init(&line, memory, sizeof memory);
	buf_printf(&line, "{\"kind\":\"%s\"", kinds[row->kind]);
	for (int c = 0; c < COLUMN_COUNT_OF; c++) {
		if ((c == COLUMN_OF || result_has(r, s, (enum result_column)c)) &&
		    (c != COLUMN_LABEL || row->kind == TALLY_LABEL))
			put_cell(row, (enum result_column)c, &line);
	}
	if (row->kind == TALLY_OTHER && row->others > 0)
		buf_printf(&line, ",\"others\":%" PRIu64, row->others);
	buf_printf(&line, ",\"estimated\":%s}", row->estimated ? "true" : "false");
	fwrite(line.data, 1, line.len, to);
}

static void put_section(const struct result *r, const struct result_section *s, FILE *to)
{
	char memory[LINE_MAX_BYTES];
	const char *const pairs[][2] = {{"table", s->table->name},
					{"section", s->section->name},
					{"label", s->section->label},
					{"unit", s->section->unit},
					{"denominator", s->section->denominator}};
	struct buf line;

	buf_init(&line, memory, sizeof memory);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		buf_put_str(&line, i > 0 ? "," : "{");
		put_text(&line, pairs[i][0]);
		buf_put_byte(&line, ':');
		put_text(&line, pairs[i][1]);
	}
	fwrite(line.data, 1, line.len, to);
	fputs(",\"rows\":[", to);
	for (size_t i = 0; i < s->count; i++) {
		fputs(i > 0 ? ",\n" : "\n", to);
		put_row(r, s, &s->rows[i], to);
	}
	fputs("]}", to);
}

/* A member of an object that has others before; none if there is no such time. */
static void put_time(const char *name, uint64_t us, FILE *to)
{
	char text[TIME_TEXT_MAX];

	if (us > 0 && time_format(NULL, us, text) == 0)
		fprintf(to, ",\"%s\":\"%s\"", name, text);
}

static void put_read(const struct result *r, FILE *to)
{
	const struct report_read *n = &r->report->read;

	fprintf(to, "{\"v\":1,\"by\":\"%s\",\n", report_by_names[r->report->by]);
	fprintf(to,
		"\"read\":{\"files\":%" PRIu64 ",\"sessions\":%" PRIu64 ",\"messages\":%" PRIu64
		",\"not_chosen\":%" PRIu64,
		n->files, n->sessions, n->messages, n->unchosen);
	put_time("first", n->last > 0 ? n->first : 0, to);
	put_time("last", n->last, to);
	fputs("},\n", to);
	fprintf(to,
		"\"passed_over\":{\"files\":%" PRIu64 ",\"damaged_places\":%" PRIu64
		",\"lines\":%" PRIu64 ",\"journeys\":%" PRIu64 "},\n",
		n->bad_files, n->bad_places, n->bad_lines, r->report->visits.lost);
	fprintf(to, "\"estimate_error_percent\":%.2f,\n", UNIQUE_ERROR_PERCENT);
}

void result_json(const struct result *r, FILE *to)
{
	put_read(r, to);
	fputs("\"sections\":[", to);
	for (size_t i = 0; i < r->count; i++) {
		fputs(i > 0 ? ",\n" : "\n", to);
		put_section(r, &r->sections[i], to);
	}
	fputs("]}\n", to);
}
