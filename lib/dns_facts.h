/*
 * dns_facts.h: what answers mean for a trap.
 */
#ifndef SMTPTRAP_DNS_FACTS_H
#define SMTPTRAP_DNS_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dns_answer.h"
#include "ip.h"

/* What a worker can ask. */
enum dns_kind {
	DNS_ASK_REVERSE = 1, /* the names of an address, each confirmed or not */
	DNS_ASK_DNSBL,       /* is an address on a list (RFC 5782) */
	DNS_ASK_DBL,         /* is a name on a list (RFC 5782, 3) */
	DNS_ASK_DOMAIN,      /* could mail to this domain be delivered */
	DNS_KIND_COUNT
};

enum dns_fact {
#define FACT(sym, kind, name, domain) DNS_FACT_##sym,
#include "dns_facts.def"
#undef FACT
	DNS_FACT_COUNT
};

enum dns_domain { DNS_DOMAIN_UNKNOWN, DNS_DOMAIN_RESOLVES, DNS_DOMAIN_BADDOM };

/* "verified", "nxdomain" ... */
const char *dns_fact_name(enum dns_fact fact);

/* A look-up of this kind can come to this fact. */
bool dns_fact_is_of(enum dns_fact fact, enum dns_kind kind);

/* What a fact of DNS_ASK_DOMAIN says of the domain; its name: "resolves", "baddom", "unknown". */
enum dns_domain dns_fact_domain(enum dns_fact fact);
const char *dns_domain_name(enum dns_domain domain);

/* Mail could be delivered to this address from anywhere: it is none of a host's own, of private
 * networks (RFC 1918, 4193, 6598), link-local, multicast or reserved. */
bool dns_address_is_sane(const uint8_t ip[IP_BYTES]);

/* What an address that a list answers with means, RFC 5782, 2.1. */
enum dns_code {
	DNS_CODE_LISTED,
	DNS_CODE_REFUSED, /* the list says that it does not want to be asked, 127.255.255.0/24, or
			     what it must never say, 127.0.0.1 */
	DNS_CODE_FOREIGN  /* not in 127.0.0.0/8: a wildcard of somebody who bought the zone */
};
enum dns_code dns_code_of(const uint8_t ip[IP_BYTES]);

/* How a reverse name stands. */
enum dns_forward { DNS_VERIFIED, DNS_INCONSISTENT, DNS_NOFORWARD, DNS_FORWARD_UNKNOWN };

/* From the addresses of the name: of the family of ip, and of the other one (NULL: not asked). */
enum dns_forward dns_forward_of(const struct dns_answer *same, const struct dns_answer *other,
				const uint8_t ip[IP_BYTES]);

/* How many of the names are of each enum dns_forward, to the fact. */
enum dns_fact dns_reverse_fact(const unsigned count[DNS_FORWARD_UNKNOWN + 1]);

/* One host that a domain's mail goes to: the answers to A and AAAA are added, then it is judged. */
struct dns_addresses {
	unsigned count;
	bool bad;     /* one of them is not sane */
	bool unknown; /* there may be more */
};
enum dns_host { DNS_HOST_NO_ADDRESS, DNS_HOST_BAD_ADDRESS, DNS_HOST_UNKNOWN, DNS_HOST_GOOD };
void dns_addresses_add(struct dns_addresses *to, const struct dns_answer *a);
enum dns_host dns_host_of(const struct dns_addresses *a);

/*
 * What the MX records alone decide: DNS_FACT_COUNT if the hosts must be asked about.  A null MX
 * (RFC 7505), or one that is localhost, decides whatever else is there.
 */
enum dns_fact dns_mx_fact(const struct dns_answer *mx);

/* The best host found (the enum's order), to the fact; mx: they came from MX records. */
enum dns_fact dns_domain_fact(enum dns_host best, bool mx);

#endif
