/*
 * What rules are told of how often a client's network came, and what the logger is told.
 */
#include "config.h"

#include "../../src/worker_rates.h"
#include "../lib-c/rule_lab.h"

#include <stdlib.h>

#define NOW 1700000000u

int main(void)
{
	static const uint8_t secret[RATE_SECRET] = "an open secret.",
			     session[UUID_BYTES] = "session";
	static const uint8_t ip[IP_BYTES] = {
	    [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
	struct rate_table *table = aligned_alloc(64, sizeof *table);
	const struct rules *rules = lab_load(
			       "stall rate 3 per 100s\nreject rate 10 per 1500ms by /24\n"),
			   *none;
	uint32_t rates[RATE_CLAIMS];
	struct rate_claim claim;

	if (table == NULL)
		return 99;
	memset(table, 0, sizeof *table);
	rate_table_init(table, secret);
	if (rules == NULL)
		return 98;
	is_int(rates_look(rules, table, ip, NOW, rates), 2, "the rules have two rates");
	ok(rates[0] == 1 && rates[1] == 1, "of both the present session is the first");
	is_int((int64_t)rates_claim(rules, session, ip, &claim), RATE_CLAIM_BYTES(2),
	       "both are claimed");
	ok(claim.count == 2 && memcmp(claim.session, session, sizeof session) == 0 &&
	       memcmp(claim.ip, ip, sizeof ip) == 0,
	   "for this session and client");
	ok(claim.rate[0].window_s == 100 && claim.rate[0].bits4 == 32 && claim.rate[0].bits6 == 128,
	   "the first of its address");
	ok(claim.rate[1].window_s == 2 && claim.rate[1].bits4 == 24,
	   "the second of its network, in whole seconds");
	is_int(rate_claim_decode(&claim, RATE_CLAIM_BYTES(2), &claim), 0, "the logger takes it");
	for (uint32_t i = 0; i < 4; i++)
		rate_add(table, &claim.rate[i % 2], ip, NOW);
	rates_look(rules, table, ip, NOW, rates);
	ok(rates[0] == 3 && rates[1] == 3, "the third session is the third");
	memset(table, 0xff, sizeof *table);
	rates_look(rules, table, ip, NOW, rates);
	ok(rates[0] == RULE_RATE_UNKNOWN && rates[1] == RULE_RATE_UNKNOWN,
	   "where the counters cannot be read, they are unknown");
	none = lab_load("accept all\n");
	ok(rates_look(none, table, ip, NOW, rates) == 0 &&
	       rates_claim(none, session, ip, &claim) == 0,
	   "without rates nothing is looked up and nothing claimed");
	free(table);
	return tap_done();
}
