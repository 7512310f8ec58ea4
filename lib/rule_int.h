/*
 * rule_int.h: compiled rules; private to rule_*.
 *
 * All is in arrays that are written once.  The conditions of a clause are a run of operations: an
 * operation that joins others stands in front of them, and each knows how many it spans.
 */
#ifndef SMTPTRAP_RULE_INT_H
#define SMTPTRAP_RULE_INT_H

#include "rule_ast.h"
#include "rule_index.h"
#include "rule_regex.h"
#include "rule_set.h"

enum rule_op_kind {
	RULE_OP_ALL_OF,
	RULE_OP_ANY_OF,
	RULE_OP_NOT,
	RULE_OP_ALWAYS,
	RULE_OP_NEVER_KNOWN, /* looks into an empty file, or could not be compiled */
	RULE_OP_FROM,
	RULE_OP_FROM_SET,
	RULE_OP_TO,
	RULE_OP_TO_SET,
	RULE_OP_HELO,
	RULE_OP_HELO_SET,
	RULE_OP_HOST,
	RULE_OP_HOST_SET,
	RULE_OP_SOURCE,
	RULE_OP_SOURCE_SET,
	RULE_OP_IP,
	RULE_OP_IP_SET,
	RULE_OP_LOCAL,
	RULE_OP_LOCAL_SET,
	RULE_OP_LOCAL_PORT,
	RULE_OP_LISTENER,
	RULE_OP_LISTED, /* dnsbl, dbl */
	RULE_OP_TLS,
	RULE_OP_TEXT,
	RULE_OP_TEXT_SET,
	RULE_OP_FROM_HAS,
	RULE_OP_TO_HAS,
	RULE_OP_HELO_HAS,
	RULE_OP_DNS,
	RULE_OP_SIZE,
	RULE_OP_HEADER,
	RULE_OP_BODY,
	RULE_OP_RATE,
	RULE_OP_TIME,
	RULE_OP_RANDOM,
	RULE_OP_COUNT
};

#define RULE_OP_LISTS_MAX 3 /* dbl asks for as many names */

struct rule_op {
	uint8_t kind;   /* enum rule_op_kind */
	uint8_t which;  /* enum rule_text; of RULE_OP_LISTED the number of lists */
	uint16_t facts; /* enum rule_fact: unknown without any of them */
	uint32_t span;  /* operations, itself included */
	union {
		struct rule_pattern pattern;
		const struct rule_set *set;
		const struct rule_nets *nets;
		const char *listener;
		struct {
			uint64_t ip[2], mask[2];
		} net;
		uint32_t bits;                    /* flags, or a mask of enum rule_tls */
		uint32_t list[RULE_OP_LISTS_MAX]; /* numbers of look-ups */
		struct {
			uint64_t min, max; /* both included */
		} range;
		struct {
			uint32_t rate, over;
		} rate;
		struct {
			const struct rule_regex *regex;
			struct span name;
			uint32_t number; /* among the patterns of these rules */
		} match;
	};
};

/* What only people want to know of an operation; the arrays run side by side. */
struct rule_op_text {
	const char *text; /* as in the file: "from @b" */
	const char *file;
	uint32_t line, column;
};

/*
 * A condition, or its not, without which rules that stand under nothing cannot match: it is tried
 * once for all of them.  The array is dense, so that many are tried fast.
 */
struct rule_guard {
	struct rule_op op;
	uint32_t first, count; /* its rules, in struct rules.guarded */
	bool negated;
	uint8_t phases; /* in which one of its rules runs */
};

struct rule_clause {
	uint32_t op;
	uint32_t options; /* number of a struct rule_options; 0: none */
	const char *place;
};

struct rule {
	uint32_t clause, nclauses;
	uint8_t action; /* enum rule_action */
	bool keeping;
	bool each_to;   /* after RULE_RCPT: to be tried with each recipient */
	uint8_t phases; /* 1 << enum rule_phase: where it runs */
};

struct rules {
	struct rule *rule;
	struct rule_clause *clause;
	struct rule_op *op;
	struct rule_op_text *op_text;
	struct rule_options *options; /* [0] has nothing set */
	struct rule_lookup *lookup;
	struct rule_rate *rate;
	const char **tag;
	size_t nrules, nclauses, nops, noptions, nlookups, nrates, ntags;
	struct rule_index index;
	struct rule_guard *guard;
	uint32_t *guarded;
	size_t nguards;
	const uint64_t *runs[RULE_PHASE_COUNT]; /* a bit a rule: it runs in this phase */
	uint32_t facts[RULE_PHASE_COUNT];
};

/* 16 bytes of an address as two numbers, first byte highest. */
static inline void rule_ip_words(const uint8_t ip[IP_BYTES], uint64_t words_r[2])
{
	for (int w = 0; w < 2; w++) {
		words_r[w] = 0;
		for (int i = 0; i < 8; i++)
			words_r[w] = words_r[w] << 8 | ip[8 * w + i];
	}
}

#endif
