/*
 * suites.c: print what our priority string stands for in the TLS library that smtptrapd uses, so
 * that no test needs a list typed in.
 *
 * "suite NUMBER LOWEST HIGHEST KX CIPHER MAC" for each cipher suite: its number in hex, the lowest
 * and the highest version that has it, and GnuTLS's names ("-" where TLS 1.3 has none).  Then
 * "group NAME" for each group.
 */
#include <gnutls/gnutls.h>
#include <stdio.h>

#include "../../src/tls_priority.h"

static void print_suite(size_t suite)
{
	unsigned char id[2];
	gnutls_kx_algorithm_t kx;
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac;
	gnutls_protocol_t lowest;

	if (gnutls_cipher_suite_info(suite, id, &kx, &cipher, &mac, &lowest) == NULL)
		return;
	bool tls13 = lowest == GNUTLS_TLS1_3;
	printf("suite %02x%02x %s %s %s %s %s\n", id[0], id[1],
	       tls_version_name(tls_version_from_library((int)lowest)),
	       tls_version_name(tls13 ? TLS_1_3 : TLS_1_2), tls13 ? "-" : gnutls_kx_get_name(kx),
	       gnutls_cipher_get_name(cipher), gnutls_mac_get_name(mac));
}

int main(void)
{
	char priority[TLS_PRIORITY_MAX];
	gnutls_priority_t cache;
	unsigned suite;
	const unsigned *groups;
	int r;

	tls_library_start();
	tls_priority_build(&(struct tls_profile){0}, priority);
	if (gnutls_priority_init(&cache, priority, NULL) < 0)
		return 1;
	for (unsigned i = 0; (r = gnutls_priority_get_cipher_suite_index(cache, i, &suite)) !=
			     GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	     i++)
		if (r == 0)
			print_suite(suite);
	int count = gnutls_priority_group_list(cache, &groups);
	for (int i = 0; i < count; i++)
		printf("group %s\n", gnutls_group_get_name((gnutls_group_t)groups[i]));
	gnutls_priority_deinit(cache);
	return 0;
}
