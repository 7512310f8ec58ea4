/*
 * smtp_mail.c: the mail transaction: MAIL, RCPT, DATA, BDAT, and its envelope.
 *
 * Runs in the workers.  The envelope is kept in an arena of the caller's; when that is full, the
 * client hears 452.
 */
#include "smtp_int.h"

#define CHUNK_DIGITS_MAX 18 /* fits 63 bits; more than any disk */

void smtp_envelope_reset(struct smtp_envelope *e)
{
	*e = (struct smtp_envelope){.arena = e->arena, .arena_cap = e->arena_cap};
}

/* Copy s to the arena; the caller checked that it fits. */
static struct span keep(struct smtp_envelope *e, struct span s)
{
	uint8_t *to = e->arena + e->arena_len;

	if (s.len > 0)
		memcpy(to, s.bytes, s.len);
	e->arena_len += s.len;
	return (struct span){to, s.len};
}

static bool has_room(const struct smtp_envelope *e, size_t need)
{
	return need <= e->arena_cap - e->arena_len;
}

/* A recipient in the arena: two lengths, then address and parameters. */
struct recipient_head {
	uint32_t address_len;
	uint32_t params_len : 31;
	uint32_t routed : 1;
};

static bool has_room_for(const struct smtp_envelope *e, const struct path *path)
{
	return has_room(e, sizeof(struct recipient_head) + path->address.len +
			       span_trim_left(path->rest).len);
}

static void keep_recipient(struct smtp_envelope *e, const struct path *path)
{
	struct span address = path->address, params = span_trim_left(path->rest);
	struct recipient_head head = {.address_len = (uint32_t)address.len,
				      .params_len = (uint32_t)params.len & INT32_MAX,
				      .routed = path->route.len > 0};

	keep(e, (struct span){(const uint8_t *)&head, sizeof head});
	keep(e, address);
	keep(e, params);
	e->recipients++;
}

bool smtp_recipient_next(const struct smtp_envelope *e, size_t *at, struct smtp_recipient *r)
{
	struct recipient_head head;
	const uint8_t *from = e->arena + e->recipients_at + *at;

	if (e->recipients == 0 || e->recipients_at + *at >= e->arena_len)
		return false;
	memcpy(&head, from, sizeof head);
	from += sizeof head;
	r->address = (struct span){from, head.address_len};
	r->params = (struct span){from + head.address_len, head.params_len};
	r->routed = head.routed;
	*at += sizeof head + head.address_len + head.params_len;
	return true;
}

/* "FROM:" or "TO:", then the path; returns REPLY_NONE and the path, or the reply if there is none.
 * Notes the oddities of both. */
static enum smtp_reply_id take_path(struct smtp_call *c, const char *keyword, enum path_kind kind,
				    struct path *path_r)
{
	if (!span_starts(c->args, keyword))
		return REPLY_SYNTAX_PATH;
	struct span behind = span_tail(c->args, strlen(keyword));
	struct span rest = span_trim_left(behind);
	bool colon = rest.len > 0 && rest.bytes[0] == ':';

	if (colon && rest.len < behind.len)
		c->oddities |= ODDITY_BIT(SPACE_BEFORE_COLON);
	if (!colon) {
		if (rest.len == 0 || (rest.len == behind.len && rest.bytes[0] != '<'))
			return REPLY_SYNTAX_PATH;
		c->oddities |= ODDITY_BIT(MISSING_COLON);
	}
	int got = path_parse(colon ? span_tail(rest, 1) : rest, kind, path_r);
	c->oddities |= path_r->oddities;
	c->path = path_r->address;
	return got > 0 ? REPLY_NONE : REPLY_BAD_RECIPIENT;
}

static void take_params(const struct smtp *s, struct smtp_call *c, struct span in,
			enum params_of of, struct params *params_r)
{
	params_parse(in, of, s->policy->extensions, params_r);
	c->oddities |= params_r->oddities;
	if (!s->esmtp && params_r->seen != 0)
		c->oddities |= ODDITY_BIT(ESMTP_AFTER_HELO);
}

