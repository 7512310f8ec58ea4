/*
 * worker_dns_internal.h: the look-ups of a session, as worker_dns.c makes them and
 * worker_dns_record.c puts them into records.
 */
#ifndef SMTPTRAP_WORKER_DNS_INTERNAL_H
#define SMTPTRAP_WORKER_DNS_INTERNAL_H

#include "conf.h"
#include "resolver_client.h"
#include "worker_dns.h"

#define WORKER_DNS_LOOKUPS \
	DNS_OPEN_MAX /* of a session: with 16 + 16 zones one client's are 34 and more */

enum lookup_state { LOOKUP_OPEN, LOOKUP_ANSWERED, LOOKUP_LOST };

struct dns_lookup {
	struct dns_ask ask;
	enum lookup_state state;
	bool of_sender, of_recipient; /* whose domain it is, of DNS_ASK_DOMAIN */
	uint64_t asked_us;
	uint32_t us; /* what it took, or how long it was waited for in vain */
	struct dns_reply reply;
};

struct worker_dns {
	struct resolver_client client;
	const struct conf *conf;
	struct dns_reply scratch;
	/* of the present session */
	uint64_t waited_us;
	bool cut; /* more look-ups were due */
	size_t count;
	struct dns_lookup lookup[WORKER_DNS_LOOKUPS];
};

/* A name that the DNS can be asked about, or that behind the last @ of an address; false if there
 * is none: addresses and names without a dot are not asked about. */
bool worker_dns_name(struct span bytes, char name[DNS_NAME_TEXT]);
bool worker_dns_domain(struct span address, char name[DNS_NAME_TEXT]);

/* Take the replies that are here. */
void worker_dns_collect(struct worker_dns *d);

/* The name in HELO or EHLO, or the domain of the reverse-path, as it is asked about; false if
 * there is none that can be. */
bool worker_dns_helo_name(const struct session *s, char name[DNS_NAME_TEXT]);
bool worker_dns_sender_name(const struct session *s, char name[DNS_NAME_TEXT]);

#endif
