/*
 * oddity.h: the deviations from the standards that a session is recorded with.
 *
 * Made from oddity.def, which documents each.  A set of oddities is a uint64_t of
 * ODDITY_BIT()s.
 */
#ifndef SMTPTRAP_ODDITY_H
#define SMTPTRAP_ODDITY_H

#include <stdint.h>

enum oddity {
#define ODDITY(sym, name, refused, reply, doc) ODDITY_##sym,
#include "oddity.def"
#undef ODDITY
	ODDITY_COUNT
};
_Static_assert(ODDITY_COUNT <= 64, "a set of oddities is a uint64_t");

#define ODDITY_BIT(sym) (UINT64_C(1) << ODDITY_##sym)

/* Lenient accepts what can be understood, normal what most servers accept, strict what the RFCs
 * allow; oddity.def says it for each oddity. */
enum strictness { STRICTNESS_LENIENT, STRICTNESS_NORMAL, STRICTNESS_STRICT, STRICTNESS_COUNT };

struct oddity_info {
	const char *name;
	const char *doc;
};
extern const struct oddity_info oddity_table[ODDITY_COUNT];

/* The oddities for which a command is refused in this mode. */
uint64_t oddity_refused(enum strictness mode);

#endif
