/*
 * rule_set.h: many patterns in a hash table, and many networks in sorted ranges.
 *
 * Both are made once where a configuration is read, and only read afterwards: workers share them
 * with the master, page for page.
 */
#ifndef SMTPTRAP_RULE_SET_H
#define SMTPTRAP_RULE_SET_H

#include "arena.h"
#include "ip.h"
#include "rule_pattern.h"

/* 4 bytes of a pattern's hash beside its place: most misses never look at the text. */
struct rule_slot {
	uint32_t tag;
	uint32_t at; /* of its text, plus 1; 0: free */
};

struct rule_set {
	const char *text; /* the patterns, each ends with a NUL */
	struct rule_slot *slots;
	size_t mask; /* number of slots less 1 */
	size_t count;
};

/* Room for at most max patterns, whose texts lie in text.  Returns 0 or ERR_MEMORY. */
int rule_set_init(struct rule_set *set, struct arena *arena, const char *text, size_t max);

/* Add the pattern at text + at, len bytes in lower case with a NUL behind. */
void rule_set_add(struct rule_set *set, size_t at, size_t len);

/* Whether a pattern of the set matches. */
bool rule_set_match_mailbox(const struct rule_set *set, const struct rule_mailbox *mailbox);
bool rule_set_match_name(const struct rule_set *set, const struct rule_name *name);
bool rule_set_match_word(const struct rule_set *set, struct span word);

/* ---- networks ---- */

struct rule_range4 {
	uint32_t first, last;
};

struct rule_range6 {
	uint8_t first[IP_BYTES], last[IP_BYTES];
};

/* Ranges that do not touch, in order. */
struct rule_nets {
	struct rule_range4 *v4;
	struct rule_range6 *v6;
	size_t n4, n6;
};

/* Room for at most max networks.  Returns 0 or ERR_MEMORY. */
int rule_nets_init(struct rule_nets *nets, struct arena *arena, size_t max);
void rule_nets_add(struct rule_nets *nets, const struct ip_net *net);

/* After the last one: sort and join them. */
void rule_nets_finish(struct rule_nets *nets);

bool rule_nets_match(const struct rule_nets *nets, const uint8_t ip[IP_BYTES]);

/* Whether the sets share an address; whether all of a are in b. */
bool rule_nets_meet(const struct rule_nets *a, const struct rule_nets *b);
bool rule_nets_within(const struct rule_nets *a, const struct rule_nets *b);

#endif
