/*
 * rule_eval.c: rules held against what is known of a session.
 *
 * Runs in workers, and in smtptrap explain.  Rules were checked when they were compiled; facts
 * come from clients.  Nothing is allocated and nothing is asked; what a look at an address, a
 * name or a list of names needs is made once an evaluation, when the first condition wants it.
 * Conditions are RULE_YES, RULE_NO or RULE_UNKNOWN (Kleene's logic), and only YES counts.
 */
#include "rule_eval_int.h"

/* Kilobytes that are written before they are read need not be cleared first. */
#define UNINITIALIZED __attribute__((uninitialized))

typedef enum rule_truth condition_fn(struct eval *e, const struct rule_op *op);

static enum rule_truth truth(bool holds)
{
	return holds ? RULE_YES : RULE_NO;
}

/* ---- conditions ---- */

static enum rule_truth is_always(struct eval *e, const struct rule_op *op)
{
	(void)e, (void)op;
	return RULE_YES;
}

static enum rule_truth is_never_known(struct eval *e, const struct rule_op *op)
{
	(void)e, (void)op;
	return RULE_UNKNOWN;
}

static enum rule_truth is_from(struct eval *e, const struct rule_op *op)
{
	return truth(rule_pattern_match_mailbox(&op->pattern, rule_eval_from(e)));
}

static enum rule_truth is_from_set(struct eval *e, const struct rule_op *op)
{
	return truth(rule_set_match_mailbox(op->set, rule_eval_from(e)));
}

static enum rule_truth is_to(struct eval *e, const struct rule_op *op)
{
	return truth(rule_pattern_match_mailbox(&op->pattern, rule_eval_to(e)));
}

static enum rule_truth is_to_set(struct eval *e, const struct rule_op *op)
{
	return truth(rule_set_match_mailbox(op->set, rule_eval_to(e)));
}

static enum rule_truth is_helo(struct eval *e, const struct rule_op *op)
{
	return truth(rule_pattern_match_name(&op->pattern, rule_eval_helo(e)));
}

static enum rule_truth is_helo_set(struct eval *e, const struct rule_op *op)
{
	return truth(rule_set_match_name(op->set, rule_eval_helo(e)));
}

/* A name that is there holds also where others are uncertain. */
static enum rule_truth is_host(struct eval *e, const struct rule_op *op)
{
	rule_eval_hosts(e);
	for (size_t i = 0; i < e->hosts; i++)
		if (op->kind == RULE_OP_HOST || op->kind == RULE_OP_SOURCE
			? rule_pattern_match_name(&op->pattern, &e->host[i])
			: rule_set_match_name(op->set, &e->host[i]))
			return RULE_YES;
	bool all = e->facts->known & RULE_FACT_RDNS && !e->facts->rdns.uncertain;
	return all ? RULE_NO : RULE_UNKNOWN;
}

static enum rule_truth is_source(struct eval *e, const struct rule_op *op)
{
	const struct rule_mailbox *from = rule_eval_from(e);
	const struct rule_name *domain = &from->domain, *helo = rule_eval_helo(e);
	bool usable = from->has_domain && !from->broken;
	bool set = op->kind == RULE_OP_SOURCE_SET;

	if (set ? rule_set_match_name(op->set, helo) : rule_pattern_match_name(&op->pattern, helo))
		return RULE_YES;
	if (usable && (set ? rule_set_match_name(op->set, domain)
			   : rule_pattern_match_name(&op->pattern, domain)))
		return RULE_YES;
	return is_host(e, op);
}

static bool in_net(const struct rule_op *op, const uint64_t ip[2])
{
	return (((ip[0] ^ op->net.ip[0]) & op->net.mask[0]) |
		((ip[1] ^ op->net.ip[1]) & op->net.mask[1])) == 0;
}

static enum rule_truth is_ip(struct eval *e, const struct rule_op *op)
{
	rule_eval_ips(e);
	return truth(in_net(op, e->ip));
}

