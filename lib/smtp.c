/*
 * smtp.c: the SMTP machine: from a line to a verdict.
 *
 * Runs in the workers.  Input: command lines (line.h), of which no byte is trusted, and the
 * outcomes of payloads; output: replies and what the caller does next.  The dispatcher here is
 * the only code that changes a session's state.  No I/O, no allocation, no errors: whatever a
 * peer sends gets a reply.
 */
#include "smtp_int.h"

#include <assert.h>
#include <stddef.h>

void smtp_init(struct smtp *s, const struct smtp_policy *policy, uint8_t *arena, size_t cap)
{
	/* All but the memory of AUTH, which few sessions touch and none reads before writing. */
	memset(s, 0, offsetof(struct smtp, auth.memory));
	s->policy = policy;
	s->envelope.arena = arena;
	s->envelope.arena_cap = cap;
}

void smtp_client(struct smtp *s, const uint8_t ip[IP_BYTES], uint64_t now_us)
{
	ip_text(ip, s->client);
	s->client_us = now_us;
}

size_t smtp_line_limit(const struct smtp *s)
{
	size_t max = s->policy->max_line ? s->policy->max_line : LINE_COMMAND_MAX;

	return s->state == SMTP_STATE_AUTH || max > LINE_AUTH_MAX ? LINE_AUTH_MAX : max;
}

const char *smtp_phase_name(enum smtp_phase phase)
{
	static const char *const names[SMTP_PHASE_COUNT] = {
	    [SMTP_PHASE_CONNECT] = "connect", [SMTP_PHASE_HELO] = "helo",
	    [SMTP_PHASE_MAIL] = "mail",       [SMTP_PHASE_RCPT] = "rcpt",
	    [SMTP_PHASE_DATA] = "data",       [SMTP_PHASE_MESSAGE] = "message",
	};

	return names[phase];
}

/* A state: what it tells the caller, the phase that is reached with it, the reply to a command
 * that it does not allow, and whether a transaction goes on in it. */
static const struct state_row {
	enum smtp_next next;
	enum smtp_phase phase;
	enum smtp_reply_id out_of_order;
	bool in_transaction;
} states[SMTP_STATE_COUNT] = {
    [SMTP_STATE_CONNECTED] = {SMTP_NEXT_COMMAND, SMTP_PHASE_CONNECT, REPLY_NEED_HELO, false},
    [SMTP_STATE_READY] = {SMTP_NEXT_COMMAND, SMTP_PHASE_HELO, REPLY_NEED_MAIL, false},
    [SMTP_STATE_MAIL] = {SMTP_NEXT_COMMAND, SMTP_PHASE_MAIL, REPLY_NEED_RCPT, true},
    [SMTP_STATE_RCPT] = {SMTP_NEXT_COMMAND, SMTP_PHASE_RCPT, REPLY_OUT_OF_ORDER, true},
    [SMTP_STATE_CHUNKS] = {SMTP_NEXT_COMMAND, SMTP_PHASE_DATA, REPLY_NEED_BDAT, true},
    [SMTP_STATE_SPOILT] = {SMTP_NEXT_COMMAND, SMTP_PHASE_CONNECT, REPLY_NEED_RSET, false},
    [SMTP_STATE_AUTH] = {SMTP_NEXT_AUTH, SMTP_PHASE_CONNECT, REPLY_OUT_OF_ORDER, false},
    [SMTP_STATE_PAYLOAD] = {SMTP_NEXT_DATA, SMTP_PHASE_CONNECT, REPLY_OUT_OF_ORDER, true},
    [SMTP_STATE_STARTTLS] = {SMTP_NEXT_STARTTLS, SMTP_PHASE_CONNECT, REPLY_OUT_OF_ORDER, false},
    [SMTP_STATE_REFUSED] = {SMTP_NEXT_COMMAND, SMTP_PHASE_CONNECT, REPLY_NOT_WELCOME, false},
    [SMTP_STATE_CLOSED] = {SMTP_NEXT_CLOSE, SMTP_PHASE_CONNECT, REPLY_OUT_OF_ORDER, false},
};

