/*
 * smtp_verbs.c: the table of verbs, and the handlers of those without a transaction.
 *
 * Runs in the workers.  A row says in which states its verb is allowed, what state it leads to
 * and what it brings; smtp.c acts on that.  Unknown verbs have the last row: to a trap they are
 * data.
 */
#include "smtp_int.h"

#define IN(state) (1u << SMTP_STATE_##state)
#define IN_TRANSACTION (IN(MAIL) | IN(RCPT) | IN(CHUNKS) | IN(SPOILT))
#define IN_ANY (IN(CONNECTED) | IN(READY) | IN_TRANSACTION)

/* Octets of a command line with the parameters of all extensions: RFC 5321 4.5.3.1.4 and 26 for
 * SIZE (RFC 1870), 17 for BODY (RFC 6152), 10 for SMTPUTF8 (RFC 6531), 500 for AUTH (RFC 4954),
 * 115 for RET and ENVID, 528 for NOTIFY and ORCPT (RFC 3461). */
#define MAIL_LINE_MAX (LINE_RFC_MAX + 26 + 17 + 10 + 500 + 115)
#define RCPT_LINE_MAX (LINE_RFC_MAX + 528)

static smtp_handler_fn do_ehlo, do_helo, do_rset, do_noop, do_quit, do_vrfy, do_help, do_starttls;

static const struct smtp_row rows[SMTP_VERB_COUNT] = {
    [SMTP_EHLO] = {"EHLO", SMTP_EHLO, do_ehlo, IN_ANY, SMTP_STATE_READY, ROW_ENDS_GROUP, 0,
		   LINE_RFC_MAX},
    [SMTP_HELO] = {"HELO", SMTP_HELO, do_helo, IN_ANY, SMTP_STATE_READY, ROW_ENDS_GROUP, 0,
		   LINE_RFC_MAX},
    [SMTP_MAIL] = {"MAIL", SMTP_MAIL, smtp_do_mail, IN(READY), SMTP_STATE_MAIL, ROW_UTF8, 0,
		   MAIL_LINE_MAX},
    [SMTP_RCPT] = {"RCPT", SMTP_RCPT, smtp_do_rcpt, IN(MAIL) | IN(RCPT), SMTP_STATE_RCPT, ROW_UTF8,
		   0, RCPT_LINE_MAX},
    [SMTP_DATA] = {"DATA", SMTP_DATA, smtp_do_data, IN(RCPT), SMTP_STATE_PAYLOAD,
		   ROW_ENDS_GROUP | ROW_NO_ARGUMENT, 0, LINE_RFC_MAX},
    [SMTP_BDAT] = {"BDAT", SMTP_BDAT, smtp_do_bdat, IN(RCPT) | IN(CHUNKS), SMTP_STATE_PAYLOAD,
		   ROW_ENDS_GROUP | ROW_SEES_REFUSAL | ROW_PAYLOAD, EXT_CHUNKING, LINE_RFC_MAX},
    [SMTP_RSET] = {"RSET", SMTP_RSET, do_rset, IN_ANY, SMTP_STATE_READY, ROW_NO_ARGUMENT, 0,
		   LINE_RFC_MAX},
    [SMTP_NOOP] = {"NOOP", SMTP_NOOP, do_noop, IN_ANY, SMTP_STATE_READY, ROW_ENDS_GROUP, 0,
		   LINE_RFC_MAX},
    [SMTP_QUIT] = {"QUIT", SMTP_QUIT, do_quit, IN_ANY | IN(REFUSED), SMTP_STATE_CLOSED,
		   ROW_ENDS_GROUP | ROW_NO_ARGUMENT, 0, LINE_RFC_MAX},
    [SMTP_VRFY] = {"VRFY", SMTP_VRFY, do_vrfy, IN_ANY, SMTP_STATE_READY, ROW_ENDS_GROUP | ROW_UTF8,
		   0, LINE_RFC_MAX},
    [SMTP_EXPN] = {"EXPN", SMTP_EXPN, NULL, IN_ANY, SMTP_STATE_READY, ROW_ENDS_GROUP | ROW_UTF8, 0,
		   LINE_RFC_MAX},
    [SMTP_HELP] = {"HELP", SMTP_HELP, do_help, IN_ANY, SMTP_STATE_READY, 0, 0, LINE_RFC_MAX},
    [SMTP_STARTTLS] = {"STARTTLS", SMTP_STARTTLS, do_starttls, IN_ANY, SMTP_STATE_STARTTLS,
		       ROW_ENDS_GROUP | ROW_PAYLOAD, EXT_STARTTLS, LINE_RFC_MAX},
    [SMTP_AUTH] = {"AUTH", SMTP_AUTH, smtp_do_auth, IN(CONNECTED) | IN(READY), SMTP_STATE_AUTH,
		   ROW_ENDS_GROUP | ROW_SEES_REFUSAL, EXT_AUTH, LINE_AUTH_MAX},
    [SMTP_UNKNOWN] = {"unknown", SMTP_UNKNOWN, NULL, IN_ANY, SMTP_STATE_READY, 0, 0, LINE_RFC_MAX},
};

static const struct smtp_row *find(struct span verb)
{
	for (unsigned i = 0; i < SMTP_UNKNOWN; i++)
		if (span_is(verb, rows[i].name))
			return &rows[i];
	return &rows[SMTP_UNKNOWN];
}

