/*
 * logger_lessons.c: what the worker of a slot may teach the memory of addresses.
 *
 * Runs in the logger.  Who serves which client is known to workers alone, so that one that was
 * taken over can say anything of any address.  It can say it once a session, as often as it may
 * serve sessions, and not faster than an honest one; and what it says stands in the log, in a
 * record of the same session and client, or it says no more.
 */
#include "logger_lessons.h"

#include <string.h>

#include "record.h"

void lessons_init(struct lessons *l)
{
	*l = (struct lessons){.now = LESSONS_AT_ONCE};
}

void lessons_begin(struct lessons *l, uint32_t sessions)
{
	l->left = sessions;
	l->open = false; /* l->now stays: a new worker is not a new chance */
}

void lessons_tick(struct lessons *l)
{
	l->now += LESSONS_A_TICK;
	if (l->now > LESSONS_AT_ONCE)
		l->now = LESSONS_AT_ONCE;
}

bool lessons_take(struct lessons *l, const struct summary *s)
{
	if (l->open || l->left == 0 || l->now == 0)
		return false;
	l->summary = *s;
	l->open = true;
	l->left--;
	l->now--;
	return true;
}

/* Both kinds of field have 16 bytes. */
static bool field_is(const uint8_t *fields, size_t len, enum record_field f,
		     const uint8_t bytes[IP_BYTES])
{
	const uint8_t *value;
	size_t value_len;

	return record_get(fields, len, f, &value, &value_len) == 1 && value_len == IP_BYTES &&
	       memcmp(value, bytes, value_len) == 0;
}

bool lessons_compare(struct lessons *l, const uint8_t *fields, size_t len)
{
	if (!l->open)
		return true;
	l->open = false;
	if (field_is(fields, len, FIELD_ID, l->summary.session) &&
	    field_is(fields, len, FIELD_CLIENT_IP, l->summary.ip))
		return true;
	l->left = 0;
	return false;
}
