/*
 * rule_pattern.h: patterns of addresses, host names and words, and what they are held against.
 *
 * A name is prepared once, from its end to its start: the hash of each run of labels at its end
 * falls out on the way, so that holding it against a pattern is mostly one comparison of numbers,
 * and looking it up in a set costs no further reading.  Letters' case does not count (ASCII).
 */
#ifndef SMTPTRAP_RULE_PATTERN_H
#define SMTPTRAP_RULE_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

#define RULE_LABELS_MAX 32 /* of a pattern's domain; names may have more */

/* FNV-1a, over bytes from the last to the first. */
#define RULE_HASH_START 0xcbf29ce484222325u

static inline uint8_t rule_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline uint64_t rule_hash_byte(uint64_t hash, uint8_t c)
{
	return (hash ^ rule_lower(c)) * 0x100000001b3u;
}

/* The bytes put in front of what hash was made of. */
uint64_t rule_hash(uint64_t hash, struct span bytes);

/* Equal, case aside; b is in lower case. */
bool rule_same(struct span a, struct span b);

enum rule_pattern_kind {
	/* of addresses */
	RULE_PATTERN_NULL,       /* <> */
	RULE_PATTERN_ADDRESS,    /* a@b, and a */
	RULE_PATTERN_LOCAL,      /* a@ */
	RULE_PATTERN_DOMAIN,     /* @b */
	RULE_PATTERN_SUBDOMAINS, /* @.b: b and all below */
	RULE_PATTERN_ANY,        /* @ */
	/* of host names */
	RULE_PATTERN_HOST,     /* b */
	RULE_PATTERN_SUBHOSTS, /* .b: b and all below */
	/* of words */
	RULE_PATTERN_WORD,
	RULE_PATTERN_GLOB, /* * any bytes, ? one */
};

struct rule_pattern {
	enum rule_pattern_kind kind;
	uint32_t labels;  /* of a domain's */
	uint64_t hash;    /* of text */
	struct span text; /* what is compared, in lower case, without @ and the dot in front */
};

/*
 * Read the pattern in the *len bytes at text, which are made lower case, and may lose a dot at
 * the end.  Returns NULL, or what is wrong.  *pattern_r points into text.
 */
const char *rule_pattern_address(struct rule_pattern *pattern_r, char *text, size_t *len);
const char *rule_pattern_host(struct rule_pattern *pattern_r, char *text, size_t *len);
const char *rule_pattern_word(struct rule_pattern *pattern_r, char *text, size_t *len);

/* A host name or a domain, prepared. */
struct rule_name {
	struct span text;                 /* without a dot at the end; empty: matches nothing */
	uint64_t hash;                    /* of all of it */
	uint32_t labels;                  /* those of suffix */
	uint64_t suffix[RULE_LABELS_MAX]; /* [i]: hash of the last i + 1 labels */
	uint16_t at[RULE_LABELS_MAX];     /* where they begin, from the end */
};

void rule_name_init(struct rule_name *name, struct span text);

/* A host name, whose dot at the end, unless it is all, does not count. */
void rule_name_init_host(struct rule_name *name, struct span text);

/* An address, prepared.  One that begins or ends with @ is matched by no pattern. */
struct rule_mailbox {
	struct span text;
	struct span local; /* what is before the last @, or all */
	bool null;         /* <> */
	bool broken;
	bool has_domain;
	uint64_t hash;       /* of all of it */
	uint64_t local_hash; /* of local */
	struct rule_name domain;
};

void rule_mailbox_init(struct rule_mailbox *mailbox, struct span address);

bool rule_pattern_match_name(const struct rule_pattern *pattern, const struct rule_name *name);
bool rule_pattern_match_mailbox(const struct rule_pattern *pattern,
				const struct rule_mailbox *mailbox);
bool rule_pattern_match_word(const struct rule_pattern *pattern, struct span word);

/* Whether something can match both. */
bool rule_patterns_meet(const struct rule_pattern *a, const struct rule_pattern *b);

/* Whether all that matches a matches b. */
bool rule_pattern_within(const struct rule_pattern *a, const struct rule_pattern *b);

#endif
