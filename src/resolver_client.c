/*
 * resolver_client.c: a worker's channel to the resolver.
 *
 * Runs in workers.  Questions go out without waiting; replies are decoded as if hostile, and one
 * that is wrong ends the channel: the worker goes on without DNS until it is replaced.
 */
#include "resolver_client.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(struct resolver_client *c)
{
	close(c->fd);
	c->fd = -1;
}

bool resolver_client_ask(struct resolver_client *c, struct dns_ask *ask)
{
	uint8_t packet[DNS_ASK_BYTES];

	if (c->fd < 0)
		return false;
	ask->seq = ++c->seq;
	int len = dns_ask_encode(packet, ask);
	if (len < 0)
		return false;
	ssize_t sent = send(c->fd, packet, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		end(c);
	return sent == len;
}

int resolver_client_take(struct resolver_client *c, struct dns_reply *reply_r)
{
	uint8_t packet[DNS_REPLY_BYTES + 1];

	if (c->fd < 0)
		return -1;
	ssize_t n = recv(c->fd, packet, sizeof packet, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0 && dns_reply_decode(reply_r, packet, (size_t)n) == 0)
		return 1;
	end(c);
	return -1;
}

void resolver_client_wait(const struct resolver_client *c, uint64_t us)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	/* Its outcome shows in what can be taken. */
	(void)poll(&p, 1, (int)((us + 999) / 1000));
}
