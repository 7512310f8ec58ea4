/*
 * base64.h: a strict decoder of base64, RFC 4648 section 4.
 */
#ifndef SMTPTRAP_BASE64_H
#define SMTPTRAP_BASE64_H

#include "span.h"

/*
 * Decode `in` to `out`, which has room for in.len / 4 * 3 bytes.  Returns 0 and the length in
 * *len_r, or ERR_FORMAT if it is not canonical base64: a character out of the alphabet, a length
 * that is not a multiple of four, wrong padding, or bits set that padding cuts off.  So what was
 * decoded tells exactly what was sent.
 */
int base64_decode(struct span in, uint8_t *out, size_t *len_r);

#endif
