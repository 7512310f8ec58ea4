/*
 * worker_offer.c: what TLS a client is offered.
 *
 * Runs in workers, once for each client.  In: the configuration, the listener, the client's
 * address.  Out: a struct offer, which the session obeys and its records name.
 */
#include "worker_offer.h"

#include "arm.h"

static const char *const memory_names[OFFER_MEMORY_COUNT] = {
    [OFFER_MEMORY_NO_CERTIFICATE_REQUEST] = "no_certificate_request",
    [OFFER_MEMORY_NOT_OFFERED] = "not_offered",
};

const char *offer_memory_name(enum offer_memory memory)
{
	return memory_names[memory];
}

/* The client's arm; NULL where it takes no part, for want of TLS or by choice. */
static const struct conf_arm *find_arm(const struct offer_facts *f, bool tls)
{
	return tls && f->listener->experiment ? arm_of(&f->conf->tls.experiment, f->ip) : NULL;
}

struct offer offer_decide(const struct offer_facts *f)
{
	enum conf_tls_mode mode = f->tls_ready ? f->listener->tls : CONF_TLS_OFF;
	bool implicit = mode == CONF_TLS_IMPLICIT;
	bool starttls =
	    mode == CONF_TLS_STARTTLS && (f->conf->smtp.extensions & CONF_EXT_STARTTLS);
	const struct conf_arm *arm = find_arm(f, implicit || starttls);
	const struct conf_profile *profile =
	    arm == NULL ? NULL : &f->conf->tls.profile[arm->profile_at];

	return (struct offer){
	    .starttls = starttls && (profile == NULL || profile->offer),
	    .implicit = implicit,
	    .ask_certificate = profile == NULL ? f->conf->tls.client_certificate
					       : profile->client_certificate,
	    .arm = arm,
	    .profile = profile,
	};
}
