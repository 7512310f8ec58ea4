/*
 * dns_name.h: the names that the resolver asks about.
 *
 * Only host names go out: labels of ASCII letters, digits, hyphens and underscores.  What a
 * peer sent beyond that is never asked about, so no query holds a byte that needs escaping.
 */
#ifndef SMTPTRAP_DNS_NAME_H
#define SMTPTRAP_DNS_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "ip.h"
#include "span.h"

#define DNS_NAME_MAX 253 /* octets as text, RFC 1035, 2.3.4: 255 on the wire */
#define DNS_LABEL_MAX 63
#define DNS_NAME_TEXT (DNS_NAME_MAX + 1)

/*
 * Copy `from` to text in lower case, without a dot at its end, with a NUL.  Returns 0, or
 * ERR_FORMAT if it is no name that may be asked about: empty, the root, a label that is empty,
 * longer than DNS_LABEL_MAX or of other bytes, or more than DNS_NAME_MAX in all.
 */
int dns_name_copy(char text[DNS_NAME_TEXT], struct span from);

/* The len bytes at name are what dns_name_copy() would make of them. */
bool dns_name_valid(const char *name, size_t len);

/* The name that the reverse name of ip is found at: in-addr.arpa (RFC 1035, 3.5), or nibbles
 * below ip6.arpa (RFC 3596, 2.5).  Returns text. */
char *dns_name_reverse(char text[DNS_NAME_TEXT], const uint8_t ip[IP_BYTES]);

/* The name that tells whether ip is on the list `zone`: reversed octets or nibbles (RFC 5782,
 * 2.1 and 2.4).  Returns 0, or ERR_FULL if it would be too long. */
int dns_name_of_listed_ip(char text[DNS_NAME_TEXT], const uint8_t ip[IP_BYTES], const char *zone);

/* The same for a name on a list of names (RFC 5782, 3). */
int dns_name_of_listed_name(char text[DNS_NAME_TEXT], const char *name, const char *zone);

#endif
