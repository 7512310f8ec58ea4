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

static void set_priority(struct tls_server *server, const struct tls_settings *settings)
{
	char own[TLS_PRIORITY_MAX];
	const char *text = settings->priority, *position = "";

	if (text == NULL) {
		tls_priority_build(settings->minimum, own);
		text = own;
	}
	int r = gnutls_priority_init(&server->priority, text, &position);
	if (r < 0)
		fatal("TLS: the priority string is wrong at \"%s\": %s", position,
		      gnutls_strerror(r));
}

/* What the library serves and the priorities ask for. */
static void list_versions(struct tls_server *server)
{
	const gnutls_protocol_t *there = gnutls_protocol_list();
	const unsigned *asked;
	int count = gnutls_priority_protocol_list(server->priority, &asked);

	for (int v = TLS_SSL3_0; v < TLS_VERSION_COUNT; v++) {
		int number = tls_version_to_library((enum tls_version)v);
		bool served = false, wanted = false;

		for (size_t i = 0; there[i] != 0; i++)
			served = served || (int)there[i] == number;
		for (int i = 0; i < count; i++)
			wanted = wanted || (int)asked[i] == number;
		if (!served || !wanted)
			continue;
		server->served |= 1u << v;
		if (server->versions[0] != '\0')
			strlcat(server->versions, " ", sizeof server->versions);
		strlcat(server->versions, tls_version_name((enum tls_version)v),
			sizeof server->versions);
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
	struct tls_server *server = calloc(1, sizeof *server);

	if (server == NULL)
		fatal("no memory for TLS");
	if (settings->file_count == 0 || settings->file_count > KEY_COUNT_MAX)
		fatal("TLS needs 1 to %d certificates, not %zu", KEY_COUNT_MAX,
		      settings->file_count);
	server->client.fd = -1;
	tls_library_start();
	start_mending();
	set_priority(server, settings);
	list_versions(server);
	need(gnutls_certificate_allocate_credentials(&server->credentials), "make credentials");
	/* The key is elsewhere; the key holder compares it with the certificate. */
	gnutls_certificate_set_flags(server->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	for (size_t i = 0; i < settings->file_count; i++)
		add_pair(server, &settings->files[i]);
	tls_shared_setup(server);
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
