/*
 * dns_answer.c: what one query to a DNS server came to.
 *
 * Runs in the resolver.  Input is a message whose question c-ares has compared with ours; it is
 * hostile all the same.  The C library's ns_parserr(3) walks it, since c-ares's own functions
 * tell neither the TTL of a name or text nor the SOA of a negative answer (RFC 2308), and
 * refuse a reverse name that is no host name, which is what a trap wants to record.
 */
#include "dns_answer.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>
#include <strings.h>

#include "ip.h"

#define SOA_NUMBERS 20 /* serial, refresh, retry, expire, minimum, RFC 1035, 3.3.13 */

void dns_answer_unknown(struct dns_answer *a)
{
	memset(a, 0, offsetof(struct dns_answer, bytes));
	a->status = DNS_UNKNOWN;
}

void dns_answer_put(struct dns_answer *a, const void *head, size_t head_len, const void *bytes,
		    size_t len)
{
	uint16_t length = (uint16_t)(head_len + len);
	size_t room = sizeof a->bytes - a->len;

	if (a->count == DNS_VALUES_MAX || room < sizeof length || len > room - sizeof length ||
	    head_len > room - sizeof length - len) {
		a->cut = true;
		return;
	}
	uint8_t *to = a->bytes + a->len;
	memcpy(to, &length, sizeof length);
	if (head_len > 0)
		memcpy(to + sizeof length, head, head_len);
	if (len > 0)
		memcpy(to + sizeof length + head_len, bytes, len);
	a->len = (uint16_t)(a->len + sizeof length + length);
	a->count++;
}

bool dns_answer_next(const struct dns_answer *a, size_t *at, struct span *value_r)
{
	uint16_t length;

	if (a->len > sizeof a->bytes || *at > a->len || a->len - *at < sizeof length)
		return false;
	memcpy(&length, a->bytes + *at, sizeof length);
	if (length > a->len - *at - sizeof length)
		return false;
	*value_r = (struct span){a->bytes + *at + sizeof length, length};
	*at += sizeof length + length;
	return true;
}

/* ---- records ---- */

/* The name at `at` within the message, as text; false if it is none. */
static bool expand(ns_msg *m, const uint8_t *at, char name[DNS_LABELS_MAX])
{
	if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), at, name, DNS_LABELS_MAX) < 0)
		return false;
	if (name[0] == '\0')
		strlcpy(name, ".", DNS_LABELS_MAX);
	return true;
}

static bool put_address(struct dns_answer *a, ns_rr *rr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool v4 = ns_rr_type(*rr) == ns_t_a;

	if (ns_rr_rdlen(*rr) != (v4 ? 4 : IP_BYTES))
		return false;
	dns_answer_put(a, mapped, v4 ? sizeof mapped : 0, ns_rr_rdata(*rr), ns_rr_rdlen(*rr));
	return true;
}

static bool put_name(struct dns_answer *a, ns_msg *m, ns_rr *rr)
{
	char name[DNS_LABELS_MAX];
	bool mx = ns_rr_type(*rr) == ns_t_mx;
	uint16_t preference = 0;

	if (mx && ns_rr_rdlen(*rr) < 3)
		return false;
	if (mx)
		preference = (uint16_t)ns_get16(ns_rr_rdata(*rr));
	if (!expand(m, ns_rr_rdata(*rr) + (mx ? 2 : 0), name))
		return false;
	dns_answer_put(a, &preference, mx ? sizeof preference : 0, name, strlen(name));
	return true;
}

static bool put_text(struct dns_answer *a, ns_rr *rr)
{
	const uint8_t *at = ns_rr_rdata(*rr), *end = at + ns_rr_rdlen(*rr);
	uint8_t text[DNS_TEXT_MAX];
	size_t n = 0;

	while (at < end) {
		size_t len = *at++;

		if (len > (size_t)(end - at))
			return false;
		size_t room = sizeof text - n;
		memcpy(text + n, at, len < room ? len : room);
		n += len < room ? len : room;
		at += len;
	}
	dns_answer_put(a, NULL, 0, text, n);
	return true;
}

