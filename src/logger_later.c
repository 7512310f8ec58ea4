/*
 * logger_later.c: records that nobody waits for, until they are committed.
 *
 * Runs in the logger.  While the disk takes nothing, records of sessions wait here, in bounded
 * memory; those that find no room are counted, and said when it begins and when it is over.
 */
#include "logger_later.h"

#include <inttypes.h>
#include <string.h>

#include "log.h"

void later_init(struct later *l)
{
	*l = (struct later){0};
	buf_init_heap(&l->records, STORE_LATER_MAX);
}

bool later_put(struct later *l, enum log_stream of, const uint8_t *fields, size_t len)
{
	uint32_t n = (uint32_t)len;
	size_t before = l->records.len;

	buf_put(&l->records, &n, sizeof n);
	buf_put(&l->records, fields, len);
	if (!l->records.failed)
		return true;
	l->records.len = before;
	l->records.failed = false;
	if (l->lost++ == 0)
		warn(
		    "%s log: %zu bytes of records wait to be written: those that come now are lost",
		    log_stream_name(of), before);
	return false;
}

void later_drop_applied(struct later *l, enum log_stream of)
{
	l->records.len -= l->applied;
	memmove(l->records.data, l->records.data + l->applied, l->records.len);
	l->applied = 0;
	if (l->lost > 0 && l->records.len == 0) {
		warn("%s log: %" PRIu64 " records were lost", log_stream_name(of), l->lost);
		l->lost = 0;
	}
}