void smtp_note(struct smtp *s, enum oddity o)
{
	s->oddities |= UINT64_C(1) << o;
	if (states[s->state].in_transaction)
		s->envelope.oddities |= UINT64_C(1) << o;
}

static void reach(struct smtp *s, enum smtp_phase phase)
{
	if (s->phase < phase)
		s->phase = phase;
}

/* Change the state, and tell the caller.  A message that was begun does not outlive its
 * transaction; the envelope is readable until the next command. */
static void enter(struct smtp *s, enum smtp_state state, struct smtp_verdict *v)
{
	if (!states[state].in_transaction) {
		v->message_over = s->message_begun;
		s->count.messages_rejected += s->message_begun;
		s->message_begun = false;
		s->chunk_bytes = 0;
		s->envelope_done = true;
	}
	s->state = state;
	reach(s, states[state].phase);
	if (s->message_begun)
		reach(s, SMTP_PHASE_DATA);
	v->next = states[state].next;
}

enum smtp_reply_id smtp_refusal(const struct smtp *s, const struct smtp_call *c)
{
	static const enum smtp_reply_id reply_of[ODDITY_COUNT] = {
#define ODDITY(sym, name, refused, reply, doc) [ODDITY_##sym] = REPLY_##reply,
#include "oddity.def"
#undef ODDITY
	};
	uint64_t refused = c->oddities & oddity_refused(s->policy->strictness);

	if (refused == 0)
		return REPLY_NONE;
	enum smtp_reply_id reply = reply_of[__builtin_ctzll(refused)];
	return reply == REPLY_BAD_SENDER && c->row->verb == SMTP_RCPT ? REPLY_BAD_RECIPIENT : reply;
}

static bool has_8bit(struct span s)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < s.len; i++)
		bits |= s.bytes[i];
	return (bits & 0x80) != 0;
}

/* The oddities of the line as a whole. */
static uint64_t check_line(const struct smtp_row *row, const struct line *line)
{
	uint64_t oddities = 0;

	if (line->too_long)
		oddities |= ODDITY_BIT(LINE_TOO_LONG);
	if (line->text.len + 2 > row->line_max)
		oddities |= ODDITY_BIT(LONG_LINE);
	if (line->eol == EOL_LF)
		oddities |= ODDITY_BIT(BARE_LF_COMMAND);
	if (line->bare_cr > 0)
		oddities |= ODDITY_BIT(BARE_CR_COMMAND);
	if (line->text.len > 0 && memchr(line->text.bytes, '\0', line->text.len) != NULL)
		oddities |= ODDITY_BIT(NUL_IN_COMMAND);
	if (!(row->flags & ROW_UTF8) && has_8bit(line->text))
		oddities |= ODDITY_BIT(EIGHT_BIT_IN_COMMAND);
	return oddities;
}

/* The client sent more behind this line before it could have our reply. */
static uint64_t check_pipelining(const struct smtp *s, const struct smtp_call *c)
{
	uint64_t oddities = 0;

	if (!c->in->more_buffered || (c->row->flags & ROW_PAYLOAD))
		return 0;
	if (!s->pipelining_offered)
		oddities |= ODDITY_BIT(PIPELINED_EARLY);
	if (c->row->flags & ROW_ENDS_GROUP)
		oddities |= ODDITY_BIT(PIPELINED_ACROSS);
	return oddities;
}

/* The state does not allow the command: note which oddity that is and return the reply. */
static enum smtp_reply_id refuse_order(const struct smtp *s, struct smtp_call *c)
{
	bool mail = c->row->verb == SMTP_MAIL;
	bool nested = s->state == SMTP_STATE_MAIL || s->state == SMTP_STATE_RCPT;

