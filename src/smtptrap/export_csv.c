/*
 * export_csv.c: records as CSV (RFC 4180).
 *
 * Control characters and invisible ones are escaped as for a terminal.  Elements of a list are apart
 * by a semicolon; one within an element has a backslash before it.  A text that a spreadsheet would
 * take for a formula has an apostrophe before it, unless exact text is asked for.
 */
#include <string.h>

#include "err.h"
#include "export.h"
#include "span.h"
#include "term_text.h"

#define FIELDS_DEFAULT                                                                         \
	"type,ts,id,session_id,client_ip,client_port,helo,end_reason,tls_outcome,tls_version," \
	"tls_cipher,tls_failure,ja4,mail_from,rcpt_to,header_from,subject,size,verdict"
#define ROW_MAX (64u * 1024 * 1024) /* a record of 16 MiB, escaped */

static bool take_column(struct export *e, struct span name)
{
	enum record_field f = record_field_find((const char *)name.bytes, name.len);

	if (f == FIELD_COUNT || f == FIELD_DIALOGUE) {
		complain("--fields: '%.*s' is no field that has a column; see smtptrap fields",
			 (int)name.len, (const char *)name.bytes);
		return false;
	}
	if (e->columns == FIELD_COUNT) {
		complain("--fields: more than there are");
		return false;
	}
	e->column[e->columns++] = f;
	return true;
}

static bool csv_begin(struct export *e)
{
	const char *fields = e->fields != NULL ? e->fields : FIELDS_DEFAULT;

	for (const char *p = fields; p != NULL;) {
		size_t len = strcspn(p, ",");

		if (!take_column(e, (struct span){(const uint8_t *)p, len}))
			return false;
		p = p[len] == ',' ? p + len + 1 : NULL;
	}
	for (size_t i = 0; i < e->columns; i++)
		printf("%s%s", i > 0 ? "," : "", record_table[e->column[i]].name);
	fputs("\r\n", stdout);
	return true;
}

static bool is_list(enum record_field f)
{
	return record_table[f].kind == RECORD_STRINGS || record_table[f].kind == RECORD_NAMES;
}

/* Append an element, for a list with its semicolons escaped. */
static void put_element(struct span s, bool list, struct buf *cell)
{
	size_t start = 0;

	for (size_t i = 0; list && i < s.len; i++) {
		if (s.bytes[i] != ';')
			continue;
		term_put(cell, s.bytes + start, i - start);
		buf_put_str(cell, "\\;");
		start = i + 1;
	}
	if (s.len > start)
		term_put(cell, s.bytes + start, s.len - start);
}

static bool is_formula(const struct buf *cell)
{
	return cell->len > 0 && strchr("=+-@", cell->data[0]) != NULL;
}

static void put_cell(const struct export *e, enum record_field f, const struct buf *cell,
		     struct buf *row)
{
	bool text = record_table[f].kind == RECORD_STRING || is_list(f);

	if (!text) {
		buf_put(row, cell->data, cell->len);
		return;
	}
	buf_put_str(row, !e->exact && is_formula(cell) ? "\"'" : "\"");
	for (size_t i = 0; i < cell->len; i++) {
		if (cell->data[i] == '"')
			buf_put_byte(row, '"');
		buf_put_byte(row, cell->data[i]);
	}
	buf_put_byte(row, '"');
}

static void put_field(const struct export *e, enum record_field f, struct buf *cell,
		      struct buf *row)
{
	size_t count = e->record.field[f].count;

	buf_reset(cell);
	for (size_t n = 0; n < count; n++) {
		if (n > 0)
			buf_put_byte(cell, ';');
		put_element(export_element(&e->record, f, n), is_list(f), cell);
	}
	if (count > 0)
		put_cell(e, f, cell, row);
	row->failed |= cell->failed;
}

static int csv_put(struct export *e)
{
	struct buf cell, row;
	int written = 1;

	buf_init_heap(&cell, ROW_MAX);
	buf_init_heap(&row, ROW_MAX);
	for (size_t i = 0; i < e->columns; i++) {
		if (i > 0)
			buf_put_byte(&row, ',');
		put_field(e, e->column[i], &cell, &row);
	}
	buf_put_str(&row, "\r\n");
	if (row.failed) {
		export_refuse(e, "no memory");
		written = ERR_MEMORY;
	} else {
		fwrite(row.data, 1, row.len, stdout);
	}
	buf_fini(&cell);
	buf_fini(&row);
	return written;
}

const struct export_format export_csv = {"csv", false, csv_begin, csv_put, NULL};
