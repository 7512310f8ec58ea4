/*
 * path.h: the reverse-path and forward-path of MAIL and RCPT, RFC 5321 4.1.2 and RFC 6531 3.3.
 *
 * The parser is as lenient as can be and flags what the grammar does not allow; who calls it
 * refuses by oddity_refused().  It looks at each byte a bounded number of times and keeps
 * nothing: the spans point into the input.
 */
#ifndef SMTPTRAP_PATH_H
#define SMTPTRAP_PATH_H

#include "oddity.h"
#include "span.h"

#define PATH_LOCAL_MAX 64   /* RFC 5321 4.5.3.1.1 */
#define PATH_DOMAIN_MAX 255 /* RFC 5321 4.5.3.1.2 */
#define PATH_MAX_OCTETS 256 /* RFC 5321 4.5.3.1.3, angle brackets included */

enum path_kind { PATH_REVERSE, PATH_FORWARD };

struct path {
	struct span address; /* without brackets, spaces around it and source route; empty: <> */
	struct span local;   /* before the @, quotes included */
	struct span domain;  /* behind the @, brackets of a literal included; empty if missing */
	struct span route;   /* the source route with its colon, as sent; empty if none */
	struct span rest;  /* what follows the path: parameters, begins with a space or is empty */
	uint64_t oddities; /* ODDITY_BIT()s */
	bool non_ascii;    /* the address holds bytes beyond ASCII */
	bool literal;      /* the domain is an address literal */
};

/*
 * Parse what stands behind "FROM:" or "TO:".  Returns 1 and *path_r (valid as long as `in`), or
 * -1 if no address can be understood: nothing there or an empty path at RCPT.
 * A path beyond ASCII that is valid UTF-8 is not an oddity here: see non_ascii.
 */
int path_parse(struct span in, enum path_kind kind, struct path *path_r);

/* What is wrong with `domain` as a Domain or address-literal of RFC 5321 4.1.2 (U-labels in UTF-8
 * allowed, RFC 6531): a set of DOMAIN_BAD, DOMAIN_TRAILING_DOT, DOMAIN_LITERAL_BAD, or 0. */
uint64_t path_check_domain(struct span domain);

/* The bytes are four numbers up to 255 of one to three digits, with dots between. */
bool path_is_ipv4(struct span s);

/* The bytes are an IPv4 (as above) or IPv6 address as text, without brackets or tag. */
bool path_is_address(struct span s);

/* The bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing over-long). */
bool path_is_utf8(struct span s);

#endif
