/*
 * follow_line.h: a record as one line for a person.
 */
#ifndef SMTPTRAP_FOLLOW_LINE_H
#define SMTPTRAP_FOLLOW_LINE_H

#include "buf.h"
#include "log_name.h"
#include "record_scan.h"

/* Zeroed it is empty. */
struct follow_line {
	enum log_stream stream;
	struct record_scan scan;
	struct buf scratch;
};

/* Make lines of records of the session or message stream. */
void follow_line_init(struct follow_line *f, enum log_stream stream);

/* Release memory. */
void follow_line_fini(struct follow_line *f);

/*
 * Append the line with its LF; nothing in it steers a terminal, whatever the record holds.
 *   session: time, address, HELO, TLS (version and cipher, or why not), messages, rule, end
 *   message: time, address, verdict, TLS version, size, reverse-path, forward-paths, subject, rule
 * Returns 0, or ERR_FORMAT if it is no record.
 */
int follow_line_put(struct follow_line *f, const uint8_t *record, size_t len, struct buf *out);

#endif
