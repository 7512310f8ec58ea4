/*
 * worker_identity.c: what the trap is at the address that a client reached.
 *
 * Runs in workers.  In: the configuration's identity for a client.  Out: the policy of its SMTP
 * session, and which of the TLS engine's profiles serves it.
 */
#include "worker_identity.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "log.h"

/* conf.h and smtp_look.h name the same looks and the same lines. */
_Static_assert((int)CONF_LOOKS_POSTFIX == (int)SMTP_LOOK_POSTFIX &&
		   (int)CONF_LOOKS_EXCHANGE == (int)SMTP_LOOK_EXCHANGE,
	       "looks");
_Static_assert((int)CONF_EHLO_STARTTLS == (int)SMTP_EHLO_STARTTLS &&
		   (int)CONF_EHLO_AUTH == (int)SMTP_EHLO_AUTH &&
		   (int)CONF_EHLO_BINARYMIME == (int)SMTP_EHLO_BINARYMIME &&
		   (int)CONF_EHLO_COUNT == (int)SMTP_EHLO_COUNT,
	       "lines of EHLO");

/* ---- TLS ---- */

static void number_all(profile_numbers *row, const struct conf *conf,
		       const struct tls_server *server, const struct conf_identity *identity)
{
	char name[CONF_IDENTITY_PROFILE_MAX];

	(*row)[0] = tls_server_profile(server, conf_identity_profile(NULL, identity, name));
	for (size_t i = 0; i < conf->tls.nprofile; i++)
		(*row)[i + 1] = tls_server_profile(
		    server, conf_identity_profile(&conf->tls.profile[i], identity, name));
}

profile_numbers *identity_profiles(const struct conf *conf, const struct tls_server *server)
{
	profile_numbers *rows = calloc(conf->nidentity + 1, sizeof *rows);

	if (rows == NULL)
		fatal("no memory for the profiles of identities");
	number_all(&rows[0], conf, server, NULL);
	for (size_t i = 0; i < conf->nidentity; i++)
		number_all(&rows[i + 1], conf, server, &conf->identity[i]);
	return rows;
}

unsigned identity_profile_number(const struct conf *conf, const profile_numbers *numbers,
				 const struct conf_identity *identity,
				 const struct conf_profile *profile)
{
	size_t row = identity == NULL ? 0 : (size_t)(identity - conf->identity) + 1;
	size_t at = profile == NULL ? 0 : (size_t)(profile - conf->tls.profile) + 1;

	return numbers[row][at];
}

/* ---- SMTP ---- */

/* What EHLO offers where the identity names nothing: what the look has and the smtp block too. */
static unsigned inherit_extensions(const struct smtp_policy *base, enum smtp_look look)
{
	unsigned offered = base->extensions;

	if (look != SMTP_LOOK_NONE && (offered & EXT_CHUNKING) && (offered & EXT_8BITMIME))
		offered |= EXT_BINARYMIME;
	return look == SMTP_LOOK_NONE ? offered
				      : offered & smtp_ehlo_extensions(smtp_look_ehlo(look));
}

/* Not what base must decide: whether there is TLS, and a mechanism for AUTH. */
static unsigned named_extensions(const struct smtp_policy *base, const struct smtp_ehlo *ehlo)
{
	unsigned named = smtp_ehlo_extensions(ehlo);

	if (!(base->extensions & EXT_STARTTLS))
		named &= ~(unsigned)EXT_STARTTLS;
	if (base->mechanisms == 0)
		named &= ~(unsigned)EXT_AUTH;
	return named;
}

void identity_policy(struct smtp_policy *policy_r, const struct smtp_policy *base,
		     const struct conf_identity *identity)
{
	static const uint8_t nothing[1];
	struct smtp_policy *p = policy_r;

	*p = *base;
	if (identity == NULL)
		return;
	p->hostname = identity->hostname;
	p->banner = identity->banner;
	p->look = (enum smtp_look)identity->looks_like;
	if (identity->ehlo_named) {
		p->ehlo = (struct smtp_ehlo){identity->nehlo > 0 ? identity->ehlo : nothing,
					     identity->nehlo};
		p->extensions = named_extensions(base, &p->ehlo);
	} else {
		p->extensions = inherit_extensions(base, p->look);
	}
}

const char *identity_hostname(const struct conf *conf, const struct conf_listen *listener, int fd)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof local;
	uint8_t ip[IP_BYTES];
	uint16_t port;

	if (conf->nidentity == 0 || getsockname(fd, (struct sockaddr *)&local, &len) < 0 ||
	    ip_from_sockaddr(ip, &port, (struct sockaddr *)&local) < 0)
		return conf->hostname;
	const struct conf_identity *identity = conf_identity_find(conf, ip, port, listener);
	return identity == NULL ? conf->hostname : identity->hostname;
}
