/*
 * resolver_net.c: queries to DNS servers, by c-ares.
 *
 * Runs in the resolver; the channel is made in the master.  c-ares sends, repeats, takes the next
 * server, compares sender, number and question, and falls back to TCP.  Its sockets come from
 * the dialer, already connected.  Numbers of queries are ours, from the kernel's random source.
 * Answers are hostile; dns_answer_parse() reads them.
 */
#include "resolver_net.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dialer.h"
#include "ip.h"
#include "log.h"

#define TRY_MS 800      /* for the first try of each server; the next takes twice as long */
#define TRIES 2         /* of each server */
#define EDNS_BYTES 1232 /* what passes everywhere unfragmented, DNS flag day 2020 */
#define NAMES_MAX 512   /* of all servers as text */

struct resolver_net {
	ares_channel channel;
	struct conf_dns_server servers[CONF_DNS_SERVERS_MAX];
	size_t server_count;
	char names[NAMES_MAX];
	/* of the resolver */
	int epoll, link;
	uint64_t mark;
	uint32_t dialed;
	enum dial_kind opening; /* of the socket that c-ares makes at this moment */
	uint64_t heard;
	bool plain;            /* a server does not understand EDNS (RFC 6891, 7): none gets it */
	uint16_t numbers[128]; /* random, fetched a few at once */
	size_t numbers_left;
};

struct net_query {
	struct dns_key key;
	resolver_net_fn *fn;
	void *ctx;
};

/* ---- sockets ---- */

/* A descriptor that is nothing yet: connect_socket() puts the connected one in its place. */
static ares_socket_t make_socket(int family, int type, int protocol, void *ctx)
{
	struct resolver_net *net = ctx;

	(void)family;
	(void)protocol;
	net->opening = type == SOCK_STREAM ? DIAL_TCP : DIAL_UDP;
	return dup(net->link);
}

static int close_socket(ares_socket_t fd, void *ctx)
{
	(void)ctx;
	return close(fd);
}

static bool find_server(const struct resolver_net *net, const struct sockaddr *sa, size_t *n_r)
{
	uint8_t ip[IP_BYTES];
	uint16_t port;

	if (ip_from_sockaddr(ip, &port, sa) < 0)
		return false;
	for (*n_r = 0; *n_r < net->server_count; ++*n_r)
		if (net->servers[*n_r].port == port &&
		    memcmp(net->servers[*n_r].address, ip, IP_BYTES) == 0)
			return true;
	return false;
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *sa, ares_socklen_t len,
			  void *ctx)
{
	struct resolver_net *net = ctx;
	size_t server;

	(void)len;
	if (!find_server(net, sa, &server)) {
		errno = EACCES;
		return -1;
	}
	int got = dialer_ask(net->link, &net->dialed, server, net->opening);
	if (got < 0) {
		debug("no socket for server %zu: %s", server, strerror(errno));
		return -1;
	}
	int put = dup3(got, fd, O_CLOEXEC);
	close(got);
	return put < 0 ? -1 : 0;
}

static ares_ssize_t receive(ares_socket_t fd, void *to, size_t len, int flags,
			    struct sockaddr *from, ares_socklen_t *from_len, void *ctx)
{
	struct resolver_net *net = ctx;
	ssize_t n = recvfrom(fd, to, len, flags | MSG_DONTWAIT, from, from_len);

	if (n > 0)
		net->heard++;
	return n;
}

static ares_ssize_t send_parts(ares_socket_t fd, const struct iovec *parts, int n, void *ctx)
{
	(void)ctx;
	return writev(fd, parts, n);
}

static const struct ares_socket_functions socket_functions = {.asocket = make_socket,
							      .aclose = close_socket,
							      .aconnect = connect_socket,
							      .arecvfrom = receive,
							      .asendv = send_parts};

