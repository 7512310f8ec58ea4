/*
 * tls_mend_trial.c: does the mending of hellos hold with the library that is there?
 *
 * Runs in the master, once, before it forks, in some milliseconds.  A client and a server of the
 * library talk through memory; the client's name for the server is one that the library refuses,
 * and the handshake ends only if both sides have the same transcript.  The key is made for this
 * and thrown away.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls_mend.h"

#define BAD_NAME "a_b"
#define WAY_BYTES 16384 /* a flight of either side is about 1,000 */
#define ROUNDS 12       /* of both sides; TLS 1.2 takes three */
#define DAY 86400
#define TLS_1_3_WIRE 0x0304
#define ALGORITHMS                                                             \
	":+AES-128-GCM:+AES-128-CBC:+SHA1:+AEAD:+ECDHE-ECDSA:+GROUP-SECP256R1" \
	":+SIGN-ALL:+SIGN-ECDSA-SHA1:+COMP-NULL:+CTYPE-X509:%VERIFY_ALLOW_BROKEN"

/* The bytes on their way to one side. */
struct way {
	size_t begin, end;
	uint8_t bytes[WAY_BYTES];
};

struct side {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct way *in, *out;
	struct tls_mend mend; /* of the server */
};

struct trial {
	struct side client, server;
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	struct way to_client, to_server;
};

static const struct {
	const char *client, *failed;
	unsigned mended;
} handshakes[] = {
    {"NONE:+VERS-TLS1.1" ALGORITHMS ":%FALLBACK_SCSV", "a handshake of TLS 1.1 failed",
     HELLO_MEND_BIT(SERVER_NAME) | HELLO_MEND_BIT(FALLBACK_SCSV)},
    {"NONE:+VERS-TLS1.3" ALGORITHMS, "a handshake of TLS 1.3 failed", HELLO_MEND_BIT(SERVER_NAME)},
};

static const char server_priority[] = "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1" ALGORITHMS;

static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t len)
{
	struct side *s = ptr;
	size_t n = s->in->end - s->in->begin;

	if (n == 0) {
		gnutls_transport_set_errno(s->session, EAGAIN);
		return -1;
	}
	n = n < len ? n : len;
	memcpy(to, s->in->bytes + s->in->begin, n);
	s->in->begin += n;
	if (s->in->begin == s->in->end)
		s->in->begin = s->in->end = 0;
	return (ssize_t)n;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *from, size_t len)
{
	struct side *s = ptr;

	if (len > WAY_BYTES - s->out->end) {
		gnutls_transport_set_errno(s->session, ENOBUFS);
		return -1;
	}
	memcpy(s->out->bytes + s->out->end, from, len);
	s->out->end += len;
	return (ssize_t)len;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct side *s = ptr;

	(void)ms;
	return s->in->end > s->in->begin;
}

/* The hook of the server's session, as in tls.c. */
static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
		      const gnutls_datum_t *message)
{
	struct side *s = gnutls_session_get_ptr(session);

	tls_mend_over();
	if (incoming && when == GNUTLS_HOOK_PRE && type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		tls_mend_hello(&s->mend, session, message, TLS_1_3_WIRE);
	return 0;
}

static int side_open(struct side *s, unsigned flags, const char *priority)
{
	int r = gnutls_init(&s->session, flags | GNUTLS_NONBLOCK);

	if (r < 0) {
		s->session = NULL;
		return r;
	}
	gnutls_session_set_ptr(s->session, s);
	gnutls_transport_set_ptr(s->session, s);
	gnutls_transport_set_pull_function(s->session, pull);
	gnutls_transport_set_pull_timeout_function(s->session, pull_timeout);
	gnutls_transport_set_push_function(s->session, push);
	r = gnutls_priority_set_direct(s->session, priority, NULL);
	if (r == 0)
		r = gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, s->credentials);
	return r;
}

static void side_close(struct side *s)
{
	if (s->session != NULL)
		gnutls_deinit(s->session);
	s->session = NULL;
}

