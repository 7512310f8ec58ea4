/*
 * smtp.h: the server side of an SMTP session as a machine without I/O.
 *
 * The caller reads command lines with line.h and hands each to smtp_command(); the verdict holds
 * the reply and says what comes next.  How to drive it, R meaning "send v.reply":
 *
 *   smtp_init(); [implicit TLS: smtp_tls_started()]; smtp_greeting(), R
 *   line -> smtp_command():
 *     SMTP_NEXT_COMMAND   R; the next line is a command
 *     SMTP_NEXT_AUTH      R; the next line is a response to AUTH, also for smtp_command()
 *     SMTP_NEXT_DATA      R (354); read with data.h to its end, store, smtp_message_end(), R
 *     SMTP_NEXT_CHUNK     no reply yet; read exactly v.chunk_size bytes, then
 *                           v.chunk_discard or not v.chunk_last: smtp_chunk_end(), R
 *                           otherwise: store, smtp_message_end(), R
 *     SMTP_NEXT_STARTTLS  R (220); drop all buffered input (line_reset(), and ODDITY_TLS_INJECTED
 *                           is noted by the machine if you said more_buffered); handshake; on
 *                           success smtp_tls_started(); on failure close
 *     SMTP_NEXT_CLOSE     R (221, 421); close
 *
 * Replies may be kept back while input is buffered, so that a pipelined group gets one write
 * (RFC 2920): send all that is kept back when v.flush is set, and before any read that could
 * block.  v.reply points into the session and is overwritten by the next call.
 *
 * A message is begun by the 354, or by the first chunk that is taken or refused for its size alone.
 * It is over with smtp_message_end(), or when a verdict has message_over set: the client gave it up
 * (RSET, EHLO, QUIT) or a chunk made it fail; the caller then drops and records what it has of it.
 * The envelope of a message stays readable until the next smtp_command().
 *
 * Nothing is allocated; struct smtp is about 28 KiB, of which a session without AUTH touches
 * four.  See oddity.def for what `lenient`, `normal` and `strict` refuse.
 */
#ifndef SMTPTRAP_SMTP_H
#define SMTPTRAP_SMTP_H

#include "ip.h"
#include "line.h"
#include "oddity.h"
#include "params.h"
#include "smtp_look.h"
#include "span.h"

#define SMTP_REPLY_LINE_MAX 512 /* RFC 5321 4.5.3.1.5, CRLF included */
#define SMTP_REPLY_MAX 2048     /* the longest reply is EHLO's: a hostname and 11 short lines */
#define SMTP_HELO_MAX 512       /* bytes kept of the EHLO argument; a domain has at most 255 */
#define SMTP_MECHANISM_MAX 64   /* bytes kept of an AUTH mechanism; RFC 4422: at most 20 */
#define SMTP_ID_MAX 128         /* bytes shown of the caller's message id */

enum smtp_verb {
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BDAT,
	SMTP_RSET,
	SMTP_NOOP,
	SMTP_QUIT,
	SMTP_VRFY,
	SMTP_EXPN,
	SMTP_HELP,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_UNKNOWN, /* every other first word, LHLO and GET among them; a trap's data */
	SMTP_VERB_COUNT
};

enum smtp_state {
	SMTP_STATE_CONNECTED, /* no EHLO or HELO yet, or TLS just started */
	SMTP_STATE_READY,     /* greeted, no transaction */
	SMTP_STATE_MAIL,      /* MAIL accepted, no recipient yet */
	SMTP_STATE_RCPT,      /* at least one recipient accepted */
	SMTP_STATE_CHUNKS,    /* at least one BDAT chunk taken, the last one not yet */
	SMTP_STATE_SPOILT,    /* a BDAT failed: RFC 3030 wants RSET now */
	SMTP_STATE_AUTH,      /* the next line is a response to AUTH */
	SMTP_STATE_PAYLOAD,   /* within DATA or a chunk: smtp_message_end() or smtp_chunk_end() */
	SMTP_STATE_STARTTLS,  /* 220 to STARTTLS: smtp_tls_started() or close */
	SMTP_STATE_REFUSED,   /* the greeting was a 5xx: all but QUIT get 503, RFC 5321 3.1 */
	SMTP_STATE_CLOSED,
	SMTP_STATE_COUNT
};

enum smtp_auth_policy { SMTP_AUTH_REFUSE, SMTP_AUTH_ACCEPT };

/* The mechanisms of AUTH; bits of a mask. */
enum smtp_mechanism { SMTP_MECHANISM_PLAIN = 1, SMTP_MECHANISM_LOGIN = 2 };

