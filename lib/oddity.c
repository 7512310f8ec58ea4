/*
 * oddity.c: the table of oddities and what each strictness refuses, made from oddity.def.
 *
 * Runs in the workers and, for the manual page, at build time.  No input, no errors.
 */
#include "oddity.h"

const struct oddity_info oddity_table[ODDITY_COUNT] = {
#define ODDITY(sym, name, refused, reply, doc) [ODDITY_##sym] = {name, doc},
#include "oddity.def"
#undef ODDITY
};

/* The first strictness that refuses. */
enum refused {
	REFUSED_ALWAYS = STRICTNESS_LENIENT,
	REFUSED_NORMAL = STRICTNESS_NORMAL,
	REFUSED_STRICT = STRICTNESS_STRICT,
	REFUSED_NEVER
};

uint64_t oddity_refused(enum strictness mode)
{
	static const uint64_t refused[STRICTNESS_COUNT] = {
#define BIT_FROM(sym, from, m) ((int)REFUSED_##from <= (int)(m) ? ODDITY_BIT(sym) : 0) |
#define ODDITY(sym, name, from, reply, doc) BIT_FROM(sym, from, STRICTNESS_LENIENT)
	    [STRICTNESS_LENIENT] =
#include "oddity.def"
		0,
#undef ODDITY
#define ODDITY(sym, name, from, reply, doc) BIT_FROM(sym, from, STRICTNESS_NORMAL)
	    [STRICTNESS_NORMAL] =
#include "oddity.def"
		0,
#undef ODDITY
#define ODDITY(sym, name, from, reply, doc) BIT_FROM(sym, from, STRICTNESS_STRICT)
	    [STRICTNESS_STRICT] =
#include "oddity.def"
		0,
#undef ODDITY
	};

	return refused[mode];
}
