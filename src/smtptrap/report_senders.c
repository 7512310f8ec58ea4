/*
 * report_senders.c: table senders: who delivers, by domain, address and network, on how many days and
 * since when, and how much of it over TLS.
 */
#include "ip.h"
#include "report.h"

enum { DOMAINS, DOMAINS_TLS, ADDRESSES, ADDRESSES_TLS, NETWORKS, NETWORKS_TLS };

#define MESSAGES "accepted messages"
#define OVER_TLS "accepted messages over TLS"
#define ALL "all accepted messages"
#define SEEN (REPORT_SEEN | REPORT_BY_DAYS) /* who persists comes first */

static const struct report_section sections[] = {
    [DOMAINS] = {"domains", "domain of the reverse-path", MESSAGES, ALL, SEEN, 0},
    [DOMAINS_TLS] = {"domains_tls", "domain of the reverse-path", OVER_TLS,
		     "accepted messages of the domain", REPORT_OF_LABEL | SEEN, DOMAINS},
    [ADDRESSES] = {"addresses", "address", MESSAGES, ALL, SEEN, 0},
    [ADDRESSES_TLS] = {"addresses_tls", "address", OVER_TLS, "accepted messages of the address",
		       REPORT_OF_LABEL | SEEN, ADDRESSES},
    [NETWORKS] = {"networks", "network", MESSAGES, ALL, SEEN, 0},
    [NETWORKS_TLS] = {"networks_tls", "network", OVER_TLS, "accepted messages of the network",
		      REPORT_OF_LABEL | SEEN, NETWORKS},
};

static const enum record_field wants[] = {FIELD_VERDICT, FIELD_MAIL_FROM, FIELD_TLS_OUTCOME};

/* What stands behind the last @, in lower case. */
static struct span domain_of(struct span path, char buf[TALLY_LABEL_MAX + 1])
{
	const uint8_t *at = path.len > 0 ? memrchr(path.bytes, '@', path.len) : NULL;
	size_t len = 0;

	if (path.len == 0)
		return span_text("<>");
	if (at == NULL)
		return span_text("no domain");
	for (at++; at < path.bytes + path.len && len < TALLY_LABEL_MAX; at++)
		buf[len++] = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
	return (struct span){(const uint8_t *)buf, len};
}

static void add_both(struct report_record *r, unsigned section, struct span label)
{
	report_count_span(r, section, label);
	if (report_is_tls(r))
		report_count_span(r, section + 1, label);
}

static void add(struct report_record *r)
{
	char domain[TALLY_LABEL_MAX + 1], ip[IP_TEXT_MAX], net[IP_NET_TEXT_MAX];
	struct span path = {0};

	if (!report_is_delivery(r) || !report_text(r, FIELD_MAIL_FROM, &path))
		return;
	add_both(r, DOMAINS, domain_of(path, domain));
	add_both(r, ADDRESSES, span_text(ip_text(report_ip(r), ip)));
	add_both(r, NETWORKS, span_text(report_net_text(report_ip(r), net)));
}

const struct report_table report_senders = {"senders", REPORT_ARRAY(sections), REPORT_ARRAY(wants),
					    add, NULL};
