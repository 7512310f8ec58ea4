/*
 * arm.c: tests of the assignment of addresses to arms: known answers, shares, what moves when arms
 * change.
 */
#include "config.h"

#include "arm.h"

#include "../tap.h"

#include <stdio.h>
#include <string.h>

#define KEY "0123456789abcdef"
#define ADDRESSES 100000

static const struct conf_arm four[] = {
    {.name = "legacy", .weight = 50},
    {.name = "modern", .weight = 25},
    {.name = "expired", .weight = 15},
    {.name = "none", .weight = 10},
};

static struct conf_experiment make(const struct conf_arm *arms, size_t count)
{
	return (struct conf_experiment){.key = KEY,
					.ipv4_prefix = 32,
					.ipv6_prefix = 64,
					.arm = (struct conf_arm *)(uintptr_t)arms,
					.narm = count};
}

static const char *name_of(const struct conf_experiment *e, const char *address)
{
	uint8_t ip[IP_BYTES];

	ip_parse(ip, address, strlen(address));
	return arm_of(e, ip)->name;
}

/* Printed by t/tools/arms, which has the manual's formula in Perl. */
static const struct {
	const char *address;
	uint32_t ipv4_prefix, ipv6_prefix;
	const char *arm;
} known[] = {
    {"192.0.2.1", 32, 64, "legacy"},
    {"192.0.2.1", 24, 48, "modern"},
    {"192.0.2.1", 29, 61, "modern"},
    {"192.0.2.2", 32, 64, "none"},
    {"192.0.2.2", 24, 48, "modern"},
    {"192.0.2.2", 29, 61, "modern"},
    {"192.0.2.3", 32, 64, "expired"},
    {"192.0.2.3", 24, 48, "modern"},
    {"192.0.2.3", 29, 61, "modern"},
    {"198.51.100.77", 32, 64, "legacy"},
    {"198.51.100.77", 24, 48, "legacy"},
    {"198.51.100.77", 29, 61, "legacy"},
    {"203.0.113.9", 32, 64, "none"},
    {"203.0.113.9", 24, 48, "legacy"},
    {"203.0.113.9", 29, 61, "expired"},
    {"127.0.0.1", 32, 64, "legacy"},
    {"127.0.0.1", 24, 48, "legacy"},
    {"127.0.0.1", 29, 61, "legacy"},
    {"255.255.255.255", 32, 64, "modern"},
    {"255.255.255.255", 24, 48, "legacy"},
    {"255.255.255.255", 29, 61, "expired"},
    {"0.0.0.0", 32, 64, "legacy"},
    {"0.0.0.0", 24, 48, "legacy"},
    {"0.0.0.0", 29, 61, "legacy"},
    {"2001:db8::1", 32, 64, "none"},
    {"2001:db8::1", 24, 48, "none"},
    {"2001:db8::1", 29, 61, "none"},
    {"2001:db8::2", 32, 64, "none"},
    {"2001:db8::2", 24, 48, "none"},
    {"2001:db8::2", 29, 61, "none"},
    {"2001:db8:0:1::1", 32, 64, "modern"},
    {"2001:db8:0:1::1", 24, 48, "none"},
    {"2001:db8:0:1::1", 29, 61, "none"},
    {"2001:db8:0:2::1", 32, 64, "modern"},
    {"2001:db8:0:2::1", 24, 48, "none"},
    {"2001:db8:0:2::1", 29, 61, "none"},
    {"2001:db8:ffff:ffff::1", 32, 64, "legacy"},
    {"2001:db8:ffff:ffff::1", 24, 48, "legacy"},
    {"2001:db8:ffff:ffff::1", 29, 61, "expired"},
    {"fe80::1", 32, 64, "expired"},
    {"fe80::1", 24, 48, "expired"},
    {"fe80::1", 29, 61, "expired"},
    {"::1", 32, 64, "legacy"},
    {"::1", 24, 48, "legacy"},
    {"::1", 29, 61, "legacy"},
};

static void test_known(void)
{
	struct conf_experiment e = make(four, 4);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char title[100];
		snprintf(title, sizeof title, "%s with prefixes of %u and %u", known[i].address,
			 known[i].ipv4_prefix, known[i].ipv6_prefix);
		e.ipv4_prefix = known[i].ipv4_prefix;
		e.ipv6_prefix = known[i].ipv6_prefix;
		is_str(name_of(&e, known[i].address), known[i].arm, title);
	}
}

/* The n-th address, 10.0.0.0 and on. */
static void address(uint32_t n, uint8_t ip[IP_BYTES])
{
	const uint8_t bytes[IP_BYTES] = {[10] = 0xff,
					 [11] = 0xff,
					 [12] = 10,
					 [13] = (uint8_t)(n >> 16),
					 [14] = (uint8_t)(n >> 8),
					 [15] = (uint8_t)n};

	memcpy(ip, bytes, IP_BYTES);
}

static size_t number_of(const struct conf_experiment *e, uint32_t n)
{
	uint8_t ip[IP_BYTES];

	address(n, ip);
	return (size_t)(arm_of(e, ip) - e->arm);
}

/* Pearson's chi-square of the arms' shares against their weights. */
static double chi_square(const struct conf_experiment *e)
{
	double counts[8] = {0}, total = 0, chi = 0;

	for (size_t i = 0; i < e->narm; i++)
		total += e->arm[i].weight;
	for (uint32_t n = 0; n < ADDRESSES; n++)
		counts[number_of(e, n)]++;
	for (size_t i = 0; i < e->narm; i++) {
		double expected = e->arm[i].weight * (ADDRESSES / total);
		chi += (counts[i] - expected) * (counts[i] - expected) / expected;
	}
	return chi;
}

