/*
 * report_result.c: the rows of a report, ready to be printed in any format.
 *
 * Input: a tally, which may hold labels that peers chose: they go on as they are, and each format
 * escapes them.
 */
#include "report_result.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "time_text.h"

#define WILSON_Z 1.959964 /* 95 % */

/* The rows of the tally, sorted, and where a section begins. */
struct sorted {
	const struct tally_row **rows;
	size_t count;
};

static int by_key(const void *a, const void *b)
{
	const struct tally_row *x = *(const struct tally_row *const *)a;
	const struct tally_row *y = *(const struct tally_row *const *)b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int order = memcmp(x->label, y->label, x->len < y->len ? x->len : y->len);
	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static int by_count(const void *a, const void *b)
{
	const struct tally_row *x = *(const struct tally_row *const *)a;
	const struct tally_row *y = *(const struct tally_row *const *)b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return by_key(a, b);
}

static int by_days(const void *a, const void *b)
{
	const struct tally_row *x = *(const struct tally_row *const *)a;
	const struct tally_row *y = *(const struct tally_row *const *)b;
	uint64_t in_x = unique_count(&x->unique[TALLY_DAYS]);
	uint64_t in_y = unique_count(&y->unique[TALLY_DAYS]);

	if (in_x != in_y)
		return in_x > in_y ? -1 : 1;
	return by_count(a, b);
}

static const struct tally_row *find(const struct sorted *s, const struct tally_row *key)
{
	const struct tally_row **at =
	    bsearch(&key, s->rows, s->count, sizeof(struct tally_row *), by_key);

	return at != NULL ? *at : NULL;
}

/* ---- rows ---- */

struct maker {
	const struct report *report;
	struct sorted sorted;
	size_t top;
	unsigned first; /* section of the table */
	struct result_section *to;
};

static uint64_t denominator(const struct maker *m, const struct tally_row *row)
{
	const struct report_section *s = m->to->section;
	struct tally_row key = *row;
	const struct tally_row *of;

	if (s->flags & REPORT_OF_LABEL) {
		key.section = (uint8_t)(m->first + s->of);
	} else {
		key.kind = TALLY_TOTAL;
		key.len = 0;
	}
	of = find(&m->sorted, &key);
	return of != NULL ? of->count : 0;
}

/* Share and its interval after Wilson (1927). */
static void put_share(struct result_row *r)
{
	double n = (double)r->of, p = (double)r->count / n, z2 = WILSON_Z * WILSON_Z;
	double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = WILSON_Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);

	r->percent = p * 100;
	r->low = fmax(0, middle - half) * 100;
	r->high = fmin(1, middle + half) * 100;
}

static bool is_by_hour(const struct maker *m)
{
	if (m->to->section->flags & REPORT_TIMED)
		return m->report->series.width == SERIES_HOUR;
	return m->report->by == REPORT_HOUR;
}

static void put_row(const struct maker *m, const struct tally_row *row)
{
	struct result_row *r = &m->to->rows[m->to->count++];

	*r = (struct result_row){.kind = (enum tally_kind)row->kind,
				 .time = row->time,
				 .timed_by_hour = is_by_hour(m),
				 .label = {row->label, row->len},
				 .count = row->count,
				 .first = row->first,
				 .last = row->last};
	for (int u = 0; u < TALLY_UNIQUE_COUNT; u++) {
		r->unique[u] = unique_count(&row->unique[u]);
		r->estimated |= row->unique[u].registers != NULL;
	}
	if (row->kind != TALLY_OTHER || !(m->to->section->flags & REPORT_OF_LABEL))
		r->of = denominator(m, row);
	if (r->of > 0)
		put_share(r);
}

/* Many rows as one. */
static int put_others(const struct maker *m, const struct tally_row **rows, size_t count)
{
	struct tally_row sum = *rows[0];
	bool known = true;
	int rc = 0;

	memset(sum.unique, 0, sizeof sum.unique);
	sum.kind = TALLY_OTHER;
	sum.len = 0;
	sum.count = 0;
	for (size_t i = 0; i < count; i++) {
		sum.count += rows[i]->count;
		sum.first = rows[i]->first < sum.first ? rows[i]->first : sum.first;
		sum.last = rows[i]->last > sum.last ? rows[i]->last : sum.last;
		known &= rows[i]->kind == TALLY_LABEL;
		for (int u = 0; rc == 0 && u < TALLY_UNIQUE_COUNT; u++)
			rc = unique_merge(&sum.unique[u], &rows[i]->unique[u]);
	}
	put_row(m, &sum);
	m->to->rows[m->to->count - 1].others = known ? count : 0;
	for (int u = 0; u < TALLY_UNIQUE_COUNT; u++)
		unique_fini(&sum.unique[u]);
	return rc;
}

/* Put labels that are new enough before the others; returns how many there are. */
static size_t put_new_first(const struct tally_row **rows, size_t count, uint64_t since)
{
	size_t fresh = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tally_row *row = rows[i];

		if (row->first < since)
			continue;
		rows[i] = rows[fresh];
		rows[fresh++] = row;
	}
	return fresh;
}

