/*
 * json_check.h: is a line a whole JSON object?
 */
#ifndef SMTPTRAP_JSON_CHECK_H
#define SMTPTRAP_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_CHECK_DEPTH 32 /* objects and lists in each other; records have 3 */

/*
 * Are these bytes one JSON object (RFC 8259) in valid UTF-8 and nothing else, without line feed
 * and not deeper than JSON_CHECK_DEPTH?  It must not have white space between its parts, as no
 * record has.  Names may stand in it twice; what they mean is not looked at.
 */
bool json_is_object(const uint8_t *text, size_t len);

#endif
