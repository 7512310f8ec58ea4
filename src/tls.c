/*
 * tls.c: one client's TLS: the handshake, what is received and sent, the end.
 *
 * Runs in a worker, which has one session object and uses it for one client after the other.  In:
 * a transport and what the master's tls_setup() made.  Out: decrypted bytes, and struct tls_info
 * for the record.  Nothing the client does is an error of ours: a failed handshake is a result.
 */
#include "tls.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "digest.h"
#include "tls_internal.h"
#include "tls_priority.h"

#define HANDSHAKE_TRIES 64 /* warnings a client may send before its handshake is given up */
#define HANDSHAKE_BYTES (256u * 1024) /* of its messages: twice what the library takes as one */
#define HANDSHAKE_RECORDS 16384       /* that it comes in: a long hello, sent byte by byte */
#define RENEGOTIATIONS 4              /* refused before the connection is given up */
#define RECORD_MAX 16384              /* bytes of one record: RFC 8446, 5.1 */
#define TEE_PAGES_KEPT 8192 /* memory of the tee that stays touched from client to client */

struct tls_session *tls_session_new(struct tls_server *server, int keyholder)
{
	struct tls_session *s = calloc(1, sizeof *s);
	void *memory =
	    mmap(NULL, TEE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (s == NULL || memory == MAP_FAILED || key_client_connect(&server->client, keyholder)) {
		int error = errno;
		if (memory != MAP_FAILED)
			munmap(memory, TEE_SIZE);
		free(s);
		errno = error;
		return NULL;
	}
	s->server = server;
	s->tee_memory = memory;
	tee_init(&s->tee, memory);
	return s;
}

void tls_session_free(struct tls_session **session)
{
	if (*session == NULL)
		return;
	tls_begin(*session);
	munmap((*session)->tee_memory, TEE_SIZE);
	free(*session);
	*session = NULL;
}

void tls_begin(struct tls_session *s)
{
	tls_close(s);
	tls_client_cert_fini(&s->info.cert);
	s->info = (struct tls_info){0};
}

struct tls_info *tls_session_info(struct tls_session *s)
{
	return &s->info;
}

const uint8_t *tls_session_hello(const struct tls_session *s, size_t *len_r)
{
	*len_r = 0;
	return s->gnutls ? tee_hello(&s->tee, len_r) : NULL;
}

bool tls_keyholder_failed(const struct tls_session *s)
{
	return s->server->client.failed;
}

/*
 * Senders show what certificates they have, those of authorities and for encryption too.  The
 * library's compatibility mode lets them pass; asked for only now, it is too late for it to give up
 * extended master secret and encrypt-then-MAC, which it would do from the start.
 */
static void on_certificate(struct tls_session *s, const gnutls_datum_t *message)
{
	gnutls_session_enable_compatibility_mode(s->gnutls);
	tls_client_cert_note(s, message);
}

/* The library's hook, before and after it reads a message or sends one. */
static int on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
		      const gnutls_datum_t *message)
{
	struct tls_session *s = gnutls_session_get_ptr(session);

	tls_mend_over();
	if (!incoming || when != GNUTLS_HOOK_PRE)
		return 0;
	if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		tls_mend_hello(&s->mend, session, message, tls_shared_highest(&s->served->shared));
	else if (type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT)
		on_certificate(s, message);
	return 0;
}

