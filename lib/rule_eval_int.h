/*
 * rule_eval_int.h: what the files of the evaluation of rules share; private to them.
 */
#ifndef SMTPTRAP_RULE_EVAL_INT_H
#define SMTPTRAP_RULE_EVAL_INT_H

#include "rule_has.h"
#include "rule_int.h"

/* What was made ready for conditions. */
enum ready {
	READY_FROM = 1 << 0,
	READY_TO = 1 << 1,
	READY_HELO = 1 << 2,
	READY_HOSTS = 1 << 3,
	READY_FROM_HAS = 1 << 4,
	READY_TO_HAS = 1 << 5,
	READY_HELO_HAS = 1 << 6,
	READY_IP = 1 << 7,
};

/* One evaluation.  What is not ready holds nothing. */
struct eval {
	const struct rules *rules;
	const struct rule_facts *facts;
	const struct rule_trace *trace;
	const struct rule_address *to; /* the recipient in question */
	struct rule_address recipient; /* after RULE_RCPT: it is here */
	unsigned ready;
	uint64_t ip[2], local[2];
	struct rule_has from_has, to_has, helo_has;
	struct rule_mailbox from, to_mailbox;
	struct rule_name helo, host[RULE_NAMES_MAX];
	size_t hosts;
};

/* Whether this is the first call for this bit. */
bool rule_eval_first(struct eval *e, enum ready bit);

/* What a condition, no operation that joins others, says. */
enum rule_truth rule_eval_condition(struct eval *e, const struct rule_op *op);

/* What conditions look at; made ready at the first call. */
const struct rule_mailbox *rule_eval_from(struct eval *e);
const struct rule_mailbox *rule_eval_to(struct eval *e);
const struct rule_name *rule_eval_helo(struct eval *e);
void rule_eval_hosts(struct eval *e);
void rule_eval_ips(struct eval *e);

/* The bits of the rules that can match in this phase, or with a trace of all that run in it; there
 * are rules->index.words words. */
void rule_eval_candidates(struct eval *e, enum rule_phase phase, uint64_t *candidates);

#endif
