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

enum summary_yakker {
	SUMMARY_YAKKER_NOTHING,  /* to be learnt */
	SUMMARY_YAKKER_IDLE,     /* the session did nothing */
	SUMMARY_YAKKER_PROGRESS, /* it got as far as is wanted: forget what is held against it */
	SUMMARY_YAKKER_MARK,     /* a rule says that its address is a yakker */
	SUMMARY_YAKKER_THINNED,  /* a yakker's that did nothing: no record of it will come */
	SUMMARY_YAKKER_COUNT
};

/* As it goes through the pipe.  Not both of tls and yakker are NOTHING; with THINNED, tls is. */
struct summary {
	uint8_t session[UUID_BYTES]; /* id of the session's record */
	uint8_t ip[IP_BYTES];        /* of the client */
	uint8_t tls;                 /* enum summary_tls */
	uint8_t yakker;              /* enum summary_yakker */
	uint8_t offered;             /* 1: THINNED, and TLS was offered; else 0 */
	uint8_t zero[5];
};

/* Check len bytes.  Returns 0 and *summary_r, or ERR_FORMAT. */
int summary_decode(const void *bytes, size_t len, struct summary *summary_r);

struct summary_limits {
	struct address_within within; /* what is older is forgotten */
	uint32_t count;               /* sessions that make a yakker; 0: none do */
};

/* Entries whose sessions without a record (thinned) are to be recorded now: the table no longer
 * holds them. */
struct summary_out {
	struct address_entry entry[3];
	unsigned count;
};

/*
 * Write to the table what a decoded summary says, at now_s (seconds since 1970).  Returns by how
 * many the entries have become more: -1, 0 or 1.
 */
int summary_apply(const struct summary *s, struct address_table *t, uint32_t now_s,
		  const struct summary_limits *limits, struct summary_out *out_r);

#endif