/* c-ares wants to hear of the socket, or no more. */
static void watch_socket(void *ctx, ares_socket_t fd, int readable, int writable)
{
	const struct resolver_net *net = ctx;
	struct epoll_event e = {.events = (readable ? (uint32_t)EPOLLIN : 0) |
					  (writable ? (uint32_t)EPOLLOUT : 0),
				.data.u64 = net->mark | (uint32_t)fd};

	if (e.events == 0)
		epoll_ctl(net->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(net->epoll, EPOLL_CTL_MOD, fd, &e) < 0 &&
		 epoll_ctl(net->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		warn("a socket of the DNS cannot be watched: %s", strerror(errno));
}

/* ---- start ---- */

/* Everything is set, so that c-ares reads neither files nor the environment; but the servers,
 * if `find` is true. */
static void channel_make(struct resolver_net *net, ares_channel *channel_r, bool find)
{
	static char lookups[] = "b"; /* the DNS, no hosts file */
	struct in_addr none = {0};
	struct ares_options o = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
				 .timeout = TRY_MS,
				 .tries = TRIES,
				 .ndots = 1,
				 .servers = &none,
				 .nservers = 1,
				 .lookups = lookups,
				 .ednspsz = EDNS_BYTES,
				 .sock_state_cb = watch_socket,
				 .sock_state_cb_data = net};
	int set = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
		  ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_EDNSPSZ |
		  ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE | (find ? 0 : ARES_OPT_SERVERS);
	int rc = ares_init_options(channel_r, &o, set);

	if (rc != ARES_SUCCESS)
		fatal("c-ares: %s", ares_strerror(rc));
}

static void add_server(struct resolver_net *net, const uint8_t ip[IP_BYTES], uint16_t port)
{
	char text[IP_TEXT_MAX];
	size_t len = strlen(net->names);

	if (net->server_count == CONF_DNS_SERVERS_MAX)
		return;
	struct conf_dns_server *s = &net->servers[net->server_count++];
	memcpy(s->address, ip, IP_BYTES);
	s->port = port;
	snprintf(net->names + len, sizeof net->names - len, "%s%s port %u", len ? ", " : "",
		 ip_text(ip, text), port);
}

/* The servers of /etc/resolv.conf. */
static void add_system_servers(struct resolver_net *net)
{
	struct ares_addr_port_node *list = NULL;
	ares_channel channel;

	channel_make(net, &channel, true);
	if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
		fatal("c-ares: the system's DNS servers cannot be found");
	for (const struct ares_addr_port_node *n = list; n != NULL; n = n->next) {
		uint8_t ip[IP_BYTES] = {[10] = 0xff, [11] = 0xff};
		if (n->family == AF_INET)
			memcpy(ip + 12, &n->addr.addr4, 4);
		else
			memcpy(ip, &n->addr.addr6, IP_BYTES);
		add_server(net, ip, n->udp_port ? (uint16_t)n->udp_port : NS_DEFAULTPORT);
	}
	ares_free_data(list);
	ares_destroy(channel);
}

/* Tell c-ares the servers. */
static void set_servers(struct resolver_net *net)
{
	struct ares_addr_port_node nodes[CONF_DNS_SERVERS_MAX] = {0};

	for (size_t i = 0; i < net->server_count; i++) {
		const struct conf_dns_server *s = &net->servers[i];
		struct ares_addr_port_node *n = &nodes[i];

		n->next = i + 1 < net->server_count ? n + 1 : NULL;
		n->family = ip_is_v4(s->address) ? AF_INET : AF_INET6;
		n->udp_port = n->tcp_port = s->port;
		if (n->family == AF_INET)
			memcpy(&n->addr.addr4, s->address + 12, 4);
		else
			memcpy(&n->addr.addr6, s->address, IP_BYTES);
	}
	int rc = ares_set_servers_ports(net->channel, nodes);
	if (rc != ARES_SUCCESS)
		fatal("c-ares: %s", ares_strerror(rc));
}

struct resolver_net *resolver_net_new(const struct conf *conf)
{
	struct resolver_net *net = calloc(1, sizeof *net);

	if (net == NULL || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		fatal("c-ares: no memory");
	for (size_t i = 0; i < conf->dns.nserver; i++) {
		const struct conf_dns_server *s = &conf->dns.server[i];
		if (s->port == 0)
			add_system_servers(net);
		else
			add_server(net, s->address, s->port);
	}
	channel_make(net, &net->channel, false);
	set_servers(net);
	ares_set_socket_functions(net->channel, &socket_functions, net);
	return net;
}

const struct conf_dns_server *resolver_net_servers(const struct resolver_net *net, size_t *count_r)
{
	*count_r = net->server_count;
	return net->servers;
}

const char *resolver_net_names(const struct resolver_net *net)
{
	return net->names;
}

void resolver_net_start(struct resolver_net *net, int epoll, int link, uint64_t mark)
{
	net->epoll = epoll;
	net->link = link;
	net->mark = mark;
}

/* ---- queries ---- */

static void send_query(struct resolver_net *net, struct net_query *q);

/* Unpredictable, so that an answer cannot be forged by who does not see the question. */
static uint16_t next_number(struct resolver_net *net)
{
	if (net->numbers_left == 0) {
		if (getrandom(net->numbers, sizeof net->numbers, 0) != sizeof net->numbers)
			fatal("getrandom: %s", strerror(errno));
		net->numbers_left = sizeof net->numbers / sizeof *net->numbers;
	}
	return net->numbers[--net->numbers_left];
}

static bool is_format_error(const uint8_t *packet, int len)
{
	return len >= NS_HFIXEDSZ && (packet[3] & 0xf) == ns_r_formerr;
}

struct net_call {
	struct resolver_net *net;
	struct net_query query;
	bool plain; /* sent without EDNS */
};

static void on_answer(void *arg, int status, int timeouts, unsigned char *packet, int len)
{
	struct net_call *call = arg;
	struct dns_answer answer;

	(void)timeouts;
	if (status == ARES_SUCCESS && !call->plain && is_format_error(packet, len)) {
		call->net->plain = true;
		send_query(call->net, &call->query);
		free(call);
		return;
	}
	if (status == ARES_SUCCESS)
		dns_answer_parse(&answer, packet, (size_t)len, call->query.key.name,
				 call->query.key.type);
	else
		dns_answer_unknown(&answer);
	call->query.fn(call->query.ctx, &answer);
	free(call);
}

static void send_query(struct resolver_net *net, struct net_query *q)
{
	struct net_call *call = malloc(sizeof *call);
	struct dns_answer answer;
	unsigned char *packet = NULL;
	int len = 0;

	dns_answer_unknown(&answer);
	int rc = ares_create_query(q->key.name, ns_c_in, (int)q->key.type, next_number(net), 1,
				   &packet, &len, net->plain ? 0 : EDNS_BYTES);
	if (rc == ARES_SUCCESS && call != NULL) {
		*call = (struct net_call){.net = net, .query = *q, .plain = net->plain};
		ares_send(net->channel, packet, len, on_answer, call);
	} else {
		free(call);
		if (rc == ARES_ENOTFOUND) /* .onion, RFC 7686 */
			answer.status = DNS_NXDOMAIN;
		q->fn(q->ctx, &answer);
	}
	if (packet != NULL)
		ares_free_string(packet);
}

void resolver_net_query(struct resolver_net *net, const struct dns_key *key, resolver_net_fn *fn,
			void *ctx)
{
	struct net_query q = {.key = *key, .fn = fn, .ctx = ctx};

	send_query(net, &q);
}

/* ---- events ---- */

void resolver_net_event(struct resolver_net *net, int fd, uint32_t events)
{
	bool readable = events & (EPOLLIN | EPOLLERR | EPOLLHUP), writable = events & EPOLLOUT;

	ares_process_fd(net->channel, readable ? fd : ARES_SOCKET_BAD,
			writable ? fd : ARES_SOCKET_BAD);
}

int resolver_net_wait(const struct resolver_net *net, int most)
{
	struct timeval limit = {.tv_sec = most / 1000, .tv_usec = most % 1000 * 1000}, left;
	const struct timeval *t = ares_timeout(net->channel, most < 0 ? NULL : &limit, &left);

	if (t == NULL)
		return -1;
	return (int)(t->tv_sec * 1000 + (t->tv_usec + 999) / 1000);
}

void resolver_net_timeouts(struct resolver_net *net)
{
	ares_process_fd(net->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

uint64_t resolver_net_heard(const struct resolver_net *net)
{
	return net->heard;
}
