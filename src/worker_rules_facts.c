/*
 * worker_rules_facts.c: what is known of a session, as rules look at it.
 *
 * Runs in workers.  Bytes are the client's and are not trusted; the rules only compare them.  What
 * a phase cannot know has no bit in facts.known.
 */
#include <string.h>

#include "clock.h"
#include "hex.h"
#include "worker_rules_internal.h"

/* What is known from each phase on, besides what it was before. */
static const uint32_t known_from[RULE_PHASE_COUNT] = {
    [RULE_CONNECT] = RULE_FACT_RANDOM | RULE_FACT_RATES | RULE_FACT_ARM | RULE_FACT_LOOKUPS,
    [RULE_HELO] = RULE_FACT_HELO,
    [RULE_MAIL] = RULE_FACT_TLS | RULE_FACT_CIPHER | RULE_FACT_JA3 | RULE_FACT_JA4 | RULE_FACT_SNI |
		  RULE_FACT_FROM,
    [RULE_RCPT] = RULE_FACT_TO,
    [RULE_MESSAGE] = RULE_FACT_SIZE | RULE_FACT_MESSAGE,
};

static const enum rule_tls tls_versions[TLS_VERSION_COUNT] = {
    [TLS_NO_VERSION] = RULE_TLS_OFF, [TLS_SSL3_0] = RULE_TLS_SSL3, [TLS_1_0] = RULE_TLS_1_0,
    [TLS_1_1] = RULE_TLS_1_1,        [TLS_1_2] = RULE_TLS_1_2,     [TLS_1_3] = RULE_TLS_1_3,
};

/* ---- the connection ---- */

/* The session's id has 62 bits of chance; the last 32 of them are the session's number for the
 * condition random, so that a record tells which it was. */
static uint32_t random_of(const uint8_t id[UUID_BYTES])
{
	uint32_t random = 0;

	for (unsigned i = 0; i < sizeof random; i++)
		random |= (uint32_t)id[UUID_BYTES - sizeof random + i] << (8 * i);
	return random;
}

static void learn_connection(struct session *s)
{
	const struct session_client *c = &s->client;
	struct rule_facts *f = &s->rules->facts;

	memcpy(f->client, c->ip, IP_BYTES);
	memcpy(f->local, c->local_ip, IP_BYTES);
	f->local_port = c->local_port;
	f->listener = c->listener->name;
	f->random = random_of(c->id);
	memset(f->text, 0, sizeof f->text);
	if (c->offer.arm != NULL)
		f->text[RULE_TEXT_ARM] = span_text(c->offer.arm->name);
	f->from = f->to = (struct rule_address){0};
	f->helo = f->message = (struct span){0};
	f->size = 0;
	f->next_to = NULL;
}

/* ---- TLS ---- */

bool worker_rules_want_hello(const struct session *s)
{
	uint32_t facts = 0;

	if (s->rules == NULL)
		return false;
	for (unsigned i = 0; i < RULE_PHASE_COUNT; i++)
		facts |= rules_facts(s->rules->rules, (enum rule_phase)i);
	return facts & (RULE_FACT_JA3 | RULE_FACT_JA4 | RULE_FACT_SNI);
}

void worker_rules_hello(struct session *s, const struct hello_prints *prints)
{
	if (s->rules == NULL)
		return;
	struct rules_state *t = &s->rules->state;
	t->has_ja3 = prints->has_ja3;
	t->has_ja4 = prints->has_ja4;
	if (prints->has_ja3)
		hex_write(t->ja3, prints->ja3, DIGEST_MD5);
	if (prints->has_ja4)
		memcpy(t->ja4, prints->ja4, sizeof t->ja4);
}

