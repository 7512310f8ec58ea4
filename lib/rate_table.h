/*
 * rate_table.h: how many sessions of a network came in a time: the counts that rules ask for.
 *
 * Stands behind the table of addresses in the same shared memory, and is shared alike: the logger
 * alone writes it, others read without a lock.  A counter is of a network and a window, whatever
 * rules there are: after a reload counters of other windows are no longer heard of, and go when
 * their place is wanted.  It is not saved: after a restart counting begins anew.
 *
 * A counter holds the sessions of the present window (windows of equal length lie end to end from
 * 1970 on) and of the one before.  The count of the time up to now is that of the present window
 * and as much of the one before as still lies in that time, as if its sessions had come evenly.
 * So it is wrong by no more than what came in the one before, and right at the end of a window and
 * for those that come at an even rate; rounded down.
 */
#ifndef SMTPTRAP_RATE_TABLE_H
#define SMTPTRAP_RATE_TABLE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"
#include "uuid.h"

#define RATE_BUCKETS 8192 /* 57,344 counters, 1.5 MiB */
#define RATE_WAYS 7
#define RATE_WORDS 3   /* key; start of the present window; the two counts */
#define RATE_SECRET 16 /* bytes of the hash's key */
#define RATE_TRIES 16  /* of a reader who meets the writer */
#define RATE_CLAIMS 64 /* rates that a session counts for: as many as rules may have */
#define RATE_WINDOW_S_MAX (7u * 24 * 3600)

struct rate_bucket {
	_Atomic uint32_t sequence; /* odd: the writer is in it */
	_Atomic uint64_t word[RATE_WAYS][RATE_WORDS];
} __attribute__((aligned(64)));

struct rate_table {
	uint8_t secret[RATE_SECRET];
	struct rate_bucket bucket[RATE_BUCKETS];
} __attribute__((aligned(64)));

/* What is counted: sessions of the same leading bits of an address, in a window. */
struct rate_of {
	uint32_t window_s; /* 1 to RATE_WINDOW_S_MAX */
	uint8_t bits4;     /* of an IPv4 address, up to 32 */
	uint8_t bits6;     /* of an IPv6 address, up to 128 */
	uint8_t zero[2];
};

/* A session that is to be counted, as it goes through the pipe: without the unused of rate[]. */
struct rate_claim {
	uint8_t session[UUID_BYTES]; /* id of its record, which must come */
	uint8_t ip[IP_BYTES];
	uint32_t count; /* of rate[], at least 1 */
	struct rate_of rate[RATE_CLAIMS];
};
#define RATE_CLAIM_BYTES(n) (offsetof(struct rate_claim, rate) + (n) * sizeof(struct rate_of))

/* Bytes of the shared memory that holds a table of so many addresses and the one of rates; and
 * where in it that one begins. */
size_t rate_memory_size(uint32_t addresses);
size_t rate_memory_offset(uint32_t addresses);

/* Make an empty table in zeroed memory, aligned to 64. */
void rate_table_init(struct rate_table *t, const uint8_t secret[RATE_SECRET]);

/* The writer: a session of this address came at now_s, seconds since 1970. */
void rate_add(struct rate_table *t, const struct rate_of *rate, const uint8_t ip[IP_BYTES],
	      uint32_t now_s);

/* A reader: how many came in the window up to now_s, whatever bytes the table holds.  Returns 0
 * and *count_r; ERR_TIMEOUT if the writer was met RATE_TRIES times; ERR_MEMORY. */
int rate_count(const struct rate_table *t, const struct rate_of *rate, const uint8_t ip[IP_BYTES],
	       uint32_t now_s, uint64_t *count_r);

/* Check len bytes.  Returns 0 and *claim_r, or ERR_FORMAT. */
int rate_claim_decode(const void *bytes, size_t len, struct rate_claim *claim_r);

#endif
