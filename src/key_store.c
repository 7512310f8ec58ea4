/*
 * key_store.c: the private keys: read, checked, used, wiped.
 *
 * Runs in the key holder only.  In: key files opened by the master, certificates it read, and
 * requests of workers, which may have been taken over: a key signs only with its own algorithms
 * and only what has the form of a TLS handshake's signature (key_form.h).  A key that cannot be
 * read or does not belong to its certificate is fatal at start; a request that fails is answered
 * with a status.
 */
#include "key_store.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "key_form.h"
#include "log.h"

#define KEY_FILE_MAX (64 * 1024) /* an RSA key of 16,384 bits takes 13 KiB in PEM */
#define KEY_ID_MAX 64            /* SHA-512 */

struct key_store {
	size_t count;
	struct key {
		gnutls_privkey_t private;
		gnutls_pk_algorithm_t algorithm;
	} keys[];
};

/* All of a key file to `to`; returns its length, -1 with errno. */
static ssize_t read_key(int fd, uint8_t *to, size_t max)
{
	size_t len = 0;

	while (len < max) {
		ssize_t n = pread(fd, to + len, max - len, (off_t)len);
		if (n == 0)
			return (ssize_t)len;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		len += (size_t)n;
	}
	errno = EFBIG;
	return -1;
}

static gnutls_x509_privkey_t key_parse(const struct keyholder_key *k)
{
	static uint8_t bytes[KEY_FILE_MAX]; /* static, so that it is where it can be wiped */
	gnutls_x509_privkey_t key;

	(void)mlock(bytes, sizeof bytes);
	ssize_t len = read_key(k->fd, bytes, sizeof bytes);
	if (len < 0)
		fatal("cannot read the key %s: %s", k->key_file, strerror(errno));
	gnutls_datum_t pem = {.data = bytes, .size = (unsigned)len};
	int r = gnutls_x509_privkey_init(&key);
	if (r == 0)
		r = gnutls_x509_privkey_import2(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	explicit_bzero(bytes, sizeof bytes);
	if (r < 0)
		fatal("cannot use the key %s: %s", k->key_file, gnutls_strerror(r));
	close(k->fd);
	return key;
}

/* The certificate's public key is that of the key. */
static void check_pair(const struct keyholder_key *k, gnutls_x509_privkey_t key)
{
	const gnutls_datum_t der = {.data = (void *)(uintptr_t)k->certificate,
				    .size = (unsigned)k->certificate_len};
	uint8_t of_key[KEY_ID_MAX], of_cert[KEY_ID_MAX];
	size_t key_len = sizeof of_key, cert_len = sizeof of_cert;
	gnutls_x509_crt_t cert;

	int r = gnutls_x509_crt_init(&cert);
	if (r == 0)
		r = gnutls_x509_crt_import(cert, &der, GNUTLS_X509_FMT_DER);
	if (r == 0)
		r = gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, of_cert, &cert_len);
	if (r == 0)
		r = gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key, &key_len);
	if (r < 0)
		fatal("cannot compare the key %s with the certificate %s: %s", k->key_file,
		      k->certificate_file, gnutls_strerror(r));
	if (key_len != cert_len || memcmp(of_key, of_cert, key_len) != 0)
		fatal("the key %s does not belong to the certificate %s", k->key_file,
		      k->certificate_file);
	gnutls_x509_crt_deinit(cert);
}

