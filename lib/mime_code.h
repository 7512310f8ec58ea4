/*
 * mime_code.h: the transfer encodings of MIME, as lenient as readers of mail are.
 */
#ifndef SMTPTRAP_MIME_CODE_H
#define SMTPTRAP_MIME_CODE_H

#include <stdbool.h>

#include "buf.h"
#include "span.h"

/* The value of a character of base64 in either alphabet (RFC 4648, 4 and 5), or -1. */
int mime_base64_value(uint8_t c);

/*
 * Append what characters of base64 stand for; others are passed over.  Up to three characters that
 * are no whole group at the end give the bytes that are whole.  Returns whether only characters of
 * the alphabet and white space came, at most two `=` at the end, and no group is short of more.
 */
bool mime_base64_decode(struct span in, struct buf *out);

/* Append base64 without line ends; url: the alphabet of RFC 4648, 5; padded: with `=`. */
void mime_base64_encode(struct span in, bool url, bool padded, struct buf *out);

/* Append base64 in lines of 76 that end in CRLF (RFC 2045, 6.8). */
void mime_base64_lines(struct span in, struct buf *out);

/*
 * Append what quoted-printable (RFC 2045, 6.7) stands for.  A `=` that begins no escape stays, as
 * readers show it.  header: an encoded word, in which `_` is a space (RFC 2047, 4.2).
 */
void mime_quoted_decode(struct span in, bool header, struct buf *out);

/* Append quoted-printable with lines of at most 76; line ends stay as they are. */
void mime_quoted_encode(struct span in, struct buf *out);

#endif
