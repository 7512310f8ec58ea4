/*
 * rule_has.h: what addresses, HELO names and reverse names look like: from-has, helo-has, dns.
 */
#ifndef SMTPTRAP_RULE_HAS_H
#define SMTPTRAP_RULE_HAS_H

#include "rule_table.h"

/* What holds, and what is not known; the rest does not hold. */
struct rule_has {
	uint32_t is, unknown;
};

/* Bits of enum rule_address_flag.  What DNS says is asked of addresses with a usual domain only;
 * of others none of it holds. */
struct rule_has rule_has_address(const struct rule_address *address);

/* Bits of enum rule_helo_flag; all are known. */
struct rule_has rule_has_helo(const struct rule_facts *facts);

/* Bits of enum rule_dns_flag. */
struct rule_has rule_has_dns(const struct rule_facts *facts);

/* Whether one of the wanted bits is there. */
static inline enum rule_truth rule_has_any(struct rule_has has, uint32_t wanted)
{
	if (has.is & wanted)
		return RULE_YES;
	return has.unknown & wanted ? RULE_UNKNOWN : RULE_NO;
}

#endif
