/*
 * object.c: a message's raw bytes as an object of a JetStream object store.
 *
 * Run by smtptrap-ship; libnats 3.4.1 has no object store of its own.  Input: what the shipper knows
 * of a message.  Output: subjects, identifiers and JSON.  Every one of them follows from the record,
 * the configuration and the attempt alone, so that what is sent again is the same.
 */
#include "object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json_text.h"
#include "mime_code.h"

#define BASE 62
#define NUID_DIGITS 22 /* BASE^22 > 2^128 */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void object_bucket(char bucket_r[OBJECT_BUCKET_MAX], const struct ship_conf *conf,
		   const char *sensor)
{
	snprintf(bucket_r, OBJECT_BUCKET_MAX, "%s-%s", conf->mail.bucket, sensor);
}

void object_stream(char stream_r[OBJECT_STREAM_MAX], const char *bucket)
{
	snprintf(stream_r, OBJECT_STREAM_MAX, "OBJ_%s", bucket);
}

/* Divide the number by BASE; returns what is left. */
static unsigned divide(uint8_t number[UUID_BYTES])
{
	unsigned rest = 0;

	for (size_t i = 0; i < UUID_BYTES; i++) {
		unsigned n = rest << 8 | number[i];
		number[i] = (uint8_t)(n / BASE);
		rest = n % BASE;
	}
	return rest;
}

void object_nuid(char nuid_r[OBJECT_NUID_MAX], const uint8_t id[UUID_BYTES], unsigned attempt)
{
	uint8_t number[UUID_BYTES];
	size_t len = NUID_DIGITS;

	memcpy(number, id, sizeof number);
	for (size_t i = NUID_DIGITS; i-- > 0;)
		nuid_r[i] = digits[divide(number)];
	if (attempt > 0)
		nuid_r[len++] = digits[attempt % OBJECT_ATTEMPTS];
	nuid_r[len] = '\0';
}

static void put_base64(struct buf *to, const void *bytes, size_t len)
{
	mime_base64_encode((struct span){bytes, len}, true, true, to);
}

void object_chunk_subject(char subject_r[OBJECT_SUBJECT_MAX], const char *bucket,
			  const struct object *o)
{
	char nuid[OBJECT_NUID_MAX];

	object_nuid(nuid, o->id, o->attempt);
	snprintf(subject_r, OBJECT_SUBJECT_MAX, "$O.%s.C.%s", bucket, nuid);
}

void object_meta_subject(char subject_r[OBJECT_SUBJECT_MAX], const char *bucket,
			 const struct object *o)
{
	char name[UUID_TEXT];
	struct buf to;

	uuid_format(o->id, name);
	buf_init(&to, subject_r, OBJECT_SUBJECT_MAX);
	buf_printf(&to, "$O.%s.M.", bucket);
	put_base64(&to, name, UUID_TEXT - 1);
	buf_put_byte(&to, '\0');
}

void object_chunk_id(char id_r[OBJECT_MSG_ID_MAX], const struct object *o, uint32_t n)
{
	char id[UUID_TEXT];

	uuid_format(o->id, id);
	snprintf(id_r, OBJECT_MSG_ID_MAX, "%s-mail-%u-%" PRIu32, id, o->attempt, n);
}

void object_meta_id(char id_r[OBJECT_MSG_ID_MAX], const struct object *o)
{
	char id[UUID_TEXT];

	uuid_format(o->id, id);
	snprintf(id_r, OBJECT_MSG_ID_MAX, "%s-mail-%u-meta", id, o->attempt);
}

static void put_uuid(struct buf *to, const char *before, const uint8_t id[UUID_BYTES])
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	buf_printf(to, "%s\"%s\"", before, text);
}

static void put_link(struct buf *to, const char *bucket, const struct object *o)
{
	buf_printf(to, ",\"options\":{\"link\":{\"bucket\":\"%s\",", bucket);
	put_uuid(to, "\"name\":", o->to);
	buf_put_str(to, "}}");
}

static void put_whole(struct buf *to, const struct object *o)
{
	buf_printf(to, ",\"options\":{\"max_chunk_size\":%u},\"digest\":\"SHA-256=", OBJECT_CHUNK);
	put_base64(to, o->sha256, sizeof o->sha256);
	buf_put_byte(to, '"');
}

/* Sensor and bucket are tokens, so nothing needs to be escaped. */
void object_put_meta(struct buf *to, const char *bucket, const char *sensor, const struct object *o)
{
	char nuid[OBJECT_NUID_MAX];

	object_nuid(nuid, o->id, o->attempt);
	put_uuid(to, "{\"name\":", o->id);
	buf_printf(to, ",\"headers\":{\"sensor\":[\"%s\"],\"sha256\":[", sensor);
	json_put_hex(to, o->sha256, sizeof o->sha256);
	buf_printf(to,
		   "]},\"bucket\":\"%s\",\"nuid\":\"%s\",\"size\":%" PRIu64 ",\"chunks\":%" PRIu32,
		   bucket, nuid, o->is_link ? 0 : o->size, o->chunks);
	if (o->is_link)
		put_link(to, bucket, o);
	else
		put_whole(to, o);
	buf_put_byte(to, '}');
}
