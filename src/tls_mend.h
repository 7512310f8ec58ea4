/*
 * tls_mend.h: let the TLS library serve hellos that it would refuse for a detail.
 */
#ifndef SMTPTRAP_TLS_MEND_H
#define SMTPTRAP_TLS_MEND_H

#include <gnutls/gnutls.h>
#include <stdint.h>

#include "hello_mend.h"
#include "tls_header.h"

/* Of one client; begins all zero. */
struct tls_mend {
	struct hello_mends plan;  /* for the present hello */
	struct tls_header header; /* follows the client's records */
	unsigned mended;          /* bits of enum hello_mend: what has been done */
};

/*
 * Once, in the master, after the library has started: have it ask us for the time, and try in
 * memory, with a client and a server of the library, whether a hello can be overwritten as tls_mend.c
 * has it.  If not, hellos are left alone from then on.  Returns NULL, or what went wrong (static).
 */
const char *tls_mend_start(void);

/*
 * The session is about to hash and then to read this body of a ClientHello, which it owns: have
 * overwritten in between what it would refuse.  served is the highest version served, as on the
 * wire.  m and body must stay until tls_mend_over().
 */
void tls_mend_hello(struct tls_mend *m, gnutls_session_t session, const gnutls_datum_t *body,
		    uint16_t served);

/* The library has read that message, or failed to: its bytes are not touched any more. */
void tls_mend_over(void);

/* ---- for tls_mend.c and its test ---- */

/* Make both handshakes in memory, one of TLS 1.2 that falls back and one of TLS 1.3, with a server
 * name that the library refuses.  Returns NULL if they were mended and succeeded, else what was
 * wrong (static). */
const char *tls_mend_try(void);

#endif