static enum rule_truth is_ip_set(struct eval *e, const struct rule_op *op)
{
	return truth(rule_nets_match(op->nets, e->facts->client));
}

static enum rule_truth is_local(struct eval *e, const struct rule_op *op)
{
	rule_eval_ips(e);
	return truth(in_net(op, e->local));
}

static enum rule_truth is_local_set(struct eval *e, const struct rule_op *op)
{
	return truth(rule_nets_match(op->nets, e->facts->local));
}

static enum rule_truth is_local_port(struct eval *e, const struct rule_op *op)
{
	return truth(e->facts->local_port == op->range.min);
}

static enum rule_truth is_listener(struct eval *e, const struct rule_op *op)
{
	return truth(e->facts->listener != NULL && strcmp(e->facts->listener, op->listener) == 0);
}

static enum rule_truth is_listed(struct eval *e, const struct rule_op *op)
{
	enum rule_truth best = RULE_NO;

	for (unsigned i = 0; i < op->which; i++) {
		enum rule_truth one = (enum rule_truth)e->facts->lookups[op->list[i]];
		if (one > best)
			best = one;
	}
	return best;
}

static enum rule_truth is_tls(struct eval *e, const struct rule_op *op)
{
	return truth((op->bits >> e->facts->tls & 1) != 0);
}

static enum rule_truth is_text(struct eval *e, const struct rule_op *op)
{
	struct span text = e->facts->text[op->which];

	return truth(text.bytes != NULL && rule_pattern_match_word(&op->pattern, text));
}

static enum rule_truth is_text_set(struct eval *e, const struct rule_op *op)
{
	struct span text = e->facts->text[op->which];

	return truth(text.bytes != NULL && rule_set_match_word(op->set, text));
}

static enum rule_truth has_from(struct eval *e, const struct rule_op *op)
{
	if (rule_eval_first(e, READY_FROM_HAS))
		e->from_has = rule_has_address(&e->facts->from);
	return rule_has_any(e->from_has, op->bits);
}

static enum rule_truth has_to(struct eval *e, const struct rule_op *op)
{
	if (rule_eval_first(e, READY_TO_HAS))
		e->to_has = rule_has_address(e->to);
	return rule_has_any(e->to_has, op->bits);
}

static enum rule_truth has_helo(struct eval *e, const struct rule_op *op)
{
	if (rule_eval_first(e, READY_HELO_HAS))
		e->helo_has = rule_has_helo(e->facts);
	return rule_has_any(e->helo_has, op->bits);
}

static enum rule_truth has_dns(struct eval *e, const struct rule_op *op)
{
	return rule_has_any(rule_has_dns(e->facts), op->bits);
}

static enum rule_truth is_size(struct eval *e, const struct rule_op *op)
{
	return truth(e->facts->size >= op->range.min && e->facts->size <= op->range.max);
}

/* Whether the message has the pattern: matched once, however many rules or recipients ask. */
static enum rule_truth has_pattern(struct eval *e, const struct rule_op *op)
{
	struct rule_scratch *scratch = e->facts->scratch;
	struct span message = e->facts->message;

	if (scratch == NULL)
		return RULE_UNKNOWN;
	uint8_t *kept = rule_regex_kept(scratch, op->match.number), own = RULE_REGEX_NOT_KEPT;
	if (kept == NULL)
		kept = &own;
	if (*kept == RULE_REGEX_NOT_KEPT)
		*kept = (uint8_t)(op->kind == RULE_OP_HEADER
				      ? rule_regex_match_header(op->match.regex, op->match.name,
								message, scratch)
				      : rule_regex_match_body(op->match.regex, message, scratch));
	return (enum rule_truth) * kept;
}

static enum rule_truth is_rate(struct eval *e, const struct rule_op *op)
{
	uint32_t count = e->facts->rates[op->rate.rate];

