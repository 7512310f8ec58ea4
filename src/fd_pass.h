/*
 * fd_pass.h: a descriptor handed to another process together with a packet.
 */
#ifndef SMTPTRAP_FD_PASS_H
#define SMTPTRAP_FD_PASS_H

#include <stddef.h>
#include <sys/types.h>

/* Send len bytes as one packet, with fd (-1: none) by SCM_RIGHTS.  flags as of sendmsg(2);
 * MSG_NOSIGNAL is always set.  Returns 0, or -1 with errno.  fd stays the caller's. */
int fd_send(int sock, const void *packet, size_t len, int fd, int flags);

/* Receive one packet of at most len bytes and the descriptor that came with it (-1: none), which
 * is close-on-exec and the caller's; more than one are closed.  Returns as recvmsg(2); a packet that is longer counts len +
 * 1 bytes. */
ssize_t fd_recv(int sock, void *packet, size_t len, int *fd_r, int flags);

#endif
