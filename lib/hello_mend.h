/*
 * hello_mend.h: what a TLS library stumbles over in a ClientHello that is usable all the same.
 *
 * A library that refuses an extension it does not like reads on where the extension's type is one
 * it does not know, and an unknown cipher suite is passed over.  So two bytes are overwritten with
 * a value of GREASE (RFC 8701), in the library's copy and after its hash has gone into the
 * transcript: to both sides the client said what it said.
 */
#ifndef SMTPTRAP_HELLO_MEND_H
#define SMTPTRAP_HELLO_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/* What is mended; their names are in records. */
enum hello_mend {
	HELLO_MEND_SERVER_NAME,          /* a name that is no DNS name, or a broken list */
	HELLO_MEND_REPEATED,             /* an extension that comes again: the first counts */
	HELLO_MEND_SIGNATURE_ALGORITHMS, /* an empty or broken list */
	HELLO_MEND_GROUPS,               /* a broken list of supported groups */
	HELLO_MEND_FALLBACK_SCSV,        /* RFC 7507: to a trap the fallback is data */
	HELLO_MEND_RECORD_VERSION,       /* of the records, not of the hello: see tls_header.h */
	HELLO_MEND_COUNT
};

#define HELLO_MEND_BIT(x) (1u << HELLO_MEND_##x)
#define HELLO_PATCHES 32 /* a hello that needs more is a puzzle of somebody's: it is not mended */
#define HELLO_GREASE 0x0a0a

/* What is to be overwritten in one hello. */
struct hello_mends {
	unsigned set; /* bits of enum hello_mend */
	size_t count;
	size_t at[HELLO_PATCHES]; /* offsets in the body, of two bytes each */
};

/*
 * Find what to overwrite in the body of a ClientHello of SSLv3 or TLS (RFC 8446, 4.1.2, without
 * the message's header); served is the highest version that is to be had.  Returns whether there is anything and all of it fits.  Where something
 * is, a pre-shared key that the hello offers is hidden too: the library would check its binder
 * against the changed bytes (RFC 8446, 4.2.11.2), and without it the handshake is a full one.
 */
bool hello_mend_plan(struct hello_mends *m, struct span body, uint16_t served);

/* Overwrite, in the len bytes of the body that the plan was made for. */
void hello_mend_apply(const struct hello_mends *m, uint8_t *body, size_t len);

/* "server_name", "repeated_extension" ... */
const char *hello_mend_name(enum hello_mend mend);

#endif
