/*
 * worker_conn.c: the connection to one client: deadlines, buffers, bytes counted, TLS or not.
 *
 * Runs in workers.  Receives are blocking calls under SO_RCVTIMEO, which a connection inherits from
 * its listener; it is only set anew where a deadline comes nearer than it says, so a
 * well-behaved client costs no system call for its time-outs, and one that drips bytes cannot
 * stretch a deadline.
 */
#include "worker_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define TIMEO_LEAST_US 1000
#define SLOW_PIECES 4 /* a second: smooth for a client, and few wake-ups for a tarpit */

static struct timeval timeval_of(uint64_t us)
{
	return (struct timeval){.tv_sec = (time_t)(us / 1000000),
				.tv_usec = (suseconds_t)(us % 1000000)};
}

static void set_receive_timeout(struct conn *c, uint64_t us)
{
	struct timeval tv = timeval_of(us);

	if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == 0)
		c->timeo_us = us;
}

/* Make sure the kernel wakes us at the deadline, or before; false if it has passed.  woken: the
 * time-out was too short for this deadline, so it is made as long as that. */
static bool arm_receive(struct conn *c, bool woken)
{
	uint64_t now = clock_us();
	uint64_t end = c->step_end_us < c->session_end_us ? c->step_end_us : c->session_end_us;

	if (now >= end)
		return false;
	uint64_t left = end - now < TIMEO_LEAST_US ? TIMEO_LEAST_US : end - now;
	if (woken || c->timeo_us > left + left / 16)
		set_receive_timeout(c, left);
	return true;
}

static ssize_t raw_recv(void *ctx, void *buf, size_t len)
{
	struct conn *c = ctx;

	for (bool woken = false;; woken = true) {
		if (!arm_receive(c, woken)) {
			errno = ETIMEDOUT;
			return -1;
		}
		ssize_t n = recv(c->fd, buf, len, 0);
		if (n == 0 && *c->shutting_down) {
			errno = ECANCELED;
			return -1;
		}
		if (n >= 0) {
			c->bytes_in += (uint64_t)n;
			return n;
		}
		if (errno != EINTR && errno != EAGAIN)
			return -1;
	}
}

static bool raw_wait(void *ctx, uint64_t us)
{
	const struct conn *c = ctx;
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	return poll(&p, 1, (int)((us + 999) / 1000)) == 1;
}

static ssize_t raw_send(void *ctx, const struct iovec *iov, int count)
{
	struct conn *c = ctx;
	struct msghdr m = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};

	for (;;) {
		/* Each call may take as long as SO_SNDTIMEO: a slow reader gets no more of them. */
		if (clock_us() >= c->session_end_us) {
			errno = ETIMEDOUT;
			return -1;
		}
		ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
		if (n >= 0) {
			c->bytes_out += (uint64_t)n;
			return n;
		}
		if (errno == EAGAIN)
			errno = ETIMEDOUT; /* SO_SNDTIMEO passed without a byte taken */
		if (errno != EINTR)
			return -1;
	}
}

void conn_listener_options(int fd, uint64_t receive_us, uint64_t send_us)
{
	struct timeval receive = timeval_of(receive_us), send = timeval_of(send_us);
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive, sizeof receive) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send, sizeof send) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
		fatal("setsockopt on a listener: %s", strerror(errno));
}

void conn_init(struct conn *c, uint8_t *in, uint8_t *out)
{
	*c = (struct conn){.fd = -1, .in = in};
	buf_init(&c->out, out, CONN_OUT);
}

void conn_open(struct conn *c, int fd, struct tls_session *tls, uint64_t receive_us)
{
	c->fd = fd;
	c->tls = tls;
	c->encrypted = false;
	c->timeo_us = receive_us;
	c->bytes_in = c->bytes_out = 0;
	c->slow = 0;
	c->in_at = c->in_len = 0;
	c->transport =
	    (struct tls_transport){.ctx = c, .recv = raw_recv, .send = raw_send, .wait = raw_wait};
	buf_reset(&c->out);
}