static void test_shares(void)
{
	static const struct conf_arm apart[] = {{.name = "a", .weight = 1000000},
						{.name = "b", .weight = 10000},
						{.name = "c", .weight = 1000},
						{.name = "d", .weight = 1000000}};
	static const char *const keys[] = {KEY, "another key of this test",
					   "a third key, the last"};

	for (size_t i = 0; i < 3; i++) {
		struct conf_experiment e = make(four, 4);
		e.key = keys[i];
		/* 3 degrees of freedom: 30.7 is passed by chance once in a million keys. */
		ok(chi_square(&e) < 30.7, "shares are as the weights, key %zu", i);
		e = make(apart, 4);
		e.key = keys[i];
		ok(chi_square(&e) < 30.7, "also where these are far apart, key %zu", i);
	}
}

/* Of all addresses: how many go from an arm that is not `from` (NULL: any) or to one that is not
 * `to` (NULL: any), and how many move at all. */
struct moves {
	uint32_t wrong, all;
};

static struct moves compare(const struct conf_experiment *before,
			    const struct conf_experiment *after, const char *from, const char *to)
{
	struct moves m = {0};

	for (uint32_t n = 0; n < ADDRESSES; n++) {
		const char *old = before->arm[number_of(before, n)].name;
		const char *new = after->arm[number_of(after, n)].name;
		if (strcmp(old, new) == 0)
			continue;
		m.all++;
		m.wrong += (from != NULL && strcmp(old, from) != 0) ||
			   (to != NULL && strcmp(new, to) != 0);
	}
	return m;
}

/* Within six standard deviations of a share of all addresses. */
static bool near_share(uint32_t moved, double share)
{
	double expected = ADDRESSES * share, distance = moved - expected;

	return distance * distance < 36 * expected * (1 - share);
}

static void test_changes(void)
{
	static const struct conf_arm five[] = {{.name = "legacy", .weight = 50},
					       {.name = "modern", .weight = 25},
					       {.name = "tls12", .weight = 20},
					       {.name = "expired", .weight = 15},
					       {.name = "none", .weight = 10}};
	static const struct conf_arm heavier[] = {{.name = "legacy", .weight = 50},
						  {.name = "modern", .weight = 50},
						  {.name = "expired", .weight = 15},
						  {.name = "none", .weight = 10}};
	static const struct conf_arm shuffled[] = {{.name = "none", .weight = 10},
						   {.name = "expired", .weight = 15},
						   {.name = "legacy", .weight = 50},
						   {.name = "modern", .weight = 25}};
	static const struct conf_arm doubled[] = {{.name = "legacy", .weight = 100},
						  {.name = "modern", .weight = 50},
						  {.name = "expired", .weight = 30},
						  {.name = "none", .weight = 20}};
	const struct conf_experiment e4 = make(four, 4), e5 = make(five, 5);
	const struct conf_experiment more = make(heavier, 4), other = make(shuffled, 4);
	const struct conf_experiment twice = make(doubled, 4);

	struct moves m = compare(&e4, &e5, NULL, "tls12");
	ok(m.wrong == 0 && near_share(m.all, 20.0 / 120),
	   "a new arm takes its share and moves nothing else");
	m = compare(&e5, &e4, "tls12", NULL);
	ok(m.wrong == 0 && near_share(m.all, 20.0 / 120), "one that goes gives its own away");
	m = compare(&e4, &more, NULL, "modern");
	ok(m.wrong == 0 && near_share(m.all, 50.0 / 125 - 25.0 / 100),
	   "more weight only brings addresses in");
	m = compare(&more, &e4, "modern", NULL);
	ok(m.wrong == 0 && m.all > 0, "less weight only sends some away");
	is_int(compare(&e4, &other, NULL, NULL).all, 0, "the order of arms does not matter");
	is_int(compare(&e4, &twice, NULL, NULL).all, 0, "nor a factor of all weights");
}

static void test_key(void)
{
	struct conf_experiment one = make(four, 4), other = make(four, 4);
	double same = 0.5 * 0.5 + 0.25 * 0.25 + 0.15 * 0.15 + 0.1 * 0.1;

	other.key = "0123456789abcdeg";
	ok(near_share(compare(&one, &other, NULL, NULL).all, 1 - same),
	   "another key has nothing to do with this one");
}

static void test_prefix(void)
{
	struct conf_experiment e = make(four, 4);
	unsigned wrong = 0, arms = 0;

	e.ipv4_prefix = 24;
	for (uint32_t n = 0; n < 256 * 256; n++) {
		wrong += number_of(&e, n) != number_of(&e, n & ~255u);
		arms |= 1u << number_of(&e, n);
	}
	is_int(wrong, 0, "with a prefix of 24 a network of 256 has one arm");
	is_int(arms, 15, "and different networks have different ones");
	is_str(name_of(&e, "2001:db8:0:1:ffff::9"), name_of(&e, "2001:db8:0:1::"),
	       "the hosts of a /64 have one arm");
}

static void test_none(void)
{
	struct conf_experiment e = make(four, 4);
	uint8_t ip[IP_BYTES] = {0};

	e.key = NULL;
	ok(arm_of(&e, ip) == NULL, "without an experiment there is no arm");
	e = make(four, 1);
	is_str(name_of(&e, "192.0.2.2"), "legacy", "a single arm has all addresses");
}

int main(void)
{
	test_known();
	test_shares();
	test_changes();
	test_key();
	test_prefix();
	test_none();
	return tap_done();
}