/* Filled by the caller from the configuration; must outlive the session.  0 in a limit: none. */
struct smtp_policy {
	const char *hostname;  /* printable ASCII, at most 255; others are shown as '?' */
	const char *banner;    /* text behind the hostname in the greeting, "" or "ESMTP"; <= 200;
				 NULL: the look's, which must not be SMTP_LOOK_NONE then */
	enum smtp_look look;   /* whose words the replies are in */
	struct smtp_ehlo ehlo; /* the lines of EHLO's reply in their order; line NULL: the look's */
	unsigned extensions;   /* enum smtp_extension: what EHLO offers and MAIL and RCPT take */
	enum strictness strictness;
	enum smtp_auth_policy auth;
	unsigned mechanisms;       /* enum smtp_mechanism: what AUTH offers and takes; 0: all */
	bool auth_secrets;         /* false: secrets are wiped, attempts are reported without */
	uint64_t max_message_size; /* bytes: MAIL SIZE= and BDAT beyond get 552 */
	size_t max_line;           /* content of a command line; 0: LINE_COMMAND_MAX */
	unsigned max_recipients;   /* of a message: 452 */
	unsigned max_messages;     /* begun by MAIL in a session: 421 */
	unsigned max_errors;       /* replies 5xx to commands: the one beyond becomes 421 */
	unsigned max_commands;     /* 421 */
};

/* One command line and what the caller knows at this moment. */
struct smtp_input {
	struct line line;
	bool more_buffered;   /* the client had sent more behind this line already */
	bool out_of_space;    /* MAIL, DATA and BDAT get 452 4.3.1 */
	bool tls_unavailable; /* STARTTLS gets 454 4.7.0 */
};

/* What a command that nothing speaks against would bring: EHLO, HELO, MAIL, RCPT, DATA, or the
 * first BDAT of a message. */
struct smtp_proposal {
	enum smtp_verb verb;
	struct span argument; /* the name of HELO, the address of MAIL or RCPT without brackets */
	bool routed;          /* a source route was taken off that address */
	uint64_t size;        /* of MAIL: SIZE=, 0 if none */
};

/* What the judge wants instead of the machine's own reply. */
struct smtp_judgement {
	int code;          /* 0: nothing; from 400 on the command is refused */
	struct span reply; /* whole lines with CRLF, at most SMTP_REPLY_MAX; empty: no reply.  Valid
			      until the judge is asked again */
	bool close;        /* end the session */
};

/* Asked before such a command is carried out; NULL: nobody is.  A refused one leaves the state
 * as every failed command does.  The text of an EHLO that is accepted stays the machine's. */
struct smtp_judge {
	struct smtp_judgement (*decide)(void *ctx, const struct smtp_proposal *proposal);
	void *ctx;
};

enum smtp_next {
	SMTP_NEXT_COMMAND,
	SMTP_NEXT_AUTH,
	SMTP_NEXT_DATA,
	SMTP_NEXT_CHUNK,
	SMTP_NEXT_STARTTLS,
	SMTP_NEXT_CLOSE
};

/* Why the machine says SMTP_NEXT_CLOSE; the first four are end reasons of the session record. */
enum smtp_end {
	SMTP_END_NONE,
	SMTP_END_QUIT,
	SMTP_END_TOO_MANY_ERRORS,
	SMTP_END_LIMIT,
	SMTP_END_SHUTDOWN,
	SMTP_END_TIMEOUT,
	SMTP_END_CLIENT_CLOSED,
	SMTP_END_REJECTED,          /* as the judge wanted */
	SMTP_END_TOO_MANY_SESSIONS, /* of the client's address */
	SMTP_END_TOO_EARLY          /* before the greeting, or before PIPELINING was offered */
};

enum smtp_auth_verdict {
	SMTP_AUTH_REFUSED,   /* 535 */
	SMTP_AUTH_ACCEPTED,  /* 235 */
	SMTP_AUTH_CANCELLED, /* 501 after "*", or the session ended within the exchange */
	SMTP_AUTH_BROKEN,    /* 501: not base64, or of the wrong form; 500: too long */
	SMTP_AUTH_UNKNOWN    /* 504: no such mechanism */
};

/* One attempt at AUTH.  Spans are valid until the next smtp_command(); case is kept. */
struct smtp_auth_attempt {
	struct span mechanism; /* as sent */
	struct span identity;  /* LOGIN: the user name; PLAIN: authcid (RFC 4616) */
	struct span authzid;   /* PLAIN only */
	struct span secret;    /* always empty unless policy->auth_secrets */
	bool identity_raw;     /* identity is the response as sent: it was not base64 */
	bool secret_raw; /* secret is the response as sent, or all of a malformed PLAIN response */
	enum smtp_auth_verdict verdict;
};

