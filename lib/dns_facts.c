/*
 * dns_facts.c: what answers mean for a trap.
 *
 * Runs in the resolver, which makes facts of answers, and in workers, which name them in
 * records.  Tables and pure functions.
 */
#include "dns_facts.h"

#include <string.h>

static const struct {
	const char *name;
	int kind;
	enum dns_domain domain;
} facts[DNS_FACT_COUNT] = {
#define FACT(sym, kind, name, domain) [DNS_FACT_##sym] = {name, kind, DNS_DOMAIN_##domain},
#include "dns_facts.def"
#undef FACT
};

const char *dns_fact_name(enum dns_fact fact)
{
	return facts[fact].name;
}

bool dns_fact_is_of(enum dns_fact fact, enum dns_kind kind)
{
	if (kind == DNS_ASK_DBL)
		kind = DNS_ASK_DNSBL;
	return fact < DNS_FACT_COUNT && (fact == DNS_FACT_UNKNOWN || facts[fact].kind == (int)kind);
}

enum dns_domain dns_fact_domain(enum dns_fact fact)
{
	return facts[fact].domain;
}

const char *dns_domain_name(enum dns_domain domain)
{
	static const char *const names[] = {[DNS_DOMAIN_UNKNOWN] = "unknown",
					    [DNS_DOMAIN_RESOLVES] = "resolves",
					    [DNS_DOMAIN_BADDOM] = "baddom"};

	return names[domain];
}

/* ---- addresses ---- */

/* Prefix lengths as of IPv6. */
#define V4(a, b, c, d)                                               \
	{                                                            \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d \
	}
static const struct ip_net insane[] = {
    {V4(0, 0, 0, 0), 104},     /* this host, RFC 1122 */
    {V4(10, 0, 0, 0), 104},    /* RFC 1918 */
    {V4(100, 64, 0, 0), 106},  /* RFC 6598 */
    {V4(127, 0, 0, 0), 104},   /* loopback */
    {V4(169, 254, 0, 0), 112}, /* link-local, RFC 3927 */
    {V4(172, 16, 0, 0), 108},  /* RFC 1918 */
    {V4(192, 168, 0, 0), 112}, /* RFC 1918 */
    {V4(224, 0, 0, 0), 99},    /* multicast and reserved */
    {{0}, 96},                 /* ::, ::1, IPv4-compatible */
    {{0xfc}, 7},               /* unique local, RFC 4193 */
    {{0xfe, 0x80}, 10},        /* link-local */
    {{0xfe, 0xc0}, 10},        /* site-local, RFC 3879 */
    {{0xff}, 8},               /* multicast */
};
static const struct ip_net lists_answer = {V4(127, 0, 0, 0), 104};
static const struct ip_net lists_refusal = {V4(127, 255, 255, 0), 120};
static const uint8_t never_listed[IP_BYTES] = V4(127, 0, 0, 1);

bool dns_address_is_sane(const uint8_t ip[IP_BYTES])
{
	return !ip_nets_match(insane, sizeof insane / sizeof *insane, ip);
}

enum dns_code dns_code_of(const uint8_t ip[IP_BYTES])
{
	if (!ip_net_match(&lists_answer, ip))
		return DNS_CODE_FOREIGN;
	if (ip_net_match(&lists_refusal, ip) || memcmp(ip, never_listed, IP_BYTES) == 0)
		return DNS_CODE_REFUSED;
	return DNS_CODE_LISTED;
}

/* ---- reverse names ---- */

static bool holds(const struct dns_answer *a, const uint8_t ip[IP_BYTES])
{
	struct span value;
	size_t at = 0;

	while (dns_answer_next(a, &at, &value))
		if (value.len == IP_BYTES && memcmp(value.bytes, ip, IP_BYTES) == 0)
			return true;
	return false;
}

enum dns_forward dns_forward_of(const struct dns_answer *same, const struct dns_answer *other,
				const uint8_t ip[IP_BYTES])
{
	if (same->status == DNS_UNKNOWN)
		return DNS_FORWARD_UNKNOWN;
	if (same->status == DNS_FOUND)
		return holds(same, ip) ? DNS_VERIFIED
		       : same->cut     ? DNS_FORWARD_UNKNOWN
				       : DNS_INCONSISTENT;
	if (other == NULL || other->status == DNS_NODATA || other->status == DNS_NXDOMAIN)
		return DNS_NOFORWARD;
	return other->status == DNS_FOUND ? DNS_INCONSISTENT : DNS_FORWARD_UNKNOWN;
}

enum dns_fact dns_reverse_fact(const unsigned count[DNS_FORWARD_UNKNOWN + 1])
{
	if (count[DNS_VERIFIED] > 0)
		return DNS_FACT_RDNS_VERIFIED;
	if (count[DNS_FORWARD_UNKNOWN] > 0)
		return DNS_FACT_UNKNOWN;
	if (count[DNS_INCONSISTENT] > 0)
		return DNS_FACT_RDNS_INCONSISTENT;
	return count[DNS_NOFORWARD] > 0 ? DNS_FACT_RDNS_NOFORWARD : DNS_FACT_RDNS_NONE;
}

/* ---- domains ---- */

void dns_addresses_add(struct dns_addresses *to, const struct dns_answer *a)
{
	struct span value;
	size_t at = 0;

	to->unknown |= a->status == DNS_UNKNOWN;
	while (dns_answer_next(a, &at, &value)) {
		to->count++;
		to->bad |= value.len != IP_BYTES || !dns_address_is_sane(value.bytes);
	}
}

enum dns_host dns_host_of(const struct dns_addresses *a)
{
	if (a->bad)
		return DNS_HOST_BAD_ADDRESS;
	if (a->count > 0)
		return DNS_HOST_GOOD;
	return a->unknown ? DNS_HOST_UNKNOWN : DNS_HOST_NO_ADDRESS;
}

static bool is_localhost(struct span name)
{
	return span_is(name, "localhost") || span_is(name, "localhost.localdomain");
}

enum dns_fact dns_mx_fact(const struct dns_answer *mx)
{
	struct span value;
	size_t at = 0;

	if (mx->status == DNS_UNKNOWN)
		return DNS_FACT_UNKNOWN;
	if (mx->status == DNS_NXDOMAIN)
		return DNS_FACT_DOMAIN_NXDOMAIN;
	while (dns_answer_next(mx, &at, &value)) {
		struct span host = span_tail(value, value.len < 2 ? value.len : 2);

		if (host.len == 0 || span_is(host, "."))
			return DNS_FACT_DOMAIN_NULL_MX;
		if (is_localhost(host))
			return DNS_FACT_DOMAIN_LOCALHOST_MX;
	}
	return DNS_FACT_COUNT;
}

enum dns_fact dns_domain_fact(enum dns_host best, bool mx)
{
	static const enum dns_fact of[] = {[DNS_HOST_NO_ADDRESS] = DNS_FACT_DOMAIN_NO_ADDRESS,
					   [DNS_HOST_BAD_ADDRESS] = DNS_FACT_DOMAIN_BAD_ADDRESS,
					   [DNS_HOST_UNKNOWN] = DNS_FACT_UNKNOWN,
					   [DNS_HOST_GOOD] = DNS_FACT_DOMAIN_ADDRESS};

	return mx && best == DNS_HOST_GOOD ? DNS_FACT_DOMAIN_MX : of[best];
}
