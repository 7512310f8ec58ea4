/*
 * worker_rules.c: the rules of smtptrap-rules(5) in a session.
 *
 * Runs in workers.  At each phase the facts are brought up to date, rule_decide() is asked, and its
 * verdict done: a reply through the judge of the SMTP machine, delays and slowness through the
 * connection, the rest into the records.  What is not known by then, as an answer of the DNS that
 * is late, is unknown to the rules; nothing here fails.
 */
#include "worker_rules.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "worker_rules_internal.h"

struct worker_rules *worker_rules_new(const struct worker_args *args)
{
	if (rules_count(args->conf->rules) == 0)
		return NULL;
	struct worker_rules *w = mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w == MAP_FAILED)
		fatal("memory for rules: %s", strerror(errno));
	w->rules = args->conf->rules;
	w->facts.scratch = rule_scratch_new();
	if (w->facts.scratch == NULL)
		fatal("memory for rules: %s", strerror(errno));
	w->facts.lookups = w->lookups;
	return w;
}

/* ---- decisions ---- */

static bool is_refusal(const struct rule_verdict *v)
{
	return v->action == RULE_STALL || v->action == RULE_REJECT;
}

static void add_note(struct rules_state *t, const char *note)
{
	for (size_t i = 0; i < t->notes; i++)
		if (strcmp(t->note[i], note) == 0)
			return;
	if (t->notes < RULES_NOTES_MAX)
		t->note[t->notes++] = note;
}

/* For the session's record: all that was said. */
static void remember_for_session(struct rules_state *t, enum rule_phase phase,
				 const struct rule_verdict *v)
{
	t->tags |= v->options.tags;
	if (v->action != RULE_UNDECIDED)
		t->decision = (struct rules_decision){v->rule, phase, v->action};
	if (v->options.set & RULE_SET_NOTE)
		add_note(t, v->options.note);
}

/* For the records of messages: what was said on the way to them.  A command that is refused changes
 * nothing, one that is accepted makes what came behind the last one like it void. */
static void remember_for_message(struct rules_state *t, enum rule_phase phase,
				 const struct rule_verdict *v)
{
	struct rules_said *said = &t->said[phase];
	size_t last = phase == RULE_RCPT ? RULE_RCPT : RULE_PHASE_COUNT;

	if (is_refusal(v) && phase != RULE_MESSAGE && phase != RULE_CONNECT)
		return;
	for (size_t i = phase; i < last; i++)
		t->said[i] = (struct rules_said){0};
	said->tags |= v->options.tags;
	if (v->action != RULE_UNDECIDED) {
		said->rule = v->rule;
		said->action = v->action;
	}
	if (v->options.set & RULE_SET_NOTE)
		said->note = v->options.note;
	if (v->options.set & RULE_SET_KEEP)
		said->keep = v->options.keep;
}

/* Put the phase before the rules. */
static const struct rule_verdict *decide(struct session *s, enum rule_phase phase,
					 const struct smtp_proposal *p)
{
	struct worker_rules *w = s->rules;
	struct rules_state *t = &w->state;
	struct rule_verdict *v = &t->verdict;

	rules_facts_update(s, phase, p);
	rule_decide(&t->session, w->rules, phase, &w->facts, NULL, v);
	remember_for_session(t, phase, v);
	remember_for_message(t, phase, v);
	if (v->options.set & RULE_SET_SLOW)
		s->conn.slow = v->options.slow;
	if (v->options.set & RULE_SET_YAKKER)
		s->client.yakker.marked = true;
	t->delay_us = v->options.set & RULE_SET_DELAY ? v->options.delay_us : 0;
	return v;
}

/* ---- commands ---- */

static enum rule_phase phase_of(enum smtp_verb verb)
{
	switch (verb) {
	case SMTP_MAIL:
		return RULE_MAIL;
	case SMTP_RCPT:
		return RULE_RCPT;
	case SMTP_DATA:
	case SMTP_BDAT:
		return RULE_DATA;
	default:
		return RULE_HELO;
	}
}

/* The judge of the SMTP machine. */
static struct smtp_judgement judge(void *ctx, const struct smtp_proposal *p)
{
	struct session *s = ctx;
	enum rule_phase phase = phase_of(p->verb);
	char id[UUID_TEXT];

	uuid_format(s->client.id, id);
	return rules_judgement(s, phase, decide(s, phase, p), id);
}

void worker_rules_begin(struct session *s)
{
	if (s->rules == NULL)
		return;
	memset(&s->rules->state, 0, sizeof s->rules->state);
	s->smtp.judge = (struct smtp_judge){.decide = judge, .ctx = s};
}

/* ---- the connection ---- */

