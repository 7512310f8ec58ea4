/*
 * ja3.h: JA3, the MD5 of what a ClientHello lists (Salesforce, 2017).
 *
 * The string is client_version, cipher suites, extensions, groups and point formats in decimal,
 * lists with '-' between, parts with ','; values of GREASE are left out.
 */
#ifndef SMTPTRAP_JA3_H
#define SMTPTRAP_JA3_H

#include "buf.h"
#include "client_hello.h"
#include "digest.h"

#define JA3_STRING_MAX (256u * 1024) /* of any hello of CLIENT_HELLO_JOIN bytes: 6 for 2 of them */

/* Append the string; JA3_STRING_MAX of room are enough.  h is whole, in the form of SSLv3 or TLS. */
void ja3_string(const struct client_hello *h, struct buf *to);

/* The fingerprint of a string.  Returns 0, or ERR_MEMORY as digest_md5(). */
int ja3_digest(const char *string, size_t len, uint8_t ja3_r[DIGEST_MD5]);

#endif
