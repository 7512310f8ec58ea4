/*
 * address_table.h: what is remembered of addresses from session to session.
 *
 * A table of fixed size in shared memory.  One process writes it (the logger); all others map it
 * read-only and look without a lock: each bucket has a sequence number that is odd while the
 * writer is in it, and a reader that meets the writer too often is told so instead of waiting.
 * Set-associative: an address belongs to one bucket, by a hash with a secret key; where the bucket
 * is full, the entry that was not heard of for the longest time goes.
 *
 * An entry is of an IPv4 address or of an IPv6 /64, for whoever has one address of a /64 has, as a
 * rule, all of them.  All that is remembered of an address stands in its one entry: another
 * kind of memory is another member here and another word in the bucket.
 */
#ifndef SMTPTRAP_ADDRESS_TABLE_H
#define SMTPTRAP_ADDRESS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"

#define ADDRESS_MAGIC UINT32_C(0x53544154)
#define ADDRESS_VERSION 2
#define ADDRESS_WAYS 7             /* with the sequence number they fit four cache lines */
#define ADDRESS_WORDS 4            /* of an entry */
#define ADDRESS_SECRET 16          /* bytes of the hash's key */
#define ADDRESS_MIN 100            /* of the table's size in addresses */
#define ADDRESS_MAX (1024u * 1024) /* 37 MiB; the state file has 32 and is written in one go */
#define ADDRESS_FAILURES_MAX 255   /* counted to here */
#define ADDRESS_IDLE_MAX 255       /* the same */
#define ADDRESS_THINNED_MAX 65535  /* then they are recorded, and counted from 0 again */
#define ADDRESS_TRIES 16           /* of a reader who meets the writer */

enum address_flag {
	ADDRESS_BAD_CERTIFICATE = 1, /* its client certificate or its proof could not be read */
	ADDRESS_YAKKER = 2,          /* its sessions do nothing: they are counted, not recorded */
	ADDRESS_FLAGS = 3            /* all there are */
};

/* What is remembered of an address. */
struct address_entry {
	uint64_t key;         /* address_key() */
	uint32_t last_s;      /* last handshake that failed, seconds since 1970; 0: none did */
	uint8_t tls_failures; /* handshakes that failed, up to ADDRESS_FAILURES_MAX */
	uint8_t flags;        /* enum address_flag */
	uint8_t idle;     /* sessions that did nothing, up to ADDRESS_IDLE_MAX; a yakker: not 0 */
	uint32_t idle_s;  /* the first of these; of a yakker: since when it is one */
	uint16_t thinned; /* sessions that no record stands for yet; of a yakker only */
	uint16_t thinned_offered;           /* those of them that were offered TLS */
	uint32_t thinned_s, thinned_last_s; /* the first and the last of them */
};

/* How long what is remembered holds. */
struct address_within {
	uint32_t tls_s;    /* after the last failed handshake */
	uint32_t yakker_s; /* after idle_s */
};

struct address_bucket {
	_Atomic uint32_t sequence;                          /* odd: the writer is in it */
	_Atomic uint64_t word[ADDRESS_WAYS][ADDRESS_WORDS]; /* [1] is 0: a free place */
} __attribute__((aligned(64)));

struct address_table {
	uint32_t magic, version;
	uint32_t buckets;
	uint8_t secret[ADDRESS_SECRET];
	struct address_bucket bucket[];
} __attribute__((aligned(64)));

/* A process's way to the table.  What was checked once is kept here, out of others' reach. */
struct address_reader {
	const struct address_table *table;
	uint32_t buckets;
	uint8_t secret[ADDRESS_SECRET];
};

/* The number that stands for an IPv4 address (its last 64 bits as mapped) or for an IPv6 address
 * (its first 64 bits).  They cannot be equal but for IPv6 networks that are not given out. */
uint64_t address_key(const uint8_t ip[IP_BYTES]);

/* The address of a key; of an IPv6 one the first of its /64. */
void address_of_key(uint64_t key, uint8_t ip_r[IP_BYTES]);

/* Bytes of a table for so many addresses: 36.6 each. */
size_t address_table_size(uint32_t addresses);

/* ---- readers ---- */

/* Check the len bytes at memory, which stay the caller's, and make a reader of them.  Returns 0,
 * or ERR_FORMAT if they are no table. */
int address_reader_init(struct address_reader *r, const void *memory, size_t len);

/*
 * Look the address up, whatever bytes the table holds.  Returns 1 and *entry_r; 0 if nothing is
 * remembered; ERR_TIMEOUT if the writer was met ADDRESS_TRIES times; ERR_MEMORY.
 */
int address_find(const struct address_reader *r, uint64_t key, struct address_entry *entry_r);

/* Is an entry still to be remembered, within_s seconds after its last failure?  One from the
 * future is: the clock was set back. */
bool address_entry_fresh(const struct address_entry *e, uint32_t now_s, uint32_t within_s);

/* Does what is remembered of its doing nothing, if there is some, still hold?  As above. */
bool address_idle_fresh(const struct address_entry *e, uint32_t now_s, uint32_t within_s);

/* Clear that part. */
void address_idle_clear(struct address_entry *e);

/* Clear what no longer holds; false: nothing is left. */
bool address_entry_age(struct address_entry *e, uint32_t now_s,
		       const struct address_within *within);

/* ---- the writer ---- */

/* Make an empty table in zeroed memory of address_table_size(addresses) bytes, aligned to 64. */
void address_table_init(struct address_table *t, uint32_t addresses,
			const uint8_t secret[ADDRESS_SECRET]);

/* What the writer knows of the address; false: nothing. */
bool address_get(struct address_table *t, uint64_t key, struct address_entry *entry_r);

enum address_put { ADDRESS_PUT_NEW, ADDRESS_PUT_SAME, ADDRESS_PUT_INSTEAD, ADDRESS_PUT_NOT };

/*
 * Store an entry: in the place of its address, else in a free one, else in that of the oldest of
 * its bucket; now_s in seconds since 1970.  Tells which: a new place, its own or another's;
 * ADDRESS_PUT_NOT without memory.
 */
enum address_put address_put(struct address_table *t, const struct address_entry *e,
			     uint32_t now_s);

/* Which entry address_put() would take the place of; false: none. */
bool address_displaced(const struct address_table *t, uint64_t key, uint32_t now_s,
		       struct address_entry *entry_r);

/* Forget the address; false if it was not there. */
bool address_remove(struct address_table *t, uint64_t key);

/* Walk over all entries: *at is 0 to begin with.  False at the end. */
bool address_next(const struct address_table *t, size_t *at, struct address_entry *entry_r);

/* Remove what is to be forgotten (see address_entry_age()), and give entries from the future the present time, so that a
 * clock that was wrong once keeps nothing for ever.  Returns how many entries are left. */
uint32_t address_sweep(struct address_table *t, uint32_t now_s,
		       const struct address_within *within);

#endif
