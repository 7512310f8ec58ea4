/*
 * listen.h: the listening sockets.
 */
#ifndef SMTPTRAP_LISTEN_H
#define SMTPTRAP_LISTEN_H

#include "conf.h"

/*
 * One socket for each conf->listen entry, in that order: taken from systemd where it passed one
 * with that address and port, else bound here.  All are listening, not blocking and
 * close-on-exec; -1 where the kernel has no IPv6.  fds_r has room for conf->nlisten.  Returns how many came from systemd; fatal
 * if an address cannot be had (one in use is tried for some seconds: another trap may be
 * leaving) or a passed socket fits no entry.
 */
int listen_open_all(const struct conf *conf, int *fds_r);

/* Have the kernel keep the SYN of each connection until a worker takes it, or not, as l says: a
 * passed socket may still be set as an earlier run wanted it. */
void listen_save_syn(const struct conf_listen *l, int fd);

/* Connections that wait in the backlog of this socket; 0 if the kernel does not tell. */
unsigned listen_backlog(int fd);

#endif