static bool put_record(struct dns_answer *a, ns_msg *m, ns_rr *rr)
{
	switch (ns_rr_type(*rr)) {
	case ns_t_a:
	case ns_t_aaaa:
		return put_address(a, rr);
	case ns_t_ptr:
	case ns_t_mx:
		return put_name(a, m, rr);
	default:
		return put_text(a, rr);
	}
}

/* ---- the answer section ---- */

static bool same_name(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static void note_ttl(struct dns_answer *a, uint32_t ttl)
{
	if (ttl > INT32_MAX)
		ttl = 0; /* RFC 2181, 8 */
	if (!a->has_ttl || ttl < a->ttl)
		a->ttl = ttl;
	a->has_ttl = true;
}

/* Follow the CNAMEs from `name`, in place.  False: malformed, or a loop. */
static bool follow_aliases(struct dns_answer *a, ns_msg *m, char name[DNS_LABELS_MAX])
{
	bool found = true;
	ns_rr rr;

	for (int hops = 0; found; hops++) {
		if (hops > DNS_ALIASES_MAX)
			return false;
		found = false;
		for (int i = 0; i < ns_msg_count(*m, ns_s_an) && !found; i++) {
			if (ns_parserr(m, ns_s_an, i, &rr) < 0)
				return false;
			if (ns_rr_type(rr) != ns_t_cname || ns_rr_class(rr) != ns_c_in ||
			    !same_name(ns_rr_name(rr), name))
				continue;
			if (!expand(m, ns_rr_rdata(rr), name))
				return false;
			note_ttl(a, ns_rr_ttl(rr));
			found = true;
		}
	}
	return true;
}

static bool read_records(struct dns_answer *a, ns_msg *m, const char *name, enum dns_type type)
{
	ns_rr rr;

	for (int i = 0; i < ns_msg_count(*m, ns_s_an); i++) {
		if (ns_parserr(m, ns_s_an, i, &rr) < 0)
			return false;
		if ((int)ns_rr_type(rr) != (int)type || ns_rr_class(rr) != ns_c_in ||
		    !same_name(ns_rr_name(rr), name))
			continue;
		if (!put_record(a, m, &rr))
			return false;
		note_ttl(a, ns_rr_ttl(rr));
	}
	return true;
}

/* The SOA of a negative answer: the lesser of its TTL and its minimum, RFC 2308, 5. */
static void read_soa(struct dns_answer *a, ns_msg *m)
{
	ns_rr rr;

	a->has_ttl = false; /* of aliases that lead nowhere */
	for (int i = 0; i < ns_msg_count(*m, ns_s_ns); i++) {
		if (ns_parserr(m, ns_s_ns, i, &rr) < 0)
			return;
		if (ns_rr_type(rr) != ns_t_soa || ns_rr_rdlen(rr) < SOA_NUMBERS + 2)
			continue;
		const uint8_t *end = ns_rr_rdata(rr) + ns_rr_rdlen(rr);
		note_ttl(a, ns_rr_ttl(rr));
		note_ttl(a, (uint32_t)ns_get32(end - 4));
		return;
	}
}

void dns_answer_parse(struct dns_answer *a, const uint8_t *packet, size_t len, const char *name,
		      enum dns_type type)
{
	char target[DNS_LABELS_MAX];
	ns_msg m;

	dns_answer_unknown(a);
	if (len > NS_MAXMSG || ns_initparse(packet, (int)len, &m) < 0)
		return;
	int rcode = ns_msg_getflag(m, ns_f_rcode);
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return;
	strlcpy(target, name, sizeof target);
	if (!follow_aliases(a, &m, target) || !read_records(a, &m, target, type)) {
		dns_answer_unknown(a);
		return;
	}
	/* Data with NXDOMAIN is a lie either way. */
	if (a->count > 0 && rcode == ns_r_nxdomain) {
		dns_answer_unknown(a);
		return;
	}
	a->status = a->count > 0 || a->cut   ? DNS_FOUND
		    : rcode == ns_r_nxdomain ? DNS_NXDOMAIN
					     : DNS_NODATA;
	if (a->status != DNS_FOUND)
		read_soa(a, &m);
}
