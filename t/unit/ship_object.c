/*
 * Names, identifiers and JSON of objects; the expected ones were computed with Python.
 */
#include "../../src/smtptrap-ship/object.h"

#include "../tap.h"

static struct ship_conf conf = {.mail = {.bucket = "mail"}};
static const struct object one = {.id = {0x01, 0x98, 0xc3, 0xa4, 0x1b, 0x2c, 0x7d, 0x3e, 0x8f, 0x40,
					 0x51, 0x62, 0x73, 0x84, 0x95, 0xa6},
				  .attempt = 2,
				  .size = 131073,
				  .chunks = 2,
				  .sha256 = {0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38,
					     0x40, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70, 0x78,
					     0x80, 0x88, 0x90, 0x98, 0xa0, 0xa8, 0xb0, 0xb8,
					     0xc0, 0xc8, 0xd0, 0xd8, 0xe0, 0xe8, 0xf0, 0xf8}};

static void test_nuid(void)
{
	uint8_t id[UUID_BYTES] = {0};
	char nuid[OBJECT_NUID_MAX];

	object_nuid(nuid, id, 0);
	is_str(nuid, "0000000000000000000000", "the NUID of the lowest id");
	memset(id, 0xff, sizeof id);
	object_nuid(nuid, id, 0);
	is_str(nuid, "7n42DGM5Tflk9n8mt7Fhc7", "of the highest one");
	object_nuid(nuid, one.id, 0);
	is_str(nuid, "030nxO0rUwqVR457d3jIc2", "of one between");
	object_nuid(nuid, one.id, 1);
	is_str(nuid, "030nxO0rUwqVR457d3jIc21", "a second attempt has a digit more");
	object_nuid(nuid, one.id, OBJECT_ATTEMPTS - 1);
	is_str(nuid, "030nxO0rUwqVR457d3jIc2z", "and so has the last");
}

static void test_names(void)
{
	char bucket[OBJECT_BUCKET_MAX], stream[OBJECT_STREAM_MAX];
	char subject[OBJECT_SUBJECT_MAX], id[OBJECT_MSG_ID_MAX];

	object_bucket(bucket, &conf, "mx1");
	is_str(bucket, "mail-mx1", "the bucket has the sensor's name");
	object_stream(stream, bucket);
	is_str(stream, "OBJ_mail-mx1", "and its stream the bucket's");
	object_chunk_subject(subject, bucket, &one);
	is_str(subject, "$O.mail-mx1.C.030nxO0rUwqVR457d3jIc22",
	       "the subject of chunks has the NUID");
	object_meta_subject(subject, bucket, &one);
	is_str(subject, "$O.mail-mx1.M.MDE5OGMzYTQtMWIyYy03ZDNlLThmNDAtNTE2MjczODQ5NWE2",
	       "that of what tells of the object its name");
	object_chunk_id(id, &one, 1);
	is_str(id, "0198c3a4-1b2c-7d3e-8f40-5162738495a6-mail-2-1", "a chunk has its number");
	object_meta_id(id, &one);
	is_str(id, "0198c3a4-1b2c-7d3e-8f40-5162738495a6-mail-2-meta",
	       "what tells of it the attempt");
}

static void test_meta(void)
{
	static const char head[] =
	    "{\"name\":\"0198c3a4-1b2c-7d3e-8f40-5162738495a6\",\"headers\":{\"sensor\":[\"mx1\"],"
	    "\"sha256\":[\"0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8\"]},"
	    "\"bucket\":\"mail-mx1\",\"nuid\":\"030nxO0rUwqVR457d3jIc22\",";
	char text[OBJECT_META_MAX], expected[OBJECT_META_MAX];
	struct object link = one;
	struct buf b;

	buf_init(&b, text, sizeof text);
	object_put_meta(&b, "mail-mx1", "mx1", &one);
	snprintf(expected, sizeof expected,
		 "%s\"size\":131073,\"chunks\":2,\"options\":{\"max_chunk_size\":131072},"
		 "\"digest\":\"SHA-256=AAgQGCAoMDhASFBYYGhweICIkJigqLC4wMjQ2ODo8Pg=\"}",
		 head);
	is_mem(b.data, b.len, expected, strlen(expected), "JSON of an object");
	link.is_link = true;
	link.chunks = 0;
	link.to[0] = 0xab;
	buf_reset(&b);
	object_put_meta(&b, "mail-mx1", "mx1", &link);
	snprintf(expected, sizeof expected,
		 "%s\"size\":0,\"chunks\":0,\"options\":{\"link\":{\"bucket\":\"mail-mx1\","
		 "\"name\":\"ab000000-0000-0000-0000-000000000000\"}}}",
		 head);
	is_mem(b.data, b.len, expected, strlen(expected), "and of a link");
}

/* The longest of all. */
static void test_longest(void)
{
	char token[SHIP_TOKEN_MAX + 1], bucket[OBJECT_BUCKET_MAX], subject[OBJECT_SUBJECT_MAX];
	char text[OBJECT_META_MAX], id[OBJECT_MSG_ID_MAX];
	struct object o = {.attempt = OBJECT_ATTEMPTS - 1,
			   .size = UINT64_MAX,
			   .chunks = UINT32_MAX,
			   .is_link = true};
	struct buf b;

	memset(token, 'x', SHIP_TOKEN_MAX);
	token[SHIP_TOKEN_MAX] = '\0';
	conf.mail.bucket = token;
	object_bucket(bucket, &conf, token);
	is_int((int64_t)strlen(bucket), 2 * SHIP_TOKEN_MAX + 1, "the longest bucket is not cut");
	object_meta_subject(subject, bucket, &o);
	is_int((int64_t)strlen(subject), 2 * SHIP_TOKEN_MAX + 1 + 6 + 48,
	       "nor the longest subject");
	object_chunk_id(id, &o, UINT32_MAX);
	is_str(id, "00000000-0000-0000-0000-000000000000-mail-61-4294967295", "nor the longest id");
	buf_init(&b, text, sizeof text);
	object_put_meta(&b, bucket, token, &o);
	ok(!b.failed, "the longest JSON fits");
}

int main(void)
{
	test_nuid();
	test_names();
	test_meta();
	test_longest();
	return tap_done();
}
