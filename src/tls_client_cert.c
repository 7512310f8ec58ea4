/*
 * tls_client_cert.c: what the client's certificate says, for the record only.
 *
 * Runs in a worker, after the handshake.  In: the chain as the client sent it, trusted in nothing;
 * a list of authorities, which may be empty.  Out: names, times, hash, and what is to be said
 * against it.  It decides nothing: no certificate is refused here.
 */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <time.h>

#include "tls_cert_list.h"
#include "tls_internal.h"

#define CHAIN_CHECKED 16 /* certificates that are parsed; a longer chain is only counted */
#define DER_SEQUENCE 0x30

/* The client's certificates, parsed. */
struct chain {
	const gnutls_datum_t *sent;
	unsigned count;
	gnutls_x509_crt_t crts[CHAIN_CHECKED];
};

static void say(struct tls_client_cert *cert, const char *what)
{
	if (cert->verify[0] != '\0')
		strlcat(cert->verify, ",", sizeof cert->verify);
	strlcat(cert->verify, what, sizeof cert->verify);
}

/* Enter a DER SEQUENCE: its content, and in *whole_r also its header.  False if it is none. */
static bool der_sequence(const gnutls_datum_t *in, gnutls_datum_t *content_r,
			 gnutls_datum_t *whole_r)
{
	unsigned head = 2, len, octets;

	if (in->size < 2 || in->data[0] != DER_SEQUENCE)
		return false;
	len = in->data[1];
	if (len >= 0x80) {
		octets = len & 0x7f;
		if (octets == 0 || octets > 3 || in->size < 2 + octets)
			return false;
		len = 0;
		for (; octets > 0; octets--)
			len = len << 8 | in->data[head++];
	}
	if (len > in->size - head)
		return false;
	*content_r = (gnutls_datum_t){in->data + head, len};
	*whole_r = (gnutls_datum_t){in->data, head + len};
	return true;
}

/* Is der, parsed as crt, signed by issuer?  (The library's verification of a chain takes a
 * certificate that is its own authority without looking at its signature.) */
static bool is_signed_by(const gnutls_datum_t *der, gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	gnutls_datum_t content, whole, tbs;
	uint8_t bytes[2048]; /* RSA of 16,384 bits */
	size_t len = sizeof bytes;
	gnutls_pubkey_t key;
	bool good = false;

	if (!der_sequence(der, &content, &whole) || !der_sequence(&content, &whole, &tbs) ||
	    gnutls_x509_crt_get_signature(crt, (char *)bytes, &len) < 0 ||
	    gnutls_pubkey_init(&key) < 0)
		return false;
	const gnutls_datum_t signature = {bytes, (unsigned)len};
	int algorithm = gnutls_x509_crt_get_signature_algorithm(crt);
	if (algorithm > 0 && gnutls_pubkey_import_x509(key, issuer, 0) == 0)
		good =
		    gnutls_pubkey_verify_data2(key, (gnutls_sign_algorithm_t)algorithm,
					       GNUTLS_VERIFY_ALLOW_BROKEN, &tbs, &signature) >= 0;
	gnutls_pubkey_deinit(key);
	return good;
}

/* Each is signed by the next, or by itself, if their names say so. */
static bool signatures_hold(const struct chain *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		gnutls_x509_crt_t issuer = c->crts[i];

		if (gnutls_x509_crt_check_issuer(c->crts[i], issuer) == 0) {
			if (i + 1 == c->count)
				break;
			issuer = c->crts[i + 1];
			if (gnutls_x509_crt_check_issuer(c->crts[i], issuer) == 0)
				continue;
		}
		if (!is_signed_by(&c->sent[i], c->crts[i], issuer))
			return false;
	}
	return true;
}

