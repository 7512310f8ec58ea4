/*
 * mbox.h: how raw messages lie in the mail stream (mboxrd).
 *
 *     From MAILER-DAEMON Sat Nov 22 10:30:00 2025<LF>
 *     Return-Path: ...<CRLF>
 *     Delivered-To: ...<CRLF>
 *     Received: ...<CRLF>
 *     X-Trap-Id: 019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11<CRLF>
 *     X-Trap-Size: 1234<CRLF>
 *     1234 bytes of raw message, quoted
 *     <LF> if those do not end in LF
 *     <LF>
 *
 * Of a message whose other bytes are those of another one, only its own stand here: none, or its
 * header.  Then a line tells which one that is, and X-Trap-Size counts what stands here:
 *     X-Trap-Copy-Of: 019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c10<CRLF>
 *     X-Trap-Size: 0<CRLF>
 *
 * Quoting: a line that begins with any number of `>` and `From ` gets one `>` more.  A line
 * begins after LF and nowhere else.  X-Trap-Size counts the bytes before quoting.
 */
#ifndef SMTPTRAP_MBOX_H
#define SMTPTRAP_MBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "uuid.h"

#define MBOX_TRACE_MAX \
	(1024u * 1024) /* the longest trace header a reader must take: 1,000
					 recipients of 512 bytes and the rest */

#define MBOX_COPY_MAX 96 /* how much longer the trace header of a copy is */

/* Append the From_ line for this time (seconds since 1970, before the year 10000). */
void mbox_put_separator(struct buf *out, uint64_t time);

/* The state of quoting or unquoting one message.  Zero it before the first byte. */
struct mbox_filter {
	bool inside;     /* past the part of the line that matters */
	bool held;       /* unquoting: one '>' is held back */
	uint8_t matched; /* bytes of "From " that were seen and held back */
	bool unended;    /* the last byte was not LF */
};

/*
 * Append to out the quoted form of the next len bytes of a message, in any chunking.  At most 4
 * bytes are held back until the next call.  Grows by at most a sixth and 6 bytes.  Returns 0, or
 * ERR_FULL if out failed.
 */
int mbox_quote(struct mbox_filter *f, const void *bytes, size_t len, struct buf *out);

/* The message ended: append what was held back, the LF it may lack and the empty line.
 * Returns 0, or ERR_FULL. */
int mbox_quote_end(struct mbox_filter *f, struct buf *out);

/* The reverse of mbox_quote(): never more bytes come out than went in. */
int mbox_unquote(struct mbox_filter *f, const void *bytes, size_t len, struct buf *out);

/* The quoted bytes ended: append what was held back. */
int mbox_unquote_end(struct mbox_filter *f, struct buf *out);

/* What a trace header says. */
struct mbox_trace {
	size_t len;             /* of the trace header: the raw data follow */
	uint64_t size;          /* X-Trap-Size: bytes of the message before quoting */
	uint8_t id[UUID_BYTES]; /* X-Trap-Id */
};

/*
 * Read a trace header from the bytes behind a From_ line.  Returns 1 and fills *trace_r, 0 if
 * its end is not among the len bytes, or ERR_FORMAT: every line must be `Name: text` or begin
 * with a blank, end in CRLF and hold no other CR, LF or NUL; X-Trap-Id must stand before
 * X-Trap-Size.  The logger checks with this what a worker sends.
 */
int mbox_trace_parse(const uint8_t *bytes, size_t len, struct mbox_trace *trace_r);

/*
 * Append a trace header that mbox_trace_parse() has found good (its last line is X-Trap-Size) as
 * that of a copy of the message `of`, of which `size` bytes stand here.
 */
void mbox_put_copy_trace(struct buf *out, const uint8_t *trace, size_t len,
			 const uint8_t of[UUID_BYTES], uint64_t size);

/* The reverse: append the trace header of a copy as that of a message of `size` bytes. */
void mbox_put_whole_trace(struct buf *out, const uint8_t *trace, size_t len, uint64_t size);

#endif