void conn_close(struct conn *c)
{
	if (c->tls)
		tls_close(c->tls);
	c->encrypted = false;
	close(c->fd);
	c->fd = -1;
}

void conn_deadline(struct conn *c, uint64_t us)
{
	c->step_end_us = clock_us() + us;
}

void conn_last_words(struct conn *c, uint64_t us)
{
	c->session_end_us = clock_us() + us;
	c->slow = 0;
}

void conn_pause(struct conn *c, uint64_t us)
{
	uint64_t begin = clock_us(), now = begin;
	uint64_t end = begin + us < c->session_end_us ? begin + us : c->session_end_us;
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	/* A signal that comes between the look and poll() has shut the socket down. */
	while (now < end && !*c->shutting_down) {
		int rc = poll(&p, 1, (int)((end - now + 999) / 1000));
		now = clock_us();
		if (rc > 0 || (rc < 0 && errno != EINTR))
			break;
	}
	c->step_end_us += now - begin;
}

int conn_fill(struct conn *c)
{
	if (c->in_at > 0) {
		memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
	}
	size_t room = CONN_IN - c->in_len;
	ssize_t n = c->encrypted ? tls_recv(c->tls, c->in + c->in_len, room)
				 : raw_recv(c, c->in + c->in_len, room);
	if (n <= 0)
		return (int)n;
	c->in_len += (size_t)n;
	return 1;
}

bool conn_readable(const struct conn *c)
{
	uint8_t byte;

	if (c->in_len > c->in_at || (c->encrypted && tls_pending(c->tls)))
		return true;
	return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

void conn_consume(struct conn *c, size_t n)
{
	c->in_at += n;
	if (c->in_at == c->in_len)
		c->in_at = c->in_len = 0;
}

size_t conn_drop_all(struct conn *c)
{
	size_t n = c->in_len - c->in_at;

	c->in_at = c->in_len = 0;
	return n;
}

static int send_all(struct conn *c, const uint8_t *bytes, size_t len)
{
	if (c->encrypted)
		return tls_send(c->tls, bytes, len);
	for (size_t done = 0; done < len;) {
		struct iovec iov = {.iov_base = (uint8_t *)bytes + done, .iov_len = len - done};
		ssize_t n = raw_send(c, &iov, 1);

		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* Piece by piece, each after the time that it takes at this speed.  Our own slowness is not held
 * against the session's time. */
static int send_slowly(struct conn *c)
{
	size_t most = c->slow / SLOW_PIECES > 0 ? c->slow / SLOW_PIECES : 1;

	for (size_t done = 0; done < c->out.len;) {
		size_t n = c->out.len - done < most ? c->out.len - done : most;
		uint64_t begin = clock_us();

		conn_pause(c, n * UINT64_C(1000000) / c->slow);
		c->session_end_us += clock_us() - begin;
		if (*c->shutting_down) {
			errno = ECANCELED;
			return -1;
		}
		if (send_all(c, c->out.data + done, n) < 0)
			return -1;
		done += n;
	}
	return 0;
}

int conn_flush(struct conn *c)
{
	int rc = 0;

	if (c->out.len > 0)
		rc = c->slow > 0 ? send_slowly(c) : send_all(c, c->out.data, c->out.len);
	buf_reset(&c->out);
	return rc;
}

int conn_flush_last(struct conn *c)
{
	if (!c->encrypted || c->slow > 0 || c->out.len == 0)
		return conn_flush(c);
	int rc = tls_send_last(c->tls, c->out.data, c->out.len);
	buf_reset(&c->out);
	return rc;
}

int conn_put(struct conn *c, const char *reply, size_t len)
{
	if (len > c->out.cap - c->out.len && conn_flush(c) < 0)
		return -1;
	buf_put(&c->out, reply, len);
	return c->out.failed ? -1 : 0;
}
