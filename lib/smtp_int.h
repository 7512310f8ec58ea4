/*
 * smtp_int.h: what the files of the SMTP machine share; not for its callers.
 *
 * smtp.c finds the row of a command in the verb table, checks what the row asks for and calls
 * its handler.  A handler does no I/O and does not touch the session's state: it takes what the
 * command brings into the session, and returns a reply and an outcome.
 */
#ifndef SMTPTRAP_SMTP_INT_H
#define SMTPTRAP_SMTP_INT_H

#include "buf.h"
#include "path.h"
#include "smtp.h"

enum smtp_reply_id {
#define REPLY(sym, code, enhanced, host, text) REPLY_##sym,
#include "smtp_reply.def"
#undef REPLY
	REPLY_COUNT
};

/* What a handler does to the session's state. */
enum smtp_outcome {
	OUTCOME_KEEP,   /* nothing: the command failed or changes nothing */
	OUTCOME_NEXT,   /* go to the row's next state */
	OUTCOME_RESUME, /* go back to where the exchange began: s->resume */
	OUTCOME_SPOIL   /* a chunk is lost: SMTP_STATE_SPOILT */
};

struct smtp_result {
	enum smtp_reply_id reply;
	enum smtp_outcome outcome;
};

/* The command fails with `reply` and leaves the session's state as it is.  A reply 421 closes the
 * session whatever the outcome. */
static inline struct smtp_result smtp_failed(enum smtp_reply_id reply)
{
	return (struct smtp_result){reply, OUTCOME_KEEP};
}

/* One command on its way through the machine. */
struct smtp_call {
	const struct smtp_input *in;
	const struct smtp_row *row;
	struct span args;           /* behind the verb, no space around them */
	struct span path;           /* of MAIL and RCPT, without brackets; once it is parsed */
	uint64_t oddities;          /* found so far */
	enum smtp_reply_id refusal; /* for ROW_SEES_REFUSAL: refused already, or REPLY_NONE */
	struct smtp_verdict *v;
};

typedef struct smtp_result smtp_handler_fn(struct smtp *s, struct smtp_call *c);

enum smtp_row_flag {
	ROW_ENDS_GROUP = 1,   /* must be the last of a pipelined group, RFC 2920 3.1 */
	ROW_SEES_REFUSAL = 2, /* its handler runs also when the command is refused: c->refusal */
	ROW_UTF8 = 4,         /* UTF-8 in its argument is not an oddity of the line */
	ROW_NO_ARGUMENT = 8,  /* takes none */
	ROW_PAYLOAD = 16      /* what is buffered behind the line belongs to it */
};

struct smtp_row {
	const char *name;
	enum smtp_verb verb;
	smtp_handler_fn *handle; /* NULL: always refused */
	unsigned states;         /* 1 << state for each that allows it */
	enum smtp_state next;    /* after OUTCOME_NEXT */
	unsigned flags;
	unsigned extension; /* that must be offered, or 502; 0: none */
	size_t line_max;    /* octets of a legal line, CRLF included */
};

/* The row of the command line `line`, never NULL; splits the line into c->args and notes the
 * oddities of its spaces. */
const struct smtp_row *smtp_row_find(struct span line, struct smtp_call *c);

/* The row of a response to AUTH. */
extern const struct smtp_row smtp_auth_row;

/* The reply with which the oddities of c refuse its command in the session's mode, or NONE. */
enum smtp_reply_id smtp_refusal(const struct smtp *s, const struct smtp_call *c);

/* Ask the judge about a command: REPLY_NONE, or REPLY_JUDGED if it is refused. */
enum smtp_reply_id smtp_ask_judge(struct smtp *s, const struct smtp_proposal *proposal);

/* The reply to a command that was not refused: the judge's if it has one. */
static inline enum smtp_reply_id smtp_reply_or_judged(const struct smtp *s, enum smtp_reply_id id)
{
	return s->judged.code != 0 ? REPLY_JUDGED : id;
}

/* Write the reply `id` to s->reply and set v's reply, reply_len and code. */
void smtp_reply_put(struct smtp *s, enum smtp_reply_id id, const char *more,
		    struct smtp_verdict *v);
int smtp_reply_code(enum smtp_reply_id id);

/* smtp_look.c: the template of a reply in this look, NULL where it is the trap's own; put it with
 * its fields filled, id where it is the message's or NULL; and the lines of EHLO, each whole. */
const char *smtp_look_template(enum smtp_look look, enum smtp_reply_id id);
void smtp_look_put(struct buf *b, const struct smtp *s, const char *template, const char *id);
void smtp_ehlo_put(struct buf *b, const struct smtp *s);

/* Handlers that do not stand beside the table of verbs: those of smtp_mail.c, and of smtp_auth.c. */
smtp_handler_fn smtp_do_mail, smtp_do_rcpt, smtp_do_data, smtp_do_bdat;
smtp_handler_fn smtp_do_auth;

/* The session ends: report in v an AUTH exchange that is under way. */
void smtp_auth_abandon(struct smtp *s, struct smtp_verdict *v);

/* Wipe what an AUTH exchange left. */
void smtp_auth_forget(struct smtp *s);

/* Empty the envelope; its arena stays. */
void smtp_envelope_reset(struct smtp_envelope *e);

#endif
