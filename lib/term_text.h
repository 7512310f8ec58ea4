/*
 * term_text.h: bytes of unknown origin, safe to show on a terminal.
 */
#ifndef SMTPTRAP_TERM_TEXT_H
#define SMTPTRAP_TERM_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Append the text so that it cannot steer a terminal nor look like other text: valid UTF-8 as it
 * is, a backslash as \\, bytes that are not UTF-8 and control characters as \xNN, C1 controls and
 * characters that are invisible or turn the direction of text as \u{NNNN}.
 */
void term_put(struct buf *out, const uint8_t *bytes, size_t len);

#endif
