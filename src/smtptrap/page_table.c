/*
 * page_table.c: a section of a report as a table of HTML.
 *
 * Rows that are sums stand in the foot, which page.js does not sort; where times are told apart they
 * belong to a time each and stay with it.
 */
#include "page_table.h"

#include <string.h>

#include "html.h"

#define WORD_MAX 34 /* longer ones may be broken anywhere */
#define HALF_MAX 48 /* with longer labels, or longer words, a table has the whole width */
#define HALF_WORD_MAX 24
#define CELL_MAX 512 /* a label of 255 bytes, or a number */

/* The longest run of bytes without a blank. */
static size_t longest_word(struct span text)
{
	size_t longest = 0, word = 0;

	for (size_t i = 0; i < text.len; i++) {
		word = text.bytes[i] == ' ' ? 0 : word + 1;
		longest = word > longest ? word : longest;
	}
	return longest;
}

static bool is_wide(const struct result *r, const struct result_section *s)
{
	if (result_has(r, s, COLUMN_FIRST) || result_has(r, s, COLUMN_LOW))
		return true;
	for (size_t i = 0; i < s->count; i++) {
		if (s->rows[i].label.len > HALF_MAX ||
		    longest_word(s->rows[i].label) > HALF_WORD_MAX)
			return true;
	}
	return false;
}

static bool is_bar(const struct result_row *row, enum result_column c)
{
	return c == COLUMN_PERCENT && row->of > 0;
}

/* How long a share is, beside its number. */
static void put_bar(const struct result_row *row, FILE *to)
{
	fprintf(to,
		"<svg aria-hidden=\"true\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\">"
		"<path d=\"M0 0h%.1fv1h-%.1fz\"/></svg>",
		row->percent, row->percent);
}

static void put_cell(const struct result_row *row, enum result_column c, FILE *to)
{
	const char *class = result_is_number(c) ? " class=\"n\"" : "";
	bool head = c == COLUMN_LABEL;
	char raw[CELL_MAX];
	struct buf text;

	buf_init(&text, raw, sizeof raw);
	if (row->estimated && c >= COLUMN_ADDRESSES && c <= COLUMN_NET64)
		buf_put_byte(&text, '~');
	result_cell(row, c, &text);
	if (head && longest_word(row->label) > WORD_MAX)
		class = " class=\"long\"";
	fprintf(to, "<%s%s>", head ? "th scope=\"row\"" : "td", class);
	if (is_bar(row, c))
		put_bar(row, to);
	html_put(to, text.data, text.len);
	fputs(head ? "</th>" : "</td>", to);
}

static void put_row(const struct result *r, const struct result_section *s,
		    const struct result_row *row, FILE *to)
{
	static const char *const classes[TALLY_KIND_COUNT] = {[TALLY_TOTAL] = " class=\"total\"",
							      [TALLY_LABEL] = "",
							      [TALLY_OTHER] = " class=\"rest\""};

	fprintf(to, "<tr%s>", classes[row->kind]);
	for (int c = 0; c < COLUMN_COUNT_OF; c++) {
		if (result_has(r, s, (enum result_column)c))
			put_cell(row, (enum result_column)c, to);
	}
	fputs("</tr>\n", to);
}

static unsigned put_head(const struct result *r, const struct result_section *s, FILE *to)
{
	unsigned columns = 0;

	fputs("<thead><tr>", to);
	for (int c = 0; c < COLUMN_COUNT_OF; c++) {
		if (!result_has(r, s, (enum result_column)c))
			continue;
		columns++;
		fprintf(to, "<th scope=\"col\"%s>",
			result_is_number((enum result_column)c) ? " class=\"n\"" : "");
		html_put_str(to, result_head(s, (enum result_column)c));
		fputs("</th>", to);
	}
	fputs("</tr></thead>\n", to);
	return columns;
}

static void put_rows(const struct result *r, const struct result_section *s, FILE *to)
{
	size_t labels = 0;

	if (result_has(r, s, COLUMN_TIME))
		labels = s->count;
	while (labels < s->count && s->rows[labels].kind == TALLY_LABEL)
		labels++;
	fputs("<tbody>\n", to);
	for (size_t i = 0; i < labels; i++)
		put_row(r, s, &s->rows[i], to);
	fputs("</tbody>\n", to);
	if (labels == s->count)
		return;
	fputs("<tfoot>\n", to);
	for (size_t i = labels; i < s->count; i++)
		put_row(r, s, &s->rows[i], to);
	fputs("</tfoot>\n", to);
}

void page_table(const struct result *r, const struct result_section *s, FILE *to)
{
	const char *table = s->table->name, *section = s->section->name;
	unsigned columns;

	fprintf(to,
		"<div class=\"scroll%s\" role=\"group\" tabindex=\"0\" "
		"aria-labelledby=\"%s-%s-caption\">\n<table id=\"%s-%s\">\n"
		"<caption id=\"%s-%s-caption\"><div><strong>%s</strong> <span>",
		is_wide(r, s) ? " wide" : "", table, section, table, section, table, section,
		section);
	html_put_str(to, s->section->unit);
	fputs(", percent of ", to);
	html_put_str(to, s->section->denominator);
	fputs("</span></div></caption>\n", to);
	columns = put_head(r, s, to);
	if (s->count > 0)
		put_rows(r, s, to);
	else
		fprintf(to, "<tbody><tr><td colspan=\"%u\" class=\"none\">none</td></tr></tbody>\n",
			columns);
	fputs("</table>\n</div>\n", to);
}
