/*
 * worker_conn.h: the connection to one client: deadlines, buffers, bytes counted, TLS or not.
 */
#ifndef SMTPTRAP_WORKER_CONN_H
#define SMTPTRAP_WORKER_CONN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "tls.h"

#define CONN_IN 16384  /* a line of AUTH fits, see LINE_BUFFER_MIN */
#define CONN_OUT 16384 /* replies kept back; flushed when a reply might not fit */

struct conn {
	int fd; /* -1: none; not blocking receives and sends have kernel time-outs instead */
	struct tls_session *tls;
	bool encrypted;          /* what is read and written now goes through tls */
	uint64_t session_end_us; /* monotonic: nothing is received or begun to be sent past this */
	uint64_t step_end_us;    /* the present command, handshake or piece of data */
	const volatile sig_atomic_t *shutting_down; /* the socket's end is our own doing then */
	uint64_t timeo_us;                          /* what SO_RCVTIMEO is set to */
	uint64_t bytes_in, bytes_out;               /* on the socket */
	uint32_t slow; /* bytes a second of what conn_put() keeps back; 0: as fast as they go */
	struct tls_transport transport;
	struct buf out;
	size_t in_at, in_len; /* in[in_at .. in_len) is unread */
	uint8_t *in;          /* CONN_IN bytes of the caller */
};

/* Master: what connections inherit from their listener: TCP_NODELAY and time-outs in
 * microseconds, of a receive to begin with and of a send. */
void conn_listener_options(int fd, uint64_t receive_us, uint64_t send_us);

/* Before the first use: the CONN_IN and CONN_OUT bytes that all connections use. */
void conn_init(struct conn *c, uint8_t *in, uint8_t *out);

/* Begin with a connected socket, whose listener got these receive_us.  tls: the worker's TLS
 * session, NULL if there is none. */
void conn_open(struct conn *c, int fd, struct tls_session *tls, uint64_t receive_us);

/* Close the socket; with TLS, say close_notify first. */
void conn_close(struct conn *c);

/* The next receives may take this long together, but never longer than the session. */
void conn_deadline(struct conn *c, uint64_t us);

/*
 * Wait so long, at most to the end of the session; the present deadline moves by what it took.
 * Over sooner when we are shutting down, and when the client has closed its side: nobody waits
 * for it any more.
 */
void conn_pause(struct conn *c, uint64_t us);

/* The session is over, for want of time perhaps: what is still sent may take this long, and goes fast. */
void conn_last_words(struct conn *c, uint64_t us);

/*
 * Receive more into in[] behind what is unread.  Returns 1; 0 when the client has ended; -1 with
 * errno, ETIMEDOUT when a deadline passed, ECANCELED when we are shutting down.  Less than CONN_IN
 * bytes are unread.
 */
int conn_fill(struct conn *c);

/* Something of the client is here, so that conn_fill() would not wait; looks at the socket. */
bool conn_readable(const struct conn *c);

/* Drop n unread bytes; drop all of them. */
void conn_consume(struct conn *c, size_t n);
size_t conn_drop_all(struct conn *c);

/* Keep a reply back; flushes by itself when it would not fit. */
int conn_put(struct conn *c, const char *reply, size_t len);

/* Send what is kept back, in one write.  0, or -1 with errno. */
int conn_flush(struct conn *c);

/* The same, when nothing but conn_close() follows: over TLS both go out together. */
int conn_flush_last(struct conn *c);

#endif
