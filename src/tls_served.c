/*
 * tls_served.c: a profile made ready for sessions, once.
 *
 * Runs in the master, before it forks.  In: what a profile says.  Out: its priorities, its
 * credentials (those of an earlier profile if the certificates are the same) and a ticket key of
 * its own, so that a ticket given under one profile is worth nothing under another.  Errors are
 * fatal() and name the profile.
 */
#include <string.h>

#include "log.h"
#include "tls_internal.h"
#include "tls_priority.h"

void tls_need(int r, const char *what)
{
	if (r < 0)
		fatal("TLS: cannot %s: %s", what, gnutls_strerror(r));
}

/* The versions that the profile asks for and the library has. */
static void list_versions(struct tls_served *served)
{
	const unsigned *asked;
	int count = gnutls_priority_protocol_list(served->priority, &asked);

	for (int i = 0; i < count; i++) {
		enum tls_version v = tls_version_from_library((int)asked[i]);
		if (v != TLS_NO_VERSION && tls_version_in_library(v))
			served->shared.versions |= 1u << v;
	}
}

/* For errors: the profile, or the block of those without one. */
static const char *describe(const struct tls_served *served)
{
	return served->name[0] != '\0' ? served->name : "tls";
}

static void make_priority(struct tls_served *served)
{
	char own[TLS_PRIORITY_MAX];
	const char *text = tls_priority_text(served->profile, own), *position = "";
	int r = gnutls_priority_init(&served->priority, text, &position);
	if (r < 0)
		fatal("TLS: the priority string of %s is wrong at \"%s\": %s", describe(served),
		      position, gnutls_strerror(r));
	list_versions(served);
	if (served->shared.versions == 0)
		fatal("TLS: no protocol version is left to serve for %s", describe(served));
}

static bool same_pairs(const struct tls_profile *a, const struct tls_profile *b)
{
	if (a->file_count != b->file_count || a->key_type != b->key_type)
		return false;
	for (size_t i = 0; i < a->file_count; i++)
		if (strcmp(a->files[i].certificate, b->files[i].certificate) != 0 ||
		    strcmp(a->files[i].key, b->files[i].key) != 0)
			return false;
	return true;
}

gnutls_certificate_credentials_t tls_credentials_new(struct tls_server *server)
{
	gnutls_certificate_credentials_t credentials;

	tls_need(gnutls_certificate_allocate_credentials(&credentials), "make credentials");
	/* The key is elsewhere; the key holder compares it with the certificate. */
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	gnutls_certificate_set_dh_params(credentials, server->dh);
	return credentials;
}

static void make_credentials(struct tls_server *server, struct tls_served *served)
{
	for (const struct tls_served *other = server->served; other < served; other++)
		if (same_pairs(other->profile, served->profile) && !served->profile->expired) {
			served->credentials = other->credentials;
			served->sni = other->sni;
			return;
		}
	served->credentials = tls_credentials_new(server);
	uint64_t pairs = tls_pairs_add(server, served->credentials, served->profile, TLS_PAIRS_ALL);
	served->sni = tls_sni_new(server, served->profile, served->credentials, pairs);
}

void tls_served_make(struct tls_server *server, const struct tls_profile *profile)
{
	struct tls_served *served = &server->served[server->served_count++];

	served->profile = profile;
	served->name = strdup(profile->name);
	if (served->name == NULL)
		fatal("no memory for TLS");
	make_priority(served);
	make_credentials(server, served);
	if (!profile->no_tickets)
		tls_need(gnutls_session_ticket_key_generate(&served->ticket_key),
			 "make a ticket key");
	tls_shared_make(served);
}

unsigned tls_server_profile(const struct tls_server *server, const char *name)
{
	for (size_t i = 1; i < server->served_count; i++)
		if (strcmp(server->served[i].name, name) == 0)
			return (unsigned)i;
	return 0;
}
