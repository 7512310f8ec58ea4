/*
 * tls.h: TLS for the workers.  No type of the TLS library shows here.
 *
 * The order of calls:
 *   master   tls_setup(); fork key holders with tls_server_keys(); tls_server_close_keys()
 *   worker   tls_session_new() once; then for each client
 *            tls_begin() [tls_accept() tls_recv()... tls_send()...] tls_close() tls_info_put()
 *            and tls_session_trim() before a wait for the next one
 */
#ifndef SMTPTRAP_TLS_H
#define SMTPTRAP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "buf.h"
#include "keyholder.h"
#include "record.h"
#include "tls_tee.h"

enum tls_version {
	TLS_NO_VERSION,
	TLS_SSL3_0,
	TLS_1_0,
	TLS_1_1,
	TLS_1_2,
	TLS_1_3,
	TLS_VERSION_COUNT
};

enum tls_outcome {
	TLS_NOT_OFFERED,
	TLS_OFFERED_UNUSED,
	TLS_REFUSED_BY_RULE,
	TLS_FAILED,
	TLS_NEGOTIATED,
	TLS_OUTCOME_COUNT
};

enum tls_failure {
#define TLS_FAILURE(sym, name, doc) TLS_FAILURE_##sym,
#include "tls_failure.def"
#undef TLS_FAILURE
	TLS_FAILURE_COUNT
};

/* The names that records use; never NULL ("TLSv1.2", "negotiated", "not_tls"). */
const char *tls_version_name(enum tls_version version);
const char *tls_outcome_name(enum tls_outcome outcome);
const char *tls_failure_name(enum tls_failure failure);

/* The IANA name of an alert ("unknown_ca"), "unassigned" for a number without one. */
const char *tls_alert_name(uint8_t number);

/* ---- master ---- */

struct tls_files {
	const char *certificate; /* PEM: the certificate, then its chain */
	const char *key;         /* PEM, not encrypted */
};

enum tls_key_type { TLS_KEY_ANY, TLS_KEY_RSA, TLS_KEY_ECDSA };

/* One way to serve TLS, beside the settings' own.  Nothing is inherited here. */
struct tls_profile {
	const char *name; /* unique, not "" */
	const struct tls_files *files;
	size_t file_count;
	enum tls_key_type key_type; /* files with other keys are left out; one must be left */
	enum tls_version minimum, maximum; /* TLS_NO_VERSION: no such limit */
	bool modern;                       /* AEAD and ECDHE alone */
	const char *priority;              /* instead of those three, or NULL */
	bool no_tickets;
	bool expired; /* fatal unless all its certificates have expired */
};

struct tls_settings {
	const struct tls_files *files; /* the ECDSA certificate first: it costs an eighth of RSA */
	size_t file_count;             /* 1 .. KEY_COUNT_MAX */
	enum tls_version minimum; /* the lowest version served; TLS_NO_VERSION: all there are */
	const char *priority;     /* GnuTLS priority string instead of ours and minimum, or NULL */
	bool system_trust;        /* verify client certificates against the system's authorities */
	bool no_tickets;          /* sessions cannot be resumed */
	const struct tls_profile *profiles;
	size_t profile_count;
};

struct tls_server;

/*
 * Make what all sessions share: library, priorities, certificates (their files are read here),
 * Diffie-Hellman parameters, ticket keys; open the key files, without reading them.  Needs the
 * settings only during the call.  An error is fatal() and says which file or which position.
 * Lives until the process ends.
 */
struct tls_server *tls_setup(const struct tls_settings *settings);

/*
 * Is this a priority string?  Returns 0, or -1 and in *position_r where it is wrong (bytes from
 * its start).  May be called before tls_setup().
 */
int tls_priority_check(const char *priority, size_t *position_r);

/* The versions that will be served, for the start-up line: "TLSv1.0 TLSv1.1 TLSv1.2 TLSv1.3". */
const char *tls_server_versions(const struct tls_server *server);

/* The number of the profile with this name, for struct tls_accept_args; 0 if there is none. */
unsigned tls_server_profile(const struct tls_server *server, const char *name);

/* Those that the settings ask for and the library has not: "SSLv3", "" if there is none. */
const char *tls_server_missing(const struct tls_server *server);

/* The versions that the library has, whatever is asked for.  May be called before tls_setup(). */
const char *tls_library_versions(void);

/* The library's name and version: "GnuTLS 3.7.9". */
const char *tls_library_version(void);

/* The keys, for struct keyholder_args; lives as long as the server. */
const struct keyholder_key *tls_server_keys(const struct tls_server *server, size_t *count_r);

/* Close the key files; after the last key holder has been forked. */
void tls_server_close_keys(struct tls_server *server);

/* Wipe this process's copy of the tickets' keys: for one that is forked and speaks no TLS. */
void tls_server_forget(struct tls_server *server);

/* ---- worker ---- */

/* How a session reaches its client: blocking calls that have deadlines of their own. */
struct tls_transport {
	void *ctx; /* of the caller, passed to all */
	/* Receive up to len bytes; returns how many, 0 at the end, -1 with errno (ETIMEDOUT when
	 * the deadline passed; EINTR is tried again). */
	ssize_t (*recv)(void *ctx, void *buf, size_t len);
	/* Send; returns how many bytes were, at least 1, or -1 with errno, as recv. */
	ssize_t (*send)(void *ctx, const struct iovec *iov, int count);
	/* Wait until recv would not, at most us; returns whether (false also after a signal). */
	bool (*wait)(void *ctx, uint64_t us);
};