#define SMTP_NO_SECRET SIZE_MAX

struct smtp_verdict {
	const char *reply; /* whole reply lines with CRLF; "" if there is none now */
	size_t reply_len;
	int code; /* of the reply: 250; 0 if there is none */
	enum smtp_next next;
	enum smtp_end end;   /* with SMTP_NEXT_CLOSE */
	enum smtp_verb verb; /* of the command handled */
	bool flush;          /* send now what is kept back, this reply included */
	bool message_over;   /* see above */
	bool chunk_last;     /* with SMTP_NEXT_CHUNK */
	bool chunk_discard;  /* with SMTP_NEXT_CHUNK: read the chunk and throw it away */
	uint64_t chunk_size; /* with SMTP_NEXT_CHUNK: bytes that follow, may be 0 */
	size_t secret_at;    /* bytes of the line from here on are a secret (leave them out of the
				dialogue unless auth_secrets), or SMTP_NO_SECRET */
	uint64_t oddities;   /* of this line: ODDITY_BIT()s */
	const struct smtp_auth_attempt *auth; /* an attempt that is over, or NULL */
};

/* The transaction.  Kept in the caller's arena; spans are valid until the transaction is over
 * and the next smtp_command() comes. */
struct smtp_envelope {
	struct span reverse_path; /* without brackets, empty for <> */
	struct span mail_params;  /* parameters of MAIL as sent */
	uint64_t size_declared;   /* SIZE=, 0 if none */
	enum param_body body;
	bool smtputf8;
	bool chunked;        /* data came, or comes, by BDAT */
	unsigned recipients; /* accepted; read them with smtp_recipient_next() */
	unsigned refused;    /* RCPT commands of this transaction that were not accepted */
	uint64_t oddities;   /* of the commands of this transaction */
	uint8_t *arena;      /* the rest is the machine's */
	size_t arena_cap, arena_len, recipients_at;
};

struct smtp_recipient {
	struct span address; /* forward-path without brackets */
	struct span params;  /* as sent */
	bool routed;         /* a source route was taken off */
};

struct smtp_counters {
	uint64_t commands; /* lines given to smtp_command(), responses to AUTH included */
	uint64_t errors;   /* of them answered 5xx */
	uint64_t recipients_accepted, recipients_rejected;
	uint64_t messages_accepted, messages_rejected; /* ends of messages that were begun */
	uint64_t mails;                                /* MAIL commands accepted */
};

/* How far a session got, as in the field `phase`. */
enum smtp_phase {
	SMTP_PHASE_CONNECT,
	SMTP_PHASE_HELO,
	SMTP_PHASE_MAIL,
	SMTP_PHASE_RCPT,
	SMTP_PHASE_DATA,    /* DATA or BDAT was accepted */
	SMTP_PHASE_MESSAGE, /* a message was stored */
	SMTP_PHASE_COUNT
};

/* The state of an AUTH exchange; the machine's own. */
struct smtp_auth {
	unsigned step; /* what the next response is */
	uint8_t mechanism[SMTP_MECHANISM_MAX];
	struct smtp_auth_attempt attempt;
	size_t used; /* of memory */
	uint8_t memory[2 * LINE_AUTH_MAX];
};

/* A session.  The caller reads the first part and writes nothing. */
struct smtp {
	const struct smtp_policy *policy;
	struct smtp_judge judge; /* set by the caller after smtp_init(), if there is one */
	enum smtp_state state;
	enum smtp_phase phase; /* the furthest one */
	bool tls;
	bool esmtp; /* the last greeting was EHLO */
	bool authenticated;
	uint8_t helo[SMTP_HELO_MAX]; /* its argument, exact bytes, cut at SMTP_HELO_MAX */
	size_t helo_len;
	uint64_t oddities; /* all so far, of clear and TLS part */
	struct smtp_counters count;
	struct smtp_envelope envelope;
	char client[IP_TEXT_MAX]; /* smtp_client() */
	uint64_t client_us;

	/* The machine's own. */
	bool pipelining_offered;
	bool message_begun;
	bool chunk_last;
	bool envelope_done;           /* the transaction is over: forget it at the next command */
	struct smtp_judgement judged; /* of this command, or of the chunk that is discarded */
	int chunk_refusal;            /* the reply that the end of a discarded chunk gets */
	enum smtp_state resume;       /* where a chunk, or an AUTH exchange, leads back to */
	uint64_t chunk_bytes;         /* of this message so far */
	uint64_t chunk_size;          /* of the last chunk */
	const struct smtp_call *call; /* the command that is being handled, or NULL */
	size_t reply_len;
	char reply[SMTP_REPLY_MAX];
	struct smtp_auth auth;
};

