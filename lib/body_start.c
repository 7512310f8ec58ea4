/*
 * body_start.c: where the body of a message begins, found while the message passes by.
 *
 * Runs in the logger, which does not have a long message in memory.  Input: the bytes of a message,
 * of which nothing is trusted.
 */
#include "body_start.h"

#include <string.h>

#include "mail_header.h"

/* An LF ends the line; what the line before it was decides. */
static void line_end(struct body_start *b)
{
	b->found = b->line != BODY_LINE_TEXT;
	b->line = BODY_LINE_EMPTY;
}

static void line_byte(struct body_start *b, uint8_t byte)
{
	if (byte == '\n')
		line_end(b);
	else
		b->line =
		    byte == '\r' && b->line == BODY_LINE_EMPTY ? BODY_LINE_CR : BODY_LINE_TEXT;
}

size_t body_start_feed(struct body_start *b, const uint8_t *bytes, size_t len)
{
	const uint8_t *p = bytes, *end = bytes + len;

	if (b->found)
		return 0;
	if (b->at + len > MAIL_HEADER_SCAN_MAX)
		end = b->at > MAIL_HEADER_SCAN_MAX ? p : p + (MAIL_HEADER_SCAN_MAX - b->at);
	while (p < end && !b->found) {
		if (b->line == BODY_LINE_TEXT) {
			const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));

			p = lf != NULL ? lf : end;
			if (lf == NULL)
				break;
		}
		line_byte(b, *p++);
	}
	size_t used = b->found ? (size_t)(p - bytes) : len;
	b->at += used;
	return used;
}
