/*
 * tls_sni.c: which certificates a client is offered that names the server it wants.
 *
 * Set up in the master, before it forks; asked in workers, within the handshake.  In: a profile's
 * credentials, and the server name of a client (RFC 6066), of which nothing is trusted.  Out: for
 * each set of certificates that one name can belong to, credentials with those alone, in their
 * order; the profile's own where the name is absent, of nobody, or of all.  The library would by
 * itself prefer a certificate of another name where its key suits the preferred cipher better.
 * A set without RSA gets the others' RSA behind it: a client without ECDSA is then served under a
 * wrong name, which is what it would see without SNI, and not refused.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "tls_internal.h"

#define NAME_MAX_BYTES 256    /* a DNS name */
#define ANY_LABEL "any-label" /* what a "*" of a certificate's name is tried with */

struct choice {
	uint64_t pairs; /* bits */
	gnutls_certificate_credentials_t credentials;
};

struct tls_sni {
	unsigned count; /* of certificates */
	gnutls_x509_crt_t certificate[KEY_COUNT_MAX];
	uint64_t bit[KEY_COUNT_MAX]; /* of each among the profile's files */
	uint64_t all, rsa;
	size_t choices;
	struct choice *choice;
};

/* ---- in the handshake ---- */

static uint64_t pairs_of(const struct tls_sni *sni, const char *name)
{
	uint64_t pairs = 0;

	for (unsigned i = 0; i < sni->count; i++)
		if (gnutls_x509_crt_check_hostname2(sni->certificate[i], name,
						    GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES))
			pairs |= sni->bit[i];
	return pairs;
}

static const struct choice *find_choice(const struct tls_sni *sni, uint64_t pairs)
{
	for (size_t i = 0; i < sni->choices; i++)
		if (sni->choice[i].pairs == pairs)
			return &sni->choice[i];
	return NULL;
}

int tls_sni_choose(gnutls_session_t session)
{
	const struct tls_session *s = gnutls_session_get_ptr(session);
	const struct tls_sni *sni = s->served->sni;
	char name[NAME_MAX_BYTES];
	size_t len = sizeof name - 1;
	unsigned type;

	if (gnutls_server_name_get(session, name, &len, &type, 0) < 0 || len == 0)
		return 0;
	name[sizeof name - 1] = '\0';
	const struct choice *choice = find_choice(sni, pairs_of(sni, name));
	return choice == NULL
		   ? 0
		   : gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, choice->credentials);
}

/* ---- setting up ---- */

/* Everything that is made of one profile. */
struct making {
	struct tls_server *server;
	const struct tls_profile *profile;
	struct tls_sni *sni;
};

static void add_choice(struct making *m, uint64_t pairs)
{
	struct tls_sni *sni = m->sni;
	struct choice choice = {.pairs = pairs};

	if (pairs == 0 || pairs == sni->all || find_choice(sni, pairs) != NULL)
		return;
	sni->choice = reallocarray(sni->choice, sni->choices + 1, sizeof *sni->choice);
	if (sni->choice == NULL)
		fatal("no memory for TLS");
	choice.credentials = tls_credentials_new(m->server);
	tls_pairs_add(m->server, choice.credentials, m->profile, pairs);
	if (!(pairs & sni->rsa) && (sni->rsa & ~pairs))
		tls_pairs_add(m->server, choice.credentials, m->profile, sni->rsa);
	sni->choice[sni->choices++] = choice;
}

/* A name of a certificate, as a client could ask for it. */
static void add_name(struct making *m, const char *name)
{
	char asked[NAME_MAX_BYTES + sizeof ANY_LABEL];

	strlcpy(asked, name[0] == '*' ? ANY_LABEL : "", sizeof asked);
	strlcat(asked, name + (name[0] == '*'), sizeof asked);
	add_choice(m, pairs_of(m->sni, asked));
}

/* The names that gnutls_x509_crt_check_hostname2() looks at: those of the extension, or without
 * any the common name. */
static void add_names(struct making *m, gnutls_x509_crt_t certificate)
{
	char name[NAME_MAX_BYTES];
	bool any = false;
	int r = 0;

	for (unsigned i = 0; r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE; i++) {
		size_t len = sizeof name - 1;
		r = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &len, NULL);
		if (r != GNUTLS_SAN_DNSNAME)
			continue;
		name[len] = '\0';
		add_name(m, name);
		any = true;
	}
	size_t len = sizeof name;
	if (!any && gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
						  name, &len) == 0)
		add_name(m, name);
}

/* Take the i-th certificate of the credentials. */
static void take_certificate(struct tls_sni *sni, gnutls_certificate_credentials_t credentials,
			     unsigned i)
{
	gnutls_x509_crt_t *chain;
	unsigned count;

	tls_need(gnutls_certificate_get_x509_crt(credentials, i, &chain, &count),
		 "read a certificate's names");
	sni->certificate[i] = chain[0];
	for (unsigned k = 1; k < count; k++)
		gnutls_x509_crt_deinit(chain[k]);
	gnutls_free(chain);
	int algorithm = gnutls_x509_crt_get_pk_algorithm(sni->certificate[i], NULL);
	if (algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS)
		sni->rsa |= sni->bit[i];
}

static void sni_free(struct tls_sni *sni)
{
	for (unsigned i = 0; i < sni->count; i++)
		gnutls_x509_crt_deinit(sni->certificate[i]);
	free(sni->choice);
	free(sni);
}

struct tls_sni *tls_sni_new(struct tls_server *server, const struct tls_profile *profile,
			    gnutls_certificate_credentials_t credentials, uint64_t pairs)
{
	struct making m = {.server = server, .profile = profile};

	m.sni = calloc(1, sizeof *m.sni);
	if (m.sni == NULL)
		fatal("no memory for TLS");
	m.sni->all = pairs;
	for (uint64_t left = pairs; left != 0; left &= left - 1)
		m.sni->bit[m.sni->count++] = left & -left;
	for (unsigned i = 0; i < m.sni->count; i++)
		take_certificate(m.sni, credentials, i);
	for (unsigned i = 0; i < m.sni->count; i++)
		add_names(&m, m.sni->certificate[i]);
	if (m.sni->choices == 0) {
		sni_free(m.sni);
		return NULL;
	}
	return m.sni;
}
