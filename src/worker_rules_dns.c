/*
 * worker_rules_dns.c: what rules want to know from the DNS.
 *
 * Runs in workers.  A look-up is asked for when its question is known, and waited for in the first
 * phase in which a rule looks at it, within the bounds of worker_dns.c; then what has no answer is
 * unknown.  Where the configuration has no DNS all are unknown.
 */
#include <string.h>

#include "worker_dns_internal.h"
#include "worker_rules_internal.h"

/* When the question of a subject is known. */
static const enum rule_phase known_at[] = {
    [RULE_SUBJECT_CLIENT] = RULE_CONNECT, [RULE_SUBJECT_HOST] = RULE_CONNECT,
    [RULE_SUBJECT_HELO] = RULE_HELO,      [RULE_SUBJECT_FROM] = RULE_MAIL,
    [RULE_SUBJECT_TO] = RULE_RCPT,
};

static const enum dns_kind kinds[] = {
    [RULE_LOOKUP_REVERSE] = DNS_ASK_REVERSE,
    [RULE_LOOKUP_DNSBL] = DNS_ASK_DNSBL,
    [RULE_LOOKUP_DBL] = DNS_ASK_DBL,
    [RULE_LOOKUP_DOMAIN] = DNS_ASK_DOMAIN,
};

static struct dns_lookup *ask(struct session *s, const struct rule_lookup *l, const char *name)
{
	struct dns_ask a = {.kind = kinds[l->kind]};

	if (l->kind == RULE_LOOKUP_REVERSE || l->kind == RULE_LOOKUP_DNSBL)
		memcpy(a.ip, s->client.ip, IP_BYTES);
	if (name != NULL)
		strlcpy(a.name, name, sizeof a.name);
	if (l->zone != NULL)
		strlcpy(a.zone, l->zone, sizeof a.zone);
	return worker_dns_ask(s, &a);
}

/* ---- questions ---- */

/* The name that the look-up asks about; false: it asks about none, or there is none. */
static bool name_of(const struct session *s, enum rule_subject subject, char name[DNS_NAME_TEXT])
{
	const struct rule_facts *f = &s->rules->facts;

	if (subject == RULE_SUBJECT_HELO)
		return worker_dns_name(f->helo, name);
	return subject == RULE_SUBJECT_FROM && worker_dns_domain(f->from.address, name);
}

/* Ask for one look-up, whose question this phase makes known. */
static void ask_one(struct session *s, size_t i, const struct rule_lookup *l)
{
	struct rules_state *t = &s->rules->state;
	char name[DNS_NAME_TEXT];

	t->asked[i] = NULL;
	if (l->subject == RULE_SUBJECT_CLIENT)
		t->asked[i] = ask(s, l, NULL);
	else if (name_of(s, l->subject, name))
		t->asked[i] = ask(s, l, name);
	if (t->asked[i] != NULL && l->kind == RULE_LOOKUP_DOMAIN)
		t->asked[i]->of_sender = true;
}

/* ---- answers ---- */

static enum rule_truth listed(struct session *s, struct dns_lookup *lookup)
{
	const struct dns_reply *r = worker_dns_answer(s, lookup);

	if (r == NULL || r->fact == DNS_FACT_UNKNOWN)
		return RULE_UNKNOWN;
	return r->fact == DNS_FACT_LISTED ? RULE_YES : RULE_NO;
}

static enum rule_domain domain_of(struct session *s, struct dns_lookup *lookup)
{
	static const enum rule_domain domains[] = {
	    [DNS_DOMAIN_UNKNOWN] = RULE_DOMAIN_UNKNOWN,
	    [DNS_DOMAIN_RESOLVES] = RULE_DOMAIN_RESOLVES,
	    [DNS_DOMAIN_BADDOM] = RULE_DOMAIN_BADDOM,
	};

	if (lookup == NULL)
		return RULE_DOMAIN_UNASKED;
	const struct dns_reply *r = worker_dns_answer(s, lookup);
	return r == NULL ? RULE_DOMAIN_UNKNOWN : domains[dns_fact_domain(r->fact)];
}

