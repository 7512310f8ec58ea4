/*
 * fuzz_dns_cache.c: a cache under any run of puts and gets keeps within its limits, and gives back
 * what was put last.
 *
 * Three bytes are a step: what to do, the key, the length of the answer or the time that passes.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "dns_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRIES 20
#define BYTES 20000

/* What the cache must say if it says anything. */
struct model {
	bool put;
	uint16_t len;
	uint64_t end;
};

static void put(struct dns_cache *cache, const struct dns_key *key, struct model *m, unsigned len,
		uint64_t end)
{
	static const uint8_t bytes[DNS_ANSWER_MAX];
	struct dns_answer a;

	dns_answer_unknown(&a);
	a.status = DNS_FOUND;
	dns_answer_put(&a, NULL, 0, bytes, len * 15);
	dns_cache_put(cache, key, &a, end);
	*m = (struct model){.put = true, .len = a.len, .end = end};
}

static void step(struct dns_cache *cache, struct model models[256], const uint8_t *data,
		 uint64_t *now)
{
	struct dns_key key = {.type = data[1] % 2 ? DNS_A : DNS_MX};
	struct model *m = &models[data[1]];
	struct dns_answer got;

	snprintf(key.name, sizeof key.name, "k%u", data[1] / 2);
	switch (data[0] % 3) {
	case 0:
		put(cache, &key, m, data[2], *now + data[0]);
		break;
	case 1:
		if (dns_cache_get(cache, &key, *now, &got))
			assert(m->put && *now < m->end && got.len == m->len);
		break;
	default:
		*now += data[2];
		break;
	}
	assert(dns_cache_entries(cache) <= ENTRIES && dns_cache_bytes(cache) <= BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_cache *cache = dns_cache_new(ENTRIES, BYTES);
	struct model models[256] = {0};
	uint64_t now = 0;

	for (; cache != NULL && size >= 3; data += 3, size -= 3)
		step(cache, models, data, &now);
	dns_cache_free(&cache);
	return 0;
}
