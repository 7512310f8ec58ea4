/*
 * fuzz_rules.c: fuzz target for rules: grammar, compiler and evaluation.
 *
 * The input is a file of rules, then "\n%%\n" and the file a of patterns, then one more and b,
 * and behind the third facts of a session, which are drawn from it byte by byte.  Properties:
 * either there are rules and no error, or none and an error; each error is one printable line
 * that names a line of a file that there is; evaluation ends, keeps the promises of rule.h, and
 * is the same with and without a trace.
 */
#include "config.h"

#include "../lib-c/fuzz_files.h"
#include "arena.h"
#include "buf.h"
#include "conf_error.h"
#include "err.h"
#include "rule_compile.h"

#include <string.h>

#define LOOKUPS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const names[] = {"r", "a", "b"};

/* ---- facts ---- */

static uint8_t draw(struct span *from)
{
	if (from->len == 0)
		return 0;
	uint8_t byte = from->bytes[0];
	*from = span_tail(*from, 1);
	return byte;
}

static struct span draw_text(struct span *from)
{
	size_t len = draw(from);

	len = len < from->len ? len : from->len;
	struct span text = span_head(*from, len);
	*from = span_tail(*from, len);
	return text;
}

struct session {
	struct rule_facts facts;
	struct span names[RULE_NAMES_MAX];
	uint8_t lookups[LOOKUPS];
	uint32_t rates[LOOKUPS];
	struct rule_address to[4];
	size_t nto;
};

static struct rule_address draw_address(struct span *from)
{
	return (struct rule_address){.domain = (enum rule_domain)(draw(from) % 4),
				     .routed = draw(from) & 1,
				     .address = draw_text(from)};
}

static bool next_to(void *ctx, size_t *at, struct rule_address *to_r)
{
	const struct session *s = ctx;

	if (*at >= s->nto)
		return false;
	*to_r = s->to[(*at)++];
	return true;
}

static void draw_session(struct session *s, struct span from, struct rule_scratch *scratch)
{
	struct rule_facts *f = &s->facts;

	f->known = (uint32_t) ~(draw(&from) << 8 | draw(&from));
	for (size_t i = 0; i < IP_BYTES; i++)
		f->client[i] = draw(&from);
	for (size_t i = 0; i < IP_BYTES; i++)
		f->local[i] = i == 15 ? draw(&from) : f->client[i];
	f->local_port = draw(&from);
	f->listener = draw(&from) & 1 ? "x" : NULL;
	f->now_us = draw(&from) * UINT64_C(1000000000);
	f->random = (uint32_t)draw(&from) << 24;
	f->tls = (enum rule_tls)(draw(&from) % RULE_TLS_COUNT);
	f->esmtp = draw(&from) & 1;
	f->helo = draw_text(&from);
	f->from = draw_address(&from);
	f->to = draw_address(&from);
	s->nto = draw(&from) % 5;
	for (size_t i = 0; i < s->nto; i++)
		s->to[i] = draw_address(&from);
	f->next_to = next_to;
	f->next_to_ctx = s;
	f->rdns.count = draw(&from) % 12;
	f->rdns.names = s->names;
	for (size_t i = 0; i < f->rdns.count && i < RULE_NAMES_MAX; i++)
		s->names[i] = draw_text(&from);
	f->rdns.uncertain = draw(&from) & 1;
	for (size_t i = 0; i < RULE_TEXT_COUNT; i++)
		f->text[i] = draw_text(&from);
	for (size_t i = 0; i < LOOKUPS; i++) {
		s->lookups[i] = draw(&from) % 3;
		s->rates[i] = draw(&from);
	}
	f->lookups = s->lookups;
	f->rates = s->rates;
	f->size = draw(&from) * UINT64_C(1000);
	f->message = from;
	f->scratch = scratch;
}

/* ---- evaluation ---- */

struct told {
	size_t begun, ended, conditions;
};

static void on_begin(void *ctx, const char *rule, enum rule_action action)
{
	must(strchr(rule, ':') != NULL && action > RULE_UNDECIDED && action < RULE_ACTION_COUNT);
	((struct told *)ctx)->begun++;
}

static void on_condition(void *ctx, const char *text, enum rule_truth truth)
{
	must(truth <= RULE_YES && *text != '\0');
	((struct told *)ctx)->conditions++;
}

static void on_end(void *ctx, enum rule_truth truth, const struct rule_options *options)
{
	must(truth <= RULE_YES && options != NULL);
	((struct told *)ctx)->ended++;
}