static void learn_tls(struct session *s)
{
	struct rule_facts *f = &s->rules->facts;
	struct rules_state *t = &s->rules->state;

	f->tls = RULE_TLS_OFF;
	if (!s->smtp.tls)
		return;
	const struct tls_info *info = tls_session_info(s->tls);
	f->tls = tls_versions[info->version];
	f->text[RULE_TEXT_CIPHER] = span_text(info->cipher);
	if (info->sni_len > 0)
		f->text[RULE_TEXT_SNI] = (struct span){(const uint8_t *)info->sni, info->sni_len};
	if (t->has_ja3)
		f->text[RULE_TEXT_JA3] = (struct span){t->ja3, sizeof t->ja3};
	if (t->has_ja4)
		f->text[RULE_TEXT_JA4] = span_text(t->ja4);
}

/* ---- the envelope ---- */

static bool next_to(void *ctx, size_t *at, struct rule_address *to_r)
{
	struct session *s = ctx;
	struct smtp_recipient r;

	if (!smtp_recipient_next(&s->smtp.envelope, at, &r))
		return false;
	*to_r = (struct rule_address){
	    .address = r.address, .routed = r.routed, .domain = rules_dns_recipient(s, r.address)};
	return true;
}

/* The command's own argument counts, also where it may be refused. */
static void learn_helo(struct session *s, const struct smtp_proposal *p)
{
	struct rule_facts *f = &s->rules->facts;

	if (p != NULL && (p->verb == SMTP_HELO || p->verb == SMTP_EHLO)) {
		f->helo = p->argument;
		f->esmtp = p->verb == SMTP_EHLO;
	} else {
		f->helo = (struct span){s->smtp.helo, s->smtp.helo_len};
		f->esmtp = s->smtp.esmtp;
	}
}

static void learn_sender(struct session *s, const struct smtp_proposal *p)
{
	struct rule_facts *f = &s->rules->facts;
	bool now = p != NULL && p->verb == SMTP_MAIL;

	if (now)
		s->rules->state.from_routed = p->routed;
	f->from =
	    (struct rule_address){.address = now ? p->argument : s->smtp.envelope.reverse_path,
				  .routed = s->rules->state.from_routed,
				  .domain = f->from.domain};
	f->size = now ? p->size : s->smtp.envelope.size_declared;
	f->known |= f->size > 0 ? RULE_FACT_SIZE : 0;
}

static void learn_recipients(struct session *s, enum rule_phase phase,
			     const struct smtp_proposal *p)
{
	struct rule_facts *f = &s->rules->facts;

	if (phase == RULE_RCPT)
		f->to = (struct rule_address){
		    .address = p->argument,
		    .routed = p->routed,
		    .domain = rules_dns_recipient(s, p->argument),
		};
	f->next_to = next_to;
	f->next_to_ctx = s;
}

static void learn_message(struct session *s)
{
	struct worker_rules *w = s->rules;
	struct rule_facts *f = &w->facts;

	f->size = s->store.size;
	f->message = (struct span){s->store.bytes, s->store.len};
	if (!(rules_facts(w->rules, RULE_MESSAGE) & RULE_FACT_DIALECT))
		return;
	mail_header_read(&s->header, s->store.bytes, s->store.len);
	if (who_dialect(s, w->state.dialect)) {
		f->text[RULE_TEXT_DIALECT] = span_text(w->state.dialect);
		f->known |= RULE_FACT_DIALECT;
	}
}

void rules_facts_update(struct session *s, enum rule_phase phase, const struct smtp_proposal *p)
{
	struct rule_facts *f = &s->rules->facts;

	f->known = 0;
	for (unsigned i = 0; i <= phase; i++)
		f->known |= known_from[i];
	f->now_us = wall_us();
	if (phase == RULE_CONNECT)
		learn_connection(s);
	if (phase >= RULE_HELO)
		learn_helo(s, p);
	if (phase >= RULE_MAIL) {
		learn_tls(s);
		learn_sender(s, p);
	}
	rules_dns_update(s, phase);
	if (phase >= RULE_RCPT)
		learn_recipients(s, phase, p);
	if (phase == RULE_MESSAGE)
		learn_message(s);
}
