/*
 * rule.h: the rules that decide what is accepted, refused, stalled and kept; smtptrap-rules(5).
 *
 * Rules are compiled once, in the master, to flat arrays that workers inherit and only read.
 * Evaluation allocates nothing, asks nobody and keeps nothing: what is known comes in as facts,
 * what is not known is unknown, and an unknown condition neither holds nor does its "not".
 *
 * How a session uses them:
 *   rule_scratch_new() once a process; a zeroed struct rule_session for each client
 *   at each phase: put into the facts what has become known (rules_facts() tells what is looked
 *   at, rules_lookup() which DNS look-ups), then rule_decide(), and do what the verdict says
 */
#ifndef SMTPTRAP_RULE_H
#define SMTPTRAP_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"
#include "span.h"

enum rule_phase {
	RULE_CONNECT, /* before the greeting */
	RULE_HELO,    /* HELO or EHLO */
	RULE_MAIL,    /* MAIL FROM */
	RULE_RCPT,    /* each RCPT TO */
	RULE_DATA,    /* DATA or the first BDAT, before the message */
	RULE_MESSAGE, /* after the message */
	RULE_PHASE_COUNT
};

enum rule_action {
	RULE_UNDECIDED, /* no rule decides: the daemon does what it does without rules */
	RULE_ACCEPT,
	RULE_DISCARD, /* say 250, keep the record only */
	RULE_STALL,   /* 4xx */
	RULE_REJECT,  /* 5xx */
	RULE_SET,     /* of rules, never of verdicts */
	RULE_ACTION_COUNT
};

/* "@connect" ...; "undecided", "accept" ... */
const char *rule_phase_name(enum rule_phase phase);
const char *rule_action_name(enum rule_action action);

/* ---- facts ---- */

/* Bits of struct rule_facts.known: which of its members count.  What every session has (client,
 * local, time) has no bit. */
enum rule_fact {
	RULE_FACT_RANDOM = 1 << 0,
	RULE_FACT_RATES = 1 << 1,
	RULE_FACT_RDNS = 1 << 2,
	RULE_FACT_HELO = 1 << 3,
	RULE_FACT_TLS = 1 << 4,
	RULE_FACT_CIPHER = 1 << 5,
	RULE_FACT_JA3 = 1 << 6,
	RULE_FACT_JA4 = 1 << 7,
	RULE_FACT_SNI = 1 << 8,
	RULE_FACT_ARM = 1 << 9,
	RULE_FACT_DIALECT = 1 << 10,
	RULE_FACT_FROM = 1 << 11,
	RULE_FACT_TO = 1 << 12,
	RULE_FACT_SIZE = 1 << 13,
	RULE_FACT_MESSAGE = 1 << 14,
	RULE_FACT_LOOKUPS = 1 << 15,
};

/* The facts that are texts. */
enum rule_text {
	RULE_TEXT_CIPHER,
	RULE_TEXT_JA3,
	RULE_TEXT_JA4,
	RULE_TEXT_SNI,
	RULE_TEXT_ARM,
	RULE_TEXT_DIALECT,
	RULE_TEXT_COUNT
};

enum rule_tls {
	RULE_TLS_OFF,
	RULE_TLS_SSL3,
	RULE_TLS_1_0,
	RULE_TLS_1_1,
	RULE_TLS_1_2,
	RULE_TLS_1_3,
	RULE_TLS_COUNT
};

/* Values are chosen so that not is RULE_YES - x, and is the least, or the greatest. */
enum rule_truth { RULE_NO, RULE_UNKNOWN, RULE_YES };

/* What DNS says of a domain that mail comes from or goes to. */
enum rule_domain {
	RULE_DOMAIN_UNASKED,  /* nobody asked: resolves, unknown and baddom are all unknown */
	RULE_DOMAIN_RESOLVES, /* mail could be delivered there */
	RULE_DOMAIN_UNKNOWN,  /* DNS gives no definite answer */
	RULE_DOMAIN_BADDOM    /* it could not */
};

struct rule_address {
	struct span address; /* without angle brackets; empty: <> */
	bool routed;         /* there was a source route, perhaps taken off */
	enum rule_domain domain;
};

