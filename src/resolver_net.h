/*
 * resolver_net.h: queries to DNS servers, by c-ares.
 */
#ifndef SMTPTRAP_RESOLVER_NET_H
#define SMTPTRAP_RESOLVER_NET_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "dns_answer.h"
#include "dns_cache.h"

struct resolver_net;

/*
 * Master, while it may open files: a channel of c-ares for the servers of the configuration,
 * `system` replaced by those of /etc/resolv.conf.  It has no socket yet; each resolver begins
 * with the copy that a fork gives it, since a later one could not make its own: c-ares opens a
 * file for that.  Fatal without memory.
 */
struct resolver_net *resolver_net_new(const struct conf *conf);

/* The servers, for the dialer; owned by net. */
const struct conf_dns_server *resolver_net_servers(const struct resolver_net *net, size_t *count_r);

/* Resolver: begin to use it.  Sockets of the DNS are watched at the epoll descriptor, with
 * `mark | descriptor` as their data; `link` leads to the dialer. */
void resolver_net_start(struct resolver_net *net, int epoll, int link, uint64_t mark);

/* When the answer is there, or it is known that none comes. */
typedef void resolver_net_fn(void *ctx, const struct dns_answer *answer);

/* Ask.  fn may be called before it returns. */
void resolver_net_query(struct resolver_net *net, const struct dns_key *key, resolver_net_fn *fn,
			void *ctx);

/* Something happened at the descriptor; epoll's events. */
void resolver_net_event(struct resolver_net *net, int fd, uint32_t events);

/* Milliseconds until resolver_net_timeouts() must be called, at most `most`; then do so.  A
 * negative number, there and in return, is no limit. */
int resolver_net_wait(const struct resolver_net *net, int most);
void resolver_net_timeouts(struct resolver_net *net);

/* Datagrams and stream data received from servers so far: that they are alive. */
uint64_t resolver_net_heard(const struct resolver_net *net);

/* "127.0.0.1 port 53, ::1 port 5353" */
const char *resolver_net_names(const struct resolver_net *net);

#endif
