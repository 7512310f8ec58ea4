/*
 * figures.h: what was recorded since the trap's start, counted.
 *
 * The logger counts each record that it has written, and nothing else; the result stands on the
 * acknowledgement board (board.h), which all others can only read.  Counters never go back while
 * the trap runs.  What is counted by comes from closed lists: a name that is in none of them is
 * counted as "other", so that no peer and no worker can make the lists grow.
 */
#ifndef SMTPTRAP_FIGURES_H
#define SMTPTRAP_FIGURES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record_fields.h"

/* The closed lists; the last name of each is "other". */
enum figures_list {
	FIGURES_OUTCOME, /* tls_outcome */
	FIGURES_VERSION, /* tls_version of what negotiated TLS; the first is "none": it did not */
	FIGURES_FAILURE, /* tls_failure */
	FIGURES_VERDICT, /* verdict */
	FIGURES_END,     /* end_reason */
	FIGURES_LIST_COUNT
};

#define FIGURES_OUTCOMES 6
#define FIGURES_VERSIONS 7
#define FIGURES_FAILURES 22
#define FIGURES_VERDICTS 5
#define FIGURES_ENDS 11

/* The name of a place in a list; NULL past its end. */
const char *figures_name(enum figures_list list, size_t place);

/* Where the counters stand. */
enum figures_at {
	FIGURES_SESSIONS_BY_OUTCOME = 0,
	FIGURES_SESSIONS_BY_VERSION = FIGURES_SESSIONS_BY_OUTCOME + FIGURES_OUTCOMES,
	FIGURES_SESSIONS_BY_FAILURE = FIGURES_SESSIONS_BY_VERSION + FIGURES_VERSIONS,
	FIGURES_SESSIONS_BY_END = FIGURES_SESSIONS_BY_FAILURE + FIGURES_FAILURES,
	FIGURES_MESSAGES = FIGURES_SESSIONS_BY_END + FIGURES_ENDS, /* a row of versions a verdict */
	FIGURES_SESSIONS = FIGURES_MESSAGES + FIGURES_VERDICTS * FIGURES_VERSIONS,
	FIGURES_SESSION_US, /* of all of them, one after the other */
	FIGURES_BYTES_IN,
	FIGURES_BYTES_OUT,
	FIGURES_MESSAGE_BYTES,
	FIGURES_COUNT
};

/* What one record can add at most to a counter of bytes or of microseconds (12 days), and to those
 * of sessions (yakker_sessions): so much a worker that was taken over can lie. */
#define FIGURES_AMOUNT_MAX (UINT64_C(1) << 40)
#define FIGURES_SESSIONS_MAX 65535

/* The last handshakes that failed. */
#define FIGURES_RECENT 32
#define FIGURES_HELO_MAX 64
struct figures_failure {
	uint64_t ts;                    /* of the session, microseconds since 1970 */
	uint8_t ip[16];                 /* the client, IPv4 mapped */
	uint8_t failure;                /* place in FIGURES_FAILURE */
	uint8_t version;                /* place in FIGURES_VERSION */
	uint8_t helo_len;               /* bytes of helo, which is cut */
	uint8_t helo[FIGURES_HELO_MAX]; /* as sent, any bytes */
};

struct figures {
	_Atomic uint64_t n[FIGURES_COUNT];
	_Atomic uint64_t failures; /* so many failures have been noted */
	struct {
		_Atomic uint64_t number; /* which of them, from 1; 0 while it is written */
		struct figures_failure is;
	} recent[FIGURES_RECENT];
};

/* Count a record.  Only one process may count into f. */
void figures_count(struct figures *f, const struct record_fields *r);

/* Add what was counted apart, and clear that.  A sum that would pass 64 bits stays at the end. */
void figures_move(struct figures *to, struct figures *from);

/* The last failure but `back` (0: the last).  False if there is none, or it is being written. */
bool figures_recent(const struct figures *f, size_t back, struct figures_failure *failure_r);

#endif
