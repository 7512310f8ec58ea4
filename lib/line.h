/*
 * line.h: the incremental reader of command lines.
 *
 * It works in place: the caller owns one input buffer and hands all of it that is not consumed
 * yet to each call.  The same bytes in any chunking give the same lines.  A line ends with LF;
 * the CR before it, if there is one, belongs to the line end.  Content may hold any bytes, NUL
 * and bare CR among them.  What follows the line end (message data, TLS records) is never
 * looked at.
 */
#ifndef SMTPTRAP_LINE_H
#define SMTPTRAP_LINE_H

#include "record.h"
#include "span.h"

#define LINE_RFC_MAX 512      /* RFC 5321 4.5.3.1.4: octets of a command line, CRLF included */
#define LINE_COMMAND_MAX 2048 /* content we take, room for MAIL's and RCPT's parameters */
#define LINE_AUTH_MAX 12288   /* RFC 4954 4: base64 of an AUTH exchange, line end included */
#define LINE_BUFFER_MIN (LINE_AUTH_MAX + 2) /* an input buffer smaller than this could get stuck */

/* Zero it to start. */
struct line_reader {
	size_t scanned;   /* bytes at the start of the unconsumed input that hold no LF */
	bool skipping;    /* within the rest of a line that was too long */
	bool cr_last;     /* while skipping: the byte before was CR */
	uint64_t bare_cr; /* CR not followed by LF, so far */
	uint64_t bare_lf; /* LF not preceded by CR, so far */
	uint64_t skipped; /* bytes of lines that were too long, line ends included, so far */
};

struct line {
	struct span text;      /* in the caller's buffer: without its line end */
	enum dialogue_eol eol; /* EOL_NONE: input ended here, or too_long */
	bool too_long;         /* text is the first `limit` bytes of it; the rest is skipped */
	uint32_t bare_cr;      /* CR within text */
};

/*
 * Look for one line of at most `limit` bytes (line end not counted) in the `len` unconsumed
 * bytes at `in`; limit + 2 must fit the caller's buffer.
 * Returns 1: *line_r is a line; it points into `in`.  0: more input is needed.
 * Either way the caller drops *consumed_r bytes from the front of its buffer, and before the
 * next call only appends to it or moves it as a whole.  A line over the limit is returned once,
 * with too_long set, as soon as the limit is passed; its rest is consumed by the following calls.
 */
int line_read(struct line_reader *r, const uint8_t *in, size_t len, size_t limit,
	      struct line *line_r, size_t *consumed_r);

/*
 * Input has ended with `len` unconsumed bytes at `in`, for which line_read() returned 0.
 * Returns 1 and the rest as a line with EOL_NONE, or 0 if there is none.
 */
int line_finish(struct line_reader *r, const uint8_t *in, size_t len, struct line *line_r);

/* Forget a partial line: STARTTLS begins and all that was buffered is dropped.  The counts stay. */
void line_reset(struct line_reader *r);

#endif
