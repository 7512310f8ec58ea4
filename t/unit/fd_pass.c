/*
 * fd_pass.c: a packet brings one descriptor or none; more are not kept.
 */
#include "config.h"

#include "../../src/fd_pass.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../tap.h"

#define FDS_MAX 2

/* Send one byte with so many copies of fd. */
static bool send_copies(int sock, int fd, size_t count)
{
	int fds[FDS_MAX] = {fd, fd};
	char room[CMSG_SPACE(sizeof fds)] = {0};
	struct iovec iov = {.iov_base = (char[]){'x'}, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = room,
			     .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	return sendmsg(sock, &msg, 0) == 1;
}

/* Pass the write end of a pipe so many times: is it kept?  The read end sees its end if it is not. */
static void check(size_t count, bool kept, const char *title)
{
	int pair[2], ends[2], fd;
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 || pipe2(ends, O_NONBLOCK) < 0) {
		ok(false, "%s: socketpair, pipe", title);
		return;
	}
	ok(send_copies(pair[0], ends[1], count), "%s: is sent", title);
	close(ends[1]);
	is_int(fd_recv(pair[1], &byte, 1, &fd, 0), 1, "its byte is received");
	ok((fd >= 0) == kept, "%s", title);
	is_int(read(ends[0], &byte, 1), kept ? -1 : 0, "and nobody else holds it");
	if (fd >= 0)
		close(fd);
	close(pair[0]);
	close(pair[1]);
	close(ends[0]);
}

int main(void)
{
	check(1, true, "one descriptor is given to the caller");
	check(2, false, "of two none is kept");
	return tap_done();
}
