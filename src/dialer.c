/*
 * dialer.c: the process that makes sockets for the resolver, and nothing else.
 *
 * Forked by the master while it is root; runs as _smtptrap in an empty root directory.  In: over
 * the control socket a link to each resolver (there is a new one when one died, and an old one
 * stays until its workers are gone); over a link the numbers of servers.  Out: connected
 * sockets.  It reads no byte that came from a network.  A request that is wrong closes the link.
 */
#include "dialer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd_pass.h"
#include "ip.h"
#include "log.h"

#define LINKS_MAX 8      /* resolvers at a time; with more the oldest loses its link */
#define ANSWER_SECONDS 1 /* for the dialer, which does nothing that takes time */

struct dialer {
	const struct dialer_args *args;
	struct pollfd fds[1 + LINKS_MAX]; /* the control socket first */
	nfds_t used;
};

static void link_close(struct dialer *d, nfds_t i)
{
	close(d->fds[i].fd);
	memmove(&d->fds[i], &d->fds[i + 1], (d->used - i - 1) * sizeof d->fds[0]);
	d->used--;
}

static void control_read(struct dialer *d)
{
	char packet[1];
	int fd;
	ssize_t n = fd_recv(d->args->control, packet, sizeof packet, &fd, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		_exit(0);
	if (fd < 0)
		fatal("the master sent what is no link");
	if (d->used == 1 + LINKS_MAX)
		link_close(d, 1);
	d->fds[d->used++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* A socket that is connected to the server, or will be.  -1 with errno. */
static int dial(const struct conf_dns_server *server, enum dial_kind kind)
{
	struct sockaddr_storage to;
	socklen_t len = ip_to_sockaddr(&to, server->address, server->port);
	int fd =
	    socket(to.ss_family,
		   (kind == DIAL_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* False: the link is to be closed. */
static bool link_read(const struct dialer *d, int link)
{
	struct dial_msg m;
	int passed;
	ssize_t n = fd_recv(link, &m, sizeof m, &passed, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (passed >= 0)
		close(passed);
	if (n != sizeof m || passed >= 0 || m.magic != DIAL_MAGIC || m.error != 0 ||
	    m.server >= d->args->server_count || m.kind >= DIAL_KIND_COUNT)
		return false;
	int fd = dial(&d->args->servers[m.server], (enum dial_kind)m.kind);
	m.error = fd < 0 ? errno : 0;
	int sent = fd_send(link, &m, sizeof m, fd, MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
	return sent == 0;
}

_Noreturn void dialer_run(const struct dialer_args *args)
{
	struct dialer d = {
	    .args = args, .fds = {{.fd = args->control, .events = POLLIN}}, .used = 1};

	for (;;) {
		if (poll(d.fds, d.used, -1) < 0 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		/* From the last on: closing one moves those behind it. */
		for (nfds_t i = d.used; i-- > 1;)
			if (d.fds[i].revents != 0 && !link_read(&d, d.fds[i].fd))
				link_close(&d, i);
		if (d.fds[0].revents != 0)
			control_read(&d);
	}
}

int dialer_ask(int link, uint32_t *seq, size_t server, enum dial_kind kind)
{
	struct dial_msg m = {
	    .magic = DIAL_MAGIC, .seq = ++*seq, .server = (uint16_t)server, .kind = (uint16_t)kind};
	struct pollfd p = {.fd = link, .events = POLLIN};
	int fd;

	if (send(link, &m, sizeof m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -1;
	for (;;) {
		if (poll(&p, 1, ANSWER_SECONDS * 1000) <= 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		ssize_t n = fd_recv(link, &m, sizeof m, &fd, MSG_DONTWAIT);
		if (n == sizeof m && m.magic == DIAL_MAGIC && m.seq == *seq) {
			if (fd < 0)
				errno = m.error > 0 ? m.error : EPROTO;
			return fd;
		}
		if (fd >= 0)
			close(fd); /* of a question that was given up */
		if (n != sizeof m) {
			errno = n < 0 ? errno : EPROTO;
			return -1;
		}
	}
}
