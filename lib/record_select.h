/*
 * record_select.h: choose records by time, by the values of fields, and by an expression.
 */
#ifndef SMTPTRAP_RECORD_SELECT_H
#define SMTPTRAP_RECORD_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "record_scan.h"
#include "where.h"

#define RECORD_SELECT_MAX 16 /* fields asked for at a time */

struct record_select {
	uint64_t since;      /* microseconds since 1970: ts is not before this */
	uint64_t until;      /* and before this */
	struct where *where; /* chooses further; NULL: all.  Released by record_select_fini() */
	size_t count;
	struct {
		int slot; /* of scan */
		const char *value;
	} field[RECORD_SELECT_MAX];
	struct record_scan scan;
	struct buf scratch;
};

/* Choose all. */
void record_select_init(struct record_select *s);

/* Release memory; accepts a zeroed one. */
void record_select_fini(struct record_select *s);

/*
 * Choose only records whose field NAME has VALUE, or for a list an element of it; text is
 * "NAME=VALUE" and must stay valid.  NAME may be a field or, for exact bytes, a field and _hex;
 * numbers and truth values are compared as they are written.  Returns 0; ERR_FORMAT if there is no
 * `=`; ERR_REFUSED if there is no such field, or it is the dialogue; ERR_FULL after
 * RECORD_SELECT_MAX.
 */
int record_select_add(struct record_select *s, const char *text);

/* Is this line chosen?  Returns 1, 0, or ERR_FORMAT if it is no record. */
int record_select_match(struct record_select *s, const uint8_t *line, size_t len);

#endif