static void check_utf8(struct smtp_call *c, const struct path *path, bool smtputf8)
{
	if (path->non_ascii && !smtputf8 && !(path->oddities & ODDITY_BIT(NOT_UTF8)))
		c->oddities |= ODDITY_BIT(UTF8_UNDECLARED);
}

/* What speaks against a MAIL that is well-formed; REPLY_NONE if nothing. */
static enum smtp_reply_id check_mail(const struct smtp *s, const struct smtp_call *c,
				     const struct path *path, const struct params *params)
{
	const struct smtp_policy *policy = s->policy;

	if (policy->max_messages && s->count.mails >= policy->max_messages)
		return REPLY_TOO_MANY_MESSAGES;
	if (policy->max_message_size && params->size > policy->max_message_size)
		return REPLY_TOO_BIG;
	if (c->in->out_of_space || !has_room(&s->envelope, path->address.len + path->rest.len))
		return REPLY_NO_SPACE;
	return REPLY_NONE;
}

struct smtp_result smtp_do_mail(struct smtp *s, struct smtp_call *c)
{
	struct smtp_envelope *e = &s->envelope;
	struct params params;
	struct path path;

	enum smtp_reply_id refusal = take_path(c, "FROM", PATH_REVERSE, &path);
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	take_params(s, c, path.rest, PARAMS_OF_MAIL, &params);
	bool smtputf8 = (params.seen & 1u << PARAM_SMTPUTF8) != 0;
	check_utf8(c, &path, smtputf8);
	refusal = smtp_refusal(s, c);
	if (refusal == REPLY_NONE)
		refusal = check_mail(s, c, &path, &params);
	if (refusal == REPLY_NONE)
		refusal = smtp_ask_judge(s, &(struct smtp_proposal){.verb = SMTP_MAIL,
								    .argument = path.address,
								    .routed = path.route.len > 0,
								    .size = params.size});
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);

	e->reverse_path = keep(e, path.address);
	e->mail_params = keep(e, span_trim_left(path.rest));
	e->recipients_at = e->arena_len;
	e->size_declared = params.size;
	e->body = params.body;
	e->smtputf8 = smtputf8;
	s->count.mails++;
	return (struct smtp_result){smtp_reply_or_judged(s, REPLY_SENDER_OK), OUTCOME_NEXT};
}

struct smtp_result smtp_do_rcpt(struct smtp *s, struct smtp_call *c)
{
	struct smtp_envelope *e = &s->envelope;
	struct params params;
	struct path path;

	enum smtp_reply_id refusal = take_path(c, "TO", PATH_FORWARD, &path);
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	take_params(s, c, path.rest, PARAMS_OF_RCPT, &params);
	check_utf8(c, &path, e->smtputf8);
	refusal = smtp_refusal(s, c);
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	if (s->policy->max_recipients && e->recipients >= s->policy->max_recipients)
		return smtp_failed(REPLY_TOO_MANY_RECIPIENTS);
	if (!has_room_for(e, &path))
		return smtp_failed(REPLY_TOO_MANY_RECIPIENTS);
	refusal = smtp_ask_judge(s, &(struct smtp_proposal){.verb = SMTP_RCPT,
							    .argument = path.address,
							    .routed = path.route.len > 0});
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	keep_recipient(e, &path);
	return (struct smtp_result){smtp_reply_or_judged(s, REPLY_RECIPIENT_OK), OUTCOME_NEXT};
}

