/*
 * output.h: where records are shipped to.
 *
 * The loop (loop.c) knows outputs by this alone.  It numbers what it sends from 1, anew after each
 * open(); it goes back to the first item that was not acknowledged after trouble.  All calls come
 * from one thread; an output may have threads of its own behind them.
 */
#ifndef SMTPTRAP_SHIP_OUTPUT_H
#define SMTPTRAP_SHIP_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "conf.h"
#include "refusals.h"

/* What a part of an object has besides its bytes. */
struct ship_part {
	const char *subject;
	const char *msg_id; /* Nats-Msg-Id */
	bool first;         /* there must be nothing on the subject yet */
	bool replaces;      /* what is there on the subject goes */
};

/* A record, or a part of an object.  What it points to is valid during the call only. */
struct ship_item {
	const struct ship_part *part; /* NULL: a record */
	const char *stream;           /* "session" or "message": the record's type */
	const char *id;       /* the record's id, a UUID in its text form; unique with the stream */
	const uint8_t *bytes; /* the line of JSON, without LF; of a part anything */
	size_t len;
	uint64_t number; /* counts up by one an item, from 1 after open() */
};

enum ship_result {
	SHIP_TAKEN = 0,     /* copied, and on its way */
	SHIP_FULL = 1,      /* wait(), then send the same again */
	SHIP_TROUBLE = -1,  /* the connection is lost, or the disk is full: close, wait, open, send
			       again from the first that is not acknowledged */
	SHIP_NEVER = -2,    /* of open(): what is configured cannot work, give up */
	SHIP_REJECTED = -3, /* of send(): this record can never be taken; counts as acknowledged */
	SHIP_LOST = -4,     /* of send(): as SHIP_TROUBLE, and some of what was acknowledged is not
			       there any more; said once */
};

struct ship_output {
	const char *name; /* "nats", "stdout", "file" */

	/* Connect.  SHIP_TAKEN; SHIP_TROUBLE (why says what, the caller tries again later);
	 * SHIP_NEVER (why too).  conf stays valid until close(). */
	int (*open)(struct ship_output *o, const struct ship_conf *conf, struct buf *why);

	/* Take an item: SHIP_TAKEN, SHIP_FULL, or SHIP_TROUBLE, SHIP_REJECTED or SHIP_LOST with
	 * why. */
	int (*send)(struct ship_output *o, const struct ship_item *item, struct buf *why);

	/* All items up to this number are safely there (or were rejected by send()); 0: none. */
	uint64_t (*acknowledged)(struct ship_output *o);

	/* Take the oldest part that the receiver will not store, and that was not taken yet: it
	 * counts as acknowledged.  False if there is none.  NULL for outputs without parts. */
	bool (*refusal)(struct ship_output *o, struct refusal *one_r);

	/* Until something more is acknowledged, other_fd (-1: none) can be read, or ms passed.
	 * SHIP_TAKEN, or SHIP_TROUBLE with why. */
	int (*wait)(struct ship_output *o, int ms, int other_fd, struct buf *why);

	/* Hand over what is kept back and wait until all that was sent is acknowledged, ms at most.
	 * SHIP_TAKEN if it is; SHIP_TROUBLE with why. */
	int (*flush)(struct ship_output *o, int ms, struct buf *why);

	/* Release all that open() made; accepted after a failed open() and twice. */
	void (*close)(struct ship_output *o);

	void *self; /* the output's own; NULL when it is closed */
};

/* Fill *o, closed. */
void output_lines_init(struct ship_output *o); /* conf->output: stdout or a file */
void output_nats_init(struct ship_output *o);

#endif
