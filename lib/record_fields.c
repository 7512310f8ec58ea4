/*
 * record_fields.c: the fields of a record, checked and found once.
 *
 * Runs in the logger, once a record.  Input: wire bytes from a worker, of which nothing is
 * trusted.  Output: where each field stands, so that whoever wants one need not search for it.
 */
#include "record_fields.h"

#include <string.h>

#include "err.h"
#include "record_wire.h"

/* The logger alone knows these. */
static bool is_head(enum record_field f)
{
	return f == FIELD_V || f == FIELD_TYPE || f == FIELD_SEQ || f == FIELD_SENSOR;
}

static bool is_of(enum record_field f, enum record_type type)
{
	return type == RECORD_SESSION ? record_table[f].in_session : record_table[f].in_message;
}

int record_fields_read(struct record_fields *r_r, enum record_type type, const uint8_t *bytes,
		       size_t len)
{
	struct record_cursor c = {bytes, bytes + len};
	unsigned last = FIELD_COUNT;
	struct record_value v;
	int got;

	if (len > UINT32_MAX)
		return ERR_FORMAT;
	r_r->bytes = bytes;
	r_r->len = len;
	r_r->type = type;
	memset(r_r->at, 0, sizeof r_r->at);
	while ((got = record_next(&c, &v)) == 1) {
		if (v.field == last && record_kind_is_list(record_table[v.field].kind))
			continue;
		if (is_head(v.field) || !is_of(v.field, type) || r_r->at[v.field] != 0)
			return ERR_FORMAT;
		r_r->at[v.field] = (uint32_t)(v.bytes - bytes);
		r_r->first_len[v.field] = (uint32_t)v.len;
		last = v.field;
	}
	if (got != 0)
		return got;
	return record_fields_has(r_r, FIELD_ID) && record_fields_has(r_r, FIELD_TS) ? 0
										    : ERR_FORMAT;
}

bool record_fields_has(const struct record_fields *r, enum record_field f)
{
	return r->at[f] != 0;
}

const uint8_t *record_fields_get(const struct record_fields *r, enum record_field f, size_t *len_r)
{
	if (r->at[f] == 0)
		return NULL;
	*len_r = r->first_len[f];
	return r->bytes + r->at[f];
}
