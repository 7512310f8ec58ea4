/*
 * report_result.h: the rows of a report, ready to be printed in any format.
 */
#ifndef SMTPTRAP_REPORT_RESULT_H
#define SMTPTRAP_REPORT_RESULT_H

#include <stdio.h>

#include "report.h"
#include "report_command.h"

struct result_row {
	enum tally_kind kind;
	uint64_t time;
	bool timed_by_hour; /* else by day */
	struct span label;  /* of TALLY_LABEL */
	uint64_t others;    /* of TALLY_OTHER: how many labels stand in it, 0: not known */
	uint64_t count, of; /* of is 0 if there is no share */
	double percent, low, high;
	uint64_t unique[TALLY_UNIQUE_COUNT];
	bool estimated; /* one of unique is */
	uint64_t first, last;
};

struct result_section {
	const struct report_table *table;
	const struct report_section *section;
	struct result_row *rows; /* by time; the total of a time comes last */
	size_t count;
};

struct result {
	const struct report *report;
	const struct report_command *command; /* that made it */
	struct result_section *sections;
	size_t count;
};

/* Make the rows, `top` labels at most a time in sections that are sorted by count (0: all).
 * Labels point into the report's tally.  Returns 0 or ERR_MEMORY. */
int result_make(struct result *result_r, const struct report *report, size_t top);
void result_free(struct result *result);

enum result_column {
	COLUMN_TIME,
	COLUMN_LABEL,
	COLUMN_COUNT,
	COLUMN_OF,
	COLUMN_PERCENT,
	COLUMN_LOW,
	COLUMN_HIGH,
	COLUMN_ADDRESSES,
	COLUMN_NET24,
	COLUMN_NET64,
	COLUMN_DAYS,
	COLUMN_FIRST,
	COLUMN_LAST,
	COLUMN_COUNT_OF
};

/* The name of a column in CSV and JSON, and its head for people. */
extern const char *const result_column_names[COLUMN_COUNT_OF];
const char *result_head(const struct result_section *s, enum result_column c);

/* Has the section this column?  Not all have times or intervals. */
bool result_has(const struct result *r, const struct result_section *s, enum result_column c);

/* Append what stands in it, bytes of peers as they came; nothing if it is empty. */
void result_cell(const struct result_row *row, enum result_column c, struct buf *to);

/* Is it shown as a number? */
bool result_is_number(enum result_column c);

/* Print what was read and passed over, and from when to when, a line each with this behind it. */
void result_put_read(const struct result *r, bool with_times, const char *end, FILE *to);

/* Print for people: what was read and passed over, a line each, then every section. */
void result_for_people(const struct result *r, FILE *to,
		       void (*put)(const struct result *r, const struct result_section *s,
				   FILE *to));

/* The formats. */
void result_text(const struct result *r, FILE *to);
void result_json(const struct result *r, FILE *to);
void result_csv(const struct result *r, FILE *to);
void result_markdown(const struct result *r, FILE *to);
void result_html(const struct result *r, FILE *to);

#endif
