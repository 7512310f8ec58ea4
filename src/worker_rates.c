/*
 * worker_rates.c: how many sessions came of a client's network, for rules that ask for it.
 *
 * Runs in workers, once for each client, when its address is known.  In: the rules and the
 * logger's counters.  Out: the facts, and a claim to the logger, which counts it for those that
 * come after.  Sessions that begin at the same moment may not see each other.
 */
#include "worker_rates.h"

#include <string.h>

#define SECOND_US 1000000

static struct rate_of rate_of_rule(const struct rule_rate *r)
{
	return (struct rate_of){.window_s = (uint32_t)((r->window_us + SECOND_US - 1) / SECOND_US),
				.bits4 = r->bits4,
				.bits6 = r->bits6};
}

uint32_t rates_look(const struct rules *rules, const struct rate_table *table,
		    const uint8_t ip[IP_BYTES], uint32_t now_s, uint32_t rates_r[RATE_CLAIMS])
{
	const struct rule_rate *r;
	uint32_t n = 0;

	for (; n < RATE_CLAIMS && (r = rules_rate(rules, n)) != NULL; n++) {
		struct rate_of rate = rate_of_rule(r);
		uint64_t count;

		if (rate_count(table, &rate, ip, now_s, &count) < 0)
			rates_r[n] = RULE_RATE_UNKNOWN;
		else
			rates_r[n] = count < RULE_RATE_UNKNOWN - 1 ? (uint32_t)count + 1
								   : RULE_RATE_UNKNOWN - 1;
	}
	return n;
}

size_t rates_claim(const struct rules *rules, const uint8_t session[UUID_BYTES],
		   const uint8_t ip[IP_BYTES], struct rate_claim *claim_r)
{
	const struct rule_rate *r;

	memcpy(claim_r->session, session, sizeof claim_r->session);
	memcpy(claim_r->ip, ip, sizeof claim_r->ip);
	claim_r->count = 0;
	while (claim_r->count < RATE_CLAIMS && (r = rules_rate(rules, claim_r->count)) != NULL)
		claim_r->rate[claim_r->count++] = rate_of_rule(r);
	return claim_r->count == 0 ? 0 : RATE_CLAIM_BYTES(claim_r->count);
}
