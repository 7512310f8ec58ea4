/*
 * worker_rates.h: how many sessions came of a client's network, for rules that ask for it.
 */
#ifndef SMTPTRAP_WORKER_RATES_H
#define SMTPTRAP_WORKER_RATES_H

#include <stdint.h>

#include "rate_table.h"
#include "rule.h"

/* Fill in what rule_facts.rates wants, for a client that came at now_s (seconds since 1970) and
 * was not claimed yet: the present session included.  Returns how many rates the rules have; none
 * is looked at beyond RATE_CLAIMS. */
uint32_t rates_look(const struct rules *rules, const struct rate_table *table,
		    const uint8_t ip[IP_BYTES], uint32_t now_s, uint32_t rates_r[RATE_CLAIMS]);

/* What the logger is told so that it counts this session.  Returns its length in bytes; 0: the
 * rules have no rates. */
size_t rates_claim(const struct rules *rules, const uint8_t session[UUID_BYTES],
		   const uint8_t ip[IP_BYTES], struct rate_claim *claim_r);

#endif