/* Make the library's session; returns 0 or its negative number. */
static int session_start(struct tls_session *s, const struct tls_accept_args *args)
{
	int r = gnutls_init(&s->gnutls, GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET);

	if (r < 0) {
		s->gnutls = NULL;
		return r;
	}
	gnutls_session_set_ptr(s->gnutls, s);
	tls_transport_set(s);
	gnutls_handshake_set_hook_function(s->gnutls, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_BOTH,
					   on_message);
	gnutls_handshake_set_timeout(s->gnutls, 0); /* the transport has it */
	gnutls_certificate_server_set_request(
	    s->gnutls, args->ask_certificate ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
	r = gnutls_priority_set(s->gnutls, s->served->priority);
	if (r == 0)
		r = gnutls_credentials_set(s->gnutls, GNUTLS_CRD_CERTIFICATE,
					   s->served->credentials);
	if (s->served->sni != NULL)
		gnutls_handshake_set_post_client_hello_function(s->gnutls, tls_sni_choose);
	if (r == 0 && s->served->ticket_key.size > 0)
		r = gnutls_session_ticket_enable_server(s->gnutls, &s->served->ticket_key);
	return r;
}

static void reset(struct tls_session *s, const struct tls_accept_args *args)
{
	s->served = &s->server->served[args->profile];
	s->transport = args->transport;
	s->deadline_us = clock_us() + args->timeout_us;
	s->end = TLS_END_NONE;
	s->io_errno = 0;
	s->interrupted = s->pushed = s->pushed_error = s->ticket_due = s->client_spoke = false;
	s->held_len = 0;
	s->server->client.failed = false;
	s->mend = (struct tls_mend){0};
	tee_init(&s->tee, s->tee_memory);
}

/* The library gathers a message of any announced length: somebody has to end it. */
static bool is_endless(const struct tls_session *s)
{
	return s->tee.message_len > HANDSHAKE_BYTES || s->tee.records > HANDSHAKE_RECORDS;
}

/* The library returns after each warning and after each record that ends within a message. */
static int handshake(struct tls_session *s)
{
	int r, warnings = 0;

	do {
		r = gnutls_handshake(s->gnutls);
		tls_mend_over();
		if (r < 0 && r != GNUTLS_E_AGAIN)
			warnings++;
		if (r == GNUTLS_E_AGAIN && is_endless(s))
			r = GNUTLS_E_HANDSHAKE_TOO_LARGE;
	} while (r < 0 && !gnutls_error_is_fatal(r) && warnings < HANDSHAKE_TRIES);
	return r;
}

static void group_put(struct tls_info *info, gnutls_session_t session)
{
	gnutls_kx_algorithm_t kx = gnutls_kx_get(session);
	gnutls_group_t group = gnutls_group_get(session);
	const char *name = group != GNUTLS_GROUP_INVALID ? gnutls_group_get_name(group) : NULL;

	if (name == NULL && kx == GNUTLS_KX_DHE_RSA)
		name = "ffdhe2048"; /* the parameters for clients that name no group */
	for (size_t i = 0; name && name[i] != '\0' && i < sizeof info->group - 1; i++)
		info->group[i] =
		    (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
}

/* What was agreed, also if the handshake failed later. */
static void read_agreement(struct tls_info *info, gnutls_session_t session)
{
	const char *cipher = gnutls_ciphersuite_get(session);
	size_t len = sizeof info->sni - 1;
	unsigned type;

	if (cipher != NULL) /* not before the end */
		strlcpy(info->cipher, cipher, sizeof info->cipher);
	if (gnutls_prf_hash_get(session) != GNUTLS_DIG_UNKNOWN) { /* set with the cipher suite */
		info->version = tls_version_from_library((int)gnutls_protocol_get_version(session));
		group_put(info, session);
	}
	/* Not where the session was resumed: then none is sent. */
	const gnutls_datum_t *ours = gnutls_certificate_get_ours(session);
	info->certificate_sent =
	    ours != NULL && digest_sha256(ours->data, ours->size, info->certificate) == 0;
	if (gnutls_server_name_get(session, info->sni, &len, &type, 0) == 0)
		info->sni_len = strlen(info->sni);
	else
		info->sni[0] = '\0';
}

int tls_accept(struct tls_session *s, const struct tls_accept_args *args)
{
	struct tls_info *info = &s->info;
	uint64_t begin = clock_us();

	reset(s, args);
	info->implicit = args->implicit;
	info->outcome = TLS_FAILED;
	int r = session_start(s, args);
	if (r == 0)
		r = handshake(s);
	info->mended = s->mend.mended;
	if (s->gnutls)
		read_agreement(info, s->gnutls);
	if (r < 0) {
		tls_fail(s, r);
	} else {
		info->outcome = TLS_NEGOTIATED;
		info->resumed = gnutls_session_is_resumed(s->gnutls) != 0;
		s->ticket_due = info->version == TLS_1_3 && s->served->ticket_key.size > 0;
		(void)tls_transport_flush(s); /* the caller may wait without tls_recv() */
		tls_client_cert_read(&info->cert, s->gnutls, s->server->trust);
	}
	tee_stop(&s->tee);
	s->deadline_us = 0;
	info->handshake_us = clock_us() - begin;
	info->hello_format = tee_format(&s->tee);
	tee_hello(&s->tee, &info->hello_bytes);
	return r < 0 ? -1 : 0;
}

/* The library failed with r in reading or writing: errno for it. */
static int broken(struct tls_session *s, int r)
{
	if (s->end == TLS_END_ERROR) {
		errno = s->io_errno;
		return -1;
	}
	s->end = TLS_END_ERROR; /* nothing more can be said on this stream, close_notify included */
	s->io_errno = EPROTO;
	gnutls_alert_send_appropriate(s->gnutls, r);
	(void)tls_transport_flush(s);
	errno = EPROTO;
	return -1;
}

ssize_t tls_recv(struct tls_session *s, void *buf, size_t len)
{
	int refused = 0;
	ssize_t r;

	for (;;) {
		r = gnutls_record_recv(s->gnutls, buf, len);
		if (r == GNUTLS_E_REHANDSHAKE && refused++ < RENEGOTIATIONS) {
			s->info.renegotiation = true;
			gnutls_alert_send(s->gnutls, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
		} else if (r >= 0 || s->interrupted || gnutls_error_is_fatal((int)r) ||
			   r == GNUTLS_E_REHANDSHAKE) {
			break;
		}
	}
	if (s->interrupted) {
		s->interrupted = false;
		errno = s->io_errno;
		return -1;
	}
	if (r > 0)
		s->client_spoke = true;
	if (r >= 0 || s->end == TLS_END_EOF)
		return r > 0 ? r : 0;
	return broken(s, (int)r);
}

bool tls_pending(const struct tls_session *s)
{
	return gnutls_record_check_pending(s->gnutls) > 0 || tee_unread(&s->tee) > 0;
}

/* A client that refuses our certificate under TLS 1.3 does so after we are done: a ticket sent at
 * once would meet a closed socket and hide its alert. */
static void send_ticket(struct tls_session *s)
{
	if (!s->ticket_due || !s->client_spoke)
		return;
	s->ticket_due = false;
	(void)gnutls_session_ticket_send(s->gnutls, 1, 0); /* if this fails, the reply does too */
}

static int send_records(struct tls_session *s, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t r =
		    gnutls_record_send(s->gnutls, bytes, len < RECORD_MAX ? len : RECORD_MAX);
		if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED)
			continue;
		if (r < 0)
			return broken(s, (int)r);
		bytes += r;
		len -= (size_t)r;
	}
	return 0;
}

int tls_send(struct tls_session *s, const void *bytes, size_t len)
{
	if (tls_send_last(s, bytes, len) < 0)
		return -1;
	if (tls_transport_flush(s) == 0)
		return 0;
	errno = s->io_errno;
	return -1;
}

int tls_send_last(struct tls_session *s, const void *bytes, size_t len)
{
	send_ticket(s);
	return send_records(s, bytes, len);
}

void tls_close(struct tls_session *s)
{
	if (s->gnutls == NULL)
		return;
	if (s->info.outcome == TLS_NEGOTIATED && s->end == TLS_END_NONE)
		gnutls_bye(s->gnutls, GNUTLS_SHUT_WR);
	if (s->end != TLS_END_ERROR)
		(void)tls_transport_flush(s);
	gnutls_deinit(s->gnutls);
	s->gnutls = NULL;
}

void tls_session_trim(struct tls_session *s)
{
	malloc_trim(0);
	madvise(s->tee_memory + TEE_PAGES_KEPT, TEE_SIZE - TEE_PAGES_KEPT, MADV_DONTNEED);
}
