/*
 * id_set.h: a set of identifiers, to find those that come twice.
 */
#ifndef SMTPTRAP_ID_SET_H
#define SMTPTRAP_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uuid.h"

/* 8 bytes of an identifier (62 of its bits are random) and 2 to 4 times as much memory.  Zero it
 * before the first use. */
struct id_set {
	uint64_t *slots; /* 0: free */
	size_t count, cap;
};

/* Add an identifier.  Returns 1 if it is new, 0 if it was there (or, once in 10^7 sets of a
 * million, another that looks the same), or ERR_MEMORY. */
int id_set_add(struct id_set *s, const uint8_t id[UUID_BYTES]);

/* Is it there? */
bool id_set_has(const struct id_set *s, const uint8_t id[UUID_BYTES]);

/* Release memory; the set is empty. */
void id_set_fini(struct id_set *s);

#endif
