/*
 * listen.c: the listening sockets.
 *
 * Runs in the master while it is root.
 */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ip.h"
#include "log.h"
#include "notify.h"

#define BIND_TRIES 50 /* of a tenth of a second */

static const char *listen_text(const struct conf_listen *l, char text[80])
{
	char ip[IP_TEXT_MAX];

	snprintf(text, 80, ip_is_v4(l->address) ? "%s port %u" : "[%s] port %u",
		 ip_text(l->address, ip), l->port);
	return text;
}

static void set_option(int fd, int level, int option, const char *name)
{
	int one = 1;

	if (setsockopt(fd, level, option, &one, sizeof one) < 0)
		fatal("setsockopt %s: %s", name, strerror(errno));
}

static int bind_patiently(int fd, const struct sockaddr_storage *to, socklen_t len,
			  const char *where)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

	for (int i = 0; bind(fd, (const struct sockaddr *)to, len) < 0; i++) {
		if (errno != EADDRINUSE || i == BIND_TRIES)
			return -1;
		if (i == 0)
			warn("listen %s: the address is in use (another mail server?), trying for "
			     "%d seconds",
			     where, BIND_TRIES / 10);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* What to do about it; "" if there is nothing better than the system's reason. */
static const char *bind_hint(int error)
{
	switch (error) {
	case EADDRINUSE:
		return " (`ss -ltnp` shows who listens there)";
	case EACCES:
		return " (ports below 1024 are for root)";
	case EADDRNOTAVAIL:
		return " (no interface has this address)";
	default:
		return "";
	}
}

static int listen_open(const struct conf_listen *l)
{
	char where[80];
	struct sockaddr_storage to;
	socklen_t len = ip_to_sockaddr(&to, l->address, l->port);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	listen_text(l, where);
	if (fd < 0 && errno == EAFNOSUPPORT && !ip_is_v4(l->address)) {
		warn("listen %s: this kernel has no IPv6, going on without", where);
		return -1;
	}
	if (fd < 0)
		fatal("listen %s: socket: %s", where, strerror(errno));
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
	if (to.ss_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY");
	if (bind_patiently(fd, &to, len, where) < 0)
		fatal("listen %s: bind: %s%s", where, strerror(errno), bind_hint(errno));
	if (listen(fd, (int)l->backlog) < 0)
		fatal("listen %s: listen: %s", where, strerror(errno));
	return fd;
}

/* The entry that a passed socket serves: same family, address and port. */
static size_t entry_of(const struct conf *conf, int fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof sa, flag_len = sizeof(int);
	uint8_t ip[IP_BYTES];
	uint16_t port;
	int listens = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag_len) < 0 || !listens)
		fatal("socket %d from the service manager does not listen", fd);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0 ||
	    ip_from_sockaddr(ip, &port, (struct sockaddr *)&sa) < 0)
		fatal("socket %d from the service manager is no Internet socket", fd);
	for (size_t i = 0; i < conf->nlisten; i++)
		if (conf->listen[i].port == port &&
		    memcmp(conf->listen[i].address, ip, IP_BYTES) == 0)
			return i;
	char text[IP_TEXT_MAX];
	fatal("socket %d from the service manager, %s port %u, fits no listen block", fd,
	      ip_text(ip, text), port);
}

void listen_save_syn(const struct conf_listen *l, int fd)
{
	char where[80];
	int save = l->tcp_syn;

	if (setsockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, &save, sizeof save) < 0)
		warn("listen %s: TCP_SAVE_SYN: %s, going on without tcp_syn", listen_text(l, where),
		     strerror(errno));
}

int listen_open_all(const struct conf *conf, int *fds_r)
{
	int passed = notify_listen_fds();

	for (size_t i = 0; i < conf->nlisten; i++)
		fds_r[i] = -1;
	for (int fd = 3; fd < 3 + passed; fd++) {
		size_t i = entry_of(conf, fd);
		if (fds_r[i] >= 0)
			fatal("sockets %d and %d from the service manager are the same", fds_r[i],
			      fd);
		if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
			fatal("socket %d: fcntl: %s", fd, strerror(errno));
		fds_r[i] = fd;
	}
	for (size_t i = 0; i < conf->nlisten; i++)
		if (fds_r[i] < 0)
			fds_r[i] = listen_open(&conf->listen[i]);
	return passed;
}

unsigned listen_backlog(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	/* Of a listening socket, tcpi_unacked is the length of its accept queue. */
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return 0;
	return info.tcpi_unacked;
}
