/*
 * digest.h: SHA-256 by the TLS library.
 */
#ifndef SMTPTRAP_DIGEST_H
#define SMTPTRAP_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA256 32

/* The SHA-256 of len bytes.  Returns 0, or ERR_MEMORY. */
int digest_sha256(const void *bytes, size_t len, uint8_t digest_r[DIGEST_SHA256]);

#endif
