/*
 * object_get.h: messages of a bucket's stream, one by one.
 */
#ifndef SMTPTRAP_SHIP_OBJECT_GET_H
#define SMTPTRAP_SHIP_OBJECT_GET_H

#include "nats_link.h"
#include "object.h"

/* A message.  bytes is the caller's, on the heap. */
struct object_part {
	uint64_t seq;                     /* in the stream */
	char subject[OBJECT_SUBJECT_MAX]; /* "": a longer one */
	struct buf bytes;
};

/*
 * Get the first message of the subject, which may have wildcards, with this number or a higher one.  1;
 * 0: there is none; SHIP_TROUBLE with why.
 */
int object_get(struct object_part *part_r, const struct nats_link *link, const char *stream,
	       const char *subject, uint64_t from, struct buf *why);

#endif
