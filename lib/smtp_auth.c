/*
 * smtp_auth.c: AUTH PLAIN and LOGIN, RFC 4954 and RFC 4616.
 *
 * Runs in the workers.  To a trap AUTH is a lure: every attempt ends in a struct
 * smtp_auth_attempt for the caller, the verdict is the policy's.  Secrets are wiped at once where
 * the policy does not want them, else before the next command.
 */
#include "smtp_int.h"

#include "base64.h"

/* What the next response is. */
enum step { STEP_PLAIN, STEP_USERNAME, STEP_PASSWORD };

static const struct mechanism {
	const char *name;
	enum smtp_mechanism bit;
	enum step first;
	enum smtp_reply_id ask;
} mechanisms[] = {
    {"PLAIN", SMTP_MECHANISM_PLAIN, STEP_PLAIN, REPLY_ASK_RESPONSE},
    {"LOGIN", SMTP_MECHANISM_LOGIN, STEP_USERNAME, REPLY_ASK_USERNAME},
};

void smtp_auth_forget(struct smtp *s)
{
	explicit_bzero(s->auth.memory, s->auth.used);
	s->auth.used = 0;
	s->auth.attempt = (struct smtp_auth_attempt){0};
}

void smtp_auth_abandon(struct smtp *s, struct smtp_verdict *v)
{
	if (s->state != SMTP_STATE_AUTH)
		return;
	s->auth.attempt.verdict = SMTP_AUTH_CANCELLED;
	v->auth = &s->auth.attempt;
}

/* Copy bytes as sent to memory that lasts as long as the attempt; cut where memory ends. */
static struct span keep_raw(struct smtp_auth *a, struct span s)
{
	uint8_t *to = a->memory + a->used;
	size_t room = sizeof a->memory - a->used;

	if (s.len > room)
		s.len = room;
	if (s.len > 0)
		memcpy(to, s.bytes, s.len);
	a->used += s.len;
	return (struct span){to, s.len};
}

/* Decode a response to the same memory; returns whether it is base64. */
static bool keep_decoded(struct smtp_auth *a, struct span s, struct span *decoded_r)
{
	uint8_t *to = a->memory + a->used;

	if (s.len / 4 * 3 > sizeof a->memory - a->used ||
	    base64_decode(s, to, &decoded_r->len) != 0)
		return false;
	decoded_r->bytes = to;
	a->used += decoded_r->len;
	return true;
}

/* The attempt is over with this line: report it, and wipe the secret if it is not wanted. */
static struct smtp_result end(struct smtp *s, struct smtp_call *c, enum smtp_auth_verdict verdict,
			      enum smtp_reply_id reply)
{
	struct smtp_auth_attempt *attempt = &s->auth.attempt;

	if (!s->policy->auth_secrets && attempt->secret.len > 0) {
		size_t at = (size_t)(attempt->secret.bytes - s->auth.memory);
		explicit_bzero(s->auth.memory + at, attempt->secret.len);
		attempt->secret = (struct span){0};
	}
	attempt->verdict = verdict;
	c->v->auth = attempt;
	return (struct smtp_result){reply, OUTCOME_RESUME};
}

/* All that the mechanism asks for is there. */
static struct smtp_result decide(struct smtp *s, struct smtp_call *c)
{
	enum smtp_reply_id refusal = smtp_refusal(s, c);

	if (refusal != REPLY_NONE)
		return end(s, c, SMTP_AUTH_BROKEN, refusal);
	if (s->policy->auth == SMTP_AUTH_REFUSE)
		return end(s, c, SMTP_AUTH_REFUSED, REPLY_AUTH_FAILED);
	s->authenticated = true;
	return end(s, c, SMTP_AUTH_ACCEPTED, REPLY_AUTH_OK);
}

/* RFC 4616: [authzid] NUL authcid NUL passwd.  One NUL: authcid NUL passwd; none: all a secret. */
static struct smtp_result take_plain(struct smtp *s, struct smtp_call *c, struct span response)
{
	struct smtp_auth_attempt *attempt = &s->auth.attempt;
	struct span parts[3] = {response};
	unsigned nuls = 0;

	while (nuls < 2) {
		struct span *part = &parts[nuls];
		const uint8_t *nul = part->len ? memchr(part->bytes, '\0', part->len) : NULL;
		if (nul == NULL)
			break;
		size_t len = (size_t)(nul - part->bytes);
		parts[++nuls] = span_tail(*part, len + 1);
		part->len = len;
	}
	bool more = parts[2].len > 0 && memchr(parts[2].bytes, '\0', parts[2].len) != NULL;
	if (nuls < 2 || more)
		c->oddities |= ODDITY_BIT(AUTH_MALFORMED);
	attempt->secret = parts[nuls];
	attempt->secret_raw = nuls == 0;
	if (nuls > 0)
		attempt->identity = parts[nuls - 1];
	if (nuls == 2)
		attempt->authzid = parts[0];
	return decide(s, c);
}

static struct smtp_result take_broken(struct smtp *s, struct smtp_call *c, struct span response)
{
	struct smtp_auth_attempt *attempt = &s->auth.attempt;

