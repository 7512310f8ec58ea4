/*
 * How many sessions of a network came in a time: counts, windows, what is pushed out, hostile
 * bytes, and what is a claim.
 */
#include <stdlib.h>

#include "../tap.h"
#include "address_table.h"
#include "err.h"
#include "rate_table.h"

#define NOW 1700000000u /* begins windows of 100 seconds */
#define WINDOW 100u

static const uint8_t secret[RATE_SECRET] = "an open secret.";
static const struct rate_of by_address = {.window_s = WINDOW, .bits4 = 32, .bits6 = 128};
static struct rate_table *table;

static void clear(void)
{
	memset(table, 0, sizeof *table);
	rate_table_init(table, secret);
}

static void come(const struct rate_of *rate, const char *text, uint32_t now_s, unsigned times)
{
	uint8_t ip[IP_BYTES];

	if (ip_parse(ip, text, strlen(text)) != 0)
		exit(97);
	while (times-- > 0)
		rate_add(table, rate, ip, now_s);
}

static int64_t count(const struct rate_of *rate, const char *text, uint32_t now_s)
{
	uint8_t ip[IP_BYTES];
	uint64_t n = 0;

	if (ip_parse(ip, text, strlen(text)) != 0 || rate_count(table, rate, ip, now_s, &n) != 0)
		return -1;
	return (int64_t)n;
}

static void test_windows(void)
{
	static const struct {
		uint32_t at;
		int64_t count;
		const char *title;
	} cases[] = {
	    {0, 40, "at the begin of a window all of the one before count"},
	    {25, 30, "after a quarter of it three quarters do"},
	    {99, 0, "at its end hardly any, rounded down"},
	    {100, 0, "a window later none"},
	    {1000000, 0, "nor at any time after"},
	};

	clear();
	is_int(count(&by_address, "192.0.2.1", NOW), 0, "of whom nobody has heard, none came");
	come(&by_address, "192.0.2.1", NOW, 1);
	is_int(count(&by_address, "192.0.2.1", NOW), 1, "one came");
	come(&by_address, "192.0.2.1", NOW + WINDOW - 1, 39);
	is_int(count(&by_address, "192.0.2.1", NOW + WINDOW - 1), 40,
	       "within a window all are counted");
	is_int(count(&by_address, "192.0.2.2", NOW), 0, "for themselves alone");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(count(&by_address, "192.0.2.1", NOW + WINDOW + cases[i].at), cases[i].count,
		       cases[i].title);
	come(&by_address, "192.0.2.1", NOW + WINDOW + 50, 10);
	is_int(count(&by_address, "192.0.2.1", NOW + WINDOW + 50), 30, "both windows are added");
	come(&by_address, "192.0.2.1", NOW, 1);
	is_int(count(&by_address, "192.0.2.1", NOW), 1, "a clock that went back begins anew");
	come(&by_address, "192.0.2.1", 0, 2);
	is_int(count(&by_address, "192.0.2.1", 0), 2, "also in 1970");
	come(&by_address, "192.0.2.1", UINT32_MAX, 2);
	is_int(count(&by_address, "192.0.2.1", UINT32_MAX), 2, "and at the end of time");
}

/* Sessions at an even rate: the count is right wherever one looks. */
static void test_even(void)
{
	int64_t least = INT64_MAX, most = 0;

	clear();
	for (uint32_t s = 0; s < 10 * WINDOW; s++) {
		come(&by_address, "192.0.2.1", NOW + s, 3);
		int64_t n = count(&by_address, "192.0.2.1", NOW + s);
		if (s >= WINDOW && n < least)
			least = n;
		if (n > most)
			most = n;
	}
	ok(least >= 297 && most <= 303, "3 a second: between %d and %d in 100 seconds", (int)least,
	   (int)most);
}

static void test_networks(void)
{
	static const struct {
		struct rate_of rate;
		const char *in, *out, *title;
	} cases[] = {
	    {{60, 24, 64, {0}}, "192.0.2.255", "192.0.3.1", "an IPv4 /24"},
	    {{60, 23, 64, {0}}, "192.0.3.255", "192.0.4.1", "an IPv4 /23"},
	    {{60, 8, 64, {0}}, "192.255.1.1", "193.0.2.1", "an IPv4 /8"},
	    {{60, 0, 0, {0}}, "1.2.3.4", "2001:db8::1", "all of IPv4, without IPv6"},
	};
	static const struct rate_of other = {61, 24, 64, {0}}, v6 = {60, 24, 61, {0}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		clear();
		come(&cases[i].rate, "192.0.2.1", NOW, 5);
		is_int(count(&cases[i].rate, cases[i].in, NOW), 5, cases[i].title);
		is_int(count(&cases[i].rate, cases[i].out, NOW), 0, "and no more");
	}
	clear();
	come(&v6, "2001:db8:0:8::1", NOW, 5);
	is_int(count(&v6, "2001:db8:0:f:1::9", NOW), 5, "an IPv6 /61");
	is_int(count(&v6, "2001:db8:0:10::1", NOW), 0, "and no more");
	come(&cases[0].rate, "192.0.2.1", NOW, 5);
	is_int(count(&other, "192.0.2.1", NOW), 0, "another window is another counter");
}

