/*
 * report_partial.c: the partial form of a report, which goes over pipes and from machine to
 * machine.
 *
 *     "smtptrap-report" LF, version (1 byte), --by (1), tables (4, a bit each), seven counts of what
 *     was read (8 each), its first and last ts (8 each), visits, series, tally, CRC-32 of all before (4)
 *
 * Numbers have the least significant byte first.  It is read as if hostile: the checksum is
 * against damage, not against those who write one.
 */
#include <string.h>
#include <zlib.h>

#include "err.h"
#include "report.h"
#include "wire.h"

#define MAGIC "smtptrap-report\n"
#define REPORT_VERSION 3
#define SUM_BYTES 4

static uint64_t *counts_of(struct report_read *read, size_t i)
{
	uint64_t *const counts[] = {&read->files,    &read->sessions,  &read->messages,
				    &read->unchosen, &read->bad_files, &read->bad_places,
				    &read->bad_lines};

	return i < sizeof counts / sizeof *counts ? counts[i] : NULL;
}

void report_read_span(struct report_read *read, uint64_t first, uint64_t last)
{
	if (last == 0)
		return;
	if (read->last == 0 || first < read->first)
		read->first = first;
	if (last > read->last)
		read->last = last;
}

static uint32_t sum_of(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32_z(0, bytes, len);
}

static uint32_t tables_of(const struct report *r)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < REPORT_TABLES; i++)
		bits |= (uint32_t)r->tables[i] << i;
	return bits;
}

void report_put(const struct report *r, struct buf *to)
{
	struct report_read read = r->read;
	size_t start = to->len;

	buf_put_str(to, MAGIC);
	wire_put(to, REPORT_VERSION, 1);
	wire_put(to, r->by, 1);
	wire_put(to, tables_of(r), 4);
	for (size_t i = 0; counts_of(&read, i) != NULL; i++)
		wire_put(to, *counts_of(&read, i), 8);
	wire_put(to, read.first, 8);
	wire_put(to, read.last, 8);
	visits_put(&r->visits, to);
	series_put(&r->series, to);
	tally_put(r->tally, to);
	if (!to->failed)
		wire_put(to, sum_of(to->data + start, to->len - start), SUM_BYTES);
}

/* What the numbers of the header say of tables and times. */
static int get_choice(struct report *r, bool empty, const uint8_t **at, const uint8_t *end)
{
	uint64_t version, by, tables;

	if (wire_get(at, end, &version, 1) != 0 || version != REPORT_VERSION ||
	    wire_get(at, end, &by, 1) != 0 || by >= REPORT_BY_COUNT ||
	    wire_get(at, end, &tables, 4) != 0 || tables >> REPORT_TABLES != 0)
		return ERR_FORMAT;
	if (!empty)
		return tables == tables_of(r) && by == (uint64_t)r->by ? 0 : ERR_REFUSED;
	r->by = (enum report_by)by;
	for (size_t i = 0; i < REPORT_TABLES; i++)
		r->tables[i] = tables >> i & 1;
	return 0;
}

static int get_counts(struct report *r, const uint8_t **at, const uint8_t *end)
{
	uint64_t n, first, last;

	for (size_t i = 0; counts_of(&r->read, i) != NULL; i++) {
		uint64_t *to = counts_of(&r->read, i);

		if (wire_get(at, end, &n, 8) != 0 || n > UINT64_MAX - *to)
			return ERR_FORMAT;
		*to += n;
	}
	if (wire_get(at, end, &first, 8) != 0 || wire_get(at, end, &last, 8) != 0 || first > last)
		return ERR_FORMAT;
	report_read_span(&r->read, first, last);
	return 0;
}

int report_get(struct report *r, bool empty, const uint8_t *bytes, size_t len)
{
	uint64_t sum;
	int rc;

	if (len < strlen(MAGIC) + SUM_BYTES || memcmp(bytes, MAGIC, strlen(MAGIC)) != 0)
		return ERR_FORMAT;
	const uint8_t *at = bytes + strlen(MAGIC), *end = bytes + len - SUM_BYTES, *sum_at = end;
	if (wire_get(&sum_at, bytes + len, &sum, SUM_BYTES) != 0 ||
	    sum != sum_of(bytes, len - SUM_BYTES))
		return ERR_FORMAT;
	if ((rc = get_choice(r, empty, &at, end)) != 0 || (rc = get_counts(r, &at, end)) != 0 ||
	    (rc = visits_get(&r->visits, &at, end)) != 0 ||
	    (rc = series_get(&r->series, &at, end)) != 0 ||
	    (rc = tally_get(r->tally, REPORT_TABLES * REPORT_SECTIONS_MAX, &at, end)) != 0)
		return rc;
	return at == end ? 0 : ERR_FORMAT;
}