struct tls_alert {
	bool seen;
	bool sent; /* by us; else received */
	uint8_t level, number;
};

#define TLS_SNI_MAX 256 /* a longer name is cut; RFC 6066: a DNS name */
#define TLS_STAGE_MAX 32
#define TLS_ERROR_MAX 160
#define TLS_CERT_NAME_MAX (64u * 1024) /* a longer one is cut: a record must hold it twice */

struct tls_client_cert {
	bool present;
	uint32_t chain;     /* certificates sent */
	uint8_t sha256[32]; /* of the first, as sent */
	bool readable;      /* what follows is set: it could be parsed and the handshake was done */
	uint8_t *subject, *issuer; /* RFC 4514; on the heap, of the session */
	size_t subject_len, issuer_len;
	uint64_t not_before_us, not_after_us; /* since 1970 */
	char verify[128];                     /* "ok", or what is wrong, separated by commas */
};

/*
 * What a handshake was, for the record.  Strings are NUL-terminated.  After a failure version and
 * group are those that had been chosen before it, if any; the library does not tell the cipher then.
 */
struct tls_info {
	enum tls_outcome outcome;
	bool implicit; /* set by the worker: TLS from the first byte */
	bool resumed;
	bool renegotiation; /* the client asked for it later, and was refused */
	enum tls_version version;
	char cipher[64]; /* IANA name */
	char group[24];
	char sni[TLS_SNI_MAX];
	size_t sni_len;
	bool certificate_sent;
	uint8_t certificate[32]; /* SHA-256 of the first one that was sent, or chosen */
	uint64_t handshake_us;
	enum tls_failure failure;
	struct tls_alert alert;
	char stage[TLS_STAGE_MAX]; /* last handshake message that came in */
	char error[TLS_ERROR_MAX]; /* the library's number and text */
	enum tee_format hello_format;
	size_t hello_bytes; /* kept of the first flight */
	unsigned mended;    /* bits of enum hello_mend: what was overlooked of it */
	struct tls_client_cert cert;
};

struct tls_session;

/*
 * Make the one session object of a worker.  keyholder is the worker's end of its pair to the key
 * holder and stays the caller's.  Returns NULL with errno if there is no memory.
 */
struct tls_session *tls_session_new(struct tls_server *server, int keyholder);
void tls_session_free(struct tls_session **session);

/* A new client: forget the info of the one before (its outcome is TLS_NOT_OFFERED again). */
void tls_begin(struct tls_session *s);

struct tls_accept_args {
	const struct tls_transport *transport; /* lives until tls_close() */
	uint64_t timeout_us;  /* for the whole handshake; the transport's deadline may be sooner */
	unsigned profile;     /* of tls_server_profile(); 0: the settings' own */
	bool ask_certificate; /* request one of the client; without or with a bad one it goes on */
	bool implicit;        /* for the record */
};

/*
 * Do the server's side of the handshake.  Returns 0, or -1: the info says why, an alert has been
 * sent where one was due, and only tls_close() may follow.  Anything read in clear before must
 * have been thrown away by the caller (RFC 3207, 4.2).
 */
int tls_accept(struct tls_session *s, const struct tls_accept_args *args);

/*
 * Receive decrypted bytes.  Returns how many (1 .. len), 0 when the client has ended (with or
 * without close_notify), -1 with errno (ETIMEDOUT, ECONNRESET, EPROTO: the TLS stream is broken).
 */
ssize_t tls_recv(struct tls_session *s, void *buf, size_t len);

/* Bytes of the client are here, decrypted or not, so that tls_recv() will likely not wait. */
bool tls_pending(const struct tls_session *s);

/* Send all len bytes, as one record and one system call where they fit one.  Returns 0, or -1
 * with errno. */
int tls_send(struct tls_session *s, const void *bytes, size_t len);

/* As tls_send(), for the last reply: a few bytes wait for tls_close() and go out together with
 * close_notify. */
int tls_send_last(struct tls_session *s, const void *bytes, size_t len);

/* Say close_notify without waiting for an answer, and free what the handshake made; the info
 * stays.  Does nothing where there is no TLS. */
void tls_close(struct tls_session *s);

/* The worker waits for its next client, and none is there: give back what sessions took.  Takes
 * 30 us, so not where a client is waiting already.  Not during TLS. */
void tls_session_trim(struct tls_session *s);

/* What is known of this client's TLS; never NULL.  The worker may set outcome and implicit as
 * long as tls_accept() was not called. */
struct tls_info *tls_session_info(struct tls_session *s);

/* The last handshake failed because the key holder did not answer it: the worker should leave, so
 * that its slot gets a new channel. */
bool tls_keyholder_failed(const struct tls_session *s);

/* The bytes the client began with, *len_r of them; valid from tls_accept(), failed or not, until
 * the next tls_recv() or tls_close(). */
const uint8_t *tls_session_hello(const struct tls_session *s, size_t *len_r);

/* Append the fields tls_*, client_cert_*, hello_* and handshake_us that a record of this type
 * has. */
void tls_info_put(const struct tls_info *info, enum record_type type, struct buf *to);

#endif
