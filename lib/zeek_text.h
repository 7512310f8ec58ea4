/*
 * zeek_text.h: values as Zeek's ASCII writer writes them.
 */
#ifndef SMTPTRAP_ZEEK_TEXT_H
#define SMTPTRAP_ZEEK_TEXT_H

#include <stdbool.h>

#include "buf.h"
#include "span.h"

#define ZEEK_UNSET "-"
#define ZEEK_EMPTY "(empty)"

/*
 * Append a string, or an element of a set or vector, in which the comma is escaped too.  A backslash
 * is \\, control characters, the separator and bytes that are not UTF-8 are \xNN, as are the first
 * character of what would read as unset or empty; an empty string is (empty).
 */
void zeek_put_string(struct buf *out, struct span text, bool element);

/* Append microseconds as a time or interval: seconds with six decimals. */
void zeek_put_time(struct buf *out, uint64_t us);

/* Append a time as #open and #close have it: 2025-11-22-10-30-00, UTC. */
void zeek_put_stamp(struct buf *out, uint64_t seconds);

#endif
