/*
 * resolver.h: the process that asks the DNS for all workers.
 */
#ifndef SMTPTRAP_RESOLVER_H
#define SMTPTRAP_RESOLVER_H

#include <stdint.h>

#include "conf.h"
#include "resolver_net.h"

struct resolver_args {
	int control; /* SOCK_SEQPACKET from the master: see resolver_give(); when it ends we serve
			the workers that are left, and leave with the last */
	int link;    /* to the dialer */
	uint32_t slots;
	const struct conf *conf;
	struct resolver_net *net;
	void (*enter_sandbox)(void *ctx); /* called once all is made that the sandbox forbids */
	void *ctx;
};

/* Be the resolver.  The caller has closed all descriptors but these. */
_Noreturn void resolver_run(const struct resolver_args *args);

/* Master: hand the resolver the far end of a worker's pair.  Does not wait.  Returns 0, or -1
 * with errno.  The caller closes its own copy of fd. */
int resolver_give(int control, uint32_t slot, int fd);

/* What comes back over the control socket: struct dns_counters (dns_msg.h). */

#endif
