/*
 * tls_registry.c: names of the numbers that TLS messages have.
 *
 * Runs in the logger, which writes names where workers send numbers; constant tables and looking up in
 * them.  A number may be any that a client sent.
 */
#include "tls_registry.h"

#include <stdio.h>

#include "client_hello.h"

#define IANA(number, name) {number, name, NULL},
#define OTHER(number, name, whose) {number, name, whose},
static const struct tls_registry_row ciphers[] = {
#include "tls_cipher.def"
};
static const struct tls_registry_row extensions[] = {
#include "tls_extension.def"
};
static const struct tls_registry_row signatures[] = {
#include "tls_signature.def"
};
static const struct tls_registry_row groups[] = {
#include "tls_group.def"
};
#undef IANA
#undef OTHER

#define TABLE(rows)                                 \
	{                                           \
		rows, sizeof(rows) / sizeof *(rows) \
	}
static const struct {
	const struct tls_registry_row *rows;
	size_t count;
} tables[TLS_REGISTRY_COUNT] = {
    [TLS_REGISTRY_CIPHERS] = TABLE(ciphers),
    [TLS_REGISTRY_EXTENSIONS] = TABLE(extensions),
    [TLS_REGISTRY_SIGNATURES] = TABLE(signatures),
    [TLS_REGISTRY_GROUPS] = TABLE(groups),
};

const struct tls_registry_row *tls_registry_rows(enum tls_registry registry, size_t *count_r)
{
	*count_r = tables[registry].count;
	return tables[registry].rows;
}

const char *tls_registry_name(enum tls_registry registry, uint32_t number)
{
	const struct tls_registry_row *rows = tables[registry].rows;
	size_t low = 0, high = tables[registry].count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].number == number)
			return rows[middle].name;
		if (rows[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *tls_registry_text(enum tls_registry registry, uint32_t number,
			      char text[TLS_REGISTRY_TEXT])
{
	const char *name = tls_registry_name(registry, number);

	if (name != NULL)
		return name;
	if (number <= UINT16_MAX && hello_is_grease((uint16_t)number))
		return "GREASE";
	snprintf(text, TLS_REGISTRY_TEXT, number <= UINT16_MAX ? "0x%04x" : "0x%06x", number);
	return text;
}
