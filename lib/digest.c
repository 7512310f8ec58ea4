/*
 * digest.c: SHA-256, its HMAC, SHA-1 and MD5 by the TLS library.
 */
#include "digest.h"

#include <gnutls/crypto.h>

#include "err.h"

int digest_sha256(const void *bytes, size_t len, uint8_t digest_r[DIGEST_SHA256])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, len, digest_r) < 0 ? ERR_MEMORY : 0;
}

int digest_md5(const void *bytes, size_t len, uint8_t digest_r[DIGEST_MD5])
{
	return gnutls_hash_fast(GNUTLS_DIG_MD5, bytes, len, digest_r) < 0 ? ERR_MEMORY : 0;
}

int digest_sha1(const void *bytes, size_t len, uint8_t digest_r[DIGEST_SHA1])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA1, bytes, len, digest_r) < 0 ? ERR_MEMORY : 0;
}

int digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
		       uint8_t digest_r[DIGEST_SHA256])
{
	return gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_len, bytes, len, digest_r) < 0
		   ? ERR_MEMORY
		   : 0;
}
