/*
 * worker_dns_record.c: what the DNS said, as fields of a session's records.
 *
 * Runs in workers.  Names and texts are bytes of strangers; the encoder of records escapes them.
 * A message's record has what is of its client, its HELO and its sender, as far as it is there
 * when the message ends: no reply waits for the DNS.
 */
#include <stdio.h>
#include <string.h>

#include "worker_dns_internal.h"
#include "worker_session.h"

/* Is the look-up of this record? */
static bool belongs(const struct session *s, const struct dns_lookup *l, enum record_type type)
{
	char name[DNS_NAME_TEXT];

	if (type == RECORD_SESSION || l->ask.name[0] == '\0')
		return true;
	return (l->ask.kind == DNS_ASK_DBL && worker_dns_helo_name(s, name) &&
		strcmp(name, l->ask.name) == 0) ||
	       (worker_dns_sender_name(s, name) && strcmp(name, l->ask.name) == 0);
}

/* Put `before` and the item, and behind it what is not empty. */
static void put_item(struct buf *to, enum record_field field, const char *before, struct span item,
		     const char *behind)
{
	uint8_t text[2 * DNS_LABELS_MAX];
	struct buf b;

	buf_init(&b, text, sizeof text);
	buf_put_str(&b, before);
	buf_put(&b, item.bytes, item.len);
	if (*behind != '\0')
		buf_printf(&b, " %s", behind);
	record_put_string(to, field, b.data, b.len);
}

/* The code of a listing as text. */
static struct span code_text(struct span code, char text[IP_TEXT_MAX])
{
	return span_text(ip_text(code.bytes, text));
}

/* Which item of a reply goes where. */
static const struct {
	enum record_field field;
	enum dns_item item;
	enum dns_kind kind;
} item_fields[] = {
    {FIELD_RDNS_VERIFIED, DNS_ITEM_VERIFIED, DNS_ASK_REVERSE},
    {FIELD_RDNS_INCONSISTENT, DNS_ITEM_INCONSISTENT, DNS_ASK_REVERSE},
    {FIELD_RDNS_NOFORWARD, DNS_ITEM_NOFORWARD, DNS_ASK_REVERSE},
    {FIELD_DNSBL, DNS_ITEM_CODE, DNS_ASK_DNSBL},
    {FIELD_DNSBL_TXT, DNS_ITEM_TEXT, DNS_ASK_DNSBL},
    {FIELD_DBL, DNS_ITEM_CODE, DNS_ASK_DBL},
    {FIELD_DBL_TXT, DNS_ITEM_TEXT, DNS_ASK_DBL},
};

static void put_items(const struct dns_lookup *l, enum record_field field, enum dns_item item,
		      struct buf *to)
{
	char before[DNS_NAME_TEXT + 1] = "", text[IP_TEXT_MAX];
	struct span value;
	size_t at = 0;

	if (l->ask.zone[0] != '\0')
		snprintf(before, sizeof before, "%s=", l->ask.zone);
	for (enum dns_item is; (is = dns_reply_next(&l->reply, &at, &value)) != 0;)
		if (is == item && item == DNS_ITEM_CODE)
			put_item(to, field, before, code_text(value, text), l->ask.name);
		else if (is == item)
			put_item(to, field, before, value, "");
}

static void put_domain(const struct dns_lookup *l, enum record_field field, struct buf *to)
{
	char text[64], before[DNS_NAME_TEXT + 1];

	snprintf(before, sizeof before, "%s=", l->ask.name);
	snprintf(text, sizeof text, "%s:%s", dns_domain_name(dns_fact_domain(l->reply.fact)),
		 dns_fact_name(l->reply.fact));
	put_item(to, field, before, span_text(text), "");
}

/* What has no definite answer. */
static void put_unknown(const struct dns_lookup *l, struct buf *to)
{
	static const char *const before[DNS_KIND_COUNT] = {[DNS_ASK_REVERSE] = "reverse",
							   [DNS_ASK_DNSBL] = "",
							   [DNS_ASK_DBL] = "",
							   [DNS_ASK_DOMAIN] = "domain"};
	bool answered = l->state == LOOKUP_ANSWERED;
	struct span name;
	size_t at = 0;

	if (!answered || l->reply.fact == DNS_FACT_UNKNOWN)
		put_item(to, FIELD_DNS_UNKNOWN, before[l->ask.kind], span_text(l->ask.zone),
			 l->ask.name);
	for (enum dns_item is; answered && (is = dns_reply_next(&l->reply, &at, &name)) != 0;)
		if (is == DNS_ITEM_FORWARD_UNKNOWN)
			put_item(to, FIELD_DNS_UNKNOWN, "forward ", name, "");
}

/* Look-ups of one kind that are over, one after the other; *at is 0 at first. */
static const struct dns_lookup *next_of(const struct session *s, enum record_type type,
					unsigned kinds, size_t *at)
{
	while (*at < s->dns->count) {
		const struct dns_lookup *l = &s->dns->lookup[(*at)++];

		if (l->state != LOOKUP_OPEN && (kinds & 1u << l->ask.kind) && belongs(s, l, type))
			return l;
	}
	return NULL;
}

static void put_session(const struct worker_dns *d, struct buf *to)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < d->count; i++)
		if (d->lookup[i].us > longest)
			longest = d->lookup[i].us;
	record_put_u64(to, FIELD_DNS_LOOKUPS, d->count);
	if (d->cut)
		record_put_bool(to, FIELD_DNS_LOOKUPS_CUT, true);
	if (d->count > 0)
		record_put_u64(to, FIELD_DNS_US, longest);
}

/* The elements of a list must stand together: field by field. */
void worker_dns_put(struct session *s, enum record_type type, struct buf *to)
{
	const struct dns_lookup *l;
	size_t at = 0;

	if (s->dns == NULL)
		return;
	worker_dns_collect(s->dns);
	if ((l = next_of(s, type, 1u << DNS_ASK_REVERSE, &at)) != NULL)
		record_put_text(
		    to, FIELD_RDNS,
		    dns_fact_name(l->state == LOOKUP_ANSWERED ? l->reply.fact : DNS_FACT_UNKNOWN));
	for (size_t i = 0; i < sizeof item_fields / sizeof *item_fields; i++)
		for (at = 0; (l = next_of(s, type, 1u << item_fields[i].kind, &at)) != NULL;)
			if (l->state == LOOKUP_ANSWERED)
				put_items(l, item_fields[i].field, item_fields[i].item, to);
	for (at = 0; (l = next_of(s, type, 1u << DNS_ASK_DOMAIN, &at)) != NULL;)
		if (l->of_sender && l->state == LOOKUP_ANSWERED &&
		    l->reply.fact != DNS_FACT_UNKNOWN)
			put_domain(l, FIELD_FROM_DOMAIN, to);
	for (at = 0;
	     type == RECORD_SESSION && (l = next_of(s, type, 1u << DNS_ASK_DOMAIN, &at)) != NULL;)
		if (l->of_recipient && l->state == LOOKUP_ANSWERED &&
		    l->reply.fact != DNS_FACT_UNKNOWN)
			put_domain(l, FIELD_TO_DOMAIN, to);
	for (at = 0; (l = next_of(s, type, ~0u, &at)) != NULL;)
		put_unknown(l, to);
	if (type == RECORD_SESSION)
		put_session(s->dns, to);
}
