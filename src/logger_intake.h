/*
 * logger_intake.h: frames from the pipe, put together to records.
 */
#ifndef SMTPTRAP_LOGGER_INTAKE_H
#define SMTPTRAP_LOGGER_INTAKE_H

#include <stdint.h>

#include "frame.h"
#include "logger_lessons.h"
#include "logger_memory.h"
#include "logger_store.h"

#define INTAKE_BUFFERS 32 /* short records that may be on their way at once */

/* Time is counted in ticks (intake_tick()), so that a logger that was kept waiting by its disk
 * blames nobody.  All that others wait for a granted sender must stay below the time a worker
 * waits for its acknowledgement (RESULTS_TIMEOUT_S). */
#define INTAKE_SILENCE_TICKS 10              /* a granted sender that sends nothing loses */
#define INTAKE_GRANT_TICKS 40                /* and so does one that is not done, with */
#define INTAKE_TICK_BYTES (4u * 1024 * 1024) /* a tick more for each so many bytes */

enum intake_state {
	INTAKE_IDLE,    /* nothing under way */
	INTAKE_WAITING, /* asked, not granted yet */
	INTAKE_SHORT,   /* granted; frames go to a buffer */
	INTAKE_READY,   /* all in the buffer, waits until the long message is over */
	INTAKE_LONG     /* granted; frames go straight to the streams */
};

#define INTAKE_NONE UINT32_MAX

struct intake_slot {
	uint64_t cookie;                      /* of the present worker; 0: none */
	uint32_t granted_ticks, silent_ticks; /* since the grant; since the last frame */
	uint32_t seq, want, got;
	uint32_t next; /* in the queue it stands in */
	enum intake_state state;
	int buffer;
	bool want_ack;            /* the worker waits until it is on disk */
	uint8_t type;             /* enum frame_type of the record under way */
	uint8_t last_session[16]; /* id of the last session record, so that none is written twice */
	struct lessons lessons;   /* what its worker may teach the memory of addresses */
	struct lessons claims;    /* what it may have counted, the same way */
};

struct intake_queue {
	uint32_t first, last;
};

/* A message being taken apart: its head is gathered, its data goes on to the mail stream. */
enum intake_part { PART_HEAD, PART_DATA, PART_REFUSED };
struct intake_message {
	enum intake_part part;
	enum ack_code code; /* why it is refused */
	bool opened;        /* the mail stream takes its data */
	uint64_t total;     /* bytes of head and data */
	struct buf head;    /* frame_message, fields, trace header; or a session's fields */
	struct frame_message sizes;
};

struct intake {
	struct store *store;
	struct memory *memory;
	struct ack_board *ack;
	uint64_t master_cookie;
	uint32_t slots;
	struct intake_slot *slot;
	uint8_t *buffer[INTAKE_BUFFERS];
	uint32_t free_buffers; /* bit mask */
	struct intake_queue waiting_short, waiting_long, ready;
	uint32_t long_slot;                    /* INTAKE_NONE: nobody sends a long record */
	struct intake_message whole, streamed; /* at hand in one piece; the long one */
};

/* 0, or ERR_MEMORY. */
int intake_init(struct intake *in, struct store *store, struct memory *memory,
		uint64_t master_cookie, uint32_t slots);

/* Take one packet from the pipe.  Bad frames are counted and dropped. */
void intake_frame(struct intake *in, const uint8_t *packet, size_t len);

/* Take back grants of senders that fell silent, and let all teach a little more; about twice a
 * second. */
void intake_tick(struct intake *in);

/* The pipe has ended, and with it all senders: take back a long message that is not whole. */
void intake_end(struct intake *in);

/* ---- for logger_intake.c ---- */

/* Take a frame that teaches the memory of addresses; its slot is the sender's.  False: it is of
 * another type, not of its form, or not due. */
bool intake_lesson(struct intake *in, const struct frame_header *h, const uint8_t *payload);

#endif