void worker_rules_connect(struct session *s, const struct offer_facts *facts)
{
	if (s->rules == NULL)
		return;
	struct rules_state *t = &s->rules->state;
	s->rules->facts.rates = s->client.rates;
	t->connect = *decide(s, RULE_CONNECT, NULL);
	offer_obey_rule(&s->client.offer, facts, &t->connect.options);
}

bool worker_rules_drop(struct session *s)
{
	if (s->rules == NULL || !(s->rules->state.connect.options.set & RULE_SET_DROP))
		return false;
	dialogue_event(s, "dropped by a rule");
	return worker_rules_pause(s);
}

bool worker_rules_greeting(struct session *s, struct smtp_verdict *v)
{
	char id[UUID_TEXT];

	if (s->rules == NULL)
		return false;
	uuid_format(s->client.id, id);
	struct smtp_judgement j = rules_judgement(s, RULE_CONNECT, &s->rules->state.connect, id);
	if (j.code == 0)
		return false;
	smtp_greeting_judged(&s->smtp, &j, v);
	return true;
}

bool worker_rules_pause(struct session *s)
{
	if (s->rules == NULL || s->rules->state.delay_us == 0)
		return true;
	uint64_t us = s->rules->state.delay_us;
	s->rules->state.delay_us = 0;
	if (conn_flush(&s->conn) < 0)
		return session_lost(s, -1);
	conn_pause(&s->conn, us);
	return true;
}

/* ---- messages ---- */

void worker_rules_message(struct session *s, const char *id, struct rules_fate *fate)
{
	if (s->rules == NULL)
		return;
	const struct rule_verdict *v = decide(s, RULE_MESSAGE, NULL);
	fate->judgement = rules_judgement(s, RULE_MESSAGE, v, id);
	if (v->action == RULE_DISCARD) {
		fate->keep = KEEP_RECORD;
	} else if (v->action == RULE_STALL) {
		fate->verdict = VERDICT_TEMPFAILED;
		fate->keep = KEEP_NOTE;
	} else if (v->action == RULE_REJECT) {
		fate->verdict = VERDICT_REJECTED;
		fate->keep = v->keeping ? KEEP_ALL : KEEP_NOTE;
	}
}

/* ---- records ---- */

static void put_tags(const struct rules *rules, uint64_t tags, struct buf *to)
{
	for (size_t i = 0; i < RULE_TAGS_MAX; i++)
		if (tags >> i & 1)
			record_put_text(to, FIELD_TAGS, rules_tag(rules, i));
}

static void put_decision(const struct rules_decision *d, struct buf *to)
{
	char memory[64]; /* of words of rules, not of peers */
	struct buf text;

	if (d->rule == NULL)
		return;
	buf_init(&text, memory, sizeof memory);
	buf_printf(&text, "%s %s", rule_phase_name(d->phase), rule_action_name(d->action));
	record_put_text(to, FIELD_RULE, d->rule);
	record_put_string(to, FIELD_RULE_ACTION, text.data, text.len);
}

static void put_session(const struct worker_rules *w, struct buf *to)
{
	const struct rules_state *t = &w->state;

	put_decision(&t->decision, to);
	for (size_t i = 0; i < t->notes; i++)
		record_put_text(to, FIELD_RULE_NOTES, t->note[i]);
	put_tags(w->rules, t->tags, to);
}

/* The phase's note, unless an earlier one has the same. */
static void put_note(const struct rules_state *t, unsigned phase, struct buf *to)
{
	const char *note = t->said[phase].note;

	for (unsigned i = 0; note != NULL && i < phase; i++)
		if (t->said[i].note != NULL && strcmp(t->said[i].note, note) == 0)
			return;
	if (note != NULL)
		record_put_text(to, FIELD_RULE_NOTES, note);
}

/* The last phase in which something was said counts; tags and notes are of all. */
static void put_message(const struct worker_rules *w, struct buf *to)
{
	const struct rules_state *t = &w->state;
	struct rules_decision decision = {0};
	const char *keep = NULL;
	uint64_t tags = 0;

	for (unsigned i = 0; i < RULE_PHASE_COUNT; i++) {
		const struct rules_said *said = &t->said[i];

		if (said->rule != NULL)
			decision = (struct rules_decision){said->rule, i, said->action};
		keep = said->keep != NULL ? said->keep : keep;
		tags |= said->tags;
	}
	put_decision(&decision, to);
	for (unsigned i = 0; i < RULE_PHASE_COUNT; i++)
		put_note(t, i, to);
	put_tags(w->rules, tags, to);
	if (keep != NULL)
		record_put_text(to, FIELD_KEEP, keep);
}

void worker_rules_put(struct session *s, enum record_type type, struct buf *to)
{
	if (s->rules == NULL)
		return;
	if (type == RECORD_SESSION)
		put_session(s->rules, to);
	else
		put_message(s->rules, to);
}
