/*
 * log_trouble.c: what log_follow.c tells, as errors and as sentences.
 *
 * Runs in whatever follows the logs.
 */
#include <inttypes.h>
#include <string.h>

#include "err.h"
#include "log_follow.h"

static const struct trouble_row {
	int rc;
	const char *text;
} rows[LOG_TROUBLE_COUNT] = {
    [LOG_TROUBLE_UNREADABLE] = {ERR_SYSTEM, "cannot be read"},
    [LOG_TROUBLE_MEMBER] = {ERR_CORRUPT, "a gzip member is damaged and is passed over"},
    [LOG_TROUBLE_LINE] = {ERR_FORMAT, "a line is no record and is passed over"},
    [LOG_TROUBLE_LONG] = {ERR_FULL, "a line is too long, the rest of its member is passed over"},
    [LOG_TROUBLE_TORN] = {ERR_END, "the file is torn: it ends inside a member or a line"},
    [LOG_TROUBLE_MISSING] = {ERR_END, "records are missing before this place"},
    [LOG_TROUBLE_BACK] = {ERR_FORMAT, "record numbers go back"},
    [LOG_TROUBLE_ANEW] = {ERR_FORMAT,
			  "the file is gone, and later ones have lower numbers: the logs "
			  "began anew and are read from there"},
    [LOG_TROUBLE_REWRITTEN] = {ERR_CORRUPT, "what was read here is not there any more, the file "
					    "was cut back or written anew; it is read again"},
};

int log_trouble_error(enum log_trouble_kind kind)
{
	return rows[kind].rc;
}

void log_trouble_text(const struct log_trouble *t, struct buf *to)
{
	if (t->file[0] != '\0')
		buf_printf(to, "%s, member at byte %" PRIu64 ", line %" PRIu64 ": ", t->file,
			   t->member, t->line + 1);
	else if (t->kind == LOG_TROUBLE_UNREADABLE)
		buf_put_str(to, "the log directory ");
	buf_put_str(to, rows[t->kind].text);
	if (t->kind == LOG_TROUBLE_UNREADABLE)
		buf_printf(to, ": %s", strerror((int)t->first));
	if (t->kind == LOG_TROUBLE_MISSING)
		buf_printf(to, ": %" PRIu64 ", numbers %" PRIu64 " to %" PRIu64,
			   t->last - t->first + 1, t->first, t->last);
	if (t->kind == LOG_TROUBLE_BACK)
		buf_printf(to, ": from %" PRIu64 " to %" PRIu64, t->first, t->last);
	if (t->gone[0] != '\0')
		buf_printf(to, "; %s was removed before it was read to its end", t->gone);
}
