/*
 * export.h: what the files of smtptrap export share.
 */
#ifndef SMTPTRAP_EXPORT_H
#define SMTPTRAP_EXPORT_H

#include <stdio.h>

#include "mail_whole.h"
#include "record.h"
#include "record_line.h"
#include "redact.h"
#include "smtptrap.h"
#include "span.h"

/* A value of a record: bytes of export_record.text. */
struct export_item {
	size_t at, len;
};

/* A record taken apart. */
struct export_record {
	struct record_line_head head;
	struct buf text;
	struct export_item *item;
	size_t count, room;
	struct {
		size_t first, count; /* of item; a list's elements are together */
	} field[FIELD_COUNT];
	struct buf secrets; /* what gives the trap away: each with its length (size_t) before it */
	bool failed;        /* no memory */
};

void export_record_init(struct export_record *r);
void export_record_fini(struct export_record *r);

/* Take a line apart; what was there before is gone.  Returns 0, or ERR_FORMAT or ERR_MEMORY. */
int export_record_read(struct export_record *r, const uint8_t *line, size_t len);

/* The first value of a field, or element n of a list; len 0 and bytes NULL if it is absent. */
struct span export_value(const struct export_record *r, enum record_field f);
struct span export_element(const struct export_record *r, enum record_field f, size_t n);

/* Is the field there, and does it say so? */
bool export_is(const struct export_record *r, enum record_field f, const char *text);

/* A number in a field; 0 if it is absent. */
uint64_t export_number(const struct export_record *r, enum record_field f);

/* The contact of who reports, or who sends the report: XARF's contact_info. */
struct export_contact {
	const char *org, *contact, *domain;
};

struct export_format;

struct export
{
	bool trouble; /* first: trouble_complain() sets it */
	struct choice choice;
	const struct export_format *format;
	const struct env *env;

	/* csv */
	const char *fields;
	bool exact; /* no guard against formulas */
	enum record_field column[FIELD_COUNT];
	size_t columns;

	/* zeek */
	const char *path;
	int zeek; /* number of the path's table */

	/* xarf */
	struct export_contact reporter, sender;
	const char *evidence_max_text;
	uint64_t evidence_max;
	struct mail_whole *store; /* of the folder that is read */

	/* redaction */
	int redact_given; /* 1: --redact, -1: --no-redact, 0: as the format has it */
	const char *redact_file, *key_file;
	struct redact *redact; /* NULL: none */

	struct export_record record;
	const uint8_t *line; /* that it was read from */
	size_t line_len;
	uint64_t written, refused, skipped;
};

/* A format: begin() checks its options and says what is wrong with them. */
struct export_format {
	const char *name;
	bool redacts; /* unless it is told not to */
	bool (*begin)(struct export *e);
	/* Write a record.  Returns 1, 0 if there is nothing to say of it, or a negative error after
	 * a complaint. */
	int (*put)(struct export *e);
	void (*end)(struct export *e); /* NULL: nothing to do */
};
extern const struct export_format export_csv, export_zeek, export_ecs, export_xarf;

/* Make e->redact as the options say: key and secrets.  False if that fails (said already). */
bool export_redact_begin(struct export *e);

/* Hide in e->record what gives the trap away.  Returns 0; else the record must not be written. */
int export_redact_record(struct export *e);

/* Say which record cannot be given, and why. */
void export_refuse(struct export *e, const char *why);

/* The addresses of a field like From: or To:, one after the other: zero *at first.  Returns 1, or 0
 * behind the last. */
int export_address(struct span field, size_t *at, struct span *address_r);

#endif
