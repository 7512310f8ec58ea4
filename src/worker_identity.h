/*
 * worker_identity.h: what the trap is at the address that a client reached.
 */
#ifndef SMTPTRAP_WORKER_IDENTITY_H
#define SMTPTRAP_WORKER_IDENTITY_H

#include "conf_identity.h"
#include "smtp.h"
#include "tls.h"

/* The TLS engine's numbers of the profiles where an identity holds: of the tls block's own
 * settings, then of conf's profiles in their order. */
typedef unsigned profile_numbers[CONF_PROFILE_MAX + 1];

/* Once in a worker: a row outside of all identities, then one for each.  Lives as long as the
 * process; fatal() if there is no memory. */
profile_numbers *identity_profiles(const struct conf *conf, const struct tls_server *server);

/* The number for struct tls_accept_args; identity and profile are of conf, or NULL. */
unsigned identity_profile_number(const struct conf *conf, const profile_numbers *numbers,
				 const struct conf_identity *identity,
				 const struct conf_profile *profile);

/* The policy of a client: base, with what the identity says otherwise; NULL: base.  base offers
 * STARTTLS or does not, which is not the identity's to say: see offer_decide(). */
void identity_policy(struct smtp_policy *policy_r, const struct smtp_policy *base,
		     const struct conf_identity *identity);

/* The host name where a connection came in on this socket. */
const char *identity_hostname(const struct conf *conf, const struct conf_listen *listener, int fd);

#endif
