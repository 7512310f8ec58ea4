/*
 * worker_session.h: one session with a client, from the banner to its record.
 */
#ifndef SMTPTRAP_WORKER_SESSION_H
#define SMTPTRAP_WORKER_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "data.h"
#include "hello_put.h"
#include "mail_header.h"
#include "smtp.h"
#include "uuid.h"
#include "worker.h"
#include "worker_conn.h"
#include "worker_dns.h"
#include "worker_identity.h"
#include "worker_offer.h"
#include "worker_rates.h"
#include "worker_results.h"
#include "worker_rules.h"
#include "worker_who.h"
#include "worker_yakker.h"

#define SESSION_ENVELOPE (768u * 1024) /* reverse-path and recipients with their parameters */
#define SESSION_DIALOGUE (640u * 1024) /* conf.limits.dialogue is at most 512 KiB */
#define SESSION_FIELDS FRAME_FIELDS_MAX
/* What a record has besides: the names of a certificate (128 KiB), attempts at AUTH, what was looked
 * up, the ClientHello, the message's header. */
#define SESSION_OTHERS (256u * 1024)
#define SESSION_TRACE (512u * 1024) /* more recipients than fit are left out of the trace header */
#define SESSION_PRINTS 256          /* ja3 and ja4 for the records of messages */
#define SESSION_AUTHS 100           /* attempts at AUTH that are recorded */

_Static_assert(CONN_IN >= LINE_BUFFER_MIN, "a line could get stuck");
_Static_assert(SESSION_ENVELOPE + SESSION_OTHERS <= SESSION_FIELDS, "a message without a record");
_Static_assert(SESSION_DIALOGUE + SESSION_OTHERS <= SESSION_FIELDS, "a session without a record");

enum session_end {
	END_NONE,
	END_QUIT,
	END_CLIENT_CLOSED,
	END_TIMEOUT,
	END_TOO_MANY_ERRORS,
	END_LIMIT,
	END_REJECTED,
	END_SHUTDOWN,
	END_TOO_MANY_SESSIONS,
	END_COUNT
};

/* Where the raw bytes of a message gather: a memfd mapped once, of the greatest size allowed. */
struct message_store {
	uint8_t *bytes;
	size_t cap, len;
	size_t touched; /* pages up to here were used since they were last given back */
	uint64_t size;  /* bytes of the message, those beyond cap included */
};

/* The message being received or stored. */
struct session_message {
	bool begun;
	uint8_t id[UUID_BYTES];
	uint64_t ts_us;
	uint64_t bare_cr, bare_lf;
	struct message_store *store;
};

/*
 * All that a session needs, in one mapping made when the worker starts; pages are touched only
 * where used.  The first part lives as long as the worker.
 */
struct session {
	const struct worker_args *args;
	const struct conf *conf;
	struct smtp_policy policy[2]; /* without and with STARTTLS offered */
	struct results results;
	struct tls_session *tls;
	struct smtp_policy client_policy; /* the present client's */
	profile_numbers *profile_number;  /* NULL: no TLS */
	struct worker_dns *dns;           /* NULL: not configured */
	struct worker_rules *rules;       /* NULL: there are none */
	struct message_store store;
	struct uuid_state uuids;
	uint8_t random[256]; /* for identifiers, fetched a few at once */
	size_t random_left;
	struct board_slot *board;
	const volatile sig_atomic_t *shutting_down;
	bool tls_used; /* at least one handshake was tried in this process */

	/* of the present client, zeroed for each */
	struct session_client {
		const struct conf_listen *listener;
		const struct conf_identity *identity; /* NULL: none */
		uint16_t listener_index;
		uint8_t id[UUID_BYTES];
		uint8_t ip[IP_BYTES], local_ip[IP_BYTES], proxy_ip[IP_BYTES];
		uint16_t port, local_port;
		bool proxied;
		bool injected;                    /* bytes in clear behind STARTTLS */
		bool starttls_offered;            /* in an EHLO reply, or implicit */
		uint64_t accepted_us, started_us; /* since 1970; monotonic */
		uint64_t closed_us;               /* monotonic */
		uint64_t dialogue_cut;
		enum session_end end;
		struct offer offer;
		struct yakker yakker;
		uint32_t rates[RATE_CLAIMS]; /* for rules: of those that they ask for */
		unsigned auths;
		struct session_message message;
	} client;
	struct conn conn;
	struct line_reader lines;
	struct data_reader data;
	struct buf dialogue, auth, fields, trace;
	struct buf hello[RECORD_TYPE_COUNT]; /* fields of the ClientHello for each type of record */

