/*
 * tls_header.h: the version in the headers of the records that bring a ClientHello.
 *
 * RFC 5246, appendix E.1, and RFC 8446, 5.1, have servers take any; GnuTLS wants a 3 first.  The
 * header is no part of the transcript and nothing that comes in clear is under its MAC, so it can
 * be told what it wants.
 */
#ifndef SMTPTRAP_TLS_HEADER_H
#define SMTPTRAP_TLS_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_HEADER 5

struct tls_header {
	uint8_t bytes[TLS_HEADER]; /* of the record that is passing, as they came */
	uint8_t have;              /* of them */
	uint16_t left;             /* bytes of that record still to pass */
	bool off;                  /* no records of SSLv3 or TLS: what passes is left alone */
};

/*
 * The next len bytes of the client's stream, from its first byte on, on their way to the library:
 * in headers of handshake records a version that does not begin with 3 becomes 3.1.  Returns
 * whether there was one.  h begins all zero.
 */
bool tls_header_pass(struct tls_header *h, uint8_t *bytes, size_t len);

#endif
