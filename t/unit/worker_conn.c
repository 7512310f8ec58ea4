/*
 * worker_conn.c: test of src/worker_conn: how long a client is made to wait.
 */
#include "../../src/worker_conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "../tap.h"
#include "clock.h"

#define SECOND_US UINT64_C(1000000)
#define LONG_US (20 * SECOND_US) /* so long nobody waits here */

/* No connection here speaks TLS. */
void tls_close(struct tls_session *s)
{
	(void)s;
}

ssize_t tls_recv(struct tls_session *s, void *buf, size_t len)
{
	(void)s, (void)buf, (void)len;
	return -1;
}

bool tls_pending(const struct tls_session *s)
{
	(void)s;
	return false;
}

int tls_send(struct tls_session *s, const void *bytes, size_t len)
{
	(void)s, (void)bytes, (void)len;
	return -1;
}

int tls_send_last(struct tls_session *s, const void *bytes, size_t len)
{
	return tls_send(s, bytes, len);
}

/* How long a pause of LONG_US takes whose session ends, or ended, at this time. */
static uint64_t pause_us(uint64_t session_end_us)
{
	static const volatile sig_atomic_t no;
	static uint8_t in[CONN_IN], out[CONN_OUT];
	struct conn c;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return UINT64_MAX;
	conn_init(&c, in, out);
	conn_open(&c, pair[0], NULL, SECOND_US);
	c.session_end_us = session_end_us;
	c.shutting_down = &no;
	uint64_t begin = clock_us();
	conn_pause(&c, LONG_US);
	uint64_t took = clock_us() - begin;
	conn_close(&c);
	close(pair[1]);
	return took;
}

int main(void)
{
	uint64_t took = pause_us(clock_us() + SECOND_US / 10);

	ok(took >= SECOND_US / 20 && took < LONG_US / 2, "a pause ends with the session");
	ok(pause_us(clock_us() - 1) < LONG_US / 2, "and does not begin when that is over");
	return tap_done();
}
