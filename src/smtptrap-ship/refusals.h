/*
 * refusals.h: parts of objects that the servers will not store, until the shipper asks.
 */
#ifndef SMTPTRAP_SHIP_REFUSALS_H
#define SMTPTRAP_SHIP_REFUSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFUSAL_MAX 80 /* bytes of the reason that are kept, NUL included */

struct refusal {
	uint64_t number; /* of the item */
	bool is_there;   /* something was there already where nothing must be */
	char why[REFUSAL_MAX];
};

struct refusals {
	struct refusal *slots; /* a ring */
	size_t cap, first, count;
};

/* Room for cap of them.  Returns 0, or ERR_MEMORY. */
int refusals_init(struct refusals *r, size_t cap);
void refusals_fini(struct refusals *r);

/* Append one.  Returns 0, or ERR_FULL. */
int refusals_put(struct refusals *r, const struct refusal *one);

/* Take the oldest; false if there is none. */
bool refusals_take(struct refusals *r, struct refusal *one_r);

#endif
