/*
 * record_line.h: a line of JSON as a record.
 */
#ifndef SMTPTRAP_RECORD_LINE_H
#define SMTPTRAP_RECORD_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* What every record begins with. */
struct record_line_head {
	enum record_type type;
	uint8_t id[16];
	uint64_t seq;
	uint64_t ts; /* microseconds since 1970 */
};

/*
 * Read v, type, id, seq and ts from the start of a line.  They must stand there as
 * record_encode() writes them.  Much faster than reading the whole line.  Returns 0, or
 * ERR_FORMAT.
 */
int record_line_head(const uint8_t *line, size_t len, struct record_line_head *h_r);

#define RECORD_NAME_MAX 64 /* longer names are no field of ours, nor that with _hex behind */

/* A value in a line. */
struct record_item {
	const char *name;   /* of the field */
	const char *member; /* of the dialogue entry's object, or NULL */
	size_t index;       /* which element of a list, from 0 */
	bool in_list;
	bool is_string;
	const char *text; /* the string decoded, else the JSON text: digits, true, false */
	size_t len;
};

/* Gets each value in order; what item points to is valid during the call.  Returns 0 to go on,
 * or a number that ends the walk. */
typedef int (*record_item_fn)(void *ctx, const struct record_item *item);

/*
 * Read the whole line: a JSON object of values, lists of values, and lists of objects of values;
 * never null.  Returns 0, what fn returned, ERR_FORMAT if the line is not of that form, or
 * ERR_MEMORY.
 */
int record_line_walk(const uint8_t *line, size_t len, record_item_fn fn, void *ctx);

#endif
