/*
 * resolver_client.h: a worker's channel to the resolver.
 */
#ifndef SMTPTRAP_RESOLVER_CLIENT_H
#define SMTPTRAP_RESOLVER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "dns_msg.h"

struct resolver_client {
	int fd; /* -1: there is none, or it is over */
	uint32_t seq;
};

/* Send a question, whose number is set here; never waits.  False: it could not be sent. */
bool resolver_client_ask(struct resolver_client *c, struct dns_ask *ask);

/* Take one reply that is here.  1 and *reply_r; 0: none is here; -1: the channel is over. */
int resolver_client_take(struct resolver_client *c, struct dns_reply *reply_r);

/* Wait until a reply is here, a signal came, or so many microseconds are over. */
void resolver_client_wait(const struct resolver_client *c, uint64_t us);

#endif