	if (mail && s->state == SMTP_STATE_CONNECTED)
		c->oddities |= ODDITY_BIT(MAIL_BEFORE_HELO);
	else if (mail && nested)
		c->oddities |= ODDITY_BIT(MAIL_NESTED);
	else
		c->oddities |= ODDITY_BIT(OUT_OF_ORDER);

	if (mail && nested)
		return REPLY_NESTED_MAIL;
	if (c->row->verb == SMTP_AUTH)
		return REPLY_OUT_OF_ORDER;
	if (s->state == SMTP_STATE_MAIL && s->envelope.refused > 0)
		return REPLY_NO_RECIPIENTS;
	return states[s->state].out_of_order;
}

/* What speaks against the command before its handler looks at it; REPLY_NONE if nothing. */
static enum smtp_reply_id check_command(const struct smtp *s, struct smtp_call *c)
{
	const struct smtp_row *row = c->row;

	c->oddities |= check_line(row, &c->in->line) | check_pipelining(s, c);
	if (s->policy->max_commands && s->count.commands > s->policy->max_commands)
		return REPLY_TOO_MANY_COMMANDS;
	enum smtp_reply_id refusal = smtp_refusal(s, c);
	if (refusal != REPLY_NONE)
		return refusal;
	if (row->handle == NULL || (row->extension & ~s->policy->extensions))
		return REPLY_NOT_IMPLEMENTED;
	return row->states & 1u << s->state ? REPLY_NONE : refuse_order(s, c);
}

enum smtp_reply_id smtp_ask_judge(struct smtp *s, const struct smtp_proposal *proposal)
{
	if (s->judge.decide != NULL)
		s->judged = s->judge.decide(s->judge.ctx, proposal);
	return s->judged.code >= 400 ? REPLY_JUDGED : REPLY_NONE;
}

/* Count a reply to verb, and say whether that was one error too many. */
static bool count_reply(struct smtp *s, const struct smtp_verdict *v)
{
	if (v->verb == SMTP_RCPT) {
		bool accepted = v->code < 300;
		s->count.recipients_accepted += accepted;
		s->count.recipients_rejected += !accepted;
		s->envelope.refused += !accepted;
	}
	if (v->code < 500)
		return false;
	s->count.errors++;
	return s->policy->max_errors && s->count.errors > s->policy->max_errors;
}

static enum smtp_state target(const struct smtp *s, const struct smtp_row *row,
			      enum smtp_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NEXT:
		return row->next;
	case OUTCOME_RESUME:
		return s->resume;
	case OUTCOME_SPOIL:
		return SMTP_STATE_SPOILT;
	default:
		return s->state;
	}
}

/* From a handler's result to the verdict: reply, counters, transition. */
static void conclude(struct smtp *s, struct smtp_call *c, struct smtp_result result)
{
	struct smtp_verdict *v = c->v;

	smtp_reply_put(s, result.reply, NULL, v);
	if (count_reply(s, v)) {
		v->end = SMTP_END_TOO_MANY_ERRORS;
		smtp_reply_put(s, REPLY_TOO_MANY_ERRORS, NULL, v);
	}
	v->next = states[s->state].next;
	if (v->code == 421 || s->judged.close) {
		enum smtp_end why = s->judged.code != 0 ? SMTP_END_REJECTED : SMTP_END_LIMIT;
		v->end = v->end ? v->end : why;
		enter(s, SMTP_STATE_CLOSED, v);
	} else if (result.outcome != OUTCOME_KEEP) {
		enter(s, target(s, c->row, result.outcome), v);
	}
	if (v->next == SMTP_NEXT_DATA && c->row->verb == SMTP_BDAT)
		v->next = SMTP_NEXT_CHUNK;
	v->flush = v->next != SMTP_NEXT_COMMAND || (c->row->flags & ROW_ENDS_GROUP) ||
		   !c->in->more_buffered;
	v->oddities = c->oddities;
	s->oddities |= c->oddities;
	if (states[s->state].in_transaction)
		s->envelope.oddities |= c->oddities;
}

