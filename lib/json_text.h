/*
 * json_text.h: strings of unknown bytes as JSON strings that every strict reader takes.
 */
#ifndef SMTPTRAP_JSON_TEXT_H
#define SMTPTRAP_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Append a JSON string with its quotes.  Always valid UTF-8 (RFC 3629) without control
 * characters: C0, DEL and C1 are written as \u00XX; each byte that is not part of valid UTF-8,
 * and NUL, as U+FFFD.  Returns true if the text is the exact bytes, false if U+FFFD stands for
 * some of them.
 */
bool json_put_string(struct buf *out, const uint8_t *bytes, size_t len);

/* Append the bytes as a JSON string of lower-case hexadecimal digits. */
void json_put_hex(struct buf *out, const uint8_t *bytes, size_t len);

/* The length (1 to 4) of the valid UTF-8 character at p, or 0 if there is none before end. */
size_t utf8_length(const uint8_t *p, const uint8_t *end);

/* The number of the character at p, which is valid UTF-8 of so many bytes, 1 to 4. */
uint32_t utf8_value(const uint8_t *p, size_t len);

#endif
