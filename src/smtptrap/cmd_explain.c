/*
 * cmd_explain.c: smtptrap explain: which rule decides in each phase of a session, and why.
 *
 * The session is told on the command line; nothing is looked up.  Phases follow each other as in
 * a session: where a client is turned away, it does not get further.  Of several messages each is
 * looked at as if it alone were sent in that session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_error.h"
#include "explain.h"
#include "rule_compile.h"
#include "smtptrap.h"

#define SHOWN_MAX 100 /* conditions of a clause that are shown */

/* A look at a clause, kept until it is known what came of it. */
struct look {
	const char *rule;
	enum rule_action action;
	const char *text[SHOWN_MAX];
	enum rule_truth truth[SHOWN_MAX];
	size_t count;
};

struct explaining {
	struct explain e;
	const struct rules *rules;
	struct rule_session session;
	struct look look;
	struct explain_list accepted; /* recipients */
};

/* ---- what rules tell ---- */

static void on_begin(void *ctx, const char *rule, enum rule_action action)
{
	struct explaining *x = ctx;

	x->look = (struct look){.rule = rule, .action = action};
}

static void on_condition(void *ctx, const char *text, enum rule_truth truth)
{
	struct look *look = &((struct explaining *)ctx)->look;

	if (look->count == SHOWN_MAX)
		return;
	look->text[look->count] = text;
	look->truth[look->count++] = truth;
}

static void print_options(const struct rules *rules, const struct rule_options *o)
{
	static const char *const tls[] = {"off", "no-client-cert", "profile"};

	if (o->set & RULE_SET_MESSAGE)
		printf("         message \"%.*s\"%s\n", (int)strcspn(o->message, "\n"), o->message,
		       strchr(o->message, '\n') ? " and more lines" : "");
	if (o->set & RULE_SET_CODE)
		printf("         code %u%s%s\n", o->code, o->enhanced ? " " : "",
		       o->enhanced ? o->enhanced : "");
	if (o->set & RULE_SET_NOTE)
		printf("         note \"%s\"\n", o->note);
	for (size_t i = 0; i < RULE_TAGS_MAX; i++)
		if (o->tags >> i & 1)
			printf("         tag %s\n", rules_tag(rules, i));
	if (o->set & RULE_SET_KEEP)
		printf("         keep %s\n", o->keep);
	if (o->set & RULE_SET_TLS)
		printf("         tls %s%s%s\n", tls[o->tls], o->profile ? " " : "",
		       o->profile ? o->profile : "");
	if (o->set & RULE_SET_DELAY)
		printf("         delay %.3fs\n", (double)o->delay_us / 1e6);
	if (o->set & RULE_SET_SLOW)
		printf("         slow %u\n", o->slow);
	if (o->set & RULE_SET_DROP)
		puts("         drop");
	if (o->set & RULE_SET_YAKKER)
		puts("         yakker");
}

static void on_end(void *ctx, enum rule_truth truth, const struct rule_options *options)
{
	static const char *const words[] = {"no", "unknown", "yes"};
	const struct explaining *x = ctx;
	const struct look *look = &x->look;

	if (truth != RULE_YES && !x->e.verbose)
		return;
	printf("    %s: %s, %s\n", look->rule, rule_action_name(look->action),
	       truth == RULE_YES  ? "holds"
	       : truth == RULE_NO ? "does not hold"
				  : "is not known to hold");
	for (size_t i = 0; i < look->count; i++)
		printf("      %s: %s\n", look->text[i], words[look->truth[i]]);
	if (truth == RULE_YES)
		print_options(x->rules, options);
}

/* ---- phases ---- */

static void print_verdict(const struct rule_verdict *v)
{
	if (v->deferred)
		printf("    => waits for each recipient: MAIL FROM:<> is never refused\n");
	else if (v->action == RULE_UNDECIDED)
		printf("    => no rule decides\n");
	else
		printf("    => %s%s by %s%s\n", rule_action_name(v->action),
		       v->keeping ? " after keeping" : "", v->rule,
		       v->options.set & RULE_SET_DROP ? ", without a reply" : "");
}

/* Evaluate a phase and print what comes of it; returns whether the session goes on. */
static bool explain_phase(struct explaining *x, enum rule_phase phase, const char *subject)
{
	const struct rule_trace trace = {
	    .begin = on_begin, .condition = on_condition, .end = on_end, .ctx = x};
	struct rule_verdict v;

	printf("%s%s%s\n", rule_phase_name(phase), *subject != '\0' ? " " : "", subject);
	rule_decide(&x->session, x->rules, phase, &x->e.facts, &trace, &v);
	print_verdict(&v);
	return v.action != RULE_STALL && v.action != RULE_REJECT;
}

