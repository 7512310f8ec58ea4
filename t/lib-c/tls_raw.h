/*
 * tls_raw.h: TLS messages made by hand, for clients that no library is.
 */
#ifndef SMTPTRAP_TLS_RAW_H
#define SMTPTRAP_TLS_RAW_H

#include <stddef.h>
#include <stdint.h>

#define RAW_MAX 4096

struct raw {
	uint8_t bytes[RAW_MAX];
	size_t len;
};

struct raw_hello {
	uint16_t version;       /* client_version: 0x0303 */
	uint16_t ciphers[4];    /* up to the first 0 */
	const char *extensions; /* their bytes */
	size_t extensions_len;
};

/* Append a record with a ClientHello. */
void raw_put_hello(struct raw *to, const struct raw_hello *hello);

/* Append a record of this type. */
void raw_put_record(struct raw *to, uint8_t type, const void *bytes, size_t len);

#endif