const struct smtp_row *smtp_row_find(struct span line, struct smtp_call *c)
{
	struct span left = span_trim_left(line), text = span_trim_right(left);
	size_t end = 0;

	if (left.len < line.len)
		c->oddities |= ODDITY_BIT(LEADING_SPACE);
	if (text.len < left.len)
		c->oddities |= ODDITY_BIT(TRAILING_SPACE);
	while (end < text.len && text.bytes[end] != ' ' && text.bytes[end] != '\t')
		end++;
	c->args = span_trim_left(span_tail(text, end));
	size_t gap = text.len - end - c->args.len;
	if (gap > 1 || (gap == 1 && text.bytes[end] == '\t'))
		c->oddities |= ODDITY_BIT(EXTRA_SPACE);
	if (text.len == 0)
		c->oddities |= ODDITY_BIT(EMPTY_LINE);

	const struct smtp_row *row = find(span_head(text, end));
	if (row->verb == SMTP_UNKNOWN && text.len > 0)
		c->oddities |= ODDITY_BIT(UNKNOWN_COMMAND);
	if ((row->flags & ROW_NO_ARGUMENT) && c->args.len > 0)
		c->oddities |= ODDITY_BIT(UNEXPECTED_ARGUMENT);
	return row;
}

static bool in_transaction(const struct smtp *s)
{
	return (1u << s->state & IN_TRANSACTION) != 0;
}

static uint64_t check_helo(struct span name)
{
	if (name.len == 0)
		return ODDITY_BIT(HELO_MISSING_ARGUMENT);
	if (path_is_address(name))
		return ODDITY_BIT(HELO_ADDRESS_UNBRACKETED);
	return path_check_domain(name) ? ODDITY_BIT(HELO_BAD_SYNTAX) : 0;
}

static struct smtp_result greet(struct smtp *s, struct smtp_call *c, bool esmtp)
{
	c->oddities |= check_helo(c->args);
	enum smtp_reply_id refusal = smtp_refusal(s, c);
	/* A client that sends EHLO alone within a transaction goes on with it: keep the envelope. */
	if (refusal == REPLY_NONE && c->args.len == 0 && in_transaction(s))
		refusal = REPLY_BAD_HELO;
	if (refusal == REPLY_NONE)
		refusal = smtp_ask_judge(
		    s, &(struct smtp_proposal){.verb = c->row->verb, .argument = c->args});
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);

	s->helo_len = c->args.len < sizeof s->helo ? c->args.len : sizeof s->helo;
	if (s->helo_len > 0)
		memcpy(s->helo, c->args.bytes, s->helo_len);
	s->esmtp = esmtp;
	s->pipelining_offered = esmtp && (s->policy->extensions & EXT_PIPELINING);
	return (struct smtp_result){esmtp ? REPLY_EHLO : smtp_reply_or_judged(s, REPLY_HELO),
				    OUTCOME_NEXT};
}

static struct smtp_result do_ehlo(struct smtp *s, struct smtp_call *c)
{
	return greet(s, c, true);
}

static struct smtp_result do_helo(struct smtp *s, struct smtp_call *c)
{
	return greet(s, c, false);
}

static struct smtp_result do_rset(struct smtp *s, struct smtp_call *c)
{
	(void)c;
	return (struct smtp_result){REPLY_RESET,
				    s->state == SMTP_STATE_CONNECTED ? OUTCOME_KEEP : OUTCOME_NEXT};
}

static struct smtp_result do_noop(struct smtp *s, struct smtp_call *c)
{
	(void)s;
	(void)c;
	return smtp_failed(REPLY_OK);
}

static struct smtp_result do_quit(struct smtp *s, struct smtp_call *c)
{
	(void)s;
	c->v->end = SMTP_END_QUIT;
	return (struct smtp_result){REPLY_QUIT, OUTCOME_NEXT};
}

static struct smtp_result do_vrfy(struct smtp *s, struct smtp_call *c)
{
	(void)s;
	return (struct smtp_result){c->args.len > 0 ? REPLY_VRFY : REPLY_NEED_ARGUMENT,
				    OUTCOME_KEEP};
}

static struct smtp_result do_help(struct smtp *s, struct smtp_call *c)
{
	(void)s;
	(void)c;
	return smtp_failed(REPLY_HELP);
}

static struct smtp_result do_starttls(struct smtp *s, struct smtp_call *c)
{
	enum smtp_reply_id refusal;

	if (s->tls)
		return smtp_failed(REPLY_TLS_ACTIVE);
	if (c->args.len > 0) {
		c->oddities |= ODDITY_BIT(UNEXPECTED_ARGUMENT);
		return smtp_failed(REPLY_NO_ARGUMENT);
	}
	if (!s->esmtp)
		c->oddities |= ODDITY_BIT(ESMTP_AFTER_HELO);
	refusal = smtp_refusal(s, c);
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	if (c->in->tls_unavailable)
		return smtp_failed(REPLY_TLS_UNAVAILABLE);
	if (c->in->more_buffered)
		c->oddities |= ODDITY_BIT(TLS_INJECTED);
	return (struct smtp_result){REPLY_TLS_READY, OUTCOME_NEXT};
}
