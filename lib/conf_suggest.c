/*
 * conf_suggest.c: the known word that a misspelt one was probably meant to be.
 *
 * Runs wherever a configuration is read, for error messages only.  Input is a word of a file,
 * of any length and bytes; long ones have no suggestion.
 */
#include "conf_suggest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 32 /* longer than any word we know */

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static int same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* The distance of a and b, both at most WORD_MAX long; rows are a's letters. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			unsigned replaced = d[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
			d[i][j] = min(replaced, 1 + min(d[i - 1][j], d[i][j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				d[i][j] = min(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a_len][b_len];
}

void conf_suggest_try(struct conf_suggestion *s, const char *candidate)
{
	size_t len = strlen(candidate);

	if (s->len > WORD_MAX || len > WORD_MAX)
		return;
	unsigned d = distance(s->word, s->len, candidate, len);
	if (d > 1 + len / 4 || d >= len || (s->best != NULL && d >= s->distance))
		return;
	s->best = candidate;
	s->distance = d;
}