/* The client's reverse names. */
static void learn_names(struct session *s, const struct dns_reply *r)
{
	struct rule_facts *f = &s->rules->facts;
	struct span *names = s->rules->state.names, item;
	size_t at = 0;

	memset(&f->rdns, 0, sizeof f->rdns);
	f->rdns.names = names;
	if (r == NULL)
		return;
	f->known |= RULE_FACT_RDNS;
	f->rdns.uncertain = r->fact == DNS_FACT_UNKNOWN;
	for (enum dns_item is; (is = dns_reply_next(r, &at, &item)) != 0;) {
		if (is == DNS_ITEM_VERIFIED && f->rdns.count < RULE_NAMES_MAX)
			names[f->rdns.count++] = item;
		f->rdns.noforward |= is == DNS_ITEM_NOFORWARD;
		f->rdns.inconsistent |= is == DNS_ITEM_INCONSISTENT;
		f->rdns.uncertain |= is == DNS_ITEM_FORWARD_UNKNOWN;
	}
}

/* Is a reverse name of the client, verified or not, on this list?  All are asked about before the
 * first answer is waited for. */
static enum rule_truth hosts_listed(struct session *s, const struct rule_lookup *l)
{
	const struct rule_lookup reverse = {.kind = RULE_LOOKUP_REVERSE};
	const struct dns_reply *r = worker_dns_answer(s, ask(s, &reverse, NULL));
	struct dns_lookup *asked[DNS_NAMES_MAX];
	enum rule_truth best = RULE_NO;
	char name[DNS_NAME_TEXT];
	struct span item;
	size_t at = 0, count = 0;

	if (r == NULL || r->fact == DNS_FACT_UNKNOWN)
		return RULE_UNKNOWN;
	for (enum dns_item is; (is = dns_reply_next(r, &at, &item)) != 0;)
		if (count < DNS_NAMES_MAX && worker_dns_name(item, name))
			asked[count++] = ask(s, l, name);
	for (size_t i = 0; i < count && best != RULE_YES; i++) {
		enum rule_truth one = listed(s, asked[i]);
		best = one > best ? one : best;
	}
	return best;
}

/* A name that cannot be asked about is on no list; without DNS nobody knows. */
static enum rule_truth answer_of_list(struct session *s, size_t i, const struct rule_lookup *l)
{
	char name[DNS_NAME_TEXT];

	if (l->subject == RULE_SUBJECT_HOST)
		return hosts_listed(s, l);
	if (l->subject != RULE_SUBJECT_CLIENT && s->dns != NULL && !name_of(s, l->subject, name))
		return RULE_NO;
	return listed(s, s->rules->state.asked[i]);
}

static void answer_one(struct session *s, size_t i, const struct rule_lookup *l)
{
	struct worker_rules *w = s->rules;

	if (l->kind == RULE_LOOKUP_REVERSE)
		learn_names(s, worker_dns_answer(s, w->state.asked[i]));
	else if (l->kind == RULE_LOOKUP_DOMAIN && l->subject == RULE_SUBJECT_FROM)
		w->facts.from.domain = domain_of(s, w->state.asked[i]);
	else if (l->zone != NULL)
		w->lookups[i] = (uint8_t)answer_of_list(s, i, l);
}

void rules_dns_update(struct session *s, enum rule_phase phase)
{
	struct worker_rules *w = s->rules;
	const struct rule_lookup *l;

	for (size_t i = 0; i < RULES_LOOKUPS && (l = rules_lookup(w->rules, i)) != NULL; i++)
		if (known_at[l->subject] == phase && l->subject != RULE_SUBJECT_TO &&
		    l->subject != RULE_SUBJECT_HOST)
			ask_one(s, i, l);
	for (size_t i = 0; i < RULES_LOOKUPS && (l = rules_lookup(w->rules, i)) != NULL; i++) {
		if (l->zone != NULL)
			w->lookups[i] = RULE_UNKNOWN;
		if (l->phase <= phase && known_at[l->subject] <= phase)
			answer_one(s, i, l);
	}
}

/* Asked each time: who was asked about before has the same answer. */
enum rule_domain rules_dns_recipient(struct session *s, struct span address)
{
	const struct rule_lookup *l;
	char name[DNS_NAME_TEXT];

	for (size_t i = 0; (l = rules_lookup(s->rules->rules, i)) != NULL; i++) {
		if (l->kind != RULE_LOOKUP_DOMAIN || l->subject != RULE_SUBJECT_TO)
			continue;
		if (!worker_dns_domain(address, name))
			return RULE_DOMAIN_UNASKED;
		struct dns_lookup *lookup = ask(s, l, name);
		if (lookup != NULL)
			lookup->of_recipient = true;
		return domain_of(s, lookup);
	}
	return RULE_DOMAIN_UNASKED;
}
