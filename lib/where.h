/*
 * where.h: expressions that choose records: tls_version < TLSv1.2 and not client_ip in 10.0.0.0/8.
 *
 *   or, and, not, ( )          or is weakest; && || ! mean the same
 *   FIELD                      it is there, and not false
 *   FIELD OP VALUE             = == != < <= > >=
 *   FIELD in VALUE             or in (VALUE, VALUE, ...); an address also in a network
 *   FIELD prefix VALUE         the text begins with it
 *   FIELD ~ VALUE, !~          a regular expression of PCRE2 is found in the text, or not
 *
 * A value is a bare word or stands in "quotes", in which \" and \\ are the only escapes that are
 * undone.  What it may be follows from the field: a number (bytes take k, m, g, t; times us, ms, s,
 * m, h, d), a time of RFC 3339 or the start of one, an address or network, true or false, or text,
 * which is compared byte by byte.  A comparison with a field that is absent is false, also with !=
 * and !~; of a list it is true if it is for any element, and with != and !~ if it is for all.
 */
#ifndef SMTPTRAP_WHERE_H
#define SMTPTRAP_WHERE_H

#include <stddef.h>
#include <stdint.h>

#define WHERE_NODES_MAX 512  /* parts of an expression; bounds the depth of its evaluation */
#define WHERE_TEXT_MAX 65536 /* bytes of an expression */
#define WHERE_ERROR_MAX 200

struct where;

struct where_error {
	size_t column; /* from 1; one past the last byte at the end of the expression */
	char text[WHERE_ERROR_MAX];
};

/*
 * Compile an expression.  Returns 0 and *where_r, which the caller releases with where_free() and
 * which does not need text any longer; ERR_FORMAT and what is wrong where; or ERR_MEMORY.
 */
int where_parse(struct where **where_r, const char *text, struct where_error *error_r);

/* Release it and set the pointer to NULL; accepts NULL. */
void where_free(struct where **where);

/* Is this line chosen?  Returns 1, 0, or ERR_FORMAT if it is no record. */
int where_match(struct where *where, const uint8_t *line, size_t len);

#endif
