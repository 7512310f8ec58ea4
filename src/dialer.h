/*
 * dialer.h: the process that makes sockets for the resolver, and nothing else.
 *
 * The resolver parses what strangers put into the DNS; so it may neither make a socket nor
 * connect one.  It asks the dialer, over a SOCK_SEQPACKET pair, for a socket that is connected to
 * one of the servers of the configuration already, and gets it by SCM_RIGHTS.
 */
#ifndef SMTPTRAP_DIALER_H
#define SMTPTRAP_DIALER_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"

enum dial_kind { DIAL_UDP, DIAL_TCP, DIAL_KIND_COUNT };

/* Resolver to dialer, and back with the descriptor or an error; host byte order. */
struct dial_msg {
	uint32_t magic;
	uint32_t seq;    /* an answer has its question's */
	uint16_t server; /* in the order of the configuration */
	uint16_t kind;   /* enum dial_kind */
	int32_t error;   /* of an answer: 0 and a descriptor, or errno */
};
#define DIAL_MAGIC UINT32_C(0x5344494c) /* "SDIL" */

struct dialer_args {
	int control; /* SOCK_SEQPACKET from the master: each packet has a resolver's link; its end
			ends us */
	const struct conf_dns_server *servers;
	size_t server_count;
};

/* Be the dialer; the caller has entered the sandbox. */
_Noreturn void dialer_run(const struct dialer_args *args);

/*
 * Resolver: get a socket that is connected, or connecting, to the server, not blocking,
 * close-on-exec.  Returns it, or -1 with errno.  *seq counts the requests on the link.
 */
int dialer_ask(int link, uint32_t *seq, size_t server, enum dial_kind kind);

#endif