	return count == RULE_RATE_UNKNOWN ? RULE_UNKNOWN : truth(count > op->rate.over);
}

static enum rule_truth is_time(struct eval *e, const struct rule_op *op)
{
	uint64_t minute = e->facts->now_us / (60 * 1000 * 1000) % (24 * 60);
	bool after = minute >= op->range.min, before = minute < op->range.max;

	return truth(op->range.min < op->range.max ? after && before : after || before);
}

static enum rule_truth is_random(struct eval *e, const struct rule_op *op)
{
	return truth(e->facts->random < op->range.max);
}

static condition_fn *const conditions[RULE_OP_COUNT] = {
    [RULE_OP_ALWAYS] = is_always,
    [RULE_OP_NEVER_KNOWN] = is_never_known,
    [RULE_OP_FROM] = is_from,
    [RULE_OP_FROM_SET] = is_from_set,
    [RULE_OP_TO] = is_to,
    [RULE_OP_TO_SET] = is_to_set,
    [RULE_OP_HELO] = is_helo,
    [RULE_OP_HELO_SET] = is_helo_set,
    [RULE_OP_HOST] = is_host,
    [RULE_OP_HOST_SET] = is_host,
    [RULE_OP_SOURCE] = is_source,
    [RULE_OP_SOURCE_SET] = is_source,
    [RULE_OP_IP] = is_ip,
    [RULE_OP_IP_SET] = is_ip_set,
    [RULE_OP_LOCAL] = is_local,
    [RULE_OP_LOCAL_SET] = is_local_set,
    [RULE_OP_LOCAL_PORT] = is_local_port,
    [RULE_OP_LISTENER] = is_listener,
    [RULE_OP_LISTED] = is_listed,
    [RULE_OP_TLS] = is_tls,
    [RULE_OP_TEXT] = is_text,
    [RULE_OP_TEXT_SET] = is_text_set,
    [RULE_OP_FROM_HAS] = has_from,
    [RULE_OP_TO_HAS] = has_to,
    [RULE_OP_HELO_HAS] = has_helo,
    [RULE_OP_DNS] = has_dns,
    [RULE_OP_SIZE] = is_size,
    [RULE_OP_HEADER] = has_pattern,
    [RULE_OP_BODY] = has_pattern,
    [RULE_OP_RATE] = is_rate,
    [RULE_OP_TIME] = is_time,
    [RULE_OP_RANDOM] = is_random,
};

/* ---- clauses ---- */

enum rule_truth rule_eval_condition(struct eval *e, const struct rule_op *op)
{
	return (op->facts & ~e->facts->known) == 0 ? conditions[op->kind](e, op) : RULE_UNKNOWN;
}

static inline enum rule_truth evaluate_condition(struct eval *e, uint32_t at)
{
	enum rule_truth result = rule_eval_condition(e, &e->rules->op[at]);

	if (e->trace != NULL)
		e->trace->condition(e->trace->ctx, e->rules->op_text[at].text, result);
	return result;
}

/* Evaluate the operation and all below, as far as the result needs. */
static enum rule_truth evaluate(struct eval *e, uint32_t at)
{
	const struct rule_op *ops = e->rules->op;
	uint32_t end = at + ops[at].span;
	bool all = ops[at].kind == RULE_OP_ALL_OF;

	if (ops[at].kind > RULE_OP_NOT)
		return evaluate_condition(e, at);
	if (ops[at].kind == RULE_OP_NOT)
		return (enum rule_truth)(RULE_YES - evaluate(e, at + 1));
	enum rule_truth settles = all ? RULE_NO : RULE_YES;
	enum rule_truth result = all ? RULE_YES : RULE_NO;
	for (uint32_t child = at + 1; child < end && result != settles; child += ops[child].span) {
		enum rule_truth one = ops[child].kind > RULE_OP_NOT ? evaluate_condition(e, child)
								    : evaluate(e, child);
		if (all ? one < result : one > result)
			result = one;
	}
	return result;
}

