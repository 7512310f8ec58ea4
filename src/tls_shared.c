/*
 * tls_shared.c: what client and server had in common when the library found nothing to agree on.
 *
 * Runs in the master (what is served) and in workers, after a handshake that failed.  The library
 * says "no cipher suite" whatever was missing; the ClientHello that the tee kept tells whether it
 * was the suite, the group or the signature algorithm.  Nothing of the hello is trusted.
 */
#include <stdlib.h>

#include "client_hello.h"
#include "tls_internal.h"
#include "tls_priority.h"

#define TLS_1_3_WIRE 0x0304
#define WIRE_OF(version) ((uint16_t)(0x0300 + (version)-TLS_SSL3_0))
#define FFDHE_HIGH_BYTE 0x01 /* RFC 7919: 0x0100 to 0x01fc */

static const struct {
	gnutls_group_t library;
	uint16_t number; /* TLS Supported Groups, in the registry of IANA */
} groups[] = {
    {GNUTLS_GROUP_SECP192R1, 19},  {GNUTLS_GROUP_SECP224R1, 21},  {GNUTLS_GROUP_SECP256R1, 23},
    {GNUTLS_GROUP_SECP384R1, 24},  {GNUTLS_GROUP_SECP521R1, 25},  {GNUTLS_GROUP_X25519, 29},
    {GNUTLS_GROUP_X448, 30},       {GNUTLS_GROUP_FFDHE2048, 256}, {GNUTLS_GROUP_FFDHE3072, 257},
    {GNUTLS_GROUP_FFDHE4096, 258}, {GNUTLS_GROUP_FFDHE6144, 259}, {GNUTLS_GROUP_FFDHE8192, 260},
};

/* ---- what is served ---- */

static bool is_ffdhe(uint16_t group)
{
	return group >> 8 == FFDHE_HIGH_BYTE;
}

/* Is there a certificate with an RSA key, or one with another? */
static bool has_key(const struct tls_served *served, bool rsa)
{
	gnutls_datum_t der;
	bool found = false;

	for (unsigned i = 0; !found; i++) {
		gnutls_x509_crt_t crt;

		if (gnutls_certificate_get_crt_raw(served->credentials, i, 0, &der) < 0)
			break;
		tls_need(gnutls_x509_crt_init(&crt), "read a certificate");
		tls_need(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER),
			 "read a certificate");
		int a = gnutls_x509_crt_get_pk_algorithm(crt, NULL);
		gnutls_x509_crt_deinit(crt);
		found = (a == GNUTLS_PK_RSA || a == GNUTLS_PK_RSA_PSS) == rsa;
	}
	return found;
}

/* What a suite asks for besides a key of the client's kind; those of TLS 1.3 name none. */
static bool suite_of(unsigned index, bool has_rsa, bool has_other, struct tls_suite *suite_r)
{
	uint8_t id[2];
	gnutls_kx_algorithm_t kx;
	gnutls_protocol_t least;

	if (!gnutls_cipher_suite_info(index, id, &kx, NULL, NULL, &least))
		return false;
	bool rsa = kx == GNUTLS_KX_RSA || kx == GNUTLS_KX_DHE_RSA || kx == GNUTLS_KX_ECDHE_RSA;
	*suite_r =
	    (struct tls_suite){.number = (uint16_t)(id[0] << 8 | id[1]),
			       .least = WIRE_OF(tls_version_from_library((int)least)),
			       .ecdhe = kx == GNUTLS_KX_ECDHE_RSA || kx == GNUTLS_KX_ECDHE_ECDSA,
			       .dhe = kx == GNUTLS_KX_DHE_RSA};
	return kx == GNUTLS_KX_UNKNOWN || (rsa ? has_rsa : has_other);
}