	/* Memory without meaning between sessions: an idle worker gives its pages back. */
	_Alignas(4096) struct {
		struct smtp smtp;
		struct mail_header header;
		struct who who;
		uint8_t in[CONN_IN];
		uint8_t out[CONN_OUT];
		uint8_t auth_memory[SESSION_AUTHS * 1024];
		uint8_t envelope[SESSION_ENVELOPE];
		uint8_t hello_memory[HELLO_FIELDS_MAX];
		uint8_t prints_memory[SESSION_PRINTS];
		uint8_t dialogue_memory[SESSION_DIALOGUE];
		union {
			uint8_t fields_memory[SESSION_FIELDS];
			struct hello_scratch hello_scratch; /* while no record is being made */
		};
		uint8_t trace_memory[SESSION_TRACE];
	};
};

/* Make the worker's session object and its message store; fatal if there is no memory. */
struct session *session_new(const struct worker_args *args);

/* Serve the client on fd, which came in on listener number `listener`; writes its records,
 * closes fd. */
void session_serve(struct session *s, int fd, unsigned listener,
		   const struct sockaddr_storage *peer);

/* worker_memory.c: the client's address is known: look up what is remembered of it and of its network,
 * and have the network counted. */
void memory_recall(struct session *s);

/*
 * The session is over: tell the memory of addresses what there is to learn of this client.  Nothing
 * of one whose address is not known, for want of the PROXY header, or whose session our own end
 * broke off.  Returns true if the session is counted there, and has no record.
 */
bool memory_teach(struct session *s);

/* Make the identifier of a record. */
void session_new_id(struct session *s, uint64_t now_us, uint8_t id_r[UUID_BYTES]);

/* Nobody has come for a while: give memory back to the kernel. */
void session_trim(struct session *s);

/* The socket ended (rc 0) or failed (rc -1, errno): sets s->client.end; always false. */
bool session_lost(struct session *s, int rc);

/* ---- worker_message.c: what lies between 354 and 250 ---- */

/* After SMTP_NEXT_DATA and SMTP_NEXT_CHUNK: read the payload, store it where it is complete, and
 * fill *v with the verdict that follows.  False: the connection is over, s->client.end says why. */
bool message_data(struct session *s, struct smtp_verdict *v);
bool message_chunk(struct session *s, struct smtp_verdict *v);

/* A message that was begun is given up: record it. */
void message_aborted(struct session *s);

/* The same with the verdict that says so: of a chunk that is refused the record has the reply. */
void message_over(struct session *s, const struct smtp_verdict *v);

/* ---- worker_hello.c: what the client began TLS with ---- */

/* Before the first client; and for each client. */
void hello_init(struct session *s);
void hello_reset(struct session *s);

/* After tls_accept(), failed or not, and before anything else is received: read the ClientHello
 * for the records, and complete what the TLS library knows of it. */
void hello_note(struct session *s);

/* ---- worker_record.c: records ---- */

enum message_verdict { VERDICT_ACCEPTED, VERDICT_REJECTED, VERDICT_TEMPFAILED, VERDICT_ABORTED };

/* What is stored of a message, and whether that is waited for. */
enum message_keep {
	KEEP_NOTE,   /* its record */
	KEEP_RECORD, /* its record, until it is on disk */
	KEEP_ALL     /* the record and the raw bytes, until both are */
};

/* Add to the dialogue, bounded; what is left out is counted. */
void dialogue_client(struct session *s, const struct line *line, size_t secret_at);
void dialogue_server(struct session *s, const char *reply, size_t len);
void dialogue_body(struct session *s, uint64_t raw);
void dialogue_event(struct session *s, const char *text);

/* Note an attempt at AUTH for the record. */
void record_auth(struct session *s, const struct smtp_auth_attempt *a);

/* Write the session's record. */
void record_session(struct session *s);

/* What becomes of a message that is complete. */
struct rules_fate {
	enum message_verdict verdict;
	enum message_keep keep;
	struct smtp_judgement judgement; /* code 0: the machine's reply */
};

/* Write the message's record and what else is kept.  reply: without its line end. */
enum ack_code record_message(struct session *s, enum message_verdict verdict,
			     enum message_keep keep, struct span reply);

/* Show the state of the session on the board. */
void record_board(struct session *s);

#endif