/* Put the labels in the order in which they are shown; returns how many are. */
static size_t put_in_order(const struct maker *m, const struct tally_row **rows, size_t labels)
{
	unsigned flags = m->to->section->flags;

	if (flags & REPORT_BY_LABEL)
		return labels;
	if (flags & REPORT_SEEN)
		labels = put_new_first(rows, labels, m->report->new_since);
	if (labels > 0)
		qsort(rows, labels, sizeof *rows, flags & REPORT_BY_DAYS ? by_days : by_count);
	return m->top == 0 || labels <= m->top ? labels : m->top;
}

/* The rows of a section and time; the total is the first of them, if there is one. */
static int put_time(const struct maker *m, const struct tally_row **rows, size_t count)
{
	const struct tally_row *total = rows[0]->kind == TALLY_TOTAL ? rows[0] : NULL;
	size_t labels = 0, shown;
	int rc = 0;

	rows += total != NULL;
	count -= total != NULL;
	while (labels < count && rows[labels]->kind == TALLY_LABEL)
		labels++;
	shown = put_in_order(m, rows, labels);
	for (size_t i = 0; i < shown; i++)
		put_row(m, rows[i]);
	if (shown < count)
		rc = put_others(m, rows + shown, count - shown);
	if (total != NULL)
		put_row(m, total);
	return rc;
}

/* The rows of the section that begin at *at. */
static int put_section(struct maker *m, const struct tally_row **copy, unsigned section, size_t *at)
{
	const struct sorted *s = &m->sorted;
	size_t end = *at;
	int rc = 0;

	while (end < s->count && s->rows[end]->section == section)
		end++;
	m->to->rows = calloc(end - *at + 1, 2 * sizeof *m->to->rows);
	if (m->to->rows == NULL)
		return ERR_MEMORY;
	while (rc == 0 && *at < end) {
		size_t next = *at;

		while (next < end && s->rows[next]->time == s->rows[*at]->time)
			next++;
		rc = put_time(m, copy + *at, next - *at);
		*at = next;
	}
	return rc;
}

static int make_sections(struct result *result, struct maker *m, const struct tally_row **copy)
{
	size_t at = 0;
	int rc = 0;

	for (size_t t = 0; t < REPORT_TABLES; t++) {
		const struct report_table *table = report_tables[t];

		m->first = (unsigned)t * REPORT_SECTIONS_MAX;
		for (unsigned i = 0; m->report->tables[t] && i < table->section_count; i++) {
			m->to = &result->sections[result->count++];
			m->to->table = table;
			m->to->section = &table->sections[i];
			while (at < m->sorted.count && m->sorted.rows[at]->section < m->first + i)
				at++;
			if ((rc = put_section(m, copy, m->first + i, &at)) != 0)
				return rc;
		}
	}
	return 0;
}

int result_make(struct result *result_r, const struct report *report, size_t top)
{
	struct maker m = {.report = report, .top = top};
	const struct tally_row *rows = tally_rows(report->tally, &m.sorted.count);
	size_t bytes = (m.sorted.count + 1) * sizeof(struct tally_row *);
	const struct tally_row **copy = malloc(bytes);
	int rc = ERR_MEMORY;

	*result_r = (struct result){.report = report};
	m.sorted.rows = malloc(bytes);
	result_r->sections =
	    calloc((size_t)REPORT_TABLES * REPORT_SECTIONS_MAX, sizeof *result_r->sections);
	if (m.sorted.rows != NULL && copy != NULL && result_r->sections != NULL) {
		for (size_t i = 0; i < m.sorted.count; i++)
			m.sorted.rows[i] = &rows[i];
		qsort(m.sorted.rows, m.sorted.count, sizeof *m.sorted.rows, by_key);
		memcpy(copy, m.sorted.rows, bytes - sizeof(struct tally_row *));
		rc = make_sections(result_r, &m, copy);
	}
	free(m.sorted.rows);
	free(copy);
	return rc;
}

void result_free(struct result *result)
{
	for (size_t i = 0; i < result->count; i++)
		free(result->sections[i].rows);
	free(result->sections);
	*result = (struct result){0};
}

/* ---- columns ---- */

const char *const result_column_names[COLUMN_COUNT_OF] = {
    "time",      "value", "count", "of",   "percent", "low", "high",
    "addresses", "net24", "net64", "days", "first",   "last"};

const char *result_head(const struct result_section *s, enum result_column c)
{
	static const char *const heads[COLUMN_COUNT_OF] = {
	    "time",      NULL,  "count", "of",   "percent",    "95 % from", "to",
	    "addresses", "/24", "/64",   "days", "first seen", "last seen"};

	return c == COLUMN_LABEL ? s->section->label : heads[c];
}

