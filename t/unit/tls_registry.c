/*
 * The names of TLS's numbers: sorted and single, fit for JSON as they are; known, unknown and
 * GREASE values.  t/proc/registry.t compares them with what others call them.
 */
#include "tls_registry.h"

#include "../tap.h"

static const char *const titles[TLS_REGISTRY_COUNT] = {
    [TLS_REGISTRY_CIPHERS] = "cipher suites",
    [TLS_REGISTRY_EXTENSIONS] = "extensions",
    [TLS_REGISTRY_SIGNATURES] = "signature algorithms",
    [TLS_REGISTRY_GROUPS] = "groups",
};

static const struct {
	enum tls_registry registry;
	uint32_t number;
	const char *text;
} cases[] = {
    {TLS_REGISTRY_CIPHERS, 0x0000, "TLS_NULL_WITH_NULL_NULL"},
    {TLS_REGISTRY_CIPHERS, 0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
    {TLS_REGISTRY_CIPHERS, 0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
    {TLS_REGISTRY_CIPHERS, 0x1301, "TLS_AES_128_GCM_SHA256"},
    {TLS_REGISTRY_CIPHERS, 0x5600, "TLS_FALLBACK_SCSV"},
    {TLS_REGISTRY_CIPHERS, 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {TLS_REGISTRY_CIPHERS, 0xcc13, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256_OLD"},
    {TLS_REGISTRY_CIPHERS, 0xfeff, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA"},
    {TLS_REGISTRY_CIPHERS, 0x010080, "SSL_CK_RC4_128_WITH_MD5"},
    {TLS_REGISTRY_CIPHERS, 0xff8010, "SSL_CK_NULL"},
    {TLS_REGISTRY_CIPHERS, 0x0a0a, "GREASE"},
    {TLS_REGISTRY_CIPHERS, 0xfafa, "GREASE"},
    {TLS_REGISTRY_CIPHERS, 0x0a1a, "0x0a1a"},
    {TLS_REGISTRY_CIPHERS, 0xffff, "0xffff"},
    {TLS_REGISTRY_CIPHERS, 0x010000, "0x010000"},
    {TLS_REGISTRY_CIPHERS, 0xffffff, "0xffffff"},
    {TLS_REGISTRY_CIPHERS, UINT32_MAX, "0xffffffff"},
    {TLS_REGISTRY_EXTENSIONS, 0, "server_name"},
    {TLS_REGISTRY_EXTENSIONS, 51, "key_share"},
    {TLS_REGISTRY_EXTENSIONS, 13172, "next_protocol_negotiation"},
    {TLS_REGISTRY_EXTENSIONS, 0xff01, "renegotiation_info"},
    {TLS_REGISTRY_EXTENSIONS, 0x2a2a, "GREASE"},
    {TLS_REGISTRY_EXTENSIONS, 1234, "0x04d2"},
    {TLS_REGISTRY_SIGNATURES, 0x0401, "rsa_pkcs1_sha256"},
    {TLS_REGISTRY_SIGNATURES, 0x0202, "dsa_sha1"},
    {TLS_REGISTRY_SIGNATURES, 0x0804, "rsa_pss_rsae_sha256"},
    {TLS_REGISTRY_SIGNATURES, 0x0000, "0x0000"},
    {TLS_REGISTRY_GROUPS, 29, "x25519"},
    {TLS_REGISTRY_GROUPS, 4588, "X25519MLKEM768"},
    {TLS_REGISTRY_GROUPS, 0, "0x0000"},
};

static void one_case(enum tls_registry registry, uint32_t number, const char *expected)
{
	char text[TLS_REGISTRY_TEXT];

	is_str(tls_registry_text(registry, number, text), expected, expected);
}

/* Letters, digits and signs that no format escapes. */
static bool is_plain(const char *name)
{
	return name[0] != '\0' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static bool is_single(const struct tls_registry_row *rows, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(rows[i].name, rows[j].name) == 0)
			return false;
	return true;
}

static void one_registry(enum tls_registry registry)
{
	size_t count;
	int unsorted = 0, odd = 0, lost = 0;
	const struct tls_registry_row *rows = tls_registry_rows(registry, &count);

	for (size_t i = 0; i < count; i++) {
		const char *name = tls_registry_name(registry, rows[i].number);

		unsorted += i > 0 && rows[i].number <= rows[i - 1].number;
		odd += !is_plain(rows[i].name) || !is_single(rows, i) ||
		       (rows[i].whose != NULL && rows[i].whose[0] == '\0');
		lost += name == NULL || strcmp(name, rows[i].name) != 0;
	}
	ok(count > 40, "%s: there are %zu", titles[registry], count);
	is_int(unsorted, 0, "they are sorted, no number comes twice");
	is_int(odd, 0, "their names are plain text, no name comes twice");
	is_int(lost, 0, "each is found");
}

/* Every other number of two bytes has none. */
static void no_other(enum tls_registry registry)
{
	size_t count;
	int found = 0, short_numbers = 0;
	const struct tls_registry_row *rows = tls_registry_rows(registry, &count);

	for (size_t i = 0; i < count; i++)
		short_numbers += rows[i].number <= UINT16_MAX;
	for (uint32_t n = 0; n <= UINT16_MAX; n++)
		found += tls_registry_name(registry, n) != NULL;
	is_int(found, short_numbers, "and no other number of two bytes");
}

int main(void)
{
	for (unsigned r = 0; r < TLS_REGISTRY_COUNT; r++) {
		one_registry((enum tls_registry)r);
		no_other((enum tls_registry)r);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		one_case(cases[i].registry, cases[i].number, cases[i].text);
	return tap_done();
}
