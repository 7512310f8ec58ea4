/*
 * keyholder_give.c: the master hands a worker's channel to the key holder.
 *
 * Runs in the master.  In: a slot and the far end of that worker's pair.  Errors are returned.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "key_msg.h"
#include "keyholder.h"

int keyholder_give(int control, uint32_t slot, int fd)
{
	uint8_t packet[KEY_MSG_MAX];
	const struct key_header head = {.op = KEY_SLOT, .key = slot};
	struct iovec iov = {.iov_base = packet,
			    .iov_len = (size_t)key_msg_encode(packet, &head, NULL, 0)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} room = {0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &room,
			     .msg_controllen = sizeof room.bytes};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	do
		n = sendmsg(control, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}
