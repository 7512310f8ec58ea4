/*
 * record_put.c: write the fields of a record in wire form.
 *
 * Runs in workers and in the master (for a worker's last words).  Input: what they learnt;
 * output: bytes for the results pipe.  A field of the wrong kind is our own bug and asserted; a
 * buffer that is too small shows in its `failed`.
 */
#include <assert.h>
#include <string.h>

#include "record.h"
#include "record_wire.h"

/* The header of a field and room for its value; NULL if they do not fit. */
static uint8_t *put_room(struct buf *to, enum record_field f, size_t len)
{
	uint16_t field = (uint16_t)f;
	uint32_t length = (uint32_t)len;

	if (len > UINT32_MAX - RECORD_WIRE_HEADER) {
		to->failed = true;
		return NULL;
	}
	uint8_t *at = buf_reserve(to, RECORD_WIRE_HEADER + len);
	if (at == NULL)
		return NULL;
	memcpy(at, &field, sizeof field);
	memcpy(at + sizeof field, &length, sizeof length);
	to->len += RECORD_WIRE_HEADER + len;
	return at + RECORD_WIRE_HEADER;
}

static void put(struct buf *to, enum record_field f, const void *bytes, size_t len)
{
	uint8_t *at = put_room(to, f, len);

	if (at != NULL && len > 0)
		memcpy(at, bytes, len);
}

static bool is_kind(enum record_field f, enum record_kind kind)
{
	return f < FIELD_COUNT && record_table[f].kind == kind;
}

void record_put_string(struct buf *to, enum record_field f, const void *bytes, size_t len)
{
	assert(is_kind(f, RECORD_STRING) || is_kind(f, RECORD_STRINGS));
	put(to, f, bytes, len);
}

void record_put_text(struct buf *to, enum record_field f, const char *text)
{
	record_put_string(to, f, text, strlen(text));
}

void record_put_u64(struct buf *to, enum record_field f, uint64_t n)
{
	assert(is_kind(f, RECORD_U64));
	put(to, f, &n, sizeof n);
}

void record_put_bool(struct buf *to, enum record_field f, bool yes)
{
	uint8_t byte = yes;

	assert(is_kind(f, RECORD_BOOL));
	put(to, f, &byte, sizeof byte);
}

void record_put_ip(struct buf *to, enum record_field f, const uint8_t ip[16])
{
	assert(is_kind(f, RECORD_IP));
	put(to, f, ip, 16);
}

void record_put_hex(struct buf *to, enum record_field f, const void *bytes, size_t len)
{
	assert(is_kind(f, RECORD_HEX));
	put(to, f, bytes, len);
}

void record_put_time(struct buf *to, enum record_field f, uint64_t us_since_1970)
{
	assert(is_kind(f, RECORD_TIME));
	put(to, f, &us_since_1970, sizeof us_since_1970);
}

void record_put_uuid(struct buf *to, enum record_field f, const uint8_t uuid[16])
{
	assert(is_kind(f, RECORD_UUID));
	put(to, f, uuid, 16);
}

void record_put_names(struct buf *to, enum record_field f, enum tls_registry registry,
		      const uint8_t *numbers, size_t len, size_t width)
{
	assert(is_kind(f, RECORD_NAMES) && len % width == 0 && len / width <= RECORD_NAMES_MAX);
	uint8_t *at = put_room(to, f, RECORD_WIRE_NAMES + len);
	if (at == NULL)
		return;
	*at++ = (uint8_t)registry;
	*at++ = (uint8_t)width;
	if (len > 0)
		memcpy(at, numbers, len);
}

void record_put_dialogue(struct buf *to, const struct dialogue_entry *e)
{
	if (e->len > UINT32_MAX - RECORD_WIRE_DIALOGUE) {
		to->failed = true;
		return;
	}
	uint8_t *at = put_room(to, FIELD_DIALOGUE, RECORD_WIRE_DIALOGUE + e->len);
	if (at == NULL)
		return;
	memcpy(at, &e->us, sizeof e->us);
	at += sizeof e->us;
	*at++ = (uint8_t)e->dir;
	*at++ = (uint8_t)e->eol;
	memcpy(at, &e->body, sizeof e->body);
	if (e->len > 0)
		memcpy(at + sizeof e->body, e->text, e->len);
}
