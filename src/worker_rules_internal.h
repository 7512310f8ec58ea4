/*
 * worker_rules_internal.h: what the files of worker_rules.h share.
 */
#ifndef SMTPTRAP_WORKER_RULES_INTERNAL_H
#define SMTPTRAP_WORKER_RULES_INTERNAL_H

#include "buf.h"
#include "dialect.h"
#include "dns_msg.h"
#include "rule.h"
#include "worker_rules.h"
#include "worker_session.h"

#define RULES_LOOKUPS 64   /* that rules can have */
#define RULES_NOTES_MAX 16 /* different ones of a session; more say nothing new */

/* What the last decision in a phase says of messages that come by it. */
struct rules_said {
	const char *rule, *note, *keep; /* NULL: nothing */
	enum rule_action action;        /* of rule */
	uint64_t tags;
};

struct worker_rules {
	const struct rules *rules;
	struct rule_facts facts;
	uint8_t lookups[RULES_LOOKUPS];

	/* of the present session, zeroed for each */
	struct rules_state {
		struct rule_session session;
		struct rule_verdict verdict; /* the last one */
		enum rule_phase phase;       /* of that */
		struct rule_verdict connect; /* that of @connect waits for the greeting */
		uint64_t delay_us;           /* due before the next reply */
		bool from_routed;
		bool has_ja3, has_ja4;
		uint8_t ja3[2 * DIGEST_MD5];
		char ja4[JA4_TEXT];
		char dialect[DIALECT_HASH];
		struct span names[RULE_NAMES_MAX];
		struct dns_lookup *asked[RULES_LOOKUPS]; /* of those with one question at a time */
		struct rules_said said[RULE_PHASE_COUNT];
		struct rules_decision {
			const char *rule; /* NULL: none decided */
			enum rule_phase phase;
			enum rule_action action;
		} decision; /* the last */
		const char *note[RULES_NOTES_MAX];
		size_t notes;
		uint64_t tags;
	} state;
	uint8_t reply[SMTP_REPLY_MAX];
};

/* ---- worker_rules_facts.c ---- */

/* Bring the facts up to a phase; p: the command that is looked at, NULL where there is none. */
void rules_facts_update(struct session *s, enum rule_phase phase, const struct smtp_proposal *p);

/* ---- worker_rules_dns.c ---- */

/* Ask what the phase makes known, and wait for what its rules look at; fills the facts. */
void rules_dns_update(struct session *s, enum rule_phase phase);

/* What the DNS says of a recipient's domain. */
enum rule_domain rules_dns_recipient(struct session *s, struct span address);

/* ---- worker_rules_reply.c ---- */

/* The reply that a verdict makes, in w->reply; code 0 where it is the machine's own.  id: of the
 * record. */
struct smtp_judgement rules_judgement(struct session *s, enum rule_phase phase,
				      const struct rule_verdict *verdict, const char *id);

#endif
