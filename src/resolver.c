/*
 * resolver.c: the process that asks the DNS for all workers.
 *
 * Forked by the master; runs as _smtptrap in an empty root directory.  In: over the control socket
 * the workers' channels, over each channel questions of one worker, from the servers answers.
 * Out: replies, queries, and once a second its counters to the master.  It opens nothing,
 * writes no file, and can neither make a socket nor connect one: the dialer does that.
 *
 * It trusts the master.  It trusts neither workers (a packet that is wrong closes the channel;
 * one that asks too much hears that nothing is known; one that does not read loses replies) nor
 * servers (what they say is parsed by libraries, bounded, and copied).
 */
#include "resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fd_pass.h"
#include "log.h"
#include "resolver_internal.h"

#define EVENTS 64        /* taken from epoll at once */
#define TELL_MS 1000     /* between reports to the master */
#define ENTRY_BYTES 1024 /* of the cache's memory, an answer: ten times the usual one */

/* The upper half of an event's data says whose it is; the lower half has its number. */
enum { OF_CONTROL, OF_CHANNEL, OF_SERVER };
#define MARK(who) ((uint64_t)(who) << 32)

static void watch(const struct resolver *r, int fd, uint64_t data)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = data};

	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		fatal("cannot watch a socket: %s", strerror(errno));
}

/* ---- channels ---- */

static void channel_close(struct resolver *r, uint32_t slot)
{
	struct channel *c = &r->channels[slot];

	if (c->fd < 0)
		return;
	close(c->fd); /* which also takes it out of epoll */
	c->fd = -1;
	r->open_channels--;
}

/* The master gives a slot a new channel, or lets us go. */
static void control_read(struct resolver *r)
{
	uint32_t slot;
	int fd;
	ssize_t n = fd_recv(r->args->control, &slot, sizeof slot, &fd, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		r->leaving = true;
		epoll_ctl(r->epoll, EPOLL_CTL_DEL, r->args->control, NULL);
		return;
	}
	if (n != sizeof slot || fd < 0 || slot >= r->args->slots)
		fatal("the master sent what is no slot's channel");
	channel_close(r, slot);
	struct channel *c = &r->channels[slot];
	*c = (struct channel){.fd = fd, .generation = c->generation + 1};
	r->open_channels++;
	watch(r, fd, MARK(OF_CHANNEL) | slot);
}

/* One question; epoll says again when there are more, so that all get their turn. */
static void channel_read(struct resolver *r, uint32_t slot)
{
	uint8_t packet[DNS_ASK_BYTES + 1];
	struct dns_ask ask;
	int fd = r->channels[slot].fd;

	if (fd < 0)
		return; /* it was replaced within this batch of events */
	ssize_t n = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		channel_close(r, slot);
		return;
	}
	if (dns_ask_decode(&ask, packet, (size_t)n) < 0) {
		warn("closed the channel of worker slot %u, which broke the protocol", slot);
		channel_close(r, slot);
		return;
	}
	job_start(r, slot, &ask);
}

void resolver_reply(struct resolver *r, const struct job *job, const struct dns_reply *reply)
{
	struct channel *c = &r->channels[job->slot];
	uint8_t packet[DNS_REPLY_BYTES];

	if (reply->fact == DNS_FACT_UNKNOWN)
		r->counters.unknown++;
	if (c->generation != job->generation || c->fd < 0)
		return;
	c->open--;
	size_t len = dns_reply_encode(packet, reply);
	if (send(c->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		debug("worker slot %u does not take a reply: %s", job->slot, strerror(errno));
}

/* ---- the process ---- */

static bool has_news(struct resolver *r)
{
	r->counters.entries = dns_cache_entries(r->cache);
	return !r->leaving && memcmp(&r->counters, &r->told, sizeof r->told) != 0;
}

static void tell_master(struct resolver *r)
{
	if (send(r->args->control, &r->counters, sizeof r->counters, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    sizeof r->counters)
		r->told = r->counters;
}

static void start(struct resolver *r, const struct resolver_args *args)
{
	const struct conf *conf = args->conf;

	r->args = args;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	r->channels = calloc(args->slots, sizeof *r->channels);
	r->cache = dns_cache_new(conf->dns.cache, (size_t)conf->dns.cache * ENTRY_BYTES);
	r->ttl = (struct dns_ttl){.min = (uint32_t)(conf->dns.ttl_min_us / 1000000),
				  .max = (uint32_t)(conf->dns.ttl_max_us / 1000000)};
	if (r->epoll < 0 || r->channels == NULL || r->cache == NULL)
		fatal("cannot start: %s", strerror(errno));
	for (uint32_t i = 0; i < args->slots; i++)
		r->channels[i].fd = -1;
	watch(r, args->control, MARK(OF_CONTROL));
	resolver_net_start(args->net, r->epoll, args->link, MARK(OF_SERVER));
	args->enter_sandbox(args->ctx);
	/* The first report says that we are there. */
	if (send(args->control, &r->counters, sizeof r->counters, MSG_NOSIGNAL) < 0)
		fatal("the master is gone");
}

static void on_event(struct resolver *r, const struct epoll_event *e)
{
	uint32_t number = (uint32_t)e->data.u64;

	switch (e->data.u64 >> 32) {
	case OF_CONTROL:
		control_read(r);
		break;
	case OF_CHANNEL:
		channel_read(r, number);
		break;
	default:
		resolver_net_event(r->args->net, (int)number, e->events);
		break;
	}
}

_Noreturn void resolver_run(const struct resolver_args *args)
{
	static struct resolver resolver;
	struct resolver *r = &resolver;
	struct epoll_event events[EVENTS];
	uint64_t told_us = 0;

	start(r, args);
	while (!r->leaving || r->open_channels > 0) {
		int most = has_news(r) ? TELL_MS : -1;
		int n = epoll_wait(r->epoll, events, EVENTS, resolver_net_wait(args->net, most));
		if (n < 0 && errno != EINTR)
			fatal("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			on_event(r, &events[i]);
		resolver_net_timeouts(args->net);
		uint64_t now = clock_us();
		if (has_news(r) && now - told_us >= TELL_MS * 1000) {
			tell_master(r);
			told_us = now;
		}
	}
	_exit(0);
}