struct rule_facts {
	uint32_t known; /* enum rule_fact */
	uint8_t client[IP_BYTES];
	uint8_t local[IP_BYTES];
	uint16_t local_port;
	const char *listener;  /* its name; NULL: none */
	uint64_t now_us;       /* since 1970, UTC */
	uint32_t random;       /* evenly spread, the same all through a session */
	const uint32_t *rates; /* one for each rules_rate(); RULE_RATE_UNKNOWN */
	const uint8_t
	    *lookups; /* enum rule_truth, one for each rules_lookup() with a zone: listed */
	struct {
		const struct span *names; /* verified reverse names; a dot at the end is ignored */
		size_t count;             /* those beyond RULE_NAMES_MAX are not looked at */
		bool noforward;           /* there are names without an address */
		bool inconsistent;        /* there are names with other addresses only */
		bool uncertain;           /* of some names, or of all, DNS could not tell */
	} rdns;
	struct span helo; /* the argument of HELO or EHLO */
	bool esmtp;       /* it was EHLO */
	enum rule_tls tls;
	struct span text[RULE_TEXT_COUNT]; /* bytes NULL: there is none, as without TLS */
	struct rule_address from;
	struct rule_address to; /* at RULE_RCPT: the recipient in question */
	/* After that: the accepted recipients in turn; *at is 0 at first; false after the last.
	 * Their spans stay valid until the evaluation ends. */
	bool (*next_to)(void *ctx, size_t *at, struct rule_address *to_r);
	void *next_to_ctx;
	uint64_t size;       /* what MAIL declared, from RULE_MESSAGE on the bytes received */
	struct span message; /* header and body as received */
	struct rule_scratch *scratch; /* NULL: header and body are unknown */
};
#define RULE_RATE_UNKNOWN UINT32_MAX
#define RULE_NAMES_MAX 8

/* ---- what rules say besides the action ---- */

enum rule_set_bit {
	RULE_SET_MESSAGE = 1 << 0,
	RULE_SET_CODE = 1 << 1,
	RULE_SET_NOTE = 1 << 2,
	RULE_SET_KEEP = 1 << 3,
	RULE_SET_TLS = 1 << 4,
	RULE_SET_DELAY = 1 << 5,
	RULE_SET_SLOW = 1 << 6,
	RULE_SET_DROP = 1 << 7,
	RULE_SET_YAKKER = 1 << 8,
};

enum rule_tls_option {
	RULE_TLS_OPTION_OFF,
	RULE_TLS_OPTION_NO_CLIENT_CERT,
	RULE_TLS_OPTION_PROFILE
};

#define RULE_TAGS_MAX 64      /* different tags in all rules: bits of a word */
#define RULE_TAG_LEN 32       /* bytes of a tag or label */
#define RULE_NOTE_MAX 200     /* bytes of a note */
#define RULE_MESSAGE_MAX 1200 /* bytes of a message: with codes in one reply, SMTP_REPLY_MAX */
#define RULE_MESSAGE_LINES 10 /* its lines */
#define RULE_MESSAGE_LINE 400 /* bytes of one, placeholders filled in: RFC 5321, 4.5.3.1.5 */
#define RULE_DELAY_MAX (600ull * 1000 * 1000) /* RFC 5321, 4.5.3.2: clients wait 5 min or more */
#define RULE_SLOW_MAX 1000000                 /* bytes a second: faster is not slow */

/* Options in force; set tells which members count. */
struct rule_options {
	uint32_t set;         /* enum rule_set_bit */
	uint16_t code;        /* of the reply, 400 to 599 */
	uint8_t tls;          /* enum rule_tls_option */
	const char *enhanced; /* "5.7.1"; NULL: code is given without */
	const char *message;  /* lines apart by LF; see rule_reply_put() */
	const char *note;     /* for the record */
	const char *keep;     /* label of the stream to keep the message in */
	const char *profile;  /* of RULE_TLS_OPTION_PROFILE */
	uint64_t delay_us;    /* before the reply */
	uint64_t tags;        /* bit i: rules_tag(i) */
	uint32_t slow;        /* bytes a second of replies from now on */
};

