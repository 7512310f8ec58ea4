/*
 * tls_setup.c: what all TLS sessions share, made once.
 *
 * Runs in the master, before it forks, as root if it was started so.  In: the settings.  What
 * differs from profile to profile is made in tls_served.c and tls_pairs.c.  Errors are fatal().
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tls_internal.h"
#include "tls_priority.h"

#define DH_EXPONENT_BITS 256 /* enough for the 103 bits of ffdhe2048 (RFC 7919, 5.2: 225) */

static void add_version(char list[TLS_VERSIONS_MAX], enum tls_version version)
{
	if (list[0] != '\0')
		strlcat(list, " ", TLS_VERSIONS_MAX);
	strlcat(list, tls_version_name(version), TLS_VERSIONS_MAX);
}

/* Which versions are served, and which are asked for and not in the library, whose list of what is
 * asked for passes those over. */
static void list_versions(struct tls_server *server, const char *priority)
{
	for (enum tls_version v = TLS_SSL3_0; v < TLS_VERSION_COUNT; v++) {
		if (server->served[0].shared.versions & 1u << v)
			add_version(server->versions, v);
		else if (!tls_version_in_library(v) && tls_priority_names(priority, v))
			add_version(server->missing, v);
	}
}

/* For clients that name no group and still want DHE. */
static void make_dh(struct tls_server *server)
{
	tls_need(gnutls_dh_params_init(&server->dh), "make Diffie-Hellman parameters");
	tls_need(gnutls_dh_params_import_raw2(server->dh, &gnutls_ffdhe_2048_group_prime,
					      &gnutls_ffdhe_2048_group_generator, DH_EXPONENT_BITS),
		 "make Diffie-Hellman parameters");
}

static void set_trust(struct tls_server *server, bool system_trust)
{
	tls_need(gnutls_x509_trust_list_init(&server->trust, 0), "make a list of authorities");
	if (system_trust)
		tls_need(gnutls_x509_trust_list_add_system_trust(server->trust, 0, 0),
			 "read the system's authorities");
}

/* What sessions without a profile get. */
static struct tls_profile base_profile(const struct tls_settings *settings)
{
	return (struct tls_profile){.name = "",
				    .files = settings->files,
				    .file_count = settings->file_count,
				    .minimum = settings->minimum,
				    .priority = settings->priority,
				    .no_tickets = settings->no_tickets};
}

static void start_mending(void)
{
	const char *wrong = tls_mend_start();

	if (wrong != NULL)
		warn("TLS: %s does not let hellos be mended (%s): odd server names and the like"
		     " will fail the handshake",
		     tls_library_version(), wrong);
}

struct tls_server *tls_setup(const struct tls_settings *settings)
{
	const struct tls_profile base = base_profile(settings);
	size_t count = settings->profile_count + 1;
	struct tls_server *server = calloc(1, sizeof *server + count * sizeof *server->served);
	char own[TLS_PRIORITY_MAX];

	if (server == NULL)
		fatal("no memory for TLS");
	server->client.fd = -1;
	tls_library_start();
	start_mending();
	make_dh(server);
	tls_served_make(server, &base);
	list_versions(server, tls_priority_text(&base, own));
	for (size_t i = 0; i < settings->profile_count; i++)
		tls_served_make(server, &settings->profiles[i]);
	for (size_t i = 0; i < server->served_count; i++)
		server->served[i].profile = NULL; /* the caller's, until now */
	set_trust(server, settings->system_trust);
	return server;
}

const char *tls_server_versions(const struct tls_server *server)
{
	return server->versions;
}

const char *tls_server_missing(const struct tls_server *server)
{
	return server->missing;
}

const char *tls_library_versions(void)
{
	static char text[TLS_VERSIONS_MAX];

	if (text[0] == '\0')
		for (enum tls_version v = TLS_SSL3_0; v < TLS_VERSION_COUNT; v++)
			if (tls_version_in_library(v))
				add_version(text, v);
	return text;
}

const char *tls_library_version(void)
{
	static char text[32];

	strlcpy(text, "GnuTLS ", sizeof text);
	strlcat(text, gnutls_check_version(NULL), sizeof text);
	return text;
}

const struct keyholder_key *tls_server_keys(const struct tls_server *server, size_t *count_r)
{
	*count_r = server->key_count;
	return server->files;
}

void tls_server_close_keys(struct tls_server *server)
{
	for (size_t i = 0; i < server->key_count; i++) {
		if (server->files[i].fd >= 0)
			close(server->files[i].fd);
		server->files[i].fd = -1;
	}
}

void tls_server_forget(struct tls_server *server)
{
	for (size_t i = 0; i < server->served_count; i++) {
		gnutls_datum_t *key = &server->served[i].ticket_key;

		if (key->size > 0)
			explicit_bzero(key->data, key->size);
	}
}
