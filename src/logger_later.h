/*
 * logger_later.h: records that nobody waits for, until they are committed.
 */
#ifndef SMTPTRAP_LOGGER_LATER_H
#define SMTPTRAP_LOGGER_LATER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "log_name.h"

#define STORE_LATER_MAX (1024u * 1024) /* fields of records waiting for room on disk */

/* Records that are not committed yet: uint32 length and fields, again and again. */
struct later {
	struct buf records;
	size_t applied; /* bytes whose records stand in the stream, uncommitted */
	uint64_t lost;  /* since there was room for all */
};

void later_init(struct later *l);

/* Keep a record of this stream.  False if there is no room for it: it is lost, and that so it is
 * for those that come now is said once. */
bool later_put(struct later *l, enum log_stream of, const uint8_t *fields, size_t len);

/* What was applied is committed: let go of it.  If that is all, what was lost meanwhile is said. */
void later_drop_applied(struct later *l, enum log_stream of);

#endif
