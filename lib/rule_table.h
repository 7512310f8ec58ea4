/*
 * rule_table.h: every word of the language of rules.
 */
#ifndef SMTPTRAP_RULE_TABLE_H
#define SMTPTRAP_RULE_TABLE_H

#include "conf_tree.h"
#include "rule.h"

enum rule_condition {
	RULE_IF_ALL,
	RULE_IF_FROM,
	RULE_IF_TO,
	RULE_IF_HELO,
	RULE_IF_HOST,
	RULE_IF_SOURCE,
	RULE_IF_IP,
	RULE_IF_LOCAL,
	RULE_IF_DNSBL,
	RULE_IF_DBL,
	RULE_IF_TLS,
	RULE_IF_TEXT, /* cipher, ja3, ja4, sni, arm, dialect */
	RULE_IF_FROM_HAS,
	RULE_IF_TO_HAS,
	RULE_IF_HELO_HAS,
	RULE_IF_DNS,
	RULE_IF_SIZE,
	RULE_IF_HEADER,
	RULE_IF_BODY,
	RULE_IF_RATE,
	RULE_IF_TIME,
	RULE_IF_RANDOM,
	RULE_CONDITION_COUNT
};

/* What stands behind a condition or an option. */
enum rule_shape {
	RULE_SHAPE_NONE,
	RULE_SHAPE_WORD,
	RULE_SHAPE_LIST,      /* WORD,WORD,... */
	RULE_SHAPE_LIST_WORD, /* the same, then a word */
	RULE_SHAPE_COMPARE,   /* WORD, or a sign of comparison and a word */
	RULE_SHAPE_LOCAL,     /* WORD, or port or listener and a word */
	RULE_SHAPE_HEADER,    /* WORD, then a pattern */
	RULE_SHAPE_PATTERN,
	RULE_SHAPE_RATE,  /* N per T, or N per T by LIST */
	RULE_SHAPE_LINES, /* a word that may have several lines */
	RULE_SHAPE_CODE,  /* WORD, or one and an enhanced code */
	RULE_SHAPE_TLS,   /* WORD, or profile and a word */
	RULE_SHAPE_COUNT
};

struct rule_condition_row {
	const char *word;
	enum rule_condition condition;
	enum rule_shape shape;
	enum rule_phase phase; /* the first one in which it can be known */
	uint32_t facts;        /* enum rule_fact: unknown without any of them */
	const char *form;      /* what it needs behind, for errors */
	unsigned which;        /* of RULE_IF_TEXT: enum rule_text */
};

enum rule_option_kind {
	RULE_OPTION_MESSAGE,
	RULE_OPTION_CODE,
	RULE_OPTION_NOTE,
	RULE_OPTION_TAG,
	RULE_OPTION_KEEP,
	RULE_OPTION_TLS,
	RULE_OPTION_DELAY,
	RULE_OPTION_SLOW,
	RULE_OPTION_DROP,
	RULE_OPTION_YAKKER,
	RULE_OPTION_COUNT
};

struct rule_option_row {
	const char *word;
	enum rule_option_kind option;
	enum rule_shape shape;
	const char *form;
};

/* A word of a list, and what it stands for. */
struct rule_flag {
	const char *word;
	uint32_t bits;
};

/* Bits of from-has and to-has. */
enum rule_address_flag {
	RULE_ADDRESS_ROUTE = 1 << 0,
	RULE_ADDRESS_NOAT = 1 << 1,
	RULE_ADDRESS_QUOTED = 1 << 2,
	RULE_ADDRESS_UNQUALIFIED = 1 << 3,
	RULE_ADDRESS_GARBAGE = 1 << 4,
	RULE_ADDRESS_RESOLVES = 1 << 5,
	RULE_ADDRESS_UNKNOWN = 1 << 6,
	RULE_ADDRESS_BADDOM = 1 << 7,
};
#define RULE_ADDRESS_BAD \
	(RULE_ADDRESS_NOAT | RULE_ADDRESS_QUOTED | RULE_ADDRESS_UNQUALIFIED | RULE_ADDRESS_GARBAGE)
#define RULE_ADDRESS_DNS (RULE_ADDRESS_RESOLVES | RULE_ADDRESS_UNKNOWN | RULE_ADDRESS_BADDOM)

/* Bits of helo-has. */
enum rule_helo_flag {
	RULE_HELO_NONE = 1 << 0,
	RULE_HELO_BOGUS = 1 << 1,
	RULE_HELO_HELO = 1 << 2,
	RULE_HELO_EHLO = 1 << 3,
	RULE_HELO_NODOTS = 1 << 4,
	RULE_HELO_BAREIP = 1 << 5,
	RULE_HELO_PROPERIP = 1 << 6,
	RULE_HELO_MYIP = 1 << 7,
	RULE_HELO_REMOTEIP = 1 << 8,
	RULE_HELO_OTHERIP = 1 << 9,
};

/* Bits of dns. */
enum rule_dns_flag {
	RULE_DNS_NODNS = 1 << 0,
	RULE_DNS_NOFORWARD = 1 << 1,
	RULE_DNS_INCONSISTENT = 1 << 2,
	RULE_DNS_EXISTS = 1 << 3,
	RULE_DNS_GOOD = 1 << 4,
};

/* Bits of the sources of dbl. */
enum rule_dbl_source {
	RULE_DBL_HOST = 1 << 0,
	RULE_DBL_HELO = 1 << 1,
	RULE_DBL_FROM = 1 << 2,
};

/* The first three end with a word of NULL. */
extern const struct rule_flag rule_phases[];    /* enum rule_phase */
extern const struct rule_flag rule_actions[];   /* enum rule_action */
extern const struct rule_flag rule_tls_words[]; /* enum rule_tls, off left out */
extern const struct rule_condition_row rule_conditions[];
extern const struct rule_option_row rule_options_table[];

/* The words of a condition's list, ending with a word of NULL; NULL: it has none. */
const struct rule_flag *rule_flags_of(enum rule_condition condition);

/* The row of this bare word, or NULL. */
const struct rule_flag *rule_flag_find(const struct rule_flag *flags, const struct conf_word *word);
const struct rule_condition_row *rule_condition_find(const struct conf_word *word);
const struct rule_option_row *rule_option_find(const struct conf_word *word);

#endif
