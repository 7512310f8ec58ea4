/*
 * visits.h: the sessions of each address in their order, a few bytes each.
 */
#ifndef SMTPTRAP_VISITS_H
#define SMTPTRAP_VISITS_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "ip.h"

#define VISITS_MAX (1u << 21) /* 64 MiB; later ones are counted in `lost` */

enum visit_outcome {
	VISIT_NOT_OFFERED,
	VISIT_PLAIN,
	VISIT_FAILED,
	VISIT_NEGOTIATED,
	VISIT_OUTCOMES
};

struct visit {
	uint8_t ip[IP_BYTES];
	uint64_t ts;       /* microseconds since 1970 */
	uint8_t outcome;   /* enum visit_outcome */
	uint8_t version;   /* highest version offered in the hello, by order; 0: not known */
	uint8_t delivered; /* 1: a message was accepted */
	uint8_t pad[5];
};

/* Zero it before the first use. */
struct visits {
	struct visit *visit;
	size_t count, room;
	uint64_t lost;
};

/* Keep one.  Returns 0, also if it was only counted as lost, or ERR_MEMORY. */
int visits_add(struct visits *v, const struct visit *one);

/* Put them in order: by address, then time, then the rest. */
void visits_sort(struct visits *v);

/* Append its form for files and pipes; add what such a form at *at holds, whose bytes are of
 * unknown origin: 0, ERR_FORMAT or ERR_MEMORY. */
void visits_put(const struct visits *v, struct buf *to);
int visits_get(struct visits *v, const uint8_t **at, const uint8_t *end);

/* Release memory; it is empty afterwards. */
void visits_fini(struct visits *v);

#endif