	c->oddities |= ODDITY_BIT(AUTH_NOT_BASE64);
	if (s->auth.step == STEP_USERNAME) {
		attempt->identity = keep_raw(&s->auth, response);
		attempt->identity_raw = true;
	} else {
		attempt->secret = keep_raw(&s->auth, response);
		attempt->secret_raw = true;
	}
	return end(s, c, SMTP_AUTH_BROKEN, REPLY_NOT_BASE64);
}

static struct smtp_result take_response(struct smtp *s, struct smtp_call *c, struct span response)
{
	struct span decoded;

	if (!keep_decoded(&s->auth, response, &decoded))
		return take_broken(s, c, response);
	switch ((enum step)s->auth.step) {
	case STEP_USERNAME:
		s->auth.attempt.identity = decoded;
		s->auth.step = STEP_PASSWORD;
		return (struct smtp_result){REPLY_ASK_PASSWORD, OUTCOME_NEXT};
	case STEP_PASSWORD:
		s->auth.attempt.secret = decoded;
		return decide(s, c);
	default:
		return take_plain(s, c, decoded);
	}
}

static const struct mechanism *find(struct span name, unsigned offered)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		if (span_is(name, mechanisms[i].name) &&
		    (offered == 0 || (offered & mechanisms[i].bit)))
			return &mechanisms[i];
	return NULL;
}

static void keep_mechanism(struct smtp_auth *a, struct span name)
{
	size_t len = name.len < sizeof a->mechanism ? name.len : sizeof a->mechanism;

	memcpy(a->mechanism, name.bytes, len);
	a->attempt.mechanism = (struct span){a->mechanism, len};
}

/* Split "mechanism [initial-response]"; the response is taken for a secret until it is known to
 * be a user name. */
static struct span split(struct smtp_call *c, struct span *name_r)
{
	size_t len = 0;

	while (len < c->args.len && c->args.bytes[len] != ' ' && c->args.bytes[len] != '\t')
		len++;
	*name_r = span_head(c->args, len);
	struct span response = span_trim_left(span_tail(c->args, len));
	if (response.len > 0)
		c->v->secret_at = (size_t)(response.bytes - c->in->line.text.bytes);
	return response;
}

static enum smtp_reply_id check_auth(const struct smtp *s, struct smtp_call *c)
{
	if (c->refusal != REPLY_NONE)
		return c->refusal;
	if (s->authenticated)
		return REPLY_AUTH_TWICE;
	if (c->args.len == 0)
		return REPLY_NEED_ARGUMENT;
	if (!s->esmtp)
		c->oddities |= ODDITY_BIT(ESMTP_AFTER_HELO);
	return smtp_refusal(s, c);
}

struct smtp_result smtp_do_auth(struct smtp *s, struct smtp_call *c)
{
	struct span name, response = split(c, &name);
	enum smtp_reply_id refusal = check_auth(s, c);

	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	s->resume = s->state;
	keep_mechanism(&s->auth, name);
	const struct mechanism *mechanism = find(name, s->policy->mechanisms);
	if (mechanism == NULL) {
		c->oddities |= ODDITY_BIT(AUTH_UNKNOWN_MECHANISM);
		s->auth.attempt.secret = keep_raw(&s->auth, response);
		s->auth.attempt.secret_raw = true;
		return end(s, c, SMTP_AUTH_UNKNOWN, REPLY_UNKNOWN_MECHANISM);
	}
	s->auth.step = mechanism->first;
	if (response.len == 0)
		return (struct smtp_result){mechanism->ask, OUTCOME_NEXT};
	/* RFC 4954 4: "=" is an initial response of no bytes. */
	if (span_is(response, "="))
		response.len = 0;
	struct smtp_result result = take_response(s, c, response);
	if (mechanism->first == STEP_USERNAME && result.outcome == OUTCOME_NEXT)
		c->v->secret_at = SMTP_NO_SECRET;
	return result;
}

static struct smtp_result take_line(struct smtp *s, struct smtp_call *c)
{
	if (s->auth.step != STEP_USERNAME)
		c->v->secret_at = 0;
	if (c->oddities & ODDITY_BIT(LINE_TOO_LONG))
		return end(s, c, SMTP_AUTH_BROKEN, REPLY_AUTH_TOO_LONG);
	if (c->refusal != REPLY_NONE)
		return end(s, c, SMTP_AUTH_BROKEN, c->refusal);
	if (span_is(c->args, "*")) {
		c->oddities |= ODDITY_BIT(AUTH_CANCELLED);
		c->v->secret_at = SMTP_NO_SECRET;
		return end(s, c, SMTP_AUTH_CANCELLED, REPLY_AUTH_CANCELLED);
	}
	return take_response(s, c, c->args);
}

const struct smtp_row smtp_auth_row = {"AUTH",
				       SMTP_AUTH,
				       take_line,
				       1u << SMTP_STATE_AUTH,
				       SMTP_STATE_AUTH,
				       ROW_ENDS_GROUP | ROW_SEES_REFUSAL,
				       0,
				       LINE_AUTH_MAX};

const char *smtp_auth_verdict_name(enum smtp_auth_verdict verdict)
{
	static const char *const names[] = {
	    [SMTP_AUTH_REFUSED] = "refused",           [SMTP_AUTH_ACCEPTED] = "accepted",
	    [SMTP_AUTH_CANCELLED] = "cancelled",       [SMTP_AUTH_BROKEN] = "broken",
	    [SMTP_AUTH_UNKNOWN] = "unknown_mechanism",
	};

	return names[verdict];
}