/* Start a session; `arena` (cap bytes, the caller's, kept as long as the session) holds one
 * envelope: when it is full RCPT gets 452.  A recipient takes its bytes and 8 more. */
void smtp_init(struct smtp *s, const struct smtp_policy *policy, uint8_t *arena, size_t cap);

/* Before the greeting: the client's address and the time since 1970, which some looks show. */
void smtp_client(struct smtp *s, const uint8_t ip[IP_BYTES], uint64_t now_us);

/* The 220 greeting. */
void smtp_greeting(struct smtp *s, struct smtp_verdict *v);

/* Another greeting, with a code of 220, 4xx (then the session ends) or 5xx. */
void smtp_greeting_judged(struct smtp *s, const struct smtp_judgement *j, struct smtp_verdict *v);

/* The most bytes (line end not counted) that the next line may have: for line_read(). */
size_t smtp_line_limit(const struct smtp *s);

/*
 * Handle one line.  A line with too_long set is answered 500; one with EOL_NONE that is not too
 * long (input ended within it) is noted and not carried out: SMTP_NEXT_CLOSE without a reply.
 * Not to be called in SMTP_STATE_PAYLOAD, _STARTTLS and _CLOSED.
 */
void smtp_command(struct smtp *s, const struct smtp_input *in, struct smtp_verdict *v);

/* All of a chunk that was discarded or was not the last one is read. */
void smtp_chunk_end(struct smtp *s, struct smtp_verdict *v);

enum smtp_stored {
	SMTP_STORED,   /* 250 2.6.0 with id */
	SMTP_NO_SPACE, /* 452 4.3.1 */
	SMTP_FAILED,   /* 451 4.3.0 */
	SMTP_TOO_BIG,  /* 552 5.3.4 */
	SMTP_ABORTED   /* the connection is lost within the payload: no reply, SMTP_NEXT_CLOSE */
};

/* The message is read to its end (DATA, or the last chunk) or cannot be: ends the transaction.
 * For a BDAT chunk that is not the last, a failure to store is told here too, after the chunk is
 * read; RFC 3030 then wants RSET.  id: shown with SMTP_STORED, NULL otherwise. */
void smtp_message_end(struct smtp *s, enum smtp_stored result, const char *id,
		      struct smtp_verdict *v);

/* The same where a judge decided on the whole message: it gets this reply, and counts as accepted
 * with a code of 2xx. */
void smtp_message_judged(struct smtp *s, const struct smtp_judgement *j, struct smtp_verdict *v);

/* The reply, without its line end, that smtp_message_end() will give with SMTP_STORED and this id:
 * the record is written before it is known whether it may be said.  Valid until the next call. */
struct span smtp_stored_reply(struct smtp *s, const char *id);

/* The TLS handshake succeeded (STARTTLS, or implicit TLS before the greeting).  Forgets all that
 * the client said in clear (RFC 3207 4.2): greeting, envelope, AUTH, line state.  Counters,
 * phase and oddities, which are the record's, stay. */
void smtp_tls_started(struct smtp *s);

/* We end the session: SMTP_END_SHUTDOWN 421 4.3.2, _TIMEOUT 421 4.4.2, _LIMIT 421 4.7.0,
 * _TOO_MANY_ERRORS 421 4.7.0, _TOO_MANY_SESSIONS 421 4.7.0, _TOO_EARLY 421 4.7.0, others no reply.
 * Allowed in every state, before the greeting too; v->message_over tells of a message that was
 * begun. */
void smtp_close(struct smtp *s, enum smtp_end why, struct smtp_verdict *v);

/* Record an oddity that the caller found (ODDITY_EARLY_TALK, ODDITY_BARE_LF_DATA ...). */
void smtp_note(struct smtp *s, enum oddity o);

/* Walk the accepted recipients: *at is 0 at first.  Returns false after the last. */
bool smtp_recipient_next(const struct smtp_envelope *e, size_t *at, struct smtp_recipient *r);

/* "connect" ...; "refused", "accepted", "cancelled", "broken",
 * "unknown_mechanism".  Never NULL. */
const char *smtp_phase_name(enum smtp_phase phase);
const char *smtp_auth_verdict_name(enum smtp_auth_verdict verdict);

#endif
