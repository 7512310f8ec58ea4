/*
 * tls_pairs.c: the certificates of a profile, and the keys that belong to them.
 *
 * Runs in the master, before it forks, as root if it was started so.  The certificate files are
 * read here.  The key files are opened, never read: their bytes must not get into the memory of
 * this process or its children.  A key file that several certificates name is opened once; that
 * it belongs to the first of them the key holder checks, and that all have the same public key is
 * checked here.  Errors are fatal() and name the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "tls_internal.h"

#define CHAIN_MAX 16 /* certificates of one chain */

/* The certificates of a PEM file, the first one's key first. */
struct chain {
	const char *file;
	gnutls_pcert_st certificates[CHAIN_MAX]; /* what they hold is later the library's */
	unsigned count;
	gnutls_pk_algorithm_t algorithm;
	unsigned bits;
};

static void chain_read(struct chain *c, const char *file)
{
	gnutls_datum_t pem;

	*c = (struct chain){.file = file, .count = CHAIN_MAX};
	int r = gnutls_load_file(file, &pem);
	if (r < 0)
		fatal("cannot read the certificate %s: %s", file, strerror(errno));
	r = gnutls_pcert_list_import_x509_raw(c->certificates, &c->count, &pem, GNUTLS_X509_FMT_PEM,
					      0);
	gnutls_free(pem.data);
	if (r == GNUTLS_E_SHORT_MEMORY_BUFFER)
		fatal("the certificate %s has a chain of more than %d", file, CHAIN_MAX);
	if (r < 0)
		fatal("cannot use the certificate %s: %s", file, gnutls_strerror(r));
	c->algorithm = (gnutls_pk_algorithm_t)gnutls_pubkey_get_pk_algorithm(
	    c->certificates[0].pubkey, &c->bits);
}

static void chain_drop(struct chain *c)
{
	for (unsigned i = 0; i < c->count; i++)
		gnutls_pcert_deinit(&c->certificates[i]);
}

/* ---- what is asked of a certificate ---- */

static bool has_key_type(const struct chain *c, enum tls_key_type type)
{
	if (type == TLS_KEY_RSA)
		return c->algorithm == GNUTLS_PK_RSA || c->algorithm == GNUTLS_PK_RSA_PSS;
	return type == TLS_KEY_ANY || c->algorithm == GNUTLS_PK_ECDSA;
}

static gnutls_x509_crt_t parse(const char *file, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t certificate;
	int r = gnutls_x509_crt_init(&certificate);

	if (r == 0)
		r = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER);
	if (r < 0)
		fatal("cannot use the certificate %s: %s", file, gnutls_strerror(r));
	return certificate;
}

static void check_expired(const struct chain *c, const char *profile)
{
	gnutls_x509_crt_t certificate = parse(c->file, &c->certificates[0].cert);

	if (gnutls_x509_crt_get_expiration_time(certificate) >= time(NULL))
		fatal("profile %s: the certificate %s has not expired", profile, c->file);
	gnutls_x509_crt_deinit(certificate);
}

static void key_id(const char *file, const gnutls_datum_t *der, uint8_t id[32])
{
	gnutls_x509_crt_t certificate = parse(file, der);
	size_t len = 32;
	int r = gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, id, &len);

	if (r < 0)
		fatal("cannot use the certificate %s: %s", file, gnutls_strerror(r));
	gnutls_x509_crt_deinit(certificate);
}

/* ---- keys ---- */

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

static void check_same_key(const struct keyholder_key *k, const struct chain *c)
{
	const gnutls_datum_t der = {.data = (void *)(uintptr_t)k->certificate,
				    .size = (unsigned)k->certificate_len};
	uint8_t first[32], second[32];

	key_id(k->certificate_file, &der, first);
	key_id(c->file, &c->certificates[0].cert, second);
	if (memcmp(first, second, sizeof first) != 0)
		fatal("the key %s cannot belong to both certificates %s and %s", k->key_file,
		      k->certificate_file, c->file);
}

/* The key of this pair among the server's keys, where it is new or has been. */
static struct key_client_key *find_key(struct tls_server *server, const struct tls_files *files,
				       const struct chain *c)
{
	size_t i = 0;

	while (i < server->key_count && strcmp(server->files[i].key_file, files->key) != 0)
		i++;
	if (i < server->key_count) {
		check_same_key(&server->files[i], c);
		return &server->keys[i];
	}
	if (i == KEY_COUNT_MAX)
		fatal("more than %d keys", KEY_COUNT_MAX);
	keep_pair(&server->files[i], files, &c->certificates[0].cert);
	server->keys[i] = (struct key_client_key){.client = &server->client,
						  .number = (uint32_t)i,
						  .algorithm = c->algorithm,
						  .bits = c->bits};
	server->key_count++;
	return &server->keys[i];
}

static void add_pair(struct tls_server *server, gnutls_certificate_credentials_t credentials,
		     const struct tls_files *files, struct chain *c)
{
	gnutls_privkey_t library_key;
	int r = key_client_import(find_key(server, files, c), &library_key);

	if (r == 0)
		r = gnutls_certificate_set_key(credentials, NULL, 0, c->certificates, (int)c->count,
					       library_key);
	if (r < 0)
		fatal("cannot use the certificate %s: %s", files->certificate, gnutls_strerror(r));
}

uint64_t tls_pairs_add(struct tls_server *server, gnutls_certificate_credentials_t credentials,
		       const struct tls_profile *profile, uint64_t which)
{
	uint64_t added = 0;

	for (size_t i = 0; i < profile->file_count; i++) {
		struct chain c;
		if (!(which & UINT64_C(1) << i))
			continue;
		chain_read(&c, profile->files[i].certificate);
		if (!has_key_type(&c, profile->key_type)) {
			chain_drop(&c);
			continue;
		}
		if (profile->expired)
			check_expired(&c, profile->name);
		add_pair(server, credentials, &profile->files[i], &c);
		added |= UINT64_C(1) << i;
	}
	if (added == 0 && profile->key_type == TLS_KEY_ANY)
		fatal("TLS needs a certificate");
	if (added == 0)
		fatal("profile %s: there is no certificate with a key of its type", profile->name);
	return added;
}
