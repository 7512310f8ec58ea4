/*
 * summary.h: what a session teaches the memory of addresses, and what the memory makes of it.
 *
 * A worker sends at most one summary a session, before the session's record, which names the same
 * session and client.  The logger decodes it as if hostile and applies it.
 */
#ifndef SMTPTRAP_SUMMARY_H
#define SMTPTRAP_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "address_table.h"
#include "uuid.h"

enum summary_tls {
	SUMMARY_TLS_NOTHING,         /* is not sent */
	SUMMARY_TLS_FAILED,          /* for a reason that lies with the client */
	SUMMARY_TLS_BAD_CERTIFICATE, /* the same: its client certificate or the proof of it */
	SUMMARY_TLS_NEGOTIATED,      /* to be forgiven */
	SUMMARY_TLS_COUNT
};

/* As it goes through the pipe. */
struct summary {
	uint8_t session[UUID_BYTES]; /* id of the session's record */
	uint8_t ip[IP_BYTES];        /* of the client */
	uint8_t tls;                 /* enum summary_tls */
	uint8_t zero[7];
};

/* Check len bytes.  Returns 0 and *summary_r, or ERR_FORMAT. */
int summary_decode(const void *bytes, size_t len, struct summary *summary_r);

/*
 * Write to the table what a decoded summary says, at now_s (seconds since 1970); what is older
 * than within_s is forgotten.  Returns by how many the entries have become more: -1, 0 or 1.
 */
int summary_apply(const struct summary *s, struct address_table *t, uint32_t now_s,
		  uint32_t within_s);

#endif
