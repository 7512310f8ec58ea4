/*
 * rule_index.h: which rules can match at all; private to rule_*.
 *
 * Most rules need some one fact to be something in particular: this sender, that HELO name, an
 * address in a network.  They stand in a hash table under that, and a session looks up what it
 * is: a thousand rules cost no more than the few that are found, and those that stand under
 * nothing.  Hits are only candidates; evaluation decides.
 */
#ifndef SMTPTRAP_RULE_INDEX_H
#define SMTPTRAP_RULE_INDEX_H

#include "arena.h"
#include "rule_pattern.h"

struct rules;
struct rule_facts;

/* What a hash is of; bits of rule_index.spaces. */
enum rule_space {
	RULE_SPACE_FROM_NULL,
	RULE_SPACE_FROM_ADDRESS,
	RULE_SPACE_FROM_LOCAL,
	RULE_SPACE_FROM_DOMAIN,
	RULE_SPACE_FROM_BELOW,
	RULE_SPACE_TO_ADDRESS,
	RULE_SPACE_TO_LOCAL,
	RULE_SPACE_TO_DOMAIN,
	RULE_SPACE_TO_BELOW,
	RULE_SPACE_HELO,
	RULE_SPACE_HELO_BELOW,
	RULE_SPACE_HOST,
	RULE_SPACE_HOST_BELOW,
	RULE_SPACE_IP,
	RULE_SPACE_LOCAL,
	RULE_SPACE_PORT,
	RULE_SPACE_TEXT, /* and one more for each enum rule_text behind it */
	RULE_SPACE_COUNT = RULE_SPACE_TEXT + 6
};

#define RULE_PREFIXES_MAX 129 /* lengths of prefixes */

struct rule_index_slot {
	uint64_t key;
	uint32_t first, count; /* in rules; count 0: free */
};

struct rule_index {
	struct rule_index_slot *slots;
	size_t mask;
	const uint32_t *rules;
	uint32_t spaces;
	uint8_t prefix[2][RULE_PREFIXES_MAX]; /* lengths that rules have, of client and local */
	uint8_t nprefix[2];
	uint64_t *always; /* a bit a rule: it stands under nothing */
	size_t words;     /* of such bits */
};

/* Set the bits of the rules that stand under this. */
void rule_index_find(const struct rule_index *index, enum rule_space space, uint64_t hash,
		     uint64_t *candidates);

/* What networks stand under: the words of the address, masked, and the length of the prefix. */
uint64_t rule_index_net_hash(const uint64_t ip[2], unsigned bits);

/* Make rules->index.  Returns 0 or ERR_MEMORY. */
int rule_index_build(struct rules *rules, struct arena *arena);

#endif