/* Both in turn until both are done.  Returns 0 or what a side ended with. */
static int shake_hands(struct trial *t)
{
	int c = GNUTLS_E_AGAIN, s = GNUTLS_E_AGAIN;

	for (int i = 0; i < ROUNDS && (c != 0 || s != 0); i++) {
		if (c != 0)
			c = gnutls_handshake(t->client.session);
		if (c != 0 && gnutls_error_is_fatal(c))
			return c;
		if (s != 0)
			s = gnutls_handshake(t->server.session);
		tls_mend_over();
		if (s != 0 && gnutls_error_is_fatal(s))
			return s;
	}
	return c != 0 ? c : s;
}

static const char *try_one(struct trial *t, size_t i)
{
	t->to_client.begin = t->to_client.end = t->to_server.begin = t->to_server.end = 0;
	t->server.mend = (struct tls_mend){0};
	int r = side_open(&t->client, GNUTLS_CLIENT, handshakes[i].client);
	if (r == 0)
		r = side_open(&t->server, GNUTLS_SERVER, server_priority);
	if (r == 0)
		r = gnutls_server_name_set(t->client.session, GNUTLS_NAME_DNS, BAD_NAME,
					   strlen(BAD_NAME));
	if (r == 0) {
		gnutls_handshake_set_hook_function(t->server.session, GNUTLS_HANDSHAKE_ANY,
						   GNUTLS_HOOK_BOTH, on_message);
		r = shake_hands(t);
	}
	side_close(&t->client);
	side_close(&t->server);
	if (r < 0)
		return handshakes[i].failed;
	return t->server.mend.mended == handshakes[i].mended ? NULL : "no hello was mended";
}

/* A certificate that signs itself, for a day. */
static int make_credentials(struct trial *t)
{
	const uint8_t serial = 1;
	const time_t now = time(NULL);
	int r = gnutls_x509_privkey_init(&t->key);

	if (r == 0)
		r = gnutls_x509_crt_init(&t->certificate);
	if (r == 0)
		r = gnutls_x509_privkey_generate(
		    t->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_t crt = t->certificate;
	if (r < 0 || (r = gnutls_x509_crt_set_version(crt, 3)) < 0 ||
	    (r = gnutls_x509_crt_set_serial(crt, &serial, 1)) < 0 ||
	    (r = gnutls_x509_crt_set_dn(crt, "CN=trial", NULL)) < 0 ||
	    (r = gnutls_x509_crt_set_activation_time(crt, now)) < 0 ||
	    (r = gnutls_x509_crt_set_expiration_time(crt, now + DAY)) < 0 ||
	    (r = gnutls_x509_crt_set_key(crt, t->key)) < 0 ||
	    (r = gnutls_x509_crt_sign2(crt, crt, t->key, GNUTLS_DIG_SHA256, 0)) < 0 ||
	    (r = gnutls_certificate_allocate_credentials(&t->client.credentials)) < 0 ||
	    (r = gnutls_certificate_allocate_credentials(&t->server.credentials)) < 0)
		return r;
	return gnutls_certificate_set_x509_key(t->server.credentials, &t->certificate, 1, t->key);
}

static void trial_free(struct trial *t)
{
	if (t->client.credentials != NULL)
		gnutls_certificate_free_credentials(t->client.credentials);
	if (t->server.credentials != NULL)
		gnutls_certificate_free_credentials(t->server.credentials);
	gnutls_x509_crt_deinit(t->certificate);
	gnutls_x509_privkey_deinit(t->key);
	free(t);
}

const char *tls_mend_try(void)
{
	struct trial *t = calloc(1, sizeof *t);
	const char *wrong = "no memory for a trial";

	if (t == NULL)
		return wrong;
	t->client.in = t->server.out = &t->to_client;
	t->client.out = t->server.in = &t->to_server;
	wrong = make_credentials(t) < 0 ? "no certificate could be made for a trial" : NULL;
	for (size_t i = 0; wrong == NULL && i < sizeof handshakes / sizeof *handshakes; i++)
		wrong = try_one(t, i);
	trial_free(t);
	return wrong;
}