struct smtp_result smtp_do_data(struct smtp *s, struct smtp_call *c)
{
	/* RFC 3030 3: what is declared as binary cannot come by DATA. */
	if (s->envelope.body == BODY_BINARYMIME)
		return smtp_failed(REPLY_NEED_BDAT);
	if (c->in->out_of_space)
		return smtp_failed(REPLY_NO_SPACE);
	enum smtp_reply_id refusal = smtp_ask_judge(s, &(struct smtp_proposal){.verb = SMTP_DATA});
	if (refusal != REPLY_NONE)
		return smtp_failed(refusal);
	s->message_begun = true;
	s->chunk_last = true;
	s->resume = SMTP_STATE_READY;
	return (struct smtp_result){smtp_reply_or_judged(s, REPLY_GO_AHEAD), OUTCOME_NEXT};
}

/* "size [LAST]", RFC 3030 2; returns whether it is. */
static bool parse_chunk(struct span args, struct smtp_verdict *v)
{
	size_t digits = 0;

	v->chunk_size = 0;
	while (digits < args.len && args.bytes[digits] >= '0' && args.bytes[digits] <= '9')
		v->chunk_size = v->chunk_size * 10 + args.bytes[digits++] - '0';
	struct span rest = span_tail(args, digits);
	struct span last = span_trim_left(rest);
	v->chunk_last = last.len > 0;
	return digits > 0 && digits <= CHUNK_DIGITS_MAX &&
	       (last.len == 0 || (last.len < rest.len && span_is(last, "LAST")));
}

/* What speaks against a chunk of v->chunk_size bytes; REPLY_NONE if nothing. */
static enum smtp_reply_id check_chunk(struct smtp *s, const struct smtp_call *c)
{
	uint64_t max = s->policy->max_message_size;

	if (c->refusal != REPLY_NONE)
		return c->refusal;
	enum smtp_reply_id refusal = smtp_refusal(s, c);
	if (refusal != REPLY_NONE)
		return refusal;
	if (max != 0 && c->v->chunk_size > max - s->chunk_bytes)
		return REPLY_TOO_BIG;
	if (c->in->out_of_space)
		return REPLY_NO_SPACE;
	return s->message_begun ? REPLY_NONE
				: smtp_ask_judge(s, &(struct smtp_proposal){.verb = SMTP_BDAT});
}

/* A chunk follows whatever we think of the command, so it is read in any case (RFC 3030 2).  A
 * message that misses a chunk cannot go on: with its last chunk it is over, else RSET is due. */
struct smtp_result smtp_do_bdat(struct smtp *s, struct smtp_call *c)
{
	bool in_transaction = s->state != SMTP_STATE_CONNECTED && s->state != SMTP_STATE_READY;

	/* Who was not offered CHUNKING sends no chunk. */
	if (c->refusal == REPLY_NOT_IMPLEMENTED)
		return smtp_failed(REPLY_NOT_IMPLEMENTED);
	if (!parse_chunk(c->args, c->v)) {
		c->oddities |= ODDITY_BIT(BDAT_BAD_ARGUMENT);
		return (struct smtp_result){
		    REPLY_BAD_BDAT, s->state == SMTP_STATE_CHUNKS ? OUTCOME_SPOIL : OUTCOME_KEEP};
	}
	if (!s->esmtp)
		c->oddities |= ODDITY_BIT(ESMTP_AFTER_HELO);
	s->chunk_refusal = (int)check_chunk(s, c);
	s->chunk_last = c->v->chunk_last;
	s->chunk_size = c->v->chunk_size;
	if (s->chunk_refusal == REPLY_NONE || s->chunk_refusal == REPLY_TOO_BIG)
		s->message_begun = s->envelope.chunked = true;
	if (s->chunk_refusal != REPLY_NONE) {
		c->v->chunk_discard = true;
		if (!in_transaction)
			s->resume = s->state;
		else
			s->resume = s->chunk_last ? SMTP_STATE_READY : SMTP_STATE_SPOILT;
	} else {
		s->chunk_bytes += c->v->chunk_size;
		s->resume = s->chunk_last ? SMTP_STATE_READY : SMTP_STATE_CHUNKS;
	}
	return (struct smtp_result){REPLY_NONE, OUTCOME_NEXT};
}
