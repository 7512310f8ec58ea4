/*
 * record_fields.h: the fields of a record, checked and found once.
 */
#ifndef SMTPTRAP_RECORD_FIELDS_H
#define SMTPTRAP_RECORD_FIELDS_H

#include "record.h"

/* What is in the wire bytes of a record, which stay the caller's and must not change. */
struct record_fields {
	const uint8_t *bytes;
	size_t len;
	enum record_type type;
	uint32_t at[FIELD_COUNT]; /* where the first value of a field begins; 0: it is not there */
	uint32_t first_len[FIELD_COUNT]; /* of that value, if it is there */
};

/*
 * Read wire bytes as the fields of a record of this type.  Returns 0, or ERR_FORMAT: they are
 * malformed, unknown, repeated, not of this type, of the head that the logger makes, without id or ts,
 * or longer than UINT32_MAX.  Then *r_r says nothing.
 */
int record_fields_read(struct record_fields *r_r, enum record_type type, const uint8_t *bytes,
		       size_t len);

/* Is there such a field? */
bool record_fields_has(const struct record_fields *r, enum record_field f);

/* The first value of a field, in bytes of the caller of record_fields_read(); its length in *len_r,
 * which fits its kind.  NULL if it is not there. */
const uint8_t *record_fields_get(const struct record_fields *r, enum record_field f, size_t *len_r);

/* As record_encode(), of fields that were read already; head->type says nothing.  Returns 0, or
 * ERR_FULL. */
int record_encode_fields(const struct record_head *head, const struct record_fields *r,
			 struct buf *out);

#endif
