/*
 * record_wire.c: read the wire form of fields.
 *
 * Runs in the logger, on what workers sent, and trusts none of it: a length is checked before
 * it is used, a kind before its value is read.  Errors go to the caller, who drops the record.
 */
#include "record_wire.h"

#include <string.h>

#include "err.h"

/* The length a kind must have; 0: any. */
static const size_t kind_length[RECORD_KIND_COUNT] = {
    [RECORD_U64] = sizeof(uint64_t),  [RECORD_BOOL] = 1,  [RECORD_IP] = 16,
    [RECORD_TIME] = sizeof(uint64_t), [RECORD_UUID] = 16,
};

static bool dialogue_is_valid(const struct record_value *v)
{
	return v->len >= RECORD_WIRE_DIALOGUE && v->bytes[8] < DIALOGUE_DIR_COUNT &&
	       v->bytes[9] < EOL_COUNT;
}

static bool names_are_valid(const struct record_value *v)
{
	if (v->len < RECORD_WIRE_NAMES || v->bytes[0] >= TLS_REGISTRY_COUNT)
		return false;
	size_t width = v->bytes[1], len = v->len - RECORD_WIRE_NAMES;
	return (width == 2 || width == 3) && len % width == 0 && len / width <= RECORD_NAMES_MAX;
}

static bool value_is_valid(const struct record_value *v)
{
	enum record_kind kind = record_table[v->field].kind;

	if (kind_length[kind] != 0 && v->len != kind_length[kind])
		return false;
	if (kind == RECORD_BOOL)
		return v->bytes[0] <= 1;
	if (kind == RECORD_TIME)
		return record_wire_u64(v->bytes) / 1000000 < TIME_SECONDS_END;
	if (kind == RECORD_NAMES)
		return names_are_valid(v);
	return kind != RECORD_DIALOGUE || dialogue_is_valid(v);
}

int record_next(struct record_cursor *c, struct record_value *v_r)
{
	uint16_t field;
	uint32_t length;

	if (c->p == c->end)
		return 0;
	if ((size_t)(c->end - c->p) < RECORD_WIRE_HEADER)
		return ERR_FORMAT;
	memcpy(&field, c->p, sizeof field);
	memcpy(&length, c->p + sizeof field, sizeof length);
	if (field >= FIELD_COUNT || length > (size_t)(c->end - c->p) - RECORD_WIRE_HEADER)
		return ERR_FORMAT;
	*v_r = (struct record_value){(enum record_field)field, c->p + RECORD_WIRE_HEADER, length};
	c->p += RECORD_WIRE_HEADER + length;
	return value_is_valid(v_r) ? 1 : ERR_FORMAT;
}

bool record_kind_is_list(enum record_kind kind)
{
	return kind == RECORD_STRINGS || kind == RECORD_DIALOGUE;
}

uint64_t record_wire_u64(const uint8_t *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

struct dialogue_entry record_wire_dialogue(const struct record_value *v)
{
	return (struct dialogue_entry){
	    .us = record_wire_u64(v->bytes),
	    .dir = (enum dialogue_dir)v->bytes[8],
	    .eol = (enum dialogue_eol)v->bytes[9],
	    .body = record_wire_u64(v->bytes + 10),
	    .text = v->bytes + RECORD_WIRE_DIALOGUE,
	    .len = v->len - RECORD_WIRE_DIALOGUE,
	};
}

int record_get(const uint8_t *fields, size_t len, enum record_field f, const uint8_t **value_r,
	       size_t *len_r)
{
	struct record_cursor c = {fields, fields + len};
	struct record_value v;
	int got;

	while ((got = record_next(&c, &v)) == 1) {
		if (v.field == f) {
			*value_r = v.bytes;
			*len_r = v.len;
			return 1;
		}
	}
	return got;
}
