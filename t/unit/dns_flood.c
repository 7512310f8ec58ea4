/*
 * dns_flood.c: a resolver that was taken over and sends without end holds up neither the worker nor
 * the master that reads what it sends.
 */
#include "config.h"

#include "../../src/worker_dns_internal.h"

#include <stdlib.h>

#include "../../src/master.h"
#include "../tap.h"

#define SOCKET 0       /* any number: recv() is ours */
#define ENDLESS 100000 /* so much is read by nobody who has an end */

static uint8_t packet[DNS_REPLY_BYTES];
static size_t packet_len;
static unsigned reads;

ssize_t __wrap_recv(int fd, void *to, size_t len, int flags);

/* What the master does with its children is not called here. */
void master_give_up_root(const struct master *m)
{
	(void)m;
}

void tls_server_forget(struct tls_server *server)
{
	(void)server;
}

/* There is always one packet more. */
ssize_t __wrap_recv(int fd, void *to, size_t len, int flags)
{
	(void)fd;
	(void)flags;
	if (++reads == ENDLESS) {
		ok(false, "reading has an end");
		exit(tap_done());
	}
	memcpy(to, packet, packet_len < len ? packet_len : len);
	return (ssize_t)packet_len;
}

static void check_worker(void)
{
	static struct worker_dns dns;
	const struct dns_ask ask = {.seq = 1, .kind = DNS_ASK_REVERSE};
	static struct dns_reply reply;

	dns.client.fd = SOCKET;
	dns_reply_begin(&reply, &ask);
	packet_len = dns_reply_encode(packet, &reply);
	reads = 0;
	worker_dns_collect(&dns);
	ok(reads > DNS_OPEN_MAX, "a worker takes as many replies as it may have asked for");
	ok(reads < ENDLESS, "and goes on when there are more");
	is_int(dns.client.fd, SOCKET, "its channel stays open");
}

static void check_master(void)
{
	static struct master m;
	static struct board board;
	const struct dns_counters counters = {.asked = 7};

	m.board = &board;
	m.dns.resolver = (struct role){.pid = 1, .control = SOCKET};
	memcpy(packet, &counters, sizeof counters);
	packet_len = sizeof counters;
	reads = 0;
	dns_read(&m);
	ok(reads < ENDLESS, "the master goes on when there is more to read");
	is_int((int64_t)board.head.dns.counters.asked, 7, "and shows what it was told");
}

int main(void)
{
	check_worker();
	check_master();
	return tap_done();
}
