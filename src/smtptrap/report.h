/*
 * report.h: what the tables of a report are made of.
 *
 * A table is a module: its sections, the fields it wants, and a function that counts a record.
 * report_read.c brings the records, lib/tally adds up, report_result.c makes rows of it, and
 * report_{text,json,csv,markdown}.c print them.
 */
#ifndef SMTPTRAP_REPORT_H
#define SMTPTRAP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"
#include "record_select.h"
#include "series.h"
#include "span.h"
#include "tally.h"
#include "visits.h"

#define REPORT_SECTIONS_MAX 8 /* of a table: its part of the numbers of lib/tally */

enum report_flag {
	REPORT_BY_LABEL = 1,  /* rows in the order of labels, all of them; else by count */
	REPORT_INTERVAL = 2,  /* with a confidence interval of the share */
	REPORT_SEEN = 4,      /* with the times it was seen first and last, and on how many days */
	REPORT_OF_LABEL = 8,  /* shares of the label's count in section `of`; else of the total */
	REPORT_PLAIN = 16,    /* counts alone: addresses are not told apart */
	REPORT_TIMED = 32,    /* times of its own, whatever --by says */
	REPORT_TIMELESS = 64, /* no times, whatever --by says */
	REPORT_BY_DAYS = 128, /* rows by days, those of as many by count; with REPORT_SEEN */
};

struct report_section {
	const char *name;        /* in JSON and CSV */
	const char *label;       /* head of the label's column */
	const char *unit;        /* what is counted */
	const char *denominator; /* what a share is of */
	unsigned flags, of;
};

enum report_by { REPORT_ALL, REPORT_HOUR, REPORT_DAY, REPORT_WEEK, REPORT_BY_COUNT };
extern const char *const report_by_names[REPORT_BY_COUNT];

/* The start of the time that a ts (microseconds) belongs to, in seconds; 0 for REPORT_ALL. */
uint64_t report_bucket(enum report_by by, uint64_t ts);

/* A record as a table sees it. */
struct report_record;

/* The text of a field, escapes undone; for lists there is report_count_list().  False if it is
 * absent.  Valid for this record until three more texts were asked for; a list counts as many. */
bool report_text(struct report_record *r, enum record_field f, struct span *text_r);

/* Is the text of the field this? */
bool report_is(struct report_record *r, enum record_field f, const char *text);

/* A truth value that is true. */
bool report_true(struct report_record *r, enum record_field f);

bool report_is_session(const struct report_record *r);
uint64_t report_ts(const struct report_record *r);
const uint8_t *report_ip(const struct report_record *r);

/* A message that was accepted: a delivery. */
bool report_is_delivery(struct report_record *r);

/* tls_outcome is negotiated. */
bool report_is_tls(struct report_record *r);

/* Count the record in a section of the table: with a label; with the total that shares are of; or
 * both.  What the field holds, or `absent` where it is absent, if it is not NULL. */
void report_count(struct report_record *r, unsigned section, const char *label);
void report_count_span(struct report_record *r, unsigned section, struct span label);
void report_count_field(struct report_record *r, unsigned section, enum record_field f,
			const char *absent);

/* The elements of a list, each different one once, and one in the total if there is any. */
void report_count_list(struct report_record *r, unsigned section, enum record_field f);

/* Count it in the report's series, for tables with finish(): as a kind, and in the hour of the week;
 * a kind of -1 is none. */
void report_series(struct report_record *r, int kind);

/* Keep the session for tables with finish(). */
void report_visit(struct report_record *r, const struct visit *visit);

/* Two texts with a blank between, as a label, in buf. */
#define REPORT_PAIR_MAX 520
struct span report_pair(char buf[REPORT_PAIR_MAX], struct span a, struct span b);

/* The /24 or /64 of an address as text; returns text. */
char *report_net_text(const uint8_t ip[IP_BYTES], char text[IP_NET_TEXT_MAX]);

struct report;

struct report_table {
	const char *name;
	const struct report_section *sections;
	size_t section_count;
	const enum record_field *wants;
	size_t want_count;
	void (*add)(struct report_record *r);
	/* Before rows are made: count what visits and series tell; 0 or ERR_MEMORY.  NULL for
	 * most. */
	int (*finish)(struct report *r, unsigned first_section);
};

extern const struct report_table report_tls, report_failures, report_ciphers, report_groups,
    report_certificates, report_growth, report_fingerprints, report_helo, report_dkim, report_arms,
    report_journeys, report_mailers, report_paths, report_rules, report_senders, report_sensors,
    report_times, report_yakkers;

#define REPORT_TABLES 18
extern const struct report_table *const report_tables[REPORT_TABLES];

/* What each is about, in a sentence. */
extern const char *const report_about[REPORT_TABLES];

/* Its number in report_tables, or REPORT_TABLES. */
size_t report_table_find(const char *name);

/* How labels of table paths end, behind the TLS outcome and a blank. */
#define PATH_DELIVERED "delivered"
#define PATH_NOTHING "nothing"

#define REPORT_ARRAY(a) a, sizeof(a) / sizeof *(a)

/* ---- what is read ---- */

/* What was read, added up over files. */
struct report_read {
	uint64_t files, sessions, messages, unchosen; /* records; unchosen: passed by the options */
	uint64_t bad_files;                           /* cannot be opened, or hold no record */
	uint64_t bad_places, bad_lines;               /* damage; lines that are no record */
	uint64_t first, last; /* ts of records that were counted; 0: there were none */
};

/* Widen first and last by those of others. */
void report_read_span(struct report_read *read, uint64_t first, uint64_t last);

struct report {
	bool tables[REPORT_TABLES];
	enum report_by by;
	uint64_t new_since; /* show labels that were first seen then or later; 0: all */
	struct record_select *select;
	bool select_given;
	struct tally *tally;
	struct visits visits;
	struct series series; /* connections over TLS by version */
	struct report_read read;
};

/* A file to read. */
struct report_file {
	char *path;
	bool part;
	uint64_t size;
};

/*
 * Read the files, with a process a processor, and add their records to the report.  Trouble is
 * told as complaints and counted.  False without memory or processes (said already).
 */
bool report_read_files(struct report *r, const struct report_file *files, size_t count);

/* Ask the scanner for the fields that the tables want. */
void report_want(const struct report *r, struct record_scan *scan);

/* ---- the partial form ---- */

/* Append it. */
void report_put(const struct report *r, struct buf *to);

/*
 * Add a partial report.  If empty, the report takes its tables and --by from it first; else they
 * must be the same.  Returns 0; ERR_FORMAT: it is none, or is damaged; ERR_REFUSED: of other tables
 * or times; ERR_MEMORY.
 */
int report_get(struct report *r, bool empty, const uint8_t *bytes, size_t len);

#endif
