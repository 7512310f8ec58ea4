/*
 * worker_offer.h: what TLS a client is offered.
 *
 * The one place where that is decided: once for each client, when its address is known (behind a
 * PROXY header, the one that it names) and before anything is said to it.  What came of it is
 * told to the memory of addresses, which the next decision looks at.
 */
#ifndef SMTPTRAP_WORKER_OFFER_H
#define SMTPTRAP_WORKER_OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "address_table.h"
#include "conf.h"
#include "rule.h"
#include "summary.h"
#include "tls.h"

/* What the memory of addresses changed for this client. */
enum offer_memory {
	OFFER_MEMORY_NOTHING,
	OFFER_MEMORY_NO_CERTIFICATE_REQUEST,
	OFFER_MEMORY_NOT_OFFERED,
	OFFER_MEMORY_COUNT
};

/* The name that records use ("not_offered"); NULL for OFFER_MEMORY_NOTHING. */
const char *offer_memory_name(enum offer_memory memory);

/* What the decision is made from. */
struct offer_facts {
	const struct conf *conf;
	const struct conf_listen *listener;
	const struct conf_identity *identity; /* NULL: none */
	bool tls_ready;                       /* the trap has certificates */
	const struct address_reader *memory;
	const uint8_t *ip; /* IP_BYTES, of the client */
	uint64_t now_us;   /* since 1970 */
};

struct offer {
	bool starttls;                      /* EHLO announces it and the command is obeyed */
	bool implicit;                      /* TLS begins with the connection */
	bool ask_certificate;               /* in the handshake */
	const struct conf_arm *arm;         /* of the experiment; NULL: takes no part */
	const struct conf_profile *profile; /* NULL: as the tls block says */
	enum offer_memory memory;
	bool refused_by_rule; /* TLS would be offered, but for a rule */
	bool failures; /* the address has some that a handshake which goes well would clear */
};

struct offer offer_decide(const struct offer_facts *facts);

/* Change the offer as the option tls of a rule says.  Implicit TLS stays: a client that begins
 * with it would understand nothing else. */
void offer_obey_rule(struct offer *offer, const struct offer_facts *facts,
		     const struct rule_options *options);

/*
 * What the memory of addresses should learn of a client that was offered this, when its session
 * is over; info as it is then.
 */
enum summary_tls offer_lesson(const struct conf *conf, const struct offer *offer,
			      const struct tls_info *info);

#endif
