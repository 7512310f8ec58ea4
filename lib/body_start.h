/*
 * body_start.h: where the body of a message begins, found while the message passes by.
 */
#ifndef SMTPTRAP_BODY_START_H
#define SMTPTRAP_BODY_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero it before the first byte. */
struct body_start {
	bool found;
	uint64_t at; /* bytes before the body; before it is found: bytes seen */
	enum { BODY_LINE_EMPTY, BODY_LINE_CR, BODY_LINE_TEXT } line; /* what the line has so far */
};

/*
 * Take the next len bytes, in any chunking.  Returns how many of them stand before the body: its
 * first byte is the one behind the first empty line (CRLF or LF) that ends within the first
 * MAIL_HEADER_SCAN_MAX bytes, as body_offset of mail_header_read() has it.
 */
size_t body_start_feed(struct body_start *b, const uint8_t *bytes, size_t len);

#endif