static struct rule_address recipient(const struct explaining *x, const char *text)
{
	struct span s = span_text(text);

	if (s.len >= 2 && text[0] == '<' && text[s.len - 1] == '>')
		s = span_tail(span_head(s, s.len - 1), 1);
	return (struct rule_address){.address = s, .domain = x->e.to_domain};
}

static bool next_to(void *ctx, size_t *at, struct rule_address *to_r)
{
	const struct explaining *x = ctx;

	if (*at == x->accepted.count)
		return false;
	*to_r = recipient(x, x->accepted.word[(*at)++]);
	return true;
}

/* Returns whether a recipient was accepted. */
static bool explain_recipients(struct explaining *x)
{
	x->e.facts.known |= RULE_FACT_TO;
	for (size_t i = 0; i < x->e.to.count; i++) {
		x->e.facts.to = recipient(x, x->e.to.word[i]);
		if (explain_phase(x, RULE_RCPT, x->e.to.word[i]))
			x->accepted.word[x->accepted.count++] = x->e.to.word[i];
	}
	x->e.facts.next_to = next_to;
	x->e.facts.next_to_ctx = x;
	return x->accepted.count > 0;
}

/* Returns whether there are recipients whose message is asked for. */
static bool explain_envelope(struct explaining *x)
{
	return explain_phase(x, RULE_CONNECT, "") && x->e.helo && explain_phase(x, RULE_HELO, "") &&
	       x->e.from && explain_phase(x, RULE_MAIL, "") && explain_recipients(x) &&
	       explain_phase(x, RULE_DATA, "");
}

static int explain_file(struct explaining *x, const char *path, const char *subject)
{
	if (!explain_message(&x->e, path))
		return EXIT_TROUBLE;
	explain_phase(x, RULE_MESSAGE, subject);
	explain_message_done(&x->e);
	return EXIT_GOOD;
}

/* Returns the exit status: of files that cannot be read the others are looked at all the same. */
static int explain_session(struct explaining *x)
{
	int status = EXIT_GOOD;

	if (!explain_envelope(x))
		return EXIT_GOOD;
	if (x->e.message_path == NULL && x->e.nfiles == 0)
		explain_phase(x, RULE_MESSAGE, "");
	if (x->e.message_path != NULL)
		status = explain_file(x, x->e.message_path, "");
	for (size_t i = 0; i < x->e.nfiles; i++)
		if (explain_file(x, x->e.files[i], x->e.files[i]) != EXIT_GOOD)
			status = EXIT_TROUBLE;
	return status;
}

/* ---- the command ---- */

static int load(struct explaining *x, const struct env *env, struct arena *arena)
{
	static struct conf_errors errors; /* large */
	struct conf *conf = NULL;
	int result;

	if (x->e.rules_path != NULL)
		result = rule_load(&x->rules, x->e.rules_path, arena, &conf_opener_plain, &errors);
	else
		result = conf_load(&conf, env_conf_path(env), &conf_opener_plain, &errors);
	for (size_t i = 0; i < errors.kept; i++)
		fprintf(stderr, "%s\n", errors.text[i]);
	for (size_t i = 0; i < errors.warnings_kept; i++)
		fprintf(stderr, "%s\n", errors.warning[i]);
	if (errors.total > errors.kept)
		fprintf(stderr, "and %zu more\n", errors.total - errors.kept);
	if (conf != NULL)
		x->rules = conf->rules; /* conf is kept to the end */
	return result == 0 ? EXIT_GOOD : EXIT_TROUBLE;
}

static int explain(struct explaining *x, const struct env *env, struct arena *arena)
{
	int status = load(x, env, arena);

	if (status == EXIT_GOOD)
		status = explain_answers(&x->e, x->rules, arena);
	if (status == EXIT_GOOD)
		status = explain_session(x);
	rule_scratch_free(&x->e.facts.scratch);
	return status;
}

static int explain_without_rules(void)
{
	complain_usage("no rules: name a file by --rules, or a configuration by -f");
	return usage_of("explain");
}

int cmd_explain(const struct env *env, int argc, char **argv)
{
	static struct explaining x; /* large */
	int status = explain_options(&x.e, argc, argv);

	if (status != 0)
		return status;
	if (x.e.rules_path == NULL && env_conf_path(env) == NULL)
		return explain_without_rules();
	struct arena *arena = arena_new();
	if (arena == NULL) {
		complain("no memory");
		return EXIT_TROUBLE;
	}
	status = explain(&x, env, arena);
	arena_free(&arena);
	return status;
}
