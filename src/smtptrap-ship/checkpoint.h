/*
 * checkpoint.h: how far records were shipped, as it is kept over restarts.
 */
#ifndef SMTPTRAP_SHIP_CHECKPOINT_H
#define SMTPTRAP_SHIP_CHECKPOINT_H

#include "buf.h"
#include "log_follow.h"
#include "token.h"

#define CHECKPOINT_FILE "ship.checkpoint"
#define CHECKPOINT_MAX 1024 /* bytes of the file: two lines of names and numbers, and three short */

enum { SHIP_STREAMS = 2 }; /* LOG_SESSION, LOG_MESSAGE */

/* What became of a message's raw bytes. */
enum mail_fate {
	MAIL_NONE,     /* there are none, or they are not wanted */
	MAIL_PUT,      /* an object, or a link to that of another message */
	MAIL_LEFT_OUT, /* past the limit */
	MAIL_MISSING,  /* not there any more, or damaged */
	MAIL_REFUSED,  /* the bucket does not take them */
	MAIL_FATES
};

/* Of one stream; all counts since the first start. */
struct checkpoint_stream {
	struct log_place place;          /* behind the last record that was acknowledged */
	char sensor[SHIP_TOKEN_MAX + 1]; /* of that record, as a token; "": not known */
	uint64_t shipped;  /* acknowledged; twice where it was sent twice after a restart */
	uint64_t rejected; /* never taken: kept in the file of rejected records */
	uint64_t missing;  /* not there any more when it was their turn */
};

struct checkpoint {
	struct checkpoint_stream stream[SHIP_STREAMS];
	uint64_t mail[MAIL_FATES]; /* messages, but for MAIL_NONE, which is not counted */
};

/* Does it count any mail? */
bool checkpoint_has_mail(const struct checkpoint *c);

/* Write it as text into a buffer with room for CHECKPOINT_MAX. */
void checkpoint_format(const struct checkpoint *c, struct buf *to);

/* Read that text.  0, or ERR_FORMAT: exactly what checkpoint_format() writes is accepted. */
int checkpoint_parse(struct checkpoint *c_r, const uint8_t *text, size_t len);

/* Replace the file in the folder: a new one beside it, fdatasync, rename, fsync of the folder.  0,
 * or ERR_SYSTEM: the old one is there still. */
int checkpoint_write(const struct checkpoint *c, int dir);

/* Read the file.  0; ERR_END if there is none; ERR_FORMAT if it is damaged; ERR_SYSTEM. */
int checkpoint_read(struct checkpoint *c_r, int dir);

#endif
