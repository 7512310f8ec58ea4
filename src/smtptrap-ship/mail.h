/*
 * mail.h: raw messages into the object store, beside their records.
 */
#ifndef SMTPTRAP_SHIP_MAIL_H
#define SMTPTRAP_SHIP_MAIL_H

#include "mail_bytes.h"
#include "mail_ring.h"
#include "source.h"

struct ship;

/* What is to be done next with the mail of the record that is held. */
enum mail_step {
	MAIL_LOOK,    /* find out whether there is any */
	MAIL_FILL,    /* read a chunk */
	MAIL_SEND,    /* send it */
	MAIL_CONFIRM, /* wait whether the first of several was the first */
	MAIL_READY    /* nothing: it is the record's turn */
};

struct ship_mail {
	char bucket[OBJECT_BUCKET_MAX];
	struct mail_ring ring; /* behind their records */
	enum mail_step step;
	struct mail_object now; /* of the record that is held */
	uint32_t sent;          /* chunks of it */
	enum mail_fate fate;    /* of its mail */
	struct mail_bytes bytes;
};

/* Begin, if the configuration wants raw messages to be shipped; the logs are open.  False: no memory,
 * said. */
bool ship_mail_start(struct ship *s);
void ship_mail_end(struct ship *s);

/*
 * Send what goes before the record of a message.  SHIP_TAKEN: that is all, send the record; SHIP_FULL:
 * wait, and call again with the same record; SHIP_TROUBLE or SHIP_LOST with s->why.
 */
int ship_mail_send(struct ship *s, const struct ship_record *r);

/* The record was sent, and is on its way as this flight. */
void ship_mail_sent(struct ship *s, const struct ship_record *r, struct flight *flight);

/* After trouble: all is read again from the first record that is not acknowledged. */
void ship_mail_forget(struct ship *s);

/* Go on with what waited for acknowledgements: those up to s->up_to are there.  As
 * ship_mail_send(). */
int ship_mail_settle(struct ship *s);

/* Is there still something that waits for acknowledgements? */
bool ship_mail_waits(const struct ship *s);

#endif