/* More networks than there is room for: the last ones are counted, and nothing grows. */
static void test_bounds(void)
{
	const uint32_t many = 4 * RATE_BUCKETS * RATE_WAYS;
	uint32_t right = 0;
	uint64_t n;

	clear();
	for (uint32_t i = 0; i < many; i++) {
		uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff};

		memcpy(ip + 12, &i, sizeof i);
		rate_add(table, &by_address, ip, NOW + i / 100);
		right += rate_count(table, &by_address, ip, NOW + i / 100, &n) == 0 && n == 1;
	}
	is_int(right, many, "four times as many as there is room for: each is there when it came");
	uint32_t held = 0, young = 0;
	for (uint32_t i = 0; i < many; i++) {
		uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff};

		memcpy(ip + 12, &i, sizeof i);
		uint32_t then = NOW + i / 100;
		if (rate_count(table, &by_address, ip, then, &n) == 0 && n > 0) {
			held++;
			young += i > many / 2;
		}
	}
	ok(held <= RATE_BUCKETS * RATE_WAYS, "%u of them are held, not more than there is room for",
	   held);
	ok(young > held * 9 / 10, "nearly all of the later half (%u): the oldest go", young);
}

static void test_hostile(void)
{
	uint64_t n;
	uint8_t ip[IP_BYTES] = {0};

	memset(table, 0xff, sizeof *table);
	is_int(rate_count(table, &by_address, ip, NOW, &n), ERR_TIMEOUT,
	       "a writer that died in a bucket is not waited for");
	srandom(1);
	unsigned other = 0;
	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof *table; i++)
			((uint8_t *)table)[i] = (uint8_t)random();
		for (ip[15] = 0; ip[15] < 250; ip[15]++) {
			int rc = rate_count(table, &by_address, ip, NOW, &n);
			other += rc != 0 && rc != ERR_TIMEOUT;
		}
	}
	is_int(other, 0, "random bytes give a count, or that the writer is there; nothing else");
}

static void test_claims(void)
{
	struct rate_claim claim = {.count = RATE_CLAIMS}, got;
	size_t len = RATE_CLAIM_BYTES(RATE_CLAIMS);
	uint8_t longer[sizeof claim + 1] = {0};

	for (uint32_t i = 0; i < RATE_CLAIMS; i++)
		claim.rate[i] = by_address;
	is_int(rate_claim_decode(&claim, len, &got), 0, "a claim for as many as there may be");
	is_mem(&got, sizeof got, &claim, sizeof claim, "is as it was sent");
	unsigned good = 0;
	for (size_t short_len = 0; short_len < len; short_len++)
		good += rate_claim_decode(&claim, short_len, &got) == 0;
	is_int(good, 0, "no shorter one is");
	memcpy(longer, &claim, sizeof claim);
	is_int(rate_claim_decode(longer, sizeof longer, &got), ERR_FORMAT, "nor a longer one");
	claim.count = 0;
	is_int(rate_claim_decode(&claim, RATE_CLAIM_BYTES(0), &got), ERR_FORMAT,
	       "nor one for none");
	static const struct {
		struct rate_of rate;
		bool good;
		const char *title;
	} cases[] = {
	    {{RATE_WINDOW_S_MAX, 0, 0, {0}}, true, "the longest window, the largest network"},
	    {{1, 32, 128, {0}}, true, "the shortest, the smallest"},
	    {{0, 32, 128, {0}}, false, "no window"},
	    {{RATE_WINDOW_S_MAX + 1, 32, 128, {0}}, false, "a longer one"},
	    {{1, 33, 128, {0}}, false, "more bits than IPv4 has"},
	    {{1, 32, 129, {0}}, false, "more bits than IPv6 has"},
	    {{1, 32, 128, {0, 1}}, false, "what has no meaning"},
	};
	claim.count = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		claim.rate[0] = cases[i].rate;
		ok((rate_claim_decode(&claim, RATE_CLAIM_BYTES(1), &got) == 0) == cases[i].good,
		   "%s", cases[i].title);
	}
}

int main(void)
{
	table = aligned_alloc(64, sizeof *table);
	if (table == NULL)
		return 99;
	test_windows();
	test_even();
	test_networks();
	test_bounds();
	test_hostile();
	test_claims();
	is_int((int64_t)(rate_memory_size(ADDRESS_MIN) - address_table_size(ADDRESS_MIN)),
	       sizeof *table, "it stands behind the table of addresses");
	free(table);
	return tap_done();
}
