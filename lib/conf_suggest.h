/*
 * conf_suggest.h: the known word that a misspelt one was probably meant to be.
 */
#ifndef SMTPTRAP_CONF_SUGGEST_H
#define SMTPTRAP_CONF_SUGGEST_H

#include <stddef.h>

/* Start with {.word, .len}, try all candidates, then read best. */
struct conf_suggestion {
	const char *word; /* as written, len bytes */
	size_t len;
	const char *best; /* the nearest candidate, NULL if none is near */
	unsigned distance;
};

/*
 * Weigh a candidate by the number of letters that must be put in, left out, replaced or swapped
 * with their neighbour (the distance of Damerau and Levenshtein, case aside).  A candidate is
 * near up to one and a quarter of its length; of equals the first is kept.
 */
void conf_suggest_try(struct conf_suggestion *s, const char *candidate);

#endif