static void check_reply(const struct rule_options *o)
{
	const struct rule_reply_names reply_names = {"019aab1d-1040-7000-957c-4a7fb979379e",
						     "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"};
	uint8_t memory[2048];
	struct buf reply;

	buf_init(&reply, memory, sizeof memory);
	rule_reply_put(&reply, o->set & RULE_SET_CODE ? o->code : 550,
		       o->set & RULE_SET_CODE ? o->enhanced : "5.7.1", o->message, &reply_names);
	must(!reply.failed && reply.len > 0 && memory[reply.len - 1] == '\n');
	for (size_t i = 0, line = 0; i < reply.len; i++, line++) {
		must(memory[i] == '\r' || memory[i] == '\n' ||
		     (memory[i] >= ' ' && memory[i] <= '~'));
		must(line < 512);
		if (memory[i] == '\n')
			line = 0;
	}
}

static void check_verdict(const struct rules *rules, const struct rule_verdict *v)
{
	const struct rule_options *o = &v->options;

	must(v->action < RULE_SET &&
	     (v->rule != NULL) == (v->action != RULE_UNDECIDED || v->deferred));
	must(!v->keeping || v->action == RULE_REJECT);
	if (o->set & RULE_SET_MESSAGE)
		check_reply(o);
	if (o->set & RULE_SET_CODE)
		must(o->code / 100 == (v->action == RULE_STALL ? 4 : 5) && v->action >= RULE_STALL);
	if (o->set & RULE_SET_DROP)
		must(v->action >= RULE_STALL);
	if (o->set & RULE_SET_DELAY)
		must(o->delay_us > 0 && o->delay_us <= RULE_DELAY_MAX);
	if (o->set & RULE_SET_SLOW)
		must(o->slow > 0 && o->slow <= RULE_SLOW_MAX);
	if (o->set & RULE_SET_KEEP)
		must(*o->keep != '\0' && strlen(o->keep) <= RULE_TAG_LEN);
	for (size_t i = 0; i < RULE_TAGS_MAX; i++)
		must(!(o->tags >> i & 1) || rules_tag(rules, i) != NULL);
}

static void check_phase(const struct rules *rules, enum rule_phase phase, const struct session *s,
			struct rule_session *state)
{
	struct told told = {0};
	const struct rule_trace trace = {on_begin, on_condition, on_end, &told};
	struct rule_verdict v, traced;

	rule_eval(rules, phase, &s->facts, NULL, &v);
	rule_eval(rules, phase, &s->facts, &trace, &traced);
	must(memcmp(&v, &traced, sizeof v) == 0 && told.begun == told.ended);
	must(v.action == RULE_UNDECIDED || told.begun > 0);
	check_verdict(rules, &v);
	rule_decide(state, rules, phase, &s->facts, NULL, &v);
	check_verdict(rules, &v);
	if (phase == RULE_MAIL && s->facts.from.address.len == 0)
		must(v.action != RULE_REJECT && v.action != RULE_STALL);
}

static void check_rules(const struct rules *rules, const struct session *s)
{
	struct rule_session state = {0};

	for (size_t i = 0; rules_lookup(rules, i) != NULL; i++)
		must(i < LOOKUPS && rules_lookup(rules, i)->phase < RULE_PHASE_COUNT);
	for (size_t i = 0; rules_rate(rules, i) != NULL; i++)
		must(i < LOOKUPS && rules_rate(rules, i)->window_us > 0);
	for (unsigned p = 0; p < RULE_PHASE_COUNT; p++)
		check_phase(rules, (enum rule_phase)p, s, &state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct rule_scratch *scratch;
	static struct conf_errors errors;
	struct fuzz_files in = {.names = names, .files = sizeof names / sizeof *names};
	struct session session = {0};
	struct conf_opener opener = {.open = fuzz_files_open, .ctx = &in};
	struct arena *arena = arena_new();
	const struct rules *rules = NULL;

	if (scratch == NULL)
		scratch = rule_scratch_new();
	must(arena != NULL && scratch != NULL);
	memset(&errors, 0, sizeof errors);
	fuzz_files_split(&in, data, len, true);
	int result = rule_load(&rules, names[0], arena, &opener, &errors);
	must(result == 0 || result == ERR_FORMAT);
	must((result == 0) == (errors.total == 0));
	for (size_t i = 0; i < errors.kept; i++)
		fuzz_files_check_error(&in, errors.text[i]);
	for (size_t i = 0; i < errors.warnings_kept; i++)
		fuzz_files_check_error(&in, errors.warning[i]);
	if (in.count > in.files)
		draw_session(&session, in.part[in.files], scratch);
	else
		draw_session(&session, (struct span){data, len}, scratch);
	if (result == 0)
		check_rules(rules, &session);
	arena_free(&arena);
	return 0;
}
