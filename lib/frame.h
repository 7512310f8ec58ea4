/*
 * frame.h: what passes through the pipe from workers and master to the logger.
 *
 * The pipe is in packet mode (pipe2 O_DIRECT): one write is one frame is one read, so that a
 * frame that is wrong costs that frame and no other.  A frame is at most FRAME_MAX (PIPE_BUF)
 * bytes: a header and a payload.  A record without raw data that fits one frame (FIRST and LAST set)
 * is sent without asking.  For any other the worker sends FRAME_REQUEST with the total length, waits
 * for ACK_GRANTED on the acknowledgement board, then sends its frames.  The logger grants at
 * most as many short records (up to FRAME_SHORT_RECORD) as it has buffers, and one long record,
 * which it streams to the file: so its memory is bounded whatever the number of workers, and
 * who waits is always a worker, for the logger, never the logger for a worker (a granted
 * sender that falls silent loses the grant).
 *
 * Header fields are decoded as if hostile: frame_decode() checks magic, version, type, length;
 * the logger checks that the cookie is the one the master announced for that slot.
 */
#ifndef SMTPTRAP_FRAME_H
#define SMTPTRAP_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 4096 /* PIPE_BUF on Linux: writes up to this are atomic, pipe(7) */
#define FRAME_MAGIC 0x5354
#define FRAME_VERSION 1
#define FRAME_PAYLOAD_MAX (FRAME_MAX - sizeof(struct frame_header))
#define FRAME_SHORT_RECORD (64u * 1024) /* records up to this are put together in memory */
#define FRAME_FIELDS_MAX (1024u * 1024) /* fields of one record: 1,000 recipients and more */
#define FRAME_SLOT_MASTER UINT32_MAX    /* the master's own frames */

enum frame_type {
	FRAME_HELLO = 1, /* master: payload struct frame_hello: a new worker owns this slot */
	FRAME_DEAD,    /* master: this slot's worker is gone; payload: fields of its last words, or
			    nothing if it was between sessions */
	FRAME_REQUEST, /* worker: payload uint32: length of a record that needs a grant */
	FRAME_SESSION, /* worker: fields of a session record */
	FRAME_MESSAGE, /* worker: struct frame_message, fields, trace header, raw data */
	FRAME_SUMMARY, /* worker: struct summary, before the session's record */
	FRAME_RATES,   /* worker: struct rate_claim, at most one a session, at its begin */
	FRAME_TYPE_COUNT
};

enum frame_flag {
	FRAME_FIRST = 1,
	FRAME_LAST = 2,
	FRAME_WANT_ACK = 4, /* the worker waits for ACK_STORED or ACK_REFUSED_* */
};

struct frame_header {
	uint16_t magic;
	uint8_t version;
	uint8_t type;
	uint32_t slot;
	uint64_t cookie; /* the master's secret with this slot's present worker */
	uint32_t seq;    /* of the record within the slot, see ACK_SEQ_MASK */
	uint16_t flags;
	uint16_t length; /* of the payload */
};

struct frame_hello {
	uint64_t cookie;
	uint32_t slot;
	uint32_t sessions; /* that this worker may serve */
};

/* Stands before the fields in the first frame of a FRAME_MESSAGE. */
struct frame_message {
	uint32_t fields_len;
	uint32_t trace_len;
	uint64_t data_len; /* 0 and trace_len 0: a record without raw data (rejected, aborted) */
};

/*
 * Check the len bytes of one packet.  Returns 0 and sets *header_r and *payload_r (points into
 * packet, header_r->length bytes), or ERR_FORMAT.
 */
int frame_decode(const uint8_t *packet, size_t len, struct frame_header *header_r,
		 const uint8_t **payload_r);

#endif
