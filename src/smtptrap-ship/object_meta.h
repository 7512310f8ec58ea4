/*
 * object_meta.h: what a bucket tells of an object, as anybody may have put it there.
 */
#ifndef SMTPTRAP_SHIP_OBJECT_META_H
#define SMTPTRAP_SHIP_OBJECT_META_H

#include "object.h"

#define OBJECT_META_READ_MAX \
	(64u * 1024)            /* bytes; ours has some 600, other clients' headers more */
#define OBJECT_NUID_READ_MAX 32 /* bytes; NATS's own clients make 22 */
#define OBJECT_CHUNK_LEAST \
	4096u /* bytes of a chunk, on average: smaller ones would only hold us up */

struct object_meta {
	uint8_t id[UUID_BYTES]; /* its name */
	bool deleted;           /* there is none any more, and nothing else is told */
	bool is_link;           /* to the object of that name in the same bucket */
	uint8_t to[UUID_BYTES];
	char nuid[OBJECT_NUID_READ_MAX + 1];
	uint64_t size;
	uint32_t chunks;
	uint8_t sha256[DIGEST_SHA256];
};

/*
 * Read what stood on the subject in the bucket.  NULL, or what is wrong, as a sentence without its end
 * and without a word of what was read: it is no object of ours, named by a UUID that the subject
 * has, too, whose bytes are in this bucket, with a SHA-256.
 */
const char *object_meta_read(struct object_meta *m_r, const char *bucket, const char *subject,
			     const uint8_t *text, size_t len);

/* The subject of its chunks. */
void object_meta_chunks(char subject_r[OBJECT_SUBJECT_MAX], const char *bucket,
			const struct object_meta *m);

#endif
