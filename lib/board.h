/*
 * board.h: the two shared mappings, a slot a worker in each.
 *
 * The status board has a page for its header, which the master alone writes, and a page for each
 * slot, which the slot's worker and the master write: a worker has no other page of it.  It is read
 * by the master and by smtptrap(1), which receives its descriptor over the status socket.  Nobody
 * trusts what stands in a slot: it is shown and counted, never followed.
 *
 * The acknowledgement board is written by the logger alone; it is a memfd that is sealed
 * against new writable mappings before the first worker exists, and everyone else maps it
 * read-only.  A word a slot: (sequence << 2) | enum ack_code.  A worker sleeps on its word with
 * FUTEX_WAIT, which needs read access only.
 */
#ifndef SMTPTRAP_BOARD_H
#define SMTPTRAP_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns_msg.h"
#include "figures.h"

#define BOARD_MAGIC UINT32_C(0x53544244)
#define BOARD_VERSION 5
#define BOARD_HELO_MAX 64
#define BOARD_TLS_VERSION_MAX 8
#define BOARD_RELEASE_MAX 16

enum slot_state {
	SLOT_FREE,     /* no worker */
	SLOT_STARTING, /* forked, not yet sandboxed */
	SLOT_IDLE,     /* waits for a connection */
	SLOT_SESSION,  /* serves one */
	SLOT_LEAVING,  /* finished, about to exit */
	SLOT_STATE_COUNT
};

/* "free", "starting", ...; "?" for a number out of range. */
const char *slot_state_name(uint32_t state);

/* What a worker shows about its present session, and its slot's totals since the start. */
struct board_slot {
	_Atomic uint32_t state; /* enum slot_state */
	int32_t pid;
	/* the present session */
	uint64_t since_us; /* when it began, microseconds since 1970 */
	/* when its address was known, monotonic (crowd.h); 0: not yet, or it is refused for it */
	_Atomic uint64_t counted_us;
	uint8_t session_id[16];
	uint8_t client_ip[16], local_ip[16]; /* IPv4 mapped */
	uint16_t client_port, local_port;
	uint16_t listener;  /* index in the configuration */
	uint8_t phase;      /* enum smtp_phase */
	uint8_t tls;        /* 1: the session speaks TLS */
	uint8_t tls_memory; /* enum offer_memory */
	char tls_version[BOARD_TLS_VERSION_MAX];
	char helo[BOARD_HELO_MAX]; /* cut, NUL-terminated, as sent */
	uint32_t commands, errors, messages_accepted, messages_rejected;
	uint32_t recipients_accepted, recipients_rejected;
	uint64_t bytes_in, bytes_out;
	/* totals of this slot, never reset */
	uint64_t total_sessions, total_messages, total_tls, total_tls_failed;
} __attribute__((aligned(64)));

/* The resolver, as the master knows it. */
enum board_dns_state { BOARD_DNS_OFF, BOARD_DNS_UP, BOARD_DNS_LOST };
struct board_dns {
	uint32_t state; /* enum board_dns_state */
	int32_t pid;
	uint64_t lost; /* how often one died and another took its place */
	struct dns_counters counters;
};

struct board_header {
	uint32_t magic, version;
	uint32_t slot_size; /* board_page() */
	uint32_t slots;
	uint64_t started_us; /* when the master became ready, microseconds since 1970 */
	int32_t master_pid;
	uint32_t idle, workers; /* that wait, that are alive, as the master last counted */
	uint32_t used; /* slots from here on never had a worker, and have no memory until they are
			  looked at */
	uint64_t forks, deaths; /* workers started; workers that died without being asked */
	char sensor[64];
	char release[BOARD_RELEASE_MAX]; /* of smtptrapd: "0.2.0" */
	struct board_dns dns;
} __attribute__((aligned(64)));

struct board {
	struct board_header head; /* slots come after it, each at the start of a page */
};

/* No slot may add more than this to a sum over all of them: so none makes it wrap. */
#define BOARD_TOTAL_MAX (UINT64_C(1) << 40)

enum ack_code {
	ACK_GRANTED,  /* send the record you asked to send */
	ACK_STORED,   /* raw bytes and record are on disk */
	ACK_NO_SPACE, /* not stored: below the reserve or the disk is full */
	ACK_FAILED    /* not stored: another error, or the grant was lost */
};
#define ACK_SEQ_BITS 30
#define ACK_SEQ_MASK ((UINT32_C(1) << ACK_SEQ_BITS) - 1)

struct ack_board {
	uint32_t magic, version, slots;
	_Atomic uint32_t full; /* 1: messages are refused until there is room again */
	/* counters of the logger since it started */
	_Atomic uint64_t sessions, messages, batches, refused, dropped, bad_frames;
	_Atomic uint64_t bytes_raw; /* before compression */
	_Atomic uint64_t addresses; /* remembered now, and at most */
	_Atomic uint64_t addresses_max;
	_Atomic uint64_t summaries_refused; /* what workers may not teach the memory */
	_Atomic uint64_t copies,
	    copies_bytes;             /* messages stored as copies; their bytes that were not */
	_Atomic uint64_t store_index; /* messages whose copies are known now, and at most */
	_Atomic uint64_t store_index_max;
	struct figures figures; /* what was recorded */
	_Atomic uint32_t word[] __attribute__((aligned(64)));
};

/* Bytes of a page of memory here: of the header and of each slot. */
size_t board_page(void);

/* Bytes that a board of this many slots takes. */
size_t board_size(uint32_t slots);
size_t ack_board_size(uint32_t slots);

/* Copy a text of the board, which may lack its NUL and change while it is read; to has size bytes
 * and ends in NUL. */
void board_text(char *to, const char *from, size_t size);

/* A slot of a board that we made, or that is valid; number is below its slots. */
struct board_slot *board_slot(struct board *b, uint32_t number);
const struct board_slot *board_slot_of(const struct board *b, uint32_t number);

/* Add to a sum over slots what one of them says, at most BOARD_TOTAL_MAX. */
void board_add(uint64_t *sum, uint64_t said);

/* Check what was received from elsewhere; true if len bytes at b are a board. */
bool board_valid(const struct board *b, size_t len);

#endif