/*
 * What the rules say in one phase.  Pointers are the rules'.  message, code, delay and drop are
 * for this phase's reply; slow and yakker stay for the session, tags and notes go into the
 * record, keep counts at RULE_MESSAGE.  code fits the action, or is not set.
 */
struct rule_verdict {
	enum rule_action action;
	bool keeping;     /* of RULE_REJECT at RULE_MESSAGE: keep the message */
	bool deferred;    /* a verdict on MAIL FROM:<> that each RCPT will get */
	const char *rule; /* "FILE:LINE" of the clause that decided; NULL: none did */
	struct rule_options options;
};

/* ---- rules ---- */

struct rules;
struct conf_errors;

size_t rules_count(const struct rules *rules);

/* Facts that rules look at in this phase: enum rule_fact, a mask. */
uint32_t rules_facts(const struct rules *rules, enum rule_phase phase);

const char *rules_tag(const struct rules *rules, size_t i); /* NULL: no such one */

/* A DNS look-up that rules need. */
enum rule_lookup_kind {
	RULE_LOOKUP_REVERSE, /* names of the client; answers go to facts.rdns */
	RULE_LOOKUP_DNSBL,   /* the client's address in a zone */
	RULE_LOOKUP_DBL,     /* a name in a zone */
	RULE_LOOKUP_DOMAIN   /* whether mail to a domain could be delivered: rule_address.domain */
};
enum rule_subject {
	RULE_SUBJECT_CLIENT,
	RULE_SUBJECT_HOST, /* every reverse name, verified or not; listed if one is */
	RULE_SUBJECT_HELO,
	RULE_SUBJECT_FROM, /* its domain */
	RULE_SUBJECT_TO
};
struct rule_lookup {
	enum rule_lookup_kind kind;
	enum rule_subject subject;
	const char *zone;      /* without a dot at its end; NULL: none */
	enum rule_phase phase; /* the first one that looks at the answer */
};
const struct rule_lookup *rules_lookup(const struct rules *rules, size_t i); /* NULL: no such one */

/* A count of recent sessions that rules need: those of the client's network in the time up to
 * now, the present one included. */
struct rule_rate {
	uint64_t window_us;
	uint8_t bits4, bits6; /* the network: leading bits of an IPv4 or IPv6 address */
};
const struct rule_rate *rules_rate(const struct rules *rules, size_t i); /* NULL: no such one */

/* ---- evaluation ---- */

/* Memory that matching patterns needs; one a process.  NULL: there is no memory. */
struct rule_scratch *rule_scratch_new(void);
void rule_scratch_free(struct rule_scratch **scratch);

/* What evaluation tells on its way, for people. */
struct rule_trace {
	/* A clause is looked at; rule as in the verdict.  Its conditions follow, as far as they
	 * are needed, then what came of it. */
	void (*begin)(void *ctx, const char *rule, enum rule_action action);
	void (*condition)(void *ctx, const char *text, enum rule_truth truth);
	void (*end)(void *ctx, enum rule_truth truth, const struct rule_options *options);
	void *ctx;
};

/* Evaluate the rules of one phase.  rules NULL: nothing is decided. */
void rule_eval(const struct rules *rules, enum rule_phase phase, const struct rule_facts *facts,
	       const struct rule_trace *trace, struct rule_verdict *verdict_r);

/* What a session remembers between phases.  Zero it for each client. */
struct rule_session {
	bool deferred;
	struct rule_verdict verdict;
};

/*
 * The same, and MAIL FROM:<> is never refused (RFC 5321, 4.5.5: bounces have that sender): a
 * verdict of stall or reject waits, and is that of each RCPT until the next MAIL or HELO.
 */
void rule_decide(struct rule_session *session, const struct rules *rules, enum rule_phase phase,
		 const struct rule_facts *facts, const struct rule_trace *trace,
		 struct rule_verdict *verdict_r);

/* ---- replies ---- */

struct buf;

/* What fills the placeholders of a message. */
struct rule_reply_names {
	const char *id; /* of the record */
	const char *ip; /* the client's, as text */
};

/* Append the reply with this code to `to`: all lines with CRLF; enhanced "" or NULL: without. */
void rule_reply_put(struct buf *to, unsigned code, const char *enhanced, const char *message,
		    const struct rule_reply_names *names);

#endif
