/*
 * rule_has.c: what addresses, HELO names and reverse names look like.
 *
 * Runs in workers and in smtptrap explain.  Texts come from clients.  This is no parser of addresses (path.c is): it
 * looks for signs of what nobody's mail program would send.
 */
#include "rule_has.h"

static bool holds(struct span s, const char *text)
{
	return s.len > 0 && memmem(s.bytes, s.len, text, strlen(text)) != NULL;
}

/* What the address looks like, DNS aside. */
static uint32_t look_at_address(const struct rule_address *address)
{
	struct span a = address->address;
	const uint8_t *at = memrchr(a.bytes, '@', a.len);
	uint8_t last = a.bytes[a.len - 1];
	uint32_t flags = address->routed ? RULE_ADDRESS_ROUTE : 0;

	if (at == NULL)
		flags |= RULE_ADDRESS_NOAT;
	else if (memchr(at, '.', a.len - (size_t)(at - a.bytes)) == NULL)
		flags |= RULE_ADDRESS_UNQUALIFIED;
	if (a.bytes[0] == '@')
		flags |= at > a.bytes ? RULE_ADDRESS_ROUTE : RULE_ADDRESS_GARBAGE;
	if (a.bytes[0] == '<' || strchr(">\"].@", last) != NULL || last == '\0' || holds(a, "..") ||
	    holds(a, "@@"))
		flags |= RULE_ADDRESS_GARBAGE;
	const uint8_t *quote = memchr(a.bytes, '"', a.len);
	if (quote != NULL && quote != a.bytes + a.len - 1)
		flags |= RULE_ADDRESS_QUOTED;
	return flags;
}

struct rule_has rule_has_address(const struct rule_address *address)
{
	static const struct rule_has by_dns[] = {
	    [RULE_DOMAIN_UNASKED] = {.unknown = RULE_ADDRESS_DNS},
	    [RULE_DOMAIN_RESOLVES] = {.is = RULE_ADDRESS_RESOLVES},
	    [RULE_DOMAIN_UNKNOWN] = {.is = RULE_ADDRESS_UNKNOWN,
				     .unknown = RULE_ADDRESS_RESOLVES | RULE_ADDRESS_BADDOM},
	    [RULE_DOMAIN_BADDOM] = {.is = RULE_ADDRESS_BADDOM},
	};
	const uint32_t no_domain = RULE_ADDRESS_NOAT | RULE_ADDRESS_UNQUALIFIED |
				   RULE_ADDRESS_GARBAGE | RULE_ADDRESS_ROUTE;

	if (address->address.len == 0)
		return (struct rule_has){0};
	struct rule_has has = {.is = look_at_address(address)};
	if ((has.is & no_domain) == 0) {
		has.unknown = by_dns[address->domain].unknown;
		has.is |= by_dns[address->domain].is;
	}
	return has;
}

/* Read name as an address: bare, or in brackets, there with the tag of RFC 5321, 4.1.3.
 * Returns RULE_HELO_BAREIP, RULE_HELO_PROPERIP, or 0. */
static uint32_t parse_address(struct span name, uint8_t ip[IP_BYTES])
{
	if (ip_parse(ip, (const char *)name.bytes, name.len) == 0)
		return RULE_HELO_BAREIP;
	if (name.len < 2 || name.bytes[0] != '[' || name.bytes[name.len - 1] != ']')
		return 0;
	name = span_tail(span_head(name, name.len - 1), 1);
	if (span_starts(name, "IPv6:"))
		name = span_tail(name, 5);
	return ip_parse(ip, (const char *)name.bytes, name.len) == 0 ? RULE_HELO_PROPERIP : 0;
}

struct rule_has rule_has_helo(const struct rule_facts *facts)
{
	struct span name = facts->helo;
	uint32_t flags = facts->esmtp ? RULE_HELO_EHLO : RULE_HELO_HELO;
	uint8_t ip[IP_BYTES];

	if (name.len == 0)
		return (struct rule_has){.is = flags | RULE_HELO_NONE | RULE_HELO_NODOTS};
	if (name.len == 1 && name.bytes[0] == '.')
		return (struct rule_has){.is = flags | RULE_HELO_BOGUS | RULE_HELO_NODOTS};
	if (memchr(name.bytes, '.', name.len) == NULL && memchr(name.bytes, ':', name.len) == NULL)
		flags |= RULE_HELO_NODOTS;
	uint32_t form = parse_address(name, ip);
	if (form != 0 && memcmp(ip, facts->client, IP_BYTES) == 0)
		form |= RULE_HELO_REMOTEIP;
	else if (form != 0 && memcmp(ip, facts->local, IP_BYTES) == 0)
		form |= RULE_HELO_MYIP;
	else if (form != 0)
		form |= RULE_HELO_OTHERIP;
	return (struct rule_has){.is = flags | form};
}

struct rule_has rule_has_dns(const struct rule_facts *facts)
{
	uint32_t bad = (facts->rdns.noforward ? RULE_DNS_NOFORWARD : 0) |
		       (facts->rdns.inconsistent ? RULE_DNS_INCONSISTENT : 0);
	const uint32_t both = RULE_DNS_NOFORWARD | RULE_DNS_INCONSISTENT;
	struct rule_has has = {.is = bad};

	if (facts->rdns.count > 0)
		has.is |=
		    RULE_DNS_EXISTS | (bad == 0 && !facts->rdns.uncertain ? RULE_DNS_GOOD : 0);
	else if (!facts->rdns.uncertain)
		has.is |= RULE_DNS_NODNS;
	if (!facts->rdns.uncertain)
		return has;
	has.unknown = both & ~bad;
	if (facts->rdns.count == 0)
		has.unknown |= RULE_DNS_NODNS | RULE_DNS_EXISTS;
	if (bad == 0)
		has.unknown |= RULE_DNS_GOOD;
	return has;
}
