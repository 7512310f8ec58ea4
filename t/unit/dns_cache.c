/*
 * dns_cache.c: answers are kept until their time is over, and never more than may be.
 */
#include "dns_cache.h"

#include <stdio.h>

#include "../tap.h"

static struct dns_key key_of(enum dns_type type, const char *name)
{
	struct dns_key key = {.type = type};

	snprintf(key.name, sizeof key.name, "%s", name);
	return key;
}

static struct dns_key key_number(unsigned n)
{
	char name[32];

	snprintf(name, sizeof name, "n%u.test", n);
	return key_of(DNS_A, name);
}

static struct dns_answer answer_of(const char *value)
{
	struct dns_answer a;

	dns_answer_unknown(&a);
	a.status = DNS_FOUND;
	dns_answer_put(&a, NULL, 0, value, strlen(value));
	return a;
}

static void check_keeping(void)
{
	struct dns_cache *cache = dns_cache_new(10, 100000);
	struct dns_key a = key_of(DNS_A, "a.test"), mx = key_of(DNS_MX, "a.test");
	struct dns_answer put = answer_of("one"), got;
	struct span value;
	size_t at = 0;

	ok(!dns_cache_get(cache, &a, 0, &got), "what was never put is not there");
	dns_cache_put(cache, &a, &put, 100);
	ok(dns_cache_get(cache, &a, 99, &got) && got.status == DNS_FOUND &&
	       dns_answer_next(&got, &at, &value) && value.len == 3 &&
	       memcmp(value.bytes, "one", 3) == 0,
	   "an answer is had back before its end");
	ok(!dns_cache_get(cache, &mx, 50, &got), "not for another type");
	put = answer_of("two");
	dns_cache_put(cache, &a, &put, 200);
	at = 0;
	ok(dns_cache_get(cache, &a, 150, &got) && dns_answer_next(&got, &at, &value) &&
	       memcmp(value.bytes, "two", 3) == 0,
	   "a later answer takes its place");
	is_int((int64_t)dns_cache_entries(cache), 1, "and no other place");
	ok(!dns_cache_get(cache, &a, 200, &got), "at its end it is gone");
	is_int((int64_t)dns_cache_entries(cache) + (int64_t)dns_cache_bytes(cache), 0,
	       "with its memory");
	dns_cache_free(&cache);
	ok(cache == NULL, "the cache is released");
	dns_cache_free(&cache);
}

static void check_entries(void)
{
	struct dns_cache *cache = dns_cache_new(100, 1000000);
	struct dns_answer put = answer_of("x"), got;
	unsigned there = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct dns_key key = key_number(i);
		dns_cache_put(cache, &key, &put, 10);
	}
	is_int((int64_t)dns_cache_entries(cache), 100, "as many as may be are kept");
	struct dns_key first = key_number(0), second = key_number(1), more = key_number(100);
	dns_cache_get(cache, &first, 0, &got);
	dns_cache_put(cache, &more, &put, 10);
	is_int((int64_t)dns_cache_entries(cache), 100, "one more does not make it grow");
	ok(dns_cache_get(cache, &first, 0, &got), "what was used lately stays");
	ok(!dns_cache_get(cache, &second, 0, &got), "what was not used for longest goes");
	for (unsigned i = 0; i < 10000; i++) {
		struct dns_key key = key_number(i);
		dns_cache_put(cache, &key, &put, 10);
	}
	for (unsigned i = 0; i < 10000; i++) {
		struct dns_key key = key_number(i);
		there += dns_cache_get(cache, &key, 0, &got);
	}
	is_int(there, 100, "of ten thousand the last hundred are there");
	dns_cache_free(&cache);
}

static void check_bytes(void)
{
	char long_value[DNS_ANSWER_MAX - 2];
	struct dns_answer small = answer_of("x"), big, got;
	struct dns_key key = key_number(0);

	memset(long_value, 'v', sizeof long_value);
	dns_answer_unknown(&big);
	dns_answer_put(&big, NULL, 0, long_value, sizeof long_value);
	struct dns_cache *cache = dns_cache_new(1000, 20000);
	for (unsigned i = 0; i < 1000; i++) {
		struct dns_key k = key_number(i);
		dns_cache_put(cache, &k, i % 2 ? &big : &small, 10);
		if (dns_cache_bytes(cache) > 20000)
			break;
	}
	ok(dns_cache_bytes(cache) <= 20000 && dns_cache_entries(cache) > 2,
	   "bytes are bounded as well: %zu in %zu entries", dns_cache_bytes(cache),
	   dns_cache_entries(cache));
	dns_cache_free(&cache);
	cache = dns_cache_new(10, 1000);
	dns_cache_put(cache, &key, &big, 10);
	ok(!dns_cache_get(cache, &key, 0, &got), "an answer beyond all of them is not kept");
	dns_cache_free(&cache);
	cache = dns_cache_new(0, 0);
	dns_cache_put(cache, &key, &small, 10);
	ok(!dns_cache_get(cache, &key, 0, &got), "a cache of nothing keeps nothing");
	dns_cache_free(&cache);
}

static void check_ttl(void)
{
	static const struct dns_ttl limits = {.min = 30, .max = 3600};
	static const struct {
		const char *title;
		struct dns_answer a;
		uint32_t expected;
	} cases[] = {
	    {"a TTL within the limits", {.status = DNS_FOUND, .has_ttl = true, .ttl = 300}, 300},
	    {"one below", {.status = DNS_FOUND, .has_ttl = true, .ttl = 0}, 30},
	    {"one beyond", {.status = DNS_FOUND, .has_ttl = true, .ttl = 86400}, 3600},
	    {"a negative answer's", {.status = DNS_NXDOMAIN, .has_ttl = true, .ttl = 60}, 60},
	    {"a negative answer without SOA", {.status = DNS_NODATA}, 30},
	    {"no answer", {.status = DNS_UNKNOWN}, DNS_TTL_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(dns_ttl_of(&cases[i].a, limits), cases[i].expected, cases[i].title);
}

int main(void)
{
	check_keeping();
	check_entries();
	check_bytes();
	check_ttl();
	return tap_done();
}
