/*
 * fuzz_proxy.c: fuzz target for lib/proxy.
 *
 * Properties: what is asked for never passes the header's end; any chunking and anything behind
 * the header give the same result; once refused, always refused.
 */
#include "proxy.h"

#include "ip.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct proxy_header *a, const struct proxy_header *b)
{
	return a->version == b->version && a->local == b->local &&
	       memcmp(a->source_ip, b->source_ip, IP_BYTES) == 0 &&
	       memcmp(a->destination_ip, b->destination_ip, IP_BYTES) == 0 &&
	       a->source_port == b->source_port && a->destination_port == b->destination_port;
}

static void check_header(const struct proxy_header *h, size_t n)
{
	static const uint8_t zero[IP_BYTES];

	must(h->version == 1 || h->version == 2);
	must(n <= (h->version == 1 ? PROXY_V1_MAX : PROXY_HEADER_MAX));
	if (h->local)
		must(memcmp(h->source_ip, zero, IP_BYTES) == 0 && h->source_port == 0 &&
		     memcmp(h->destination_ip, zero, IP_BYTES) == 0 && h->destination_port == 0);
}

/* All prefixes agree with the whole, which gave result, header and n. */
static void check_prefixes(const uint8_t *data, size_t len, int result,
			   const struct proxy_header *header, size_t n)
{
	struct proxy_header h;
	bool refused = false;
	size_t want;

	for (size_t have = 0; have <= len && have <= PROXY_HEADER_MAX; have++) {
		int r = proxy_parse(&h, data, have, &want);
		must(!refused || r == -1);
		refused = r == -1;
		must(!refused || result == -1);
		if (result == 1 && have < n)
			must(r == 0 && want >= 1 && want <= n - have);
		if (result == 1 && have >= n)
			must(r == 1 && want == n && same(&h, header));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct proxy_header header;
	size_t n;
	int result = proxy_parse(&header, data, len, &n);

	must(result == 1 || result == 0 || result == -1);
	must(result == 1 ? n >= 1 && n <= len : result == 0 ? n >= 1 : n == 0);
	if (result == 1)
		check_header(&header, n);
	check_prefixes(data, len, result, &header, n);
	return 0;
}
