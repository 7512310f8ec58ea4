/*
 * rule_candidates.c: what a session is, prepared for conditions, and the rules that can match it.
 *
 * Runs in workers and in smtptrap explain.  What a look at an address, a name or a list of names needs is made once an
 * evaluation, when it is first wanted.  Facts come from clients.
 */
#include "rule_eval_int.h"

bool rule_eval_first(struct eval *e, enum ready bit)
{
	bool first = !(e->ready & bit);

	e->ready |= bit;
	return first;
}

const struct rule_mailbox *rule_eval_from(struct eval *e)
{
	if (rule_eval_first(e, READY_FROM))
		rule_mailbox_init(&e->from, e->facts->from.address);
	return &e->from;
}

const struct rule_mailbox *rule_eval_to(struct eval *e)
{
	if (rule_eval_first(e, READY_TO))
		rule_mailbox_init(&e->to_mailbox, e->to->address);
	return &e->to_mailbox;
}

const struct rule_name *rule_eval_helo(struct eval *e)
{
	if (rule_eval_first(e, READY_HELO))
		rule_name_init_host(&e->helo, e->facts->helo);
	return &e->helo;
}

void rule_eval_hosts(struct eval *e)
{
	if (!rule_eval_first(e, READY_HOSTS))
		return;
	for (size_t i = 0; i < e->facts->rdns.count && e->hosts < RULE_NAMES_MAX; i++)
		rule_name_init_host(&e->host[e->hosts++], e->facts->rdns.names[i]);
}

void rule_eval_ips(struct eval *e)
{
	if (!rule_eval_first(e, READY_IP))
		return;
	rule_ip_words(e->facts->client, e->ip);
	rule_ip_words(e->facts->local, e->local);
}

/* ---- candidates ---- */

/* The bits of `count` spaces from the first on. */
static uint32_t spaces(enum rule_space first, unsigned count)
{
	return ((1u << count) - 1) << first;
}

/* A name stands under itself, and under each of its ends. */
static void find_name(const struct rule_index *index, enum rule_space space,
		      const struct rule_name *name, uint64_t *candidates)
{
	if (name->text.len == 0)
		return;
	if (index->spaces & 1u << space)
		rule_index_find(index, space, name->hash, candidates);
	for (uint32_t i = 0; i < name->labels && index->spaces & 2u << space; i++)
		rule_index_find(index, space + 1, name->suffix[i], candidates);
}

/* An address, whose spaces begin with that of whole ones. */
static void find_address(const struct rule_index *index, enum rule_space space,
			 const struct rule_mailbox *m, uint64_t *candidates)
{
	if (m->null || m->broken)
		return;
	rule_index_find(index, space, m->hash, candidates);
	rule_index_find(index, space + 1, m->local_hash, candidates);
	if (m->has_domain)
		find_name(index, space + 2, &m->domain, candidates);
}

static void find_from(struct eval *e, uint64_t *candidates)
{
	const struct rule_index *index = &e->rules->index;

	if (rule_eval_from(e)->null)
		rule_index_find(index, RULE_SPACE_FROM_NULL, 0, candidates);
	find_address(index, RULE_SPACE_FROM_ADDRESS, &e->from, candidates);
}

/* The recipient in question, or all. */
static void find_to(struct eval *e, enum rule_phase phase, uint64_t *candidates)
{
	const struct rule_index *index = &e->rules->index;
	struct rule_mailbox mailbox;
	struct rule_address to = {0};
	size_t at = 0;

	if (phase <= RULE_RCPT) {
		find_address(index, RULE_SPACE_TO_ADDRESS, rule_eval_to(e), candidates);
		return;
	}
	while (e->facts->next_to != NULL && e->facts->next_to(e->facts->next_to_ctx, &at, &to)) {
		rule_mailbox_init(&mailbox, to.address);
		find_address(index, RULE_SPACE_TO_ADDRESS, &mailbox, candidates);
	}
}

static void find_hosts(struct eval *e, uint64_t *candidates)
{
	rule_eval_hosts(e);
	for (size_t i = 0; i < e->hosts; i++)
		find_name(&e->rules->index, RULE_SPACE_HOST, &e->host[i], candidates);
}