static void verify(struct tls_client_cert *cert, struct chain *c, gnutls_x509_trust_list_t trust)
{
	const unsigned flags =
	    GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_ALLOW_UNSORTED_CHAIN;
	bool own = gnutls_x509_crt_check_issuer(c->crts[0], c->crts[0]) != 0;
	unsigned status = GNUTLS_CERT_SIGNER_NOT_FOUND;
	time_t now = time(NULL);

	/* Sorts its list, so it gets a copy. */
	struct chain copy = *c;
	if (gnutls_x509_trust_list_verify_crt2(trust, copy.crts, copy.count, NULL, 0, flags,
					       &status, NULL) < 0)
		status = GNUTLS_CERT_SIGNER_NOT_FOUND;
	if (status & GNUTLS_CERT_SIGNER_NOT_FOUND)
		say(cert, own ? "self_signed" : "unknown_issuer");
	if (status & GNUTLS_CERT_SIGNER_NOT_CA)
		say(cert, "issuer_not_ca");
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		say(cert, "weak_algorithm");
	if (gnutls_x509_crt_get_expiration_time(c->crts[0]) < now)
		say(cert, "expired");
	if (gnutls_x509_crt_get_activation_time(c->crts[0]) > now)
		say(cert, "not_yet_valid");
	if (!gnutls_x509_crt_check_key_purpose(c->crts[0], GNUTLS_KP_TLS_WWW_CLIENT, 0))
		say(cert, "wrong_purpose");
	if ((status & GNUTLS_CERT_SIGNATURE_FAILURE) || !signatures_hold(c))
		say(cert, "broken_signature");
	if (cert->verify[0] == '\0')
		say(cert, "ok");
}

static uint64_t to_us(time_t t)
{
	return t > 0 ? (uint64_t)t * 1000000 : 0;
}

static size_t name_length(const gnutls_datum_t *name)
{
	if (name->data == NULL)
		return 0;
	return name->size < TLS_CERT_NAME_MAX ? name->size : TLS_CERT_NAME_MAX;
}

/* The first certificate's names and times. */
static void describe(struct tls_client_cert *cert, gnutls_x509_crt_t crt)
{
	gnutls_datum_t subject = {0}, issuer = {0};

	gnutls_x509_crt_get_dn3(crt, &subject, 0);
	gnutls_x509_crt_get_issuer_dn3(crt, &issuer, 0);
	cert->subject = subject.data;
	cert->subject_len = name_length(&subject);
	cert->issuer = issuer.data;
	cert->issuer_len = name_length(&issuer);
	cert->not_before_us = to_us(gnutls_x509_crt_get_activation_time(crt));
	cert->not_after_us = to_us(gnutls_x509_crt_get_expiration_time(crt));
	cert->readable = true;
}

static void parse(struct chain *c, unsigned sent)
{
	for (unsigned i = 0; i < sent && i < CHAIN_CHECKED; i++) {
		gnutls_x509_crt_t *crt = &c->crts[i];
		if (gnutls_x509_crt_init(crt) < 0)
			return;
		if (gnutls_x509_crt_import(*crt, &c->sent[i], GNUTLS_X509_FMT_DER) < 0) {
			gnutls_x509_crt_deinit(*crt);
			return;
		}
		c->count++;
	}
}

void tls_client_cert_read(struct tls_client_cert *cert, gnutls_session_t session,
			  gnutls_x509_trust_list_t trust)
{
	struct chain c = {0};
	unsigned sent = 0;

	c.sent = gnutls_certificate_get_peers(session, &sent);
	if (c.sent == NULL || sent == 0)
		return;
	cert->present = true;
	cert->chain = sent;
	gnutls_hash_fast(GNUTLS_DIG_SHA256, c.sent[0].data, c.sent[0].size, cert->sha256);
	parse(&c, sent);
	if (c.count > 0) {
		describe(cert, c.crts[0]);
		verify(cert, &c, trust);
	}
	for (unsigned i = 0; i < c.count; i++)
		gnutls_x509_crt_deinit(c.crts[i]);
}

void tls_client_cert_note(struct tls_session *s, const gnutls_datum_t *message)
{
	struct tls_client_cert *cert = &s->info.cert;
	bool tls13 = gnutls_protocol_get_version(s->gnutls) >= GNUTLS_TLS1_3;
	const uint8_t *first;
	size_t len;

	cert->chain = tls_cert_list(message->data, message->size, tls13, &first, &len);
	if (cert->chain > 0) {
		cert->present = true;
		gnutls_hash_fast(GNUTLS_DIG_SHA256, first, len, cert->sha256);
	}
}

void tls_client_cert_fini(struct tls_client_cert *cert)
{
	gnutls_free(cert->subject);
	gnutls_free(cert->issuer);
	*cert = (struct tls_client_cert){0};
}
