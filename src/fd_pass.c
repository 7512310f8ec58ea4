/*
 * fd_pass.c: a descriptor handed to another process together with a packet.
 *
 * Runs in the master, the key holder, the dialer and the resolver.  Errors are returned.
 */
#include "fd_pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int fd_send(int sock, const void *packet, size_t len, int fd, int flags)
{
	union room room = {0};
	struct iovec iov = {.iov_base = (void *)packet, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = &room;
		msg.msg_controllen = sizeof room.bytes;
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	do
		n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* The one descriptor of a packet.  The alignment of the room leaves space for a second: whoever sends
 * two is not to fill our table with them. */
static int take_fd(struct msghdr *msg)
{
	int fds[sizeof(union room) / sizeof(int)];
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return -1;
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	if (count == 1)
		return fds[0];
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	return -1;
}

ssize_t fd_recv(int sock, void *packet, size_t len, int *fd_r, int flags)
{
	union room room;
	struct iovec iov = {.iov_base = packet, .iov_len = len};
	struct msghdr msg = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
	ssize_t n;

	*fd_r = -1;
	do
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return n;
	*fd_r = take_fd(&msg);
	return msg.msg_flags & MSG_TRUNC ? (ssize_t)len + 1 : n;
}
