/*
 * tls_setup.c: what all TLS sessions share, made once.
 *
 * Runs in the master, before it forks, as root if it was started so.  In: the settings and the
 * certificate files.  The key files are opened, never read, here: their bytes must not get into
 * the memory of this process or its children.  Errors are fatal() and name the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "tls_internal.h"
#include "tls_priority.h"

#define CHAIN_MAX 16         /* certificates of one chain */
#define DH_EXPONENT_BITS 256 /* enough for the 103 bits of ffdhe2048 (RFC 7919, 5.2: 225) */

/* Fatal if the library failed with r at doing `what`. */
static void need(int r, const char *what)
{
	if (r < 0)
		fatal("TLS: cannot %s: %s", what, gnutls_strerror(r));
}

static void set_priority(struct tls_server *server, const char *text)
{
	const char *position = "";
	int r = gnutls_priority_init(&server->priority, text, &position);
	if (r < 0)
		fatal("TLS: the priority string is wrong at \"%s\": %s", position,
		      gnutls_strerror(r));
}

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
	const unsigned *asked;
	int count = gnutls_priority_protocol_list(server->priority, &asked);

	for (enum tls_version v = TLS_SSL3_0; v < TLS_VERSION_COUNT; v++) {
		bool wanted = false;

		for (int i = 0; i < count; i++)
			wanted = wanted || (int)asked[i] == tls_version_to_library(v);
		if (tls_version_in_library(v) && wanted)
			add_version(server->versions, v);
		else if (!tls_version_in_library(v) && tls_priority_names(priority, v))
			add_version(server->missing, v);
	}
	if (server->versions[0] == '\0')
		fatal("TLS: no protocol version is left to serve");
}

/* The chain in a PEM file; the caller owns the array, the credentials later what is in it. */
static gnutls_pcert_st *read_chain(const char *file, unsigned *count_r)
{
	gnutls_pcert_st *chain = calloc(CHAIN_MAX, sizeof *chain);
	gnutls_datum_t pem;

	if (chain == NULL)
		fatal("no memory for the certificate %s", file);
	int r = gnutls_load_file(file, &pem);
	if (r < 0)
		fatal("cannot read the certificate %s: %s", file, strerror(errno));
	*count_r = CHAIN_MAX;
	r = gnutls_pcert_list_import_x509_raw(chain, count_r, &pem, GNUTLS_X509_FMT_PEM, 0);
	gnutls_free(pem.data);
	if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
		fatal("the certificate %s has a chain of more than %d", file, CHAIN_MAX);
	if (r < 0)
		fatal("cannot use the certificate %s: %s", file, gnutls_strerror(r));
	return chain;
}

/* What the key holder needs to know of a pair; it lives as long as the server. */
static void keep_pair(struct keyholder_key *k, const struct tls_files *files,
		      const gnutls_datum_t *der)
{
	uint8_t *certificate = malloc(der->size);

	k->certificate_file = strdup(files->certificate);
	k->key_file = strdup(files->key);
	if (certificate == NULL || k->certificate_file == NULL || k->key_file == NULL)
		fatal("no memory for the certificate %s", files->certificate);
	memcpy(certificate, der->data, der->size);
	k->certificate = certificate;
	k->certificate_len = der->size;
	k->fd = open(files->key, O_RDONLY | O_CLOEXEC);
	if (k->fd < 0)
		fatal("cannot open the key %s: %s", files->key, strerror(errno));
}

static void add_pair(struct tls_server *server, const struct tls_files *files)
{
	struct key_client_key *key = &server->keys[server->key_count];
	gnutls_privkey_t library_key;
	unsigned count;
	gnutls_pcert_st *chain = read_chain(files->certificate, &count);

	key->client = &server->client;
	key->number = (uint32_t)server->key_count;
	key->algorithm =
	    (gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(chain[0].pubkey, &key->bits);
	keep_pair(&server->files[server->key_count], files, &chain[0].cert);
	int r = key_client_import(key, &library_key);
	if (r == 0)
		r = gnutls_certificate_set_key(server->credentials, NULL, 0, chain, (int)count,
					       library_key);
	if (r < 0)
		fatal("cannot use the certificate %s: %s", files->certificate, gnutls_strerror(r));
	free(chain);
	server->key_count++;
}

/* For clients that name no group and still want DHE. */
static void set_dh(struct tls_server *server)
{
	need(gnutls_dh_params_init(&server->dh), "make Diffie-Hellman parameters");
	need(gnutls_dh_params_import_raw2(server->dh, &gnutls_ffdhe_2048_group_prime,
					  &gnutls_ffdhe_2048_group_generator, DH_EXPONENT_BITS),
	     "make Diffie-Hellman parameters");
	gnutls_certificate_set_dh_params(server->credentials, server->dh);
}

static void set_trust(struct tls_server *server, bool system_trust)
{
	need(gnutls_x509_trust_list_init(&server->trust, 0), "make a list of authorities");
	if (system_trust)
		need(gnutls_x509_trust_list_add_system_trust(server->trust, 0, 0),
		     "read the system's authorities");
}

struct tls_server *tls_setup(const struct tls_settings *settings)
{
	struct tls_server *server = calloc(1, sizeof *server);
	char own[TLS_PRIORITY_MAX];
	const char *priority = settings->priority;

	if (server == NULL)
		fatal("no memory for TLS");
	if (settings->file_count == 0 || settings->file_count > KEY_COUNT_MAX)
		fatal("TLS needs 1 to %d certificates, not %zu", KEY_COUNT_MAX,
		      settings->file_count);
	server->client.fd = -1;
	tls_library_start();
	if (priority == NULL) {
		tls_priority_build(settings->minimum, own);
		priority = own;
	}
	set_priority(server, priority);
	list_versions(server, priority);
	need(gnutls_certificate_allocate_credentials(&server->credentials), "make credentials");
	/* The key is elsewhere; the key holder compares it with the certificate. */
	gnutls_certificate_set_flags(server->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	for (size_t i = 0; i < settings->file_count; i++)
		add_pair(server, &settings->files[i]);
	set_dh(server);
	set_trust(server, settings->system_trust);
	if (!settings->no_tickets)
		need(gnutls_session_ticket_key_generate(&server->ticket_key), "make a ticket key");
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
