/*
 * tls_registry.h: names of the numbers that TLS messages have: cipher suites, extensions,
 * signature algorithms, groups.
 *
 * They are those of IANA's registries, and of what senders show without being registered; made
 * from tls_cipher.def, tls_extension.def, tls_signature.def and tls_group.def.
 */
#ifndef SMTPTRAP_TLS_REGISTRY_H
#define SMTPTRAP_TLS_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

enum tls_registry {
	TLS_REGISTRY_CIPHERS, /* numbers above 0xffff: the cipher kinds of SSLv2 */
	TLS_REGISTRY_EXTENSIONS,
	TLS_REGISTRY_SIGNATURES,
	TLS_REGISTRY_GROUPS,
	TLS_REGISTRY_COUNT
};

#define TLS_REGISTRY_TEXT 12 /* for a number that has no name: "0x8f8001", and a NUL */

struct tls_registry_row {
	uint32_t number;
	const char *name;
	const char *whose; /* NULL: in the registry of IANA; else where the name is from */
};

/* All rows of a registry, sorted by number; they live for ever. */
const struct tls_registry_row *tls_registry_rows(enum tls_registry registry, size_t *count_r);

/* The name of a number; NULL for one that is not in our table. */
const char *tls_registry_name(enum tls_registry registry, uint32_t number);

/* The name; "GREASE" for a value of RFC 8701; else the number in text, as "0x1234", or with six
 * digits above 0xffff. */
const char *tls_registry_text(enum tls_registry registry, uint32_t number,
			      char text[TLS_REGISTRY_TEXT]);

#endif
