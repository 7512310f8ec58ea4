/*
 * tls_internal.h: what the files of the TLS engine share.  Only they include it.
 */
#ifndef SMTPTRAP_TLS_INTERNAL_H
#define SMTPTRAP_TLS_INTERNAL_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "key_msg.h"
#include "tls.h"
#include "tls_key_client.h"
#include "tls_mend.h"

#define TLS_VERSIONS_MAX 64 /* bytes of the names of all versions, about 45 */
#define TLS_HELD_MAX 4096   /* bytes that wait until we must: a flight, a ticket, a reply */
#define TLS_SUITES_MAX 128 /* cipher suites that are served; the library has 100 for certificates */
#define TLS_GROUPS_MAX 16  /* groups that are served; the library has 15 */

/* A cipher suite that is served. */
struct tls_suite {
	uint16_t number, least; /* of IANA; the lowest version that has it, as on the wire */
	bool ecdhe, dhe;
};

/* What clients can share with us, for the reasons of failures. */
struct tls_shared {
	unsigned versions; /* bits of enum tls_version */
	struct tls_suite suites[TLS_SUITES_MAX];
	size_t suite_count;
	uint16_t groups[TLS_GROUPS_MAX]; /* numbers of IANA */
	size_t group_count;
};

/* A profile, ready for sessions. */
struct tls_served {
	char *name;
	const struct tls_profile *profile; /* during tls_setup() */
	gnutls_priority_t priority;
	gnutls_certificate_credentials_t credentials; /* perhaps another profile's */
	const struct tls_sni *sni; /* as these; NULL: there is nothing to choose by SNI */
	gnutls_datum_t ticket_key; /* its own; empty: no tickets */
	struct tls_shared shared;
};

struct tls_server {
	gnutls_dh_params_t dh;
	gnutls_x509_trust_list_t trust;  /* empty unless system_trust */
	char versions[TLS_VERSIONS_MAX]; /* that are served */
	char missing[TLS_VERSIONS_MAX];  /* that are asked for, and the library has not */
	struct key_client client;
	size_t key_count;
	struct key_client_key keys[KEY_COUNT_MAX];
	struct keyholder_key files[KEY_COUNT_MAX];
	size_t served_count;
	struct tls_served served[]; /* the settings' own, then their profiles */
};

/* What ended the transport. */
enum tls_end {
	TLS_END_NONE,
	TLS_END_EOF,   /* the client closed */
	TLS_END_ERROR, /* see io_errno */
};

struct tls_session {
	struct tls_server *server;
	const struct tls_served *served; /* the profile of the present client */
	gnutls_session_t gnutls;         /* NULL: no TLS now */
	const struct tls_transport *transport;
	uint64_t deadline_us; /* of the handshake, monotonic; 0: none */
	enum tls_end end;
	int io_errno;
	bool interrupted;  /* nothing came in time (io_errno), but the stream is whole */
	bool pushed_error; /* the transport ended in a send */
	bool ticket_due;   /* TLS 1.3: a ticket is to be sent with the first reply */
	bool client_spoke; /* after the client's first data, which shows that it accepted us */
	bool pushed;       /* the first bytes of the handshake have gone */
	size_t held_len;   /* bytes the library has sent and the transport has not */
	uint8_t held[TLS_HELD_MAX];
	uint8_t *tee_memory;
	struct tls_tee tee;
	struct tls_mend mend;
	struct tls_info info;
};

/* tls_served.c: fatal() if the library failed with r at doing `what`. */
void tls_need(int r, const char *what);

/* Make the next element of server->served: priorities, credentials, ticket key.  The profile lives
 * until the last one is made.  An error is fatal() and names profile and file. */
void tls_served_make(struct tls_server *server, const struct tls_profile *profile);

/* tls_served.c: credentials without certificates. */
gnutls_certificate_credentials_t tls_credentials_new(struct tls_server *server);

/* tls_pairs.c: give the credentials those of the profile's certificates that `which` has a bit of,
 * in the order of its files; their keys become the server's, each file once.  Returns the bits of
 * those that have the profile's type of key, at least one.  An error is fatal() and names the
 * file. */
#define TLS_PAIRS_ALL UINT64_MAX
uint64_t tls_pairs_add(struct tls_server *server, gnutls_certificate_credentials_t credentials,
		       const struct tls_profile *profile, uint64_t which);

/* tls_sni.c: what is chosen by SNI among the profile's certificates, those of `pairs`, which the
 * credentials have; NULL if there is nothing to choose.  Lives as long as the server. */
struct tls_sni *tls_sni_new(struct tls_server *server, const struct tls_profile *profile,
			    gnutls_certificate_credentials_t credentials, uint64_t pairs);

/* Behind a ClientHello of a session whose profile has such a choice: make it.  Returns 0, or the
 * library's negative number. */
int tls_sni_choose(gnutls_session_t session);

/* tls_transport.c: make the library use the session's transport through the tee. */
void tls_transport_set(struct tls_session *s);

/* Send what is held: it waits for this, for a receive, or until there is too much.  Returns 0, or -1 with s->io_errno. */
int tls_transport_flush(struct tls_session *s);

/* The library refused a hello before it had come: receive the rest of it, within limits, so that
 * the record has it. */
void tls_transport_read_on(struct tls_session *s);

/* Receive once more after a failed send, for the tee to see an alert that explains it. */
void tls_transport_drain(struct tls_session *s);

/* tls_failure.c: fill info's failure, alert, stage and error from the library's number of a
 * failed handshake, and send the alert that is due. */
void tls_fail(struct tls_session *s, int code);

/* tls_shared.c: note what else a profile has, whose priorities, versions and credentials are made. */
void tls_shared_make(struct tls_served *served);

/* The highest version served, as on the wire (0x0304); 0 if none is. */
uint16_t tls_shared_highest(const struct tls_shared *shared);

/* The library found no version or no cipher suite in common: the exact reason, from the hello that
 * was kept. */
enum tls_failure tls_shared_missing(const struct tls_session *s, enum tls_failure failure);

/* tls_client_cert.c: fill cert from the certificates the client sent, if any. */
void tls_client_cert_read(struct tls_client_cert *cert, gnutls_session_t session,
			  gnutls_x509_trust_list_t trust);

/* A Certificate message has come: note the hash and number of the client's certificates, for those
 * that the library cannot read. */
void tls_client_cert_note(struct tls_session *s, const gnutls_datum_t *message);

/* Free what tls_client_cert_read() made. */
void tls_client_cert_fini(struct tls_client_cert *cert);

#endif
