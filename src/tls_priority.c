/*
 * tls_priority.c: what is served: all that the TLS library can, in an order that is cheap for us.
 *
 * Runs in the master, before it forks.  A trap is there to see what clients can do, so nothing is
 * left out for being weak; what is left out costs the server too much.
 */
#include "tls_priority.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

GNUTLS_SKIP_GLOBAL_INIT

static const struct {
	enum tls_version version;
	gnutls_protocol_t library;
	const char *name;
	const char *priority;
} versions[] = {
    {TLS_1_3, GNUTLS_TLS1_3, "TLSv1.3", ":+VERS-TLS1.3"},
    {TLS_1_2, GNUTLS_TLS1_2, "TLSv1.2", ":+VERS-TLS1.2"},
    {TLS_1_1, GNUTLS_TLS1_1, "TLSv1.1", ":+VERS-TLS1.1"},
    {TLS_1_0, GNUTLS_TLS1_0, "TLSv1.0", ":+VERS-TLS1.0"},
    {TLS_SSL3_0, GNUTLS_SSL3, "SSLv3", ":+VERS-SSL3.0"},
};
#define VERSIONS (sizeof versions / sizeof *versions)

/*
 * Groups end at FFDHE2048: a TLS 1.3 hello with a share of FFDHE8192 costs 350 ms of CPU.  RSA
 * stands before DHE-RSA, which is dearer.  NORMAL and LEGACY do not hold RC4, 3DES and Camellia:
 * each is named.  %COMPAT is not here: it gives up extended master secret and encrypt-then-MAC.  What
 * it would win is client certificates whose key is not for signatures: see tls.c.
 */
static const char algorithms[] =
    ":+CTYPE-X509"
    ":+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-CCM:+AES-256-CCM:+AES-128-CCM-8"
    ":+AES-256-CCM-8:+AES-128-CBC:+AES-256-CBC:+CAMELLIA-128-GCM:+CAMELLIA-256-GCM"
    ":+CAMELLIA-128-CBC:+CAMELLIA-256-CBC:+3DES-CBC:+ARCFOUR-128"
    ":+ECDHE-ECDSA:+ECDHE-RSA:+RSA:+DHE-RSA"
    ":+AEAD:+SHA1:+SHA256:+SHA384:+MD5:+COMP-NULL"
    ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-FFDHE2048:+GROUP-SECP521R1"
    ":+GROUP-X448:+GROUP-SECP224R1:+GROUP-SECP192R1"
    ":+SIGN-ALL:+SIGN-RSA-SHA224:+SIGN-ECDSA-SHA224:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1"
    ":+SIGN-RSA-MD5:+SIGN-DSA-SHA256:+SIGN-DSA-SHA1"
    ":%SERVER_PRECEDENCE:%ALLOW_SMALL_RECORDS:%VERIFY_ALLOW_BROKEN";

/* What a careful server of today has: RFC 9325, 4.2, without the non-elliptic DHE. */
static const char modern_algorithms[] =
    ":+CTYPE-X509"
    ":+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+ECDHE-ECDSA:+ECDHE-RSA:+AEAD:+COMP-NULL"
    ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"
    ":+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SHA384"
    ":+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA512:+SIGN-ECDSA-SECP521R1-SHA512"
    ":+SIGN-EdDSA-Ed25519:+SIGN-RSA-PSS-SHA256:+SIGN-RSA-PSS-SHA384:+SIGN-RSA-PSS-SHA512"
    ":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-PSS-RSAE-SHA512"
    ":+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512"
    ":%SERVER_PRECEDENCE:%COMPAT";

void tls_library_start(void)
{
	static bool started;

	if (started)
		return;
	/* A policy file of the machine would narrow the list without a word. */
	if (setenv("GNUTLS_SYSTEM_PRIORITY_FILE", "/dev/null", 1) < 0)
		fatal("no memory for the environment");
	int r = gnutls_global_init();
	if (r < 0)
		fatal("cannot start the TLS library: %s", gnutls_strerror(r));
	started = true;
}

void tls_priority_build(const struct tls_profile *profile, char to[TLS_PRIORITY_MAX])
{
	enum tls_version maximum = profile->maximum ? profile->maximum : TLS_1_3;

	strlcpy(to, "NONE", TLS_PRIORITY_MAX);
	for (size_t i = 0; i < VERSIONS; i++)
		if (versions[i].version >= profile->minimum && versions[i].version <= maximum)
			strlcat(to, versions[i].priority, TLS_PRIORITY_MAX);
	strlcat(to, profile->modern ? modern_algorithms : algorithms, TLS_PRIORITY_MAX);
}

const char *tls_priority_text(const struct tls_profile *profile, char own[TLS_PRIORITY_MAX])
{
	if (profile->priority != NULL)
		return profile->priority;
	tls_priority_build(profile, own);
	return own;
}

int tls_priority_check(const char *priority, size_t *position_r)
{
	gnutls_priority_t cache;
	const char *position = priority;

	tls_library_start();
	int r = gnutls_priority_init(&cache, priority, &position);
	*position_r = r < 0 && position ? (size_t)(position - priority) : 0;
	if (r < 0)
		return -1;
	gnutls_priority_deinit(cache);
	return 0;
}

bool tls_priority_names(const char *priority, enum tls_version version)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if (versions[i].version == version)
			return strstr(priority, versions[i].priority + 1) != NULL; /* no colon */
	return false;
}

static int version_to_library(enum tls_version version)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if (versions[i].version == version)
			return (int)versions[i].library;
	return GNUTLS_VERSION_UNKNOWN;
}

enum tls_version tls_version_from_library(int protocol)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if ((int)versions[i].library == protocol)
			return versions[i].version;
	return TLS_NO_VERSION;
}

bool tls_version_in_library(enum tls_version version)
{
	const gnutls_protocol_t *there = gnutls_protocol_list();

	while (*there != 0 && (int)*there != version_to_library(version))
		there++;
	return *there != 0;
}

const char *tls_version_name(enum tls_version version)
{
	for (size_t i = 0; i < VERSIONS; i++)
		if (versions[i].version == version)
			return versions[i].name;
	return "none";
}
