/*
 * resolver_give.c: the master hands a worker's channel to the resolver.
 *
 * Runs in the master, which must not wait: a resolver that does not read its control socket
 * leaves workers without an answer, and no more.
 */
#include <sys/socket.h>

#include "fd_pass.h"
#include "resolver.h"

int resolver_give(int control, uint32_t slot, int fd)
{
	return fd_send(control, &slot, sizeof slot, fd, MSG_DONTWAIT);
}
