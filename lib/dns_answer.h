/*
 * dns_answer.h: what one query to a DNS server came to.
 */
#ifndef SMTPTRAP_DNS_ANSWER_H
#define SMTPTRAP_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

#define DNS_VALUES_MAX 32   /* of an answer: hostile zones have thousands, nobody needs them */
#define DNS_ANSWER_MAX 4096 /* bytes of all values together */
#define DNS_TEXT_MAX 512    /* of a TXT record; more is cut */
#define DNS_ALIASES_MAX 16  /* CNAMEs followed within an answer; more is a loop */
#define DNS_LABELS_MAX 1024 /* bytes of a name as text with all of them escaped, NUL included */

/* Types asked for, by their numbers in the registry of IANA. */
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };

enum dns_status {
	DNS_FOUND,
	DNS_NODATA,   /* the name is there, but has none of that type */
	DNS_NXDOMAIN, /* there is no such name */
	DNS_UNKNOWN,  /* no answer, an error, or an answer that makes no sense */
	DNS_STATUS_COUNT
};

/*
 * Values are kept one behind the other, a uint16_t length before each:
 *   A, AAAA  16 bytes, IPv4 mapped
 *   PTR      the name as text, bytes that are no name's escaped (RFC 1035, 5.1)
 *   MX       uint16_t preference, then the exchange as PTR; the root is "."
 *   TXT      its strings joined, at most DNS_TEXT_MAX bytes, any bytes
 */
struct dns_answer {
	uint8_t status; /* enum dns_status */
	bool cut;       /* there were more values than fit */
	bool has_ttl;   /* false: negative and without an SOA, or unknown */
	uint16_t count; /* of values */
	uint16_t len;   /* of bytes[] */
	uint32_t ttl;   /* seconds; of a negative answer by RFC 2308, 5 */
	uint8_t bytes[DNS_ANSWER_MAX];
};

/* No answer. */
void dns_answer_unknown(struct dns_answer *a);

/*
 * Read the len bytes of a server's message as the answer to (name, type).  Only records of the
 * name asked for, or of what its CNAMEs lead to, count; a record that is malformed makes it
 * DNS_UNKNOWN.  Never fails otherwise.
 */
void dns_answer_parse(struct dns_answer *a, const uint8_t *packet, size_t len, const char *name,
		      enum dns_type type);

/* The next value: *at is 0 at first.  False after the last. */
bool dns_answer_next(const struct dns_answer *a, size_t *at, struct span *value_r);

/* Append a value; what does not fit sets cut. */
void dns_answer_put(struct dns_answer *a, const void *head, size_t head_len, const void *bytes,
		    size_t len);

#endif
