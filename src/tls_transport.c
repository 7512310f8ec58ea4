/*
 * tls_transport.c: the TLS library's way to the client: through the tee in, gathered out.
 *
 * Runs in a worker.  In: the worker's transport, whose calls block and have deadlines.  What ends
 * it is kept in the session (end, io_errno), since the library tells only "pull error".
 */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "tls_internal.h"

_Static_assert(sizeof(giovec_t) == sizeof(struct iovec), "the library's vector is the system's");

/* A hello that is refused half-way is still worth its record.  Most clients have sent the rest by
 * then; a worker is worth more than waiting long for the others.  (TEE_KEEP bounds the bytes.) */
#define READ_ON_US 1000000
#define RECORD_HANDSHAKE 22

#define PUSH_PARTS 40 /* the library sends at most 32 parts at once, and one is ours */

static ssize_t ended(struct tls_session *s, int error)
{
	s->end = TLS_END_ERROR;
	s->io_errno = error;
	if (s->gnutls)
		gnutls_transport_set_errno(s->gnutls, error);
	return -1;
}

/* A deadline passed or we are to leave.  To the library nothing has come yet: it can still send, and
 * so the client can be told. */
static ssize_t interrupted(struct tls_session *s, int error)
{
	s->interrupted = true;
	s->io_errno = error;
	gnutls_transport_set_errno(s->gnutls, EAGAIN);
	return -1;
}

static bool can_go_on(const struct tls_session *s, int error)
{
	return s->info.outcome == TLS_NEGOTIATED && (error == ETIMEDOUT || error == ECANCELED);
}

/* Receive into the tee, which is empty or keeps.  Returns how many bytes, 0 at the end, -1 after ended() or
 * interrupted(). */
static ssize_t receive(struct tls_session *s)
{
	size_t room;
	ssize_t n;

	if (s->end == TLS_END_EOF)
		return 0;
	if (s->deadline_us != 0 && clock_us() >= s->deadline_us)
		return ended(s, ETIMEDOUT);
	if (tls_transport_flush(s) < 0)
		return -1; /* the client may wait for it */
	uint8_t *to = tee_room(&s->tee, &room);
	do
		n = s->transport->recv(s->transport->ctx, to, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return can_go_on(s, errno) ? interrupted(s, errno) : ended(s, errno);
	if (n == 0)
		s->end = TLS_END_EOF;
	tee_fill(&s->tee, (size_t)n);
	return n;
}

/* The stream begins like a handshake record, and there are too few bytes to say whether it is one
 * of an odd version: what the library is given first depends on it. */
static bool must_know_more(const struct tls_session *s)
{
	const struct tls_tee *t = &s->tee;

	return t->take == 0 && t->fill > 0 && t->kind == TEE_NOTHING &&
	       t->memory[0] == RECORD_HANDSHAKE && s->end == TLS_END_NONE;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t len)
{
	struct tls_session *s = ptr;

	if (tee_unread(&s->tee) == 0) {
		ssize_t n = receive(s);
		if (n <= 0)
			return n;
	}
	while (must_know_more(s))
		if (receive(s) < 0)
			return -1;
	size_t taken = tee_take(&s->tee, to, len);
	if (s->tee.odd && s->tee.kind == TEE_TLS && !s->pushed &&
	    tls_header_pass(&s->mend.header, to, taken))
		s->mend.mended |= HELLO_MEND_BIT(RECORD_VERSION);
	return (ssize_t)taken;
}

/* Bytes may be here that the socket does not show.  Where none is, pull() waits: it has the
 * deadline. */
static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct tls_session *s = ptr;

	return ms > 0 || tee_unread(&s->tee) > 0;
}

/* Take n bytes off the front of the vector. */
static void advance(struct iovec **iov, int *count, size_t n)
{
	while (*count > 0 && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count > 0) {
		(*iov)->iov_base = (uint8_t *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

static int send_all(struct tls_session *s, struct iovec *iov, int count)
{
	while (count > 0) {
		ssize_t n = s->transport->send(s->transport->ctx, iov, count);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			s->pushed_error = true;
			return (int)ended(s, errno);
		}
		advance(&iov, &count, (size_t)n);
	}
	return 0;
}

/*
 * The library pushes a flight in pieces; they wait for each other.  Only the first, a TLS 1.3
 * ServerHello, goes at once: the client works on it while the key holder signs, and its
 * ChangeCipherSpec is acknowledged by the rest of our flight, not 40 ms later.
 */
static bool hold(struct tls_session *s, const giovec_t *parts, int count, size_t total)
{
	if (!s->pushed || total > sizeof s->held - s->held_len)
		return false;
	for (int i = 0; i < count; i++) {
		memcpy(s->held + s->held_len, parts[i].iov_base, parts[i].iov_len);
		s->held_len += parts[i].iov_len;
	}
	return true;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const giovec_t *parts, int count)
{
	struct tls_session *s = ptr;
	struct iovec iov[PUSH_PARTS];
	size_t total = 0;
	int n = 0;

	if (count > PUSH_PARTS - 1)
		count = PUSH_PARTS - 1; /* the library sends the rest then */
	for (int i = 0; i < count; i++)
		total += parts[i].iov_len;
	if (hold(s, parts, count, total))
		return (ssize_t)total;
	s->pushed = true;
	if (s->held_len > 0)
		iov[n++] = (struct iovec){s->held, s->held_len};
	for (int i = 0; i < count; i++)
		iov[n++] = (struct iovec){parts[i].iov_base, parts[i].iov_len};
	s->held_len = 0;
	return send_all(s, iov, n) < 0 ? -1 : (ssize_t)total;
}

void tls_transport_set(struct tls_session *s)
{
	gnutls_transport_set_ptr(s->gnutls, s);
	gnutls_transport_set_pull_function(s->gnutls, pull);
	gnutls_transport_set_pull_timeout_function(s->gnutls, pull_timeout);
	gnutls_transport_set_vec_push_function(s->gnutls, push);
}

int tls_transport_flush(struct tls_session *s)
{
	struct iovec iov = {s->held, s->held_len};

	if (s->held_len == 0)
		return 0;
	s->held_len = 0;
	return send_all(s, &iov, 1);
}

static void pass_over(struct tls_session *s)
{
	uint8_t passed[512];

	while (tee_take(&s->tee, passed, sizeof passed) > 0)
		;
}

void tls_transport_read_on(struct tls_session *s)
{
	const struct tls_transport *t = s->transport;
	uint64_t end = clock_us() + READ_ON_US;

	if (s->end != TLS_END_NONE || s->pushed)
		return;
	while (tee_hello_goes_on(&s->tee)) {
		uint64_t now = clock_us();

		if (!t->wait(t->ctx, now < end ? end - now : 0)) /* what is here by then is read */
			break;
		pass_over(s);
		if (receive(s) <= 0)
			break;
	}
	s->end = TLS_END_NONE; /* it is to hear our alert, if it can */
}

void tls_transport_drain(struct tls_session *s)
{
	int error = s->io_errno;

	pass_over(s);
	s->held_len = 0;
	s->end = TLS_END_NONE;
	(void)receive(s);
	s->end = TLS_END_ERROR;
	s->io_errno = error;
}
