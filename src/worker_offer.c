/*
 * worker_offer.c: what TLS a client is offered.
 *
 * Runs in workers, once for each client.  In: the configuration, the listener, the client's
 * address.  Out: a struct offer, which the session obeys and its records name.
 */
#include "worker_offer.h"

static const char *const memory_names[OFFER_MEMORY_COUNT] = {
    [OFFER_MEMORY_NO_CERTIFICATE_REQUEST] = "no_certificate_request",
    [OFFER_MEMORY_NOT_OFFERED] = "not_offered",
};

const char *offer_memory_name(enum offer_memory memory)
{
	return memory_names[memory];
}

struct offer offer_decide(const struct offer_facts *f)
{
	enum conf_tls_mode mode = f->tls_ready ? f->listener->tls : CONF_TLS_OFF;

	return (struct offer){
	    .starttls = mode == CONF_TLS_STARTTLS && (f->conf->smtp.extensions & CONF_EXT_STARTTLS),
	    .implicit = mode == CONF_TLS_IMPLICIT,
	    .ask_certificate = f->conf->tls.client_certificate,
	};
}