/* Under each length of prefix that rules have. */
static void find_nets(const struct rule_index *index, unsigned which, const uint64_t ip[2],
		      uint64_t *candidates)
{
	for (unsigned i = 0; i < index->nprefix[which]; i++)
		rule_index_find(index, which ? RULE_SPACE_LOCAL : RULE_SPACE_IP,
				rule_index_net_hash(ip, index->prefix[which][i]), candidates);
}

static void find_texts(struct eval *e, uint64_t *candidates)
{
	for (unsigned t = 0; t < RULE_TEXT_COUNT; t++)
		if (e->rules->index.spaces & 1u << (RULE_SPACE_TEXT + t) &&
		    e->facts->text[t].bytes != NULL)
			rule_index_find(&e->rules->index, RULE_SPACE_TEXT + t,
					rule_hash(RULE_HASH_START, e->facts->text[t]), candidates);
}

/* Attributes that one of the accepted recipients has. */
static uint32_t attributes_of_all(const struct eval *e)
{
	struct rule_address to = {0};
	uint32_t is = 0;
	size_t at = 0;

	while (e->facts->next_to != NULL && e->facts->next_to(e->facts->next_to_ctx, &at, &to))
		is |= rule_has_address(&to).is;
	return is;
}

static void add_guarded(const struct rules *rules, const struct rule_guard *guard,
			uint64_t *candidates)
{
	for (uint32_t i = 0; i < guard->count; i++) {
		uint32_t rule = rules->guarded[guard->first + i];
		candidates[rule / 64] |= UINT64_C(1) << rule % 64;
	}
}

/* The rules behind conditions that hold. */
static void find_guarded(struct eval *e, enum rule_phase phase, uint64_t *candidates)
{
	const struct rule_guard *guard = e->rules->guard, *end = guard + e->rules->nguards;
	uint32_t to_is = 0;
	bool asked = phase <= RULE_RCPT;

	for (; guard < end; guard++) {
		bool each_to = guard->op.kind == RULE_OP_TO_HAS && phase > RULE_RCPT;
		if (!(guard->phases & 1u << phase))
			continue;
		if (each_to && !asked)
			to_is = attributes_of_all(e);
		asked |= each_to;
		enum rule_truth wanted = guard->negated ? RULE_NO : RULE_YES;
		if (each_to ? (to_is & guard->op.bits) != 0
			    : rule_eval_condition(e, &guard->op) == wanted)
			add_guarded(e->rules, guard, candidates);
	}
}

/* Look up all that is known of the session. */
static void find_all(struct eval *e, enum rule_phase phase, uint64_t *candidates)
{
	const struct rule_index *index = &e->rules->index;
	uint32_t known = e->facts->known, in_use = index->spaces;

	rule_eval_ips(e);
	find_nets(index, 0, e->ip, candidates);
	find_nets(index, 1, e->local, candidates);
	if (in_use & 1u << RULE_SPACE_PORT)
		rule_index_find(index, RULE_SPACE_PORT, e->facts->local_port, candidates);
	if (in_use & spaces(RULE_SPACE_HOST, 2))
		find_hosts(e, candidates);
	if (phase >= RULE_HELO && known & RULE_FACT_HELO && in_use & spaces(RULE_SPACE_HELO, 2))
		find_name(index, RULE_SPACE_HELO, rule_eval_helo(e), candidates);
	if (phase >= RULE_MAIL && known & RULE_FACT_FROM &&
	    in_use & spaces(RULE_SPACE_FROM_NULL, 5))
		find_from(e, candidates);
	if (phase >= RULE_RCPT && known & RULE_FACT_TO && in_use & spaces(RULE_SPACE_TO_ADDRESS, 4))
		find_to(e, phase, candidates);
	find_texts(e, candidates);
	find_guarded(e, phase, candidates);
}

void rule_eval_candidates(struct eval *e, enum rule_phase phase, uint64_t *candidates)
{
	const struct rule_index *index = &e->rules->index;
	const uint64_t *runs = e->rules->runs[phase];

	for (size_t w = 0; w < index->words; w++)
		candidates[w] = e->trace == NULL ? index->always[w] : runs[w];
	if (e->trace == NULL)
		find_all(e, phase, candidates);
	for (size_t w = 0; w < index->words; w++)
		candidates[w] &= runs[w];
}
