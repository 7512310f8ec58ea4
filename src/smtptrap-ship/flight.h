/*
 * flight.h: what was sent and not acknowledged, in order.
 */
#ifndef SMTPTRAP_SHIP_FLIGHT_H
#define SMTPTRAP_SHIP_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checkpoint.h"

struct flight {
	uint64_t number;
	unsigned stream;
	bool rejected;
	bool waits; /* for the object of its mail: not taken before that is there */
	enum mail_fate mail;
	size_t len;
	uint64_t missing;       /* records that were not there, just before */
	struct log_place place; /* behind the record */
	char sensor[SHIP_TOKEN_MAX + 1];
};

/* A ring: bytes of records are not kept, they are read again where that is needed. */
struct flights {
	struct flight *ring;
	size_t room, first, count;
	uint64_t bytes;
};

/* Make room for so many.  0, or ERR_MEMORY. */
int flights_init(struct flights *f, size_t room);
void flights_fini(struct flights *f);

/* Is there room for one more of len bytes, with max bytes in all?  One always fits alone. */
bool flights_have_room(const struct flights *f, size_t len, uint64_t max);

/* Append; there must be room.  Returns where it stays until it is taken or all are cleared. */
struct flight *flights_put(struct flights *f, const struct flight *one);

/* The oldest one if it is acknowledged by this number, or rejected, and waits for nothing; NULL if
 * not.  It is taken out, and valid until the next call. */
const struct flight *flights_take(struct flights *f, uint64_t acknowledged);

void flights_clear(struct flights *f);

#endif
