/*
 * nats_link.h: a connection to the NATS servers of the configuration.
 */
#ifndef SMTPTRAP_SHIP_NATS_LINK_H
#define SMTPTRAP_SHIP_NATS_LINK_H

#include <nats/nats.h>

#include "buf.h"
#include "conf.h"

#define NATS_SUBJECT_MAX 512 /* bytes of a subject, NUL included: prefix, sensor and type */

struct nats_link {
	natsConnection *nc;
	jsCtx *js;
	natsStatus status; /* why the last call failed */
	bool published;    /* the caller sets it: something was published without waiting */
};

/* What is told when it happens; called from threads of libnats. */
struct nats_link_events {
	/* The connection is closed for good. */
	void (*closed)(void *ctx);
	/* The server refused something that has no reply of its own, a publish for example. */
	void (*refused)(void *ctx, const char *text);
	void *ctx; /* lives as long as the process */
};

/*
 * Connect to one of the servers, with the certificates and credentials that the configuration
 * names, and make a JetStream context of js_options (NULL: the library's).  Returns SHIP_TAKEN;
 * SHIP_TROUBLE if no server can be reached or takes us; SHIP_NEVER if a file cannot be used; the
 * last two with why.
 */
int nats_link_open(struct nats_link *link, const struct ship_conf *conf,
		   const struct nats_link_events *events, jsOptions *js_options, struct buf *why);

/* Release all; accepts a zeroed link and one that failed to open. */
void nats_link_close(struct nats_link *link);

/* When all links are closed, before the process exits: wait for the library's threads, five seconds at
 * most.  They still free what is OpenSSL's, and crash in what OpenSSL does at exit. */
void nats_link_end(void);

/* The text of the library's last error in this thread, with its status. */
void nats_link_why(struct buf *why, const char *what, natsStatus status);

/* PREFIX.SENSOR.TYPE, or PREFIX.> if the sensor is NULL.  Returns 0, or ERR_FULL. */
int nats_subject(char subject_r[NATS_SUBJECT_MAX], const struct ship_conf *conf, const char *sensor,
		 const char *type);

#endif