static void list_suites(struct tls_served *served)
{
	bool has_rsa = has_key(served, true), has_other = has_key(served, false);
	struct tls_shared *to = &served->shared;
	struct tls_suite suite;
	unsigned index;

	for (unsigned i = 0; to->suite_count < TLS_SUITES_MAX; i++) {
		int r = gnutls_priority_get_cipher_suite_index(served->priority, i, &index);
		if (r == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (r == 0 && suite_of(index, has_rsa, has_other, &suite))
			to->suites[to->suite_count++] = suite;
	}
}

static void list_groups(struct tls_served *served)
{
	struct tls_shared *to = &served->shared;
	const unsigned *list;
	int count = gnutls_priority_group_list(served->priority, &list);

	for (int i = 0; i < count && to->group_count < TLS_GROUPS_MAX; i++)
		for (size_t k = 0; k < sizeof groups / sizeof *groups; k++)
			if ((unsigned)groups[k].library == list[i])
				to->groups[to->group_count++] = groups[k].number;
}

void tls_shared_make(struct tls_served *served)
{
	list_suites(served);
	list_groups(served);
}

uint16_t tls_shared_highest(const struct tls_shared *shared)
{
	for (int v = TLS_VERSION_COUNT - 1; v > TLS_NO_VERSION; v--)
		if (shared->versions >> v & 1)
			return WIRE_OF(v);
	return 0;
}

/* ---- what the client offered of it ---- */

static bool offers_version(const struct client_hello *h, uint16_t version)
{
	if (h->versions.len == 0) /* and so TLS 1.3 is not to be had: RFC 8446, 4.2.1 */
		return h->legacy_version >= version && version < TLS_1_3_WIRE;
	for (size_t i = 0; i < hello_count(h->versions); i++)
		if (hello_number(h->versions, i) == version)
			return true;
	return false;
}

/* The highest version that both have, 0 if there is none. */
static uint16_t shared_version(const struct tls_shared *shared, const struct client_hello *h)
{
	for (int v = TLS_VERSION_COUNT - 1; v > TLS_NO_VERSION; v--)
		if ((shared->versions >> v & 1) && offers_version(h, WIRE_OF(v)))
			return WIRE_OF(v);
	return 0;
}

static bool offers_suite(const struct client_hello *h, uint16_t number)
{
	size_t unit = h->format == TEE_FORMAT_SSLV2 ? 3 : 2;

	for (size_t i = 0; i + unit <= h->ciphers.len; i += unit) {
		const uint8_t *c = h->ciphers.bytes + i;

		if ((unit == 2 || *c++ == 0) && (c[0] << 8 | c[1]) == number)
			return true;
	}
	return false;
}

/* A group for this kind of exchange is in both lists.  A client without a list takes any, but does
 * not do TLS 1.3. */
static bool shares_group(const struct tls_shared *shared, const struct client_hello *h, bool ec,
			 bool ff)
{
	bool named = false;

	for (size_t i = 0; i < hello_count(h->groups); i++) {
		uint16_t group = hello_number(h->groups, i);

		if (!(is_ffdhe(group) ? ff : ec))
			continue;
		named = true;
		for (size_t k = 0; k < shared->group_count; k++)
			if (shared->groups[k] == group)
				return true;
	}
	/* RFC 7919, 4: who names no group of the finite field takes ours. */
	return ec ? h->groups.bytes == NULL && !ff : !named;
}

static bool suite_has_group(const struct tls_shared *shared, const struct client_hello *h,
			    const struct tls_suite *suite, uint16_t version)
{
	if (version == TLS_1_3_WIRE)
		return shares_group(shared, h, true, true);
	if (suite->ecdhe)
		return shares_group(shared, h, true, false);
	return !suite->dhe || shares_group(shared, h, false, true);
}

static enum tls_failure what_is_missing(const struct tls_shared *shared,
					const struct client_hello *h, uint16_t version)
{
	enum tls_failure found = TLS_FAILURE_NO_SHARED_CIPHER;

	for (size_t i = 0; i < shared->suite_count; i++) {
		const struct tls_suite *suite = &shared->suites[i];
		bool fits = version == TLS_1_3_WIRE ? suite->least == TLS_1_3_WIRE
						    : suite->least <= version;

		if (!fits || !offers_suite(h, suite->number))
			continue;
		if (suite_has_group(shared, h, suite, version))
			return TLS_FAILURE_NO_SHARED_SIGNATURE;
		found = TLS_FAILURE_NO_SHARED_GROUP;
	}
	return found;
}

enum tls_failure tls_shared_missing(const struct tls_session *s, enum tls_failure failure)
{
	uint8_t *joined = malloc(CLIENT_HELLO_JOIN);
	struct client_hello h;
	struct span bytes;

	if (joined == NULL)
		return failure;
	bytes.bytes = tee_hello(&s->tee, &bytes.len);
	client_hello_parse(&h, bytes, joined);
	uint16_t version = shared_version(&s->served->shared, &h);
	if (failure == TLS_FAILURE_NO_SHARED_VERSION && (version != 0 || !h.whole))
		failure = TLS_FAILURE_UNREADABLE_HELLO; /* it said so of a list or length */
	else if (failure == TLS_FAILURE_NO_SHARED_CIPHER && h.whole)
		failure = what_is_missing(&s->served->shared, &h, version);
	free(joined);
	return failure;
}
