/*
 * data.h: the message data between the 354 and its end, RFC 5321 4.1.1.4 and 4.5.2.
 *
 * The end is CRLF.CRLF and nothing else; the CRLF of DATA itself counts as the first one, so
 * ".CRLF" at once ends an empty message.  The CRLF before the final dot belongs to the message.
 * A dot is removed only where it stands right behind CRLF.  Bare CR and bare LF, and NUL, are
 * kept, and neither ends a line.  The same bytes in any chunking give the same data.
 */
#ifndef SMTPTRAP_DATA_H
#define SMTPTRAP_DATA_H

#include "span.h"

enum data_state {
	DATA_LINE_START, /* behind CRLF; the state to start in */
	DATA_TEXT,
	DATA_CR,     /* behind a CR that was handed out */
	DATA_DOT,    /* behind CRLF and a dot, which is held back */
	DATA_DOT_CR, /* behind CRLF, dot and CR, which are held back */
	DATA_ENDED
};

/* Zero it to start. */
struct data_reader {
	enum data_state state;
	uint64_t size;    /* bytes of message handed out so far */
	uint64_t raw;     /* bytes consumed so far, dots and end marker included */
	uint64_t bare_cr; /* CR not followed by LF, kept */
	uint64_t bare_lf; /* LF not preceded by CR, kept */
};

enum data_event { DATA_NEED, DATA_RUN, DATA_END };

/*
 * Take the next piece of the `len` bytes at `in`.
 * DATA_RUN: *run_r (never empty) is message data, in `in` or in constant memory; *consumed_r
 *   bytes of `in` were used up for it; call again with the rest.
 * DATA_NEED: all `len` bytes are consumed and nothing is to be handed out; call again with new
 *   input.
 * DATA_END: the end marker is consumed; what follows in `in` was not looked at.
 */
enum data_event data_next(struct data_reader *d, const uint8_t *in, size_t len, struct span *run_r,
			  size_t *consumed_r);

/* Input ended (connection lost) before the end marker: what is held back and belongs to the
 * data as far as it was received (".", ".CR" as sent), empty if nothing.  Constant memory. */
struct span data_held(const struct data_reader *d);

/* Count CR without LF and LF without CR in the len bytes of a message that came by BDAT, where
 * nothing is read line by line.  Sets both. */
void data_count_bare(const uint8_t *bytes, size_t len, uint64_t *bare_cr_r, uint64_t *bare_lf_r);

#endif
