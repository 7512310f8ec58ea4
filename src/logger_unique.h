/*
 * logger_unique.h: which messages are copies of what is stored (store unique, unique-body).
 *
 * A message is known by the SHA-256 that the logger itself makes of its bytes; what a worker says
 * of them must agree, or no copy will be taken for this one.  The bytes of a message up to
 * UNIQUE_HELD_MAX are held back until it is known whether they are a copy; a longer one is
 * written while it comes, and taken back.
 */
#ifndef SMTPTRAP_LOGGER_UNIQUE_H
#define SMTPTRAP_LOGGER_UNIQUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "body_start.h"
#include "conf.h"
#include "digest.h"
#include "mail_header.h"
#include "mbox.h"
#include "store_index.h"

#define UNIQUE_HELD_MAX MAIL_HEADER_SCAN_MAX /* every header that ends fits */
#define UNIQUE_LOAD_US UINT64_C(10000000)    /* that reading the logs at start may take */

struct unique {
	const struct conf *conf;
	struct ack_board *ack;
	int dir;
	struct store_index index;
	/* the message under way */
	struct digest_stream *digest; /* NULL: nothing is looked at */
	bool body;                    /* its body alone counts */
	bool held_whole;              /* all of it is held, not its header alone */
	bool known;                   /* it can be in the index */
	uint64_t digested;
	struct body_start start;
	struct buf held;
	struct stored entry; /* what the index will have of it */
	struct stored first; /* of a copy: the one that is stored */
	bool copy;           /* it is one */
	struct {
		uint64_t count, bytes; /* that were not stored again */
	} copies;                      /* not committed yet */
};

/* A message that is about to come, whose trace header was found good. */
struct unique_message {
	const uint8_t *fields; /* of its record */
	size_t fields_len;
	const struct mbox_trace *trace;
};

/* No index yet: unique_configure() makes one where there should be. */
void unique_init(struct unique *u, const struct conf *conf, int dir, struct ack_board *ack);
void unique_fini(struct unique *u);

/* The configuration is another.  What is known stays known as far as there is room. */
void unique_configure(struct unique *u);

/* Take from the message logs what was known when the logger ended, as far as that can be read in
 * so many microseconds. */
void unique_load(struct unique *u, uint64_t limit_us);

/* A message begins.  Returns whether its data are not to be written before its end. */
bool unique_begin(struct unique *u, const struct unique_message *m);

/* Is a message looked at whose data are written meanwhile? */
bool unique_is_streamed(const struct unique *u);

/* Its next bytes. */
void unique_data(struct unique *u, const uint8_t *bytes, size_t len);

/*
 * All of it came; fields as they were at its begin.  Returns the stored message of which it is a
 * copy: then unique_own() tells what must be stored of it all the same.  NULL if it is none.
 */
const struct stored *unique_end(struct unique *u, const uint8_t *fields, size_t len);

/* What was held back: all data, or of a copy what is not in the other. */
struct unique_bytes {
	const uint8_t *bytes;
	size_t len;
};
struct unique_bytes unique_held(const struct unique *u);
struct unique_bytes unique_own(const struct unique *u);

/* Can the message that came last be known by later ones? */
bool unique_is_first(const struct unique *u);

/* The message that came last is written: one that is first goes into the index, with its place in
 * u->entry, a copy is counted.  Both hold with the next commit. */
void unique_remember(struct unique *u);

/* What was written is on disk, or was taken back. */
void unique_commit(struct unique *u);
void unique_undo(struct unique *u);

#endif
