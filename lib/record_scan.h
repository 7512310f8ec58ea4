/*
 * record_scan.h: find the values of a few fields in a line of JSON, fast.
 *
 * record_line_walk() reads all of a line and checks all of it; this passes over what nobody asked
 * for at the speed of memory and stops behind the last value that was.  So it is for lines that
 * came out of a gzip member whose checksum was right.
 */
#ifndef SMTPTRAP_RECORD_SCAN_H
#define SMTPTRAP_RECORD_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "record.h"

#define RECORD_SCAN_MAX 64 /* fields asked for at a time: a bit each in a word */

enum record_scan_kind {
	SCAN_ABSENT,
	SCAN_STRING, /* text is what stands between the quotes */
	SCAN_WORD,   /* a number, true or false: text is all of it */
	SCAN_LIST,   /* text is what stands between the brackets */
};

/* A value as it stands in the line; text points into that. */
struct record_scan_value {
	enum record_scan_kind kind;
	bool escaped; /* a string with a backslash in it: see record_scan_text() */
	const char *text;
	size_t len;
};

struct record_scan_field {
	const char *name; /* ends before name_len */
	size_t name_len;
	enum record_field field;
	uint8_t next; /* slot + 1 of another field with the same hash; 0: none */
};

struct record_scan {
	size_t count;
	struct record_scan_field field[RECORD_SCAN_MAX];
	struct record_scan_value value[RECORD_SCAN_MAX]; /* of the last line, by slot */
	uint8_t hash[256];                               /* slot + 1, 0: none */
};

/* Ask for no field. */
void record_scan_init(struct record_scan *s);

/*
 * Ask for a field by its name, or with _hex behind for its exact bytes; the name must stay valid.
 * Returns its slot, the same for the same name; ERR_REFUSED if there is no such field; ERR_FULL
 * past RECORD_SCAN_MAX.
 */
int record_scan_want(struct record_scan *s, const char *name, size_t len);

/*
 * Fill s->value from a line, which is an object of values and lists.  Returns 0, or ERR_FORMAT if
 * the line is not of that form up to the last value that was asked for.
 */
int record_scan_line(struct record_scan *s, const uint8_t *line, size_t len);

/*
 * The next element of a list: zero *at for the first.  Returns 1, 0 behind the last, or ERR_FORMAT.
 * Elements that are objects come out as SCAN_LIST.
 */
int record_scan_element(const struct record_scan_value *list, size_t *at,
			struct record_scan_value *value_r);

/*
 * The bytes of a string or word: as they stand, or with escapes undone in *scratch, which is reset
 * first.  *text_r is valid until scratch or the line changes.  Returns 0, ERR_FORMAT for an
 * escape that JSON does not have, or ERR_MEMORY; then neither *text_r nor *len_r is changed.
 */
int record_scan_text(const struct record_scan_value *value, struct buf *scratch,
		     const char **text_r, size_t *len_r);

#endif