static void key_load(struct key *to, const struct keyholder_key *from)
{
	gnutls_x509_privkey_t key = key_parse(from);

	check_pair(from, key);
	int r = gnutls_privkey_init(&to->private);
	if (r == 0)
		r = gnutls_privkey_import_x509(to->private, key,
					       GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
	if (r < 0)
		fatal("cannot use the key %s: %s", from->key_file, gnutls_strerror(r));
	to->algorithm = (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(to->private, NULL);
}

struct key_store *key_store_new(const struct keyholder_key *keys, size_t count)
{
	struct key_store *store = calloc(1, sizeof *store + count * sizeof *store->keys);

	if (store == NULL)
		fatal("no memory for %zu keys", count);
	store->count = count;
	for (size_t i = 0; i < count; i++)
		key_load(&store->keys[i], &keys[i]);
	/* Keys are small, yet they lie on the heap; without the right (RLIMIT_MEMLOCK) they stay
	 * swappable, which is no reason not to serve. */
	(void)mlockall(MCL_CURRENT);
	return store;
}

void key_store_free(struct key_store **store)
{
	if (*store == NULL)
		return;
	for (size_t i = 0; i < (*store)->count; i++)
		gnutls_privkey_deinit((*store)->keys[i].private); /* wipes its numbers */
	free(*store);
	*store = NULL;
}

/* RSA with PKCS #1 comes as what is to be padded, all else as a digest. */
static int sign_hash(const struct key *k, const struct key_msg *m, gnutls_datum_t *out_r)
{
	const gnutls_datum_t hash = {.data = (void *)(uintptr_t)m->data, .size = m->head.length};
	gnutls_sign_algorithm_t algorithm = (gnutls_sign_algorithm_t)m->head.algorithm;

	if (algorithm == GNUTLS_SIGN_RSA_RAW) {
		if (k->algorithm != GNUTLS_PK_RSA || !key_form_pkcs1(hash.data, hash.size))
			return GNUTLS_E_INVALID_REQUEST;
		return gnutls_privkey_sign_hash2(k->private, algorithm,
						 GNUTLS_PRIVKEY_SIGN_FLAG_TLS1_RSA, &hash, out_r);
	}
	gnutls_digest_algorithm_t digest = gnutls_sign_get_hash_algorithm(algorithm);
	if (!gnutls_sign_supports_pk_algorithm(algorithm, k->algorithm) ||
	    digest == GNUTLS_DIG_UNKNOWN || hash.size != gnutls_hash_get_len(digest))
		return GNUTLS_E_INVALID_REQUEST;
	return gnutls_privkey_sign_hash2(k->private, algorithm, 0, &hash, out_r);
}

static bool is_eddsa(const struct key *k)
{
	return k->algorithm == GNUTLS_PK_EDDSA_ED25519 || k->algorithm == GNUTLS_PK_EDDSA_ED448;
}

static int sign_data(const struct key *k, const struct key_msg *m, gnutls_datum_t *out_r)
{
	const gnutls_datum_t data = {.data = (void *)(uintptr_t)m->data, .size = m->head.length};
	gnutls_sign_algorithm_t algorithm = (gnutls_sign_algorithm_t)m->head.algorithm;

	if (!is_eddsa(k) || !gnutls_sign_supports_pk_algorithm(algorithm, k->algorithm) ||
	    (!key_form_tls13(data.data, data.size) && !key_form_tls12(data.data, data.size)))
		return GNUTLS_E_INVALID_REQUEST;
	return gnutls_privkey_sign_data2(k->private, algorithm, 0, &data, out_r);
}

static enum key_status sign(const struct key *k, const struct key_msg *m, uint8_t *out,
			    size_t *len_r)
{
	gnutls_datum_t signature = {0};
	int r =
	    m->head.op == KEY_SIGN_HASH ? sign_hash(k, m, &signature) : sign_data(k, m, &signature);
	enum key_status status = KEY_FAILED;

	if (r == GNUTLS_E_INVALID_REQUEST)
		status = KEY_REFUSED;
	else if (r == 0 && signature.size > 0 && signature.size <= KEY_DATA_MAX) {
		memcpy(out, signature.data, signature.size);
		*len_r = signature.size;
		status = KEY_OK;
	}
	gnutls_free(signature.data);
	return status;
}

/* gnutls_privkey_decrypt_data2() leaves the random bytes where they are if it fails, without a
 * branch that depends on the plaintext; so its result is not looked at. */
static enum key_status decrypt(const struct key *k, const struct key_msg *m, uint8_t *out,
			       size_t *len_r)
{
	const gnutls_datum_t in = {.data = (void *)(uintptr_t)m->data, .size = m->head.length};

	if (k->algorithm != GNUTLS_PK_RSA)
		return KEY_REFUSED;
	if (gnutls_rnd(GNUTLS_RND_KEY, out, KEY_PREMASTER_LEN) < 0)
		return KEY_FAILED;
	(void)gnutls_privkey_decrypt_data2(k->private, 0, &in, out, KEY_PREMASTER_LEN);
	*len_r = KEY_PREMASTER_LEN;
	return KEY_OK;
}

enum key_status key_store_do(const struct key_store *store, const struct key_msg *request,
			     uint8_t *out, size_t *len_r)
{
	*len_r = 0;
	if (request->head.key >= store->count)
		return KEY_NO_KEY;
	const struct key *k = &store->keys[request->head.key];
	return request->head.op == KEY_DECRYPT ? decrypt(k, request, out, len_r)
					       : sign(k, request, out, len_r);
}