bool result_has(const struct result *r, const struct result_section *s, enum result_column c)
{
	static const unsigned flag[COLUMN_COUNT_OF] = {
	    [COLUMN_OF] = REPORT_OF_LABEL,   [COLUMN_LOW] = REPORT_INTERVAL,
	    [COLUMN_HIGH] = REPORT_INTERVAL, [COLUMN_DAYS] = REPORT_SEEN,
	    [COLUMN_FIRST] = REPORT_SEEN,    [COLUMN_LAST] = REPORT_SEEN};

	if (c == COLUMN_TIME && (s->section->flags & (REPORT_TIMED | REPORT_TIMELESS)))
		return (s->section->flags & REPORT_TIMED) != 0;
	if (c == COLUMN_TIME)
		return r->report->by != REPORT_ALL;
	if (c >= COLUMN_ADDRESSES && c <= COLUMN_NET64)
		return !(s->section->flags & REPORT_PLAIN);
	return flag[c] == 0 || (s->section->flags & flag[c]) != 0;
}

bool result_is_number(enum result_column c)
{
	return c >= COLUMN_COUNT && c <= COLUMN_DAYS;
}

static void put_time_text(uint64_t us, size_t len, struct buf *to)
{
	char text[TIME_TEXT_MAX];

	if (time_format(NULL, us, text) == 0)
		buf_put(to, text, len);
	if (len < sizeof "2025-11-22T10:30:00.123456Z" - 1)
		buf_put_byte(to, 'Z');
}

static void put_label(const struct result_row *row, struct buf *to)
{
	if (row->kind == TALLY_LABEL)
		buf_put(to, row->label.bytes, row->label.len);
	else if (row->kind == TALLY_TOTAL)
		buf_put_str(to, "total");
	else if (row->others > 0)
		buf_printf(to, "%" PRIu64 " others", row->others);
	else
		buf_put_str(to, "others");
}

static void put_number(const struct result_row *row, enum result_column c, struct buf *to)
{
	double shares[COLUMN_COUNT_OF] = {
	    [COLUMN_PERCENT] = row->percent, [COLUMN_LOW] = row->low, [COLUMN_HIGH] = row->high};

	if (c == COLUMN_COUNT)
		buf_printf(to, "%" PRIu64, row->count);
	else if (c >= COLUMN_ADDRESSES)
		buf_printf(to, "%" PRIu64, row->unique[c - COLUMN_ADDRESSES]);
	else if (row->of == 0)
		return;
	else if (c == COLUMN_OF)
		buf_printf(to, "%" PRIu64, row->of);
	else
		buf_printf(to, "%.1f", shares[c]);
}

void result_cell(const struct result_row *row, enum result_column c, struct buf *to)
{
	size_t len = row->timed_by_hour ? sizeof "2025-11-22T10:30" - 1 : sizeof "2025-11-22" - 1;

	if (c == COLUMN_TIME) {
		put_time_text(row->time * 1000000, len, to);
		to->len -= len == sizeof "2025-11-22" - 1 && !to->failed; /* no Z behind a day */
	} else if (c == COLUMN_LABEL) {
		put_label(row, to);
	} else if (c == COLUMN_FIRST || c == COLUMN_LAST) {
		put_time_text(c == COLUMN_FIRST ? row->first : row->last,
			      sizeof "2025-11-22T10:30:00" - 1, to);
	} else {
		put_number(row, c, to);
	}
}

/* ---- what was read ---- */

static bool any_estimate(const struct result *r)
{
	for (size_t s = 0; s < r->count; s++) {
		for (size_t i = 0; i < r->sections[s].count; i++) {
			if (r->sections[s].rows[i].estimated)
				return true;
		}
	}
	return false;
}

void result_put_read(const struct result *r, bool with_times, const char *end, FILE *to)
{
	char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];
	const struct report_read *n = &r->report->read;

	fprintf(to,
		"%" PRIu64 " files; %" PRIu64 " session records and %" PRIu64
		" message records counted, %" PRIu64 " not chosen%s",
		n->files, n->sessions, n->messages, n->unchosen, end);
	if (with_times && n->last > 0 && time_format(NULL, n->first, first) == 0 &&
	    time_format(NULL, n->last, last) == 0)
		fprintf(to, "from %.19sZ to %.19sZ (UTC, as all times here)%s", first, last, end);
	if (n->bad_files + n->bad_places + n->bad_lines > 0)
		fprintf(to,
			"passed over: %" PRIu64 " files, %" PRIu64 " damaged places, %" PRIu64
			" lines that are no records%s",
			n->bad_files, n->bad_places, n->bad_lines, end);
	if (r->report->visits.lost > 0)
		fprintf(to, "journeys: %" PRIu64 " sessions are left out, there are too many%s",
			r->report->visits.lost, end);
	if (any_estimate(r))
		fprintf(to, "~ marks estimates of unique addresses: standard error %.2f %%%s",
			UNIQUE_ERROR_PERCENT, end);
}

void result_for_people(const struct result *r, FILE *to,
		       void (*put)(const struct result *r, const struct result_section *s,
				   FILE *to))
{
	result_put_read(r, true, "\n", to);
	for (size_t i = 0; i < r->count; i++)
		put(r, &r->sections[i], to);
}
