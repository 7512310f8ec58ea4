/*
 * digest.h: SHA-256, its HMAC, SHA-1 and MD5 by the TLS library.
 */
#ifndef SMTPTRAP_DIGEST_H
#define SMTPTRAP_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA256 32
#define DIGEST_MD5 16
#define DIGEST_SHA1 20

/* The SHA-256 of len bytes.  Returns 0, or ERR_MEMORY. */
int digest_sha256(const void *bytes, size_t len, uint8_t digest_r[DIGEST_SHA256]);

/* The MD5 of len bytes, for fingerprints that are defined by it.  Returns 0, or ERR_MEMORY, also
 * where the library refuses MD5 (FIPS 140 mode). */
int digest_md5(const void *bytes, size_t len, uint8_t digest_r[DIGEST_MD5]);

/* The SHA-1 of len bytes, for what others made with it, likewise. */
int digest_sha1(const void *bytes, size_t len, uint8_t digest_r[DIGEST_SHA1]);

/* The SHA-256 of bytes that come in pieces: begin, add..., end, which releases it.  begin returns 0
 * and sets *d_r, or ERR_MEMORY; add 0 or ERR_MEMORY; end sets *d to NULL. */
struct digest_stream;
int digest_stream_begin(struct digest_stream **d_r);
int digest_stream_add(struct digest_stream *d, const void *bytes, size_t len);
void digest_stream_end(struct digest_stream **d, uint8_t digest_r[DIGEST_SHA256]);

/* The HMAC-SHA256 (RFC 2104) of len bytes with this key.  Returns 0, or ERR_MEMORY. */
int digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
		       uint8_t digest_r[DIGEST_SHA256]);

#endif