static void verdict_init(struct smtp_verdict *v, enum smtp_verb verb)
{
	*v = (struct smtp_verdict){.reply = "", .verb = verb, .secret_at = SMTP_NO_SECRET};
}

/* Forget what was kept for the caller to read after the last command. */
static void forget_last(struct smtp *s)
{
	if (s->envelope_done)
		smtp_envelope_reset(&s->envelope);
	s->envelope_done = false;
	if (s->state != SMTP_STATE_AUTH)
		smtp_auth_forget(s);
}

/* The input ended within a command: it is not carried out. */
static void unfinished(struct smtp *s, struct smtp_verdict *v)
{
	v->oddities = ODDITY_BIT(UNFINISHED_COMMAND);
	s->oddities |= v->oddities;
	v->end = SMTP_END_CLIENT_CLOSED;
	v->flush = true;
	smtp_auth_abandon(s, v);
	enter(s, SMTP_STATE_CLOSED, v);
}

void smtp_command(struct smtp *s, const struct smtp_input *in, struct smtp_verdict *v)
{
	struct smtp_call c = {.in = in, .v = v};

	verdict_init(v, SMTP_UNKNOWN);
	forget_last(s);
	s->judged = (struct smtp_judgement){0};
	s->count.commands++;
	if (in->line.eol == EOL_NONE && !in->line.too_long) {
		unfinished(s, v);
		return;
	}
	if (s->state == SMTP_STATE_AUTH) {
		c.row = &smtp_auth_row;
		c.args = span_trim_right(in->line.text);
		c.oddities = c.args.len < in->line.text.len ? ODDITY_BIT(TRAILING_SPACE) : 0;
	} else {
		c.row = smtp_row_find(in->line.text, &c);
	}
	v->verb = c.row->verb;
	s->call = &c;
	c.refusal = check_command(s, &c);
	bool handle = c.refusal == REPLY_NONE ||
		      (c.row->flags & ROW_SEES_REFUSAL && smtp_reply_code(c.refusal) != 421);
	conclude(s, &c, handle ? c.row->handle(s, &c) : smtp_failed(c.refusal));
	s->call = NULL;
}

void smtp_greeting(struct smtp *s, struct smtp_verdict *v)
{
	verdict_init(v, SMTP_UNKNOWN);
	smtp_reply_put(s, REPLY_GREETING, s->policy->banner, v);
	v->flush = true;
}

/* The reply is the judge's: where it leads instead of `next`. */
static enum smtp_state end_judged(const struct smtp_judgement *j, enum smtp_state next,
				  struct smtp_verdict *v)
{
	if (!j->close && j->code != 421)
		return next;
	v->end = SMTP_END_REJECTED;
	return SMTP_STATE_CLOSED;
}

void smtp_greeting_judged(struct smtp *s, const struct smtp_judgement *j, struct smtp_verdict *v)
{
	struct smtp_judgement judged = *j;

	judged.close |= j->code >= 400 && j->code < 500; /* nothing could follow, RFC 5321 3.1 */
	s->judged = judged;
	verdict_init(v, SMTP_UNKNOWN);
	smtp_reply_put(s, REPLY_JUDGED, NULL, v);
	enter(s, end_judged(&judged, j->code < 400 ? SMTP_STATE_CONNECTED : SMTP_STATE_REFUSED, v),
	      v);
	v->flush = true;
}

void smtp_chunk_end(struct smtp *s, struct smtp_verdict *v)
{
	enum smtp_reply_id refusal = (enum smtp_reply_id)s->chunk_refusal;
	enum smtp_state next = s->resume;

	verdict_init(v, SMTP_BDAT);
	smtp_reply_put(s, refusal == REPLY_NONE ? REPLY_CHUNK_OK : refusal, NULL, v);
	if (count_reply(s, v)) {
		v->end = SMTP_END_TOO_MANY_ERRORS;
		smtp_reply_put(s, REPLY_TOO_MANY_ERRORS, NULL, v);
		next = SMTP_STATE_CLOSED;
	} else if (refusal == REPLY_JUDGED) {
		next = end_judged(&s->judged, next, v);
	}
	enter(s, next, v);
	v->flush = true;
}

