/*
 * ja4.h: JA4, the fingerprint of a ClientHello by FoxIO (technical_details/JA4.md, 2023).
 *
 *   t13d1516h2_8daaf6152771_e5627efa2ab1
 *
 * The raw form, JA4_r, has the sorted lists where JA4 has the first 12 digits of their SHA-256.
 * Two points where implementations differ are settled as the published fingerprints have them:
 * an ALPN value whose first byte is not ASCII gives "99", other values that do not begin and end
 * in a letter or digit give digits of their hexadecimal form; and a server_name extension without
 * a name gives "i".
 */
#ifndef SMTPTRAP_JA4_H
#define SMTPTRAP_JA4_H

#include "buf.h"
#include "client_hello.h"

#define JA4_TEXT 37               /* with a NUL */
#define JA4_RAW_MAX (256u * 1024) /* of any hello of CLIENT_HELLO_JOIN bytes: 5 for 2 of them */

/* A list being sorted, of any hello. */
struct ja4_values {
	size_t count;
	uint16_t value[CLIENT_HELLO_JOIN / 2]; /* touched only where used */
};

/*
 * Append the raw form to raw (JA4_RAW_MAX of room are enough) and make the fingerprint of it;
 * *v is the caller's, for the time of the call.  h is whole, in the form of SSLv3 or TLS.  Returns 0, or ERR_MEMORY, ERR_FULL if raw failed.
 */
int ja4_make(const struct client_hello *h, struct ja4_values *v, struct buf *raw,
	     char ja4_r[JA4_TEXT]);

#endif
