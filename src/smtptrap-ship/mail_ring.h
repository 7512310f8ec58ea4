/*
 * mail_ring.h: objects on their way: what was sent of each, and what the servers said of it.
 */
#ifndef SMTPTRAP_SHIP_MAIL_RING_H
#define SMTPTRAP_SHIP_MAIL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flight.h"
#include "object.h"
#include "refusals.h"

/* Numbers are those of the output's items; 0: none. */
struct mail_object {
	struct object object;
	struct flight *flight; /* of its record, which waits for it */
	uint64_t first, last;  /* of its chunks */
	uint64_t meta;         /* of what tells of it */
	bool is_there;         /* chunks of its NUID were there before the first */
	bool refused;          /* something of it was not stored */
	char why[REFUSAL_MAX];
};

/* In the order of their records. */
struct mail_ring {
	struct mail_object *ring;
	size_t room, first, count;
	size_t told; /* of count, from the first: of these the meta was sent, or never will be */
};

/* Room for so many.  0, or ERR_MEMORY. */
int mail_ring_init(struct mail_ring *r, size_t room);
void mail_ring_fini(struct mail_ring *r);
void mail_ring_clear(struct mail_ring *r);

/* Append; there must be room. */
void mail_ring_put(struct mail_ring *r, const struct mail_object *o);

/* Note a refusal with the object it concerns.  False: it is none of one's items. */
bool mail_object_refuse(struct mail_object *o, const struct refusal *one);
bool mail_ring_refuse(struct mail_ring *r, const struct refusal *one);

/* The oldest of which the meta was not sent, if its chunks are acknowledged by this number; NULL. */
struct mail_object *mail_ring_untold(struct mail_ring *r, uint64_t acknowledged);

/* The one that mail_ring_untold() gave is told, or will never be. */
void mail_ring_told(struct mail_ring *r);

/* Take out the oldest, if all of it is acknowledged by this number, or refused; NULL.  Valid until
 * the next mail_ring_put(). */
const struct mail_object *mail_ring_take(struct mail_ring *r, uint64_t acknowledged);

#endif
