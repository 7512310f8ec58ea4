/*
 * digest.c: SHA-256, its HMAC, SHA-1 and MD5 by the TLS library.
 *
 * Runs in every process, over anything.  It fails only without memory.
 */
#include "digest.h"

#include <gnutls/crypto.h>

#include "err.h"

int digest_sha256(const void *bytes, size_t len, uint8_t digest_r[DIGEST_SHA256])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, len, digest_r) < 0 ? ERR_MEMORY : 0;
}

int digest_stream_begin(struct digest_stream **d_r)
{
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return ERR_MEMORY;
	*d_r = (struct digest_stream *)hash;
	return 0;
}

int digest_stream_add(struct digest_stream *d, const void *bytes, size_t len)
{
	return gnutls_hash((gnutls_hash_hd_t)d, bytes, len) < 0 ? ERR_MEMORY : 0;
}

void digest_stream_end(struct digest_stream **d, uint8_t digest_r[DIGEST_SHA256])
{
	gnutls_hash_deinit((gnutls_hash_hd_t)*d, digest_r);
	*d = NULL;
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
