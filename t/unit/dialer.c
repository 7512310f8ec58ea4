/*
 * dialer.c: the dialer gives sockets that are connected to the servers it was told, and closes the
 * link of who asks for anything else.
 */
#include "config.h"

#include "../../src/dialer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/fd_pass.h"
#include "../tap.h"
#include "ip.h"

static struct conf_dns_server servers[2];
static int udp, tcp, control;
static pid_t dialer;

/* Listen at a port of the kernel's choice.  False, with no socket open, if another has it of UDP. */
static bool try_listen(struct conf_dns_server *server)
{
	struct sockaddr_storage sa;
	socklen_t len = ip_to_sockaddr(&sa, server->address, 0);
	uint8_t ip[IP_BYTES];

	udp = socket(AF_INET, SOCK_DGRAM, 0);
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(tcp, (struct sockaddr *)&sa, len) == 0 && listen(tcp, 8) == 0 &&
	    getsockname(tcp, (struct sockaddr *)&sa, &len) == 0 &&
	    bind(udp, (struct sockaddr *)&sa, len) == 0) {
		ip_from_sockaddr(ip, &server->port, (struct sockaddr *)&sa);
		return true;
	}
	close(udp);
	close(tcp);
	return false;
}

static void listen_at(struct conf_dns_server *server)
{
	bool good = false;

	ip_parse(server->address, "127.0.0.1", 9);
	for (int tries = 0; tries < 100 && !good; tries++)
		good = try_listen(server);
	if (!good)
		ok(false, "the servers listen: %s", strerror(errno));
}

static void start(void)
{
	int pair[2];

	listen_at(&servers[0]);
	ip_parse(servers[1].address, "::1", 3);
	servers[1].port = 1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		ok(false, "socketpair: %s", strerror(errno));
	control = pair[0];
	dialer = fork();
	if (dialer == 0) {
		struct dialer_args args = {
		    .control = pair[1], .servers = servers, .server_count = 2};
		close(pair[0]);
		dialer_run(&args);
	}
	close(pair[1]);
}

/* A link, as the master gives a resolver one. */
static int new_link(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	ok(fd_send(control, "", 1, pair[1], 0) == 0, "the dialer gets a link");
	close(pair[1]);
	return pair[0];
}

static bool arrives(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 60000) == 1;
}

static void check_sockets(int link)
{
	uint32_t seq = 0;
	char got[8];
	int fd = dialer_ask(link, &seq, 0, DIAL_UDP);

	ok(fd >= 0 && send(fd, "x", 1, 0) == 1 && arrives(udp) &&
	       recv(udp, got, sizeof got, 0) == 1,
	   "a datagram socket reaches its server");
	ok(fcntl(fd, F_GETFL) & O_NONBLOCK && fcntl(fd, F_GETFD) & FD_CLOEXEC,
	   "it does not block, and is closed on exec");
	close(fd);
	fd = dialer_ask(link, &seq, 0, DIAL_TCP);
	ok(fd >= 0 && arrives(tcp), "a stream socket does, too");
	close(accept(tcp, NULL, NULL));
	close(fd);
	fd = dialer_ask(link, &seq, 1, DIAL_UDP);
	ok(fd >= 0 || errno == EADDRNOTAVAIL || errno == ENETUNREACH || errno == EAFNOSUPPORT,
	   "one of IPv6 is made where there is IPv6");
	if (fd >= 0)
		close(fd);
	is_int(seq, 3, "requests are counted");
}

static void check_stale(int link)
{
	struct dial_msg old = {.magic = DIAL_MAGIC, .seq = 1000};
	uint32_t seq = 1000;

	/* A request whose answer nobody takes: the next one must not get it. */
	ok(send(link, &old, sizeof old, 0) == sizeof old && arrives(link),
	   "an answer is left lying");
	int fd = dialer_ask(link, &seq, 0, DIAL_TCP);
	int type = 0;
	socklen_t len = sizeof type;
	ok(fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM,
	   "the next request passes over it");
	close(fd);
	arrives(tcp);
	close(accept(tcp, NULL, NULL));
}

static void check_refusals(void)
{
	static const struct {
		const char *title;
		struct dial_msg m;
		size_t len;
	} cases[] = {
	    {"a server that is none", {.magic = DIAL_MAGIC, .server = 2}, sizeof(struct dial_msg)},
	    {"the last number",
	     {.magic = DIAL_MAGIC, .server = UINT16_MAX},
	     sizeof(struct dial_msg)},
	    {"a kind that is none",
	     {.magic = DIAL_MAGIC, .kind = DIAL_KIND_COUNT},
	     sizeof(struct dial_msg)},
	    {"an error", {.magic = DIAL_MAGIC, .error = 1}, sizeof(struct dial_msg)},
	    {"another magic", {.magic = 1}, sizeof(struct dial_msg)},
	    {"a short packet", {.magic = DIAL_MAGIC}, sizeof(struct dial_msg) - 1},
	};
	char byte;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int link = new_link();
		send(link, &cases[i].m, cases[i].len, 0);
		ok(arrives(link) && recv(link, &byte, 1, 0) == 0, "%s: the link is closed",
		   cases[i].title);
		close(link);
	}
	int link = new_link();
	struct dial_msg m = {.magic = DIAL_MAGIC};
	fd_send(link, &m, sizeof m, udp, 0);
	ok(arrives(link) && recv(link, &byte, 1, 0) == 0,
	   "a request with a descriptor: the link is closed");
	close(link);
}

static void check_links(int first)
{
	int links[8];
	uint32_t seq = 5000;

	for (int i = 0; i < 8; i++)
		links[i] = new_link();
	int fd = dialer_ask(links[7], &seq, 0, DIAL_UDP);
	ok(fd >= 0, "with eight more links the last is served");
	close(fd);
	ok(dialer_ask(first, &seq, 0, DIAL_UDP) < 0, "and the oldest is closed");
	for (int i = 0; i < 8; i++)
		close(links[i]);
}

int main(void)
{
	int status;

	signal(SIGPIPE, SIG_IGN);
	start();
	int link = new_link();
	check_sockets(link);
	check_stale(link);
	check_refusals();
	check_links(link);
	close(control);
	waitpid(dialer, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "without its master the dialer leaves");
	return tap_done();
}