static enum rule_truth evaluate_traced(struct eval *e, const struct rule *rule,
				       const struct rule_clause *clause)
{
	const struct rule_trace *t = e->trace;

	t->begin(t->ctx, clause->place, (enum rule_action)rule->action);
	enum rule_truth result = evaluate(e, clause->op);
	t->end(t->ctx, result, &e->rules->options[clause->options]);
	return result;
}

/* The first clause that holds, or NULL. */
static const struct rule_clause *find_clause(struct eval *e, const struct rule *rule)
{
	const struct rule_clause *clause = &e->rules->clause[rule->clause];

	for (uint32_t i = 0; i < rule->nclauses; i++, clause++) {
		enum rule_truth result =
		    e->trace == NULL ? evaluate(e, clause->op) : evaluate_traced(e, rule, clause);
		if (result == RULE_YES)
			return clause;
	}
	return NULL;
}

/* Make this the recipient in question, and forget what was made ready for another. */
static void set_recipient(struct eval *e, const struct rule_address *to)
{
	bool same = e->to == &e->recipient && e->recipient.address.bytes == to->address.bytes &&
		    e->recipient.address.len == to->address.len &&
		    e->recipient.routed == to->routed && e->recipient.domain == to->domain;

	if (!same)
		e->ready &= ~(unsigned)(READY_TO | READY_TO_HAS);
	e->recipient = *to;
	e->to = &e->recipient;
}

/* The same for the first of the accepted recipients for whom one holds. */
static const struct rule_clause *find_clause_each_to(struct eval *e, const struct rule *rule)
{
	const struct rule_clause *clause = NULL;
	struct rule_address to = {0};
	size_t at = 0;

	if (e->facts->next_to == NULL)
		return NULL;
	while (clause == NULL && e->facts->next_to(e->facts->next_to_ctx, &at, &to)) {
		set_recipient(e, &to);
		clause = find_clause(e, rule);
	}
	return clause;
}

/* ---- rules ---- */

/* Take over what is set in from. */
static void merge(struct rule_options *to, const struct rule_options *from)
{
	uint32_t set = from->set;

	to->set |= set;
	to->tags |= from->tags;
	if (set & RULE_SET_MESSAGE)
		to->message = from->message;
	if (set & RULE_SET_CODE) {
		to->code = from->code;
		to->enhanced = from->enhanced;
	}
	if (set & RULE_SET_NOTE)
		to->note = from->note;
	if (set & RULE_SET_KEEP)
		to->keep = from->keep;
	if (set & RULE_SET_TLS) {
		to->tls = from->tls;
		to->profile = from->profile;
	}
	if (set & RULE_SET_DELAY)
		to->delay_us = from->delay_us;
	if (set & RULE_SET_SLOW)
		to->slow = from->slow;
}

/* Options of set rules that the action has no use for are not in force. */
static void drop_useless(struct rule_verdict *v)
{
	unsigned class = v->action == RULE_STALL ? 4 : v->action == RULE_REJECT ? 5 : 0;

	if (class == 0)
		v->options.set &= ~(uint32_t)RULE_SET_DROP;
	if (v->options.set & RULE_SET_CODE && v->options.code / 100u != class)
		v->options.set &= ~(uint32_t)RULE_SET_CODE;
}

/* A clause of the rule holds; returns whether that decides. */
static bool apply(struct eval *e, const struct rule *rule, const struct rule_clause *clause,
		  struct rule_verdict *v)
{
	merge(&v->options, &e->rules->options[clause->options]);
	if (rule->action == RULE_SET)
		return false;
	v->action = (enum rule_action)rule->action;
	v->keeping = rule->keeping;
	v->rule = clause->place;
	return true;
}