/* The message is over with this reply. */
static void end_message(struct smtp *s, enum smtp_reply_id reply, const char *id,
			struct smtp_verdict *v)
{
	enum smtp_state next = s->chunk_last ? SMTP_STATE_READY : SMTP_STATE_SPOILT;

	verdict_init(v, s->envelope.chunked ? SMTP_BDAT : SMTP_DATA);
	smtp_reply_put(s, reply, id, v);
	bool stored = v->code >= 200 && v->code < 300;
	s->count.errors += v->code >= 500;
	s->count.messages_accepted += stored;
	s->count.messages_rejected += !stored;
	s->message_begun = false;
	if (stored)
		reach(s, SMTP_PHASE_MESSAGE);
	if (reply == REPLY_NONE) {
		v->end = SMTP_END_CLIENT_CLOSED;
		next = SMTP_STATE_CLOSED;
	} else if (reply == REPLY_JUDGED) {
		next = end_judged(&s->judged, next, v);
	}
	enter(s, next, v);
	v->flush = true;
}

void smtp_message_judged(struct smtp *s, const struct smtp_judgement *j, struct smtp_verdict *v)
{
	s->judged = *j;
	end_message(s, REPLY_JUDGED, NULL, v);
}

void smtp_message_end(struct smtp *s, enum smtp_stored result, const char *id,
		      struct smtp_verdict *v)
{
	static const enum smtp_reply_id replies[] = {
	    [SMTP_STORED] = REPLY_STORED, [SMTP_NO_SPACE] = REPLY_NO_SPACE,
	    [SMTP_FAILED] = REPLY_FAILED, [SMTP_TOO_BIG] = REPLY_TOO_BIG,
	    [SMTP_ABORTED] = REPLY_NONE,
	};
	bool stored = result == SMTP_STORED;

	assert(s->chunk_last || !stored);
	end_message(s, replies[result], stored ? id : NULL, v);
}

void smtp_tls_started(struct smtp *s)
{
	smtp_auth_forget(s);
	smtp_envelope_reset(&s->envelope);
	memset(s->helo, 0, sizeof s->helo);
	s->helo_len = 0;
	s->esmtp = s->authenticated = s->pipelining_offered = false;
	s->message_begun = s->envelope_done = false;
	s->chunk_bytes = 0;
	s->tls = true;
	s->state = SMTP_STATE_CONNECTED;
}

void smtp_close(struct smtp *s, enum smtp_end why, struct smtp_verdict *v)
{
	static const enum smtp_reply_id replies[] = {
	    [SMTP_END_NONE] = REPLY_NONE,
	    [SMTP_END_QUIT] = REPLY_NONE,
	    [SMTP_END_TOO_MANY_ERRORS] = REPLY_TOO_MANY_ERRORS,
	    [SMTP_END_LIMIT] = REPLY_TOO_MANY_COMMANDS,
	    [SMTP_END_SHUTDOWN] = REPLY_SHUTDOWN,
	    [SMTP_END_TIMEOUT] = REPLY_TIMEOUT,
	    [SMTP_END_CLIENT_CLOSED] = REPLY_NONE,
	    [SMTP_END_REJECTED] = REPLY_NONE,
	    [SMTP_END_TOO_MANY_SESSIONS] = REPLY_TOO_MANY_SESSIONS,
	    [SMTP_END_TOO_EARLY] = REPLY_TOO_EARLY,
	};

	verdict_init(v, SMTP_UNKNOWN);
	smtp_reply_put(s, replies[why], NULL, v);
	v->end = why;
	smtp_auth_abandon(s, v);
	enter(s, SMTP_STATE_CLOSED, v);
	v->flush = true;
}
