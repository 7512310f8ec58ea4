/*
 * report_record.h: a record on its way to the tables.  Only report_read.c makes one.
 */
#ifndef SMTPTRAP_REPORT_RECORD_H
#define SMTPTRAP_REPORT_RECORD_H

#include "record_line.h"
#include "record_scan.h"
#include "report.h"

#define REPORT_SCRATCHES 3 /* escaped texts that are valid at a time */

struct report_record {
	struct tally *tally;
	struct visits *visits;
	struct series *series;
	struct record_scan *scan;
	int8_t slot[FIELD_COUNT]; /* of scan; -1: not asked for */
	struct record_line_head head;
	struct tally_who who;
	uint8_t ip[IP_BYTES];
	uint64_t time;
	const struct report_table *table; /* whose turn it is */
	unsigned first_section;           /* of that */
	uint64_t day_key;
	struct buf scratch[REPORT_SCRATCHES];
	unsigned next_scratch;
	bool no_memory;
};

/* Make one that counts into the report what this scanner finds. */
void report_record_init(struct report_record *r, struct report *to, struct record_scan *scan);
void report_record_fini(struct report_record *r);

/* Read a line.  Returns 0, or ERR_FORMAT if it is no record. */
int report_record_read(struct report_record *r, enum report_by by, const uint8_t *line, size_t len);

#endif