/* Try the rule; returns whether it decides. */
static bool try_rule(struct eval *e, enum rule_phase phase, const struct rule *rule,
		     struct rule_verdict *v)
{
	bool each = rule->each_to && phase > RULE_RCPT;
	const struct rule_clause *clause =
	    each ? find_clause_each_to(e, rule) : find_clause(e, rule);

	return clause != NULL && apply(e, rule, clause, v);
}

/* Try the rules of the phase that can match, in their order; for people all. */
static void try_rules(struct eval *e, enum rule_phase phase, struct rule_verdict *v)
{
	uint64_t candidates[(RULE_RULES_MAX + 63) / 64] UNINITIALIZED;

	rule_eval_candidates(e, phase, candidates);
	for (size_t w = 0; w < e->rules->index.words; w++)
		for (uint64_t left = candidates[w]; left != 0; left &= left - 1) {
			size_t rule = w * 64 + (size_t)__builtin_ctzll(left);
			if (try_rule(e, phase, &e->rules->rule[rule], v))
				return;
		}
}

static void evaluate_all(const struct rules *rules, enum rule_phase phase,
			 const struct rule_facts *facts, const struct rule_trace *trace,
			 struct rule_verdict *verdict_r)
{
	struct eval e UNINITIALIZED; /* the most of it is made when it is wanted */

	*verdict_r = (struct rule_verdict){0};
	e.rules = rules;
	e.facts = facts;
	e.trace = trace;
	e.to = &facts->to;
	e.ready = 0;
	e.hosts = 0;
	try_rules(&e, phase, verdict_r);
	drop_useless(verdict_r);
}

void rule_eval(const struct rules *rules, enum rule_phase phase, const struct rule_facts *facts,
	       const struct rule_trace *trace, struct rule_verdict *verdict_r)
{
	*verdict_r = (struct rule_verdict){0};
	if (rules == NULL)
		return;
	if (phase == RULE_MESSAGE && facts->scratch != NULL) {
		rule_regex_begin(facts->scratch);
		/* A trace looks at rules that are else not tried.  What their patterns take must not
		 * leave too little for the others: so those come first. */
		if (trace != NULL)
			evaluate_all(rules, phase, facts, NULL, verdict_r);
	}
	evaluate_all(rules, phase, facts, trace, verdict_r);
}

void rule_decide(struct rule_session *session, const struct rules *rules, enum rule_phase phase,
		 const struct rule_facts *facts, const struct rule_trace *trace,
		 struct rule_verdict *verdict_r)
{
	if (phase == RULE_HELO || phase == RULE_MAIL)
		session->deferred = false;
	if (session->deferred && phase == RULE_RCPT) {
		*verdict_r = session->verdict;
		return;
	}
	rule_eval(rules, phase, facts, trace, verdict_r);
	bool refused = verdict_r->action == RULE_STALL || verdict_r->action == RULE_REJECT;
	if (phase != RULE_MAIL || facts->from.address.len > 0 || !refused)
		return;
	session->deferred = true;
	session->verdict = *verdict_r;
	*verdict_r = (struct rule_verdict){.deferred = true, .rule = session->verdict.rule};
}

/* ---- what the rules are ---- */

size_t rules_count(const struct rules *rules)
{
	return rules == NULL ? 0 : rules->nrules;
}

uint32_t rules_facts(const struct rules *rules, enum rule_phase phase)
{
	return rules == NULL ? 0 : rules->facts[phase];
}

const char *rules_tag(const struct rules *rules, size_t i)
{
	return rules == NULL || i >= rules->ntags ? NULL : rules->tag[i];
}

const struct rule_lookup *rules_lookup(const struct rules *rules, size_t i)
{
	return rules == NULL || i >= rules->nlookups ? NULL : &rules->lookup[i];
}

const struct rule_rate *rules_rate(const struct rules *rules, size_t i)
{
	return rules == NULL || i >= rules->nrates ? NULL : &rules->rate[i];
}
