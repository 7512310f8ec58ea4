/*
 * record_wire.h: the wire form of fields, for the code of record_*.c only.
 */
#ifndef SMTPTRAP_RECORD_WIRE_H
#define SMTPTRAP_RECORD_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

#define RECORD_WIRE_HEADER (sizeof(uint16_t) + sizeof(uint32_t))
#define RECORD_WIRE_DIALOGUE (sizeof(uint64_t) + 2 + sizeof(uint64_t)) /* before the text */

#define RECORD_WIRE_NAMES 2 /* uint8 registry, uint8 width, before the numbers */

/* A field in wire bytes: value points into them. */
struct record_value {
	enum record_field field;
	const uint8_t *bytes;
	size_t len;
};

/* What is left to read. */
struct record_cursor {
	const uint8_t *p, *end;
};

/* Read the next field.  Returns 1, 0 at the end, or ERR_FORMAT if it is cut short, unknown, or
 * its length or content do not fit its kind. */
int record_next(struct record_cursor *c, struct record_value *v_r);

/* Is a field of this kind repeated, its elements together? */
bool record_kind_is_list(enum record_kind kind);

/* A number in host byte order, any alignment. */
uint64_t record_wire_u64(const uint8_t *p);

/* The parts of a checked dialogue value; text points into it. */
struct dialogue_entry record_wire_dialogue(const struct record_value *v);

#endif
