/*
 * object.h: a message's raw bytes as an object of a JetStream object store.
 *
 * The format is NATS's ADR-20: a bucket is the stream OBJ_BUCKET; the bytes are messages of at most
 * OBJECT_CHUNK on $O.BUCKET.C.NUID, and what tells of them is one message of JSON on
 * $O.BUCKET.M.NAME (NAME in base64url) that takes the place of the one before it.
 */
#ifndef SMTPTRAP_SHIP_OBJECT_H
#define SMTPTRAP_SHIP_OBJECT_H

#include <stdint.h>

#include "buf.h"
#include "conf.h"
#include "digest.h"
#include "uuid.h"

#define OBJECT_CHUNK (128u * 1024) /* what all clients of NATS use unless told otherwise */
#define OBJECT_ATTEMPTS 62         /* each has another character at the end of its NUID */

#define OBJECT_BUCKET_MAX 128 /* two tokens of 63 bytes, a '-' and a NUL */
#define OBJECT_STREAM_MAX (OBJECT_BUCKET_MAX + 4)
#define OBJECT_NUID_MAX 24
#define OBJECT_SUBJECT_MAX (OBJECT_BUCKET_MAX + 64) /* a name has 48 bytes in base64url */
#define OBJECT_MSG_ID_MAX 96
#define OBJECT_META_MAX 1024 /* some 500 bytes and two buckets are used */

struct object {
	uint8_t id[UUID_BYTES]; /* of the message's record: the object's name is its text */
	unsigned attempt;       /* below OBJECT_ATTEMPTS */
	uint64_t size;
	uint32_t chunks;
	uint8_t sha256[DIGEST_SHA256]; /* of the bytes */
	bool is_link; /* there are no chunks: the object named `to` has the bytes */
	uint8_t to[UUID_BYTES];
};

/* The bucket of a sensor: BUCKET-SENSOR, so that servers can keep sensors apart by subject. */
void object_bucket(char bucket_r[OBJECT_BUCKET_MAX], const struct ship_conf *conf,
		   const char *sensor);

/* The bucket's stream. */
void object_stream(char stream_r[OBJECT_STREAM_MAX], const char *bucket);

/*
 * The identifier that an object's chunks have: 22 digits and letters that stand for the record's id,
 * and one more where the attempt is not 0.  So chunks that are sent again have the same.
 */
void object_nuid(char nuid_r[OBJECT_NUID_MAX], const uint8_t id[UUID_BYTES], unsigned attempt);

/* The subject of the object's chunks, and of what tells of it. */
void object_chunk_subject(char subject_r[OBJECT_SUBJECT_MAX], const char *bucket,
			  const struct object *o);
void object_meta_subject(char subject_r[OBJECT_SUBJECT_MAX], const char *bucket,
			 const struct object *o);

/* Nats-Msg-Id of chunk n, from 0, and of what tells of the object. */
void object_chunk_id(char id_r[OBJECT_MSG_ID_MAX], const struct object *o, uint32_t n);
void object_meta_id(char id_r[OBJECT_MSG_ID_MAX], const struct object *o);

/* Append what tells of the object: JSON of at most OBJECT_META_MAX bytes. */
void object_put_meta(struct buf *to, const char *bucket, const char *sensor,
		     const struct object *o);

#endif
