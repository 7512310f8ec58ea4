/*
 * worker_rules_reply.c: the replies that verdicts of rules make.
 *
 * Runs in workers.  Code, enhanced code and text are the rule's where it has them, and else those
 * of a table by phase and action.  Lines were checked when the rules were read.
 */
#include <string.h>

#include "worker_rules_internal.h"

enum reply_class { CLASS_ACCEPT, CLASS_STALL, CLASS_REJECT, CLASS_COUNT };

/* Enhanced codes go into replies where the client was told of them, never to HELO and EHLO
 * (RFC 2034, 4). */
static const struct reply_default {
	uint16_t code;
	const char *enhanced;
} defaults[RULE_PHASE_COUNT][CLASS_COUNT] = {
    [RULE_CONNECT] = {{220, ""}, {421, ""}, {554, ""}},
    [RULE_HELO] = {{250, ""}, {450, ""}, {550, ""}},
    [RULE_MAIL] = {{250, "2.1.0"}, {450, "4.7.1"}, {550, "5.7.1"}},
    [RULE_RCPT] = {{250, "2.1.5"}, {450, "4.7.1"}, {550, "5.7.1"}},
    [RULE_DATA] = {{354, ""}, {451, "4.7.1"}, {554, "5.7.1"}},
    [RULE_MESSAGE] = {{250, "2.6.0"}, {451, "4.7.1"}, {554, "5.7.1"}},
};

static const char *const texts[CLASS_COUNT] = {
    [CLASS_STALL] = "Try again later",
    [CLASS_REJECT] = "Not accepted here",
};

static enum reply_class class_of(enum rule_action action)
{
	return action == RULE_STALL    ? CLASS_STALL
	       : action == RULE_REJECT ? CLASS_REJECT
				       : CLASS_ACCEPT;
}

static const char *enhanced_of(const struct session *s, const struct reply_default *d,
			       const struct rule_options *o)
{
	if (o->set & RULE_SET_CODE)
		return o->enhanced;
	return s->smtp.policy->extensions & EXT_ENHANCEDSTATUSCODES ? d->enhanced : "";
}

struct smtp_judgement rules_judgement(struct session *s, enum rule_phase phase,
				      const struct rule_verdict *verdict, const char *id)
{
	const struct rule_options *o = &verdict->options;
	enum reply_class class = class_of(verdict->action);
	const struct reply_default *d = &defaults[phase][class];
	bool has_text = o->set & RULE_SET_MESSAGE;
	char ip[IP_TEXT_MAX];
	struct buf b;

	if (verdict->action == RULE_UNDECIDED || (class == CLASS_ACCEPT && !has_text))
		return (struct smtp_judgement){0};
	int code = o->set & RULE_SET_CODE ? o->code : d->code;
	if (o->set & RULE_SET_DROP)
		return (struct smtp_judgement){.code = code, .close = true};
	const struct rule_reply_names names = {.id = id, .ip = ip_text(s->client.ip, ip)};
	buf_init(&b, s->rules->reply, sizeof s->rules->reply);
	rule_reply_put(&b, (unsigned)code, enhanced_of(s, d, o),
		       has_text ? o->message : texts[class], &names);
	return (struct smtp_judgement){.code = code, .reply = {b.data, b.len}};
}
