/*
 * store_index.h: which messages are stored, and where, by the SHA-256 of their bytes.
 *
 * A table of fixed size: when it is full, the entry that was added first makes room.  What was added
 * since the last commit can be undone, as the streams can.
 */
#ifndef SMTPTRAP_STORE_INDEX_H
#define SMTPTRAP_STORE_INDEX_H

#include <stdint.h>

#include "digest.h"
#include "log_name.h"
#include "uuid.h"

/* A message that is stored whole. */
struct stored {
	uint8_t digest[DIGEST_SHA256]; /* of its data from `from` on */
	uint8_t id[UUID_BYTES];
	uint64_t file_time, file_seq; /* of the mail file, as in struct log_name */
	uint64_t offset, member;      /* of its From_ line, and of that one's gzip member */
	uint32_t skip;                /* bytes of the member before the From_ line */
	uint32_t from; /* 0: known by all of its data; else by its body, which begins there */
	uint32_t next; /* the index's: another entry of the bucket */
};

struct store_index {
	struct stored *ring;               /* entry number n stands at n % size */
	uint32_t *bucket;                  /* place of its newest entry + 1; 0: none */
	uint32_t size;                     /* entries at most; 0: there is no index */
	unsigned shift;                    /* of the hash */
	uint64_t secret;                   /* so that nobody can choose a bucket */
	uint64_t added, committed, oldest; /* numbers: of the next entry, of the first that is not
					      committed, of the oldest that is there */
};

/* An empty index of so many entries, at least 1; their memory is taken as they come.  secret: a
 * number that peers cannot know.  Returns 0, or ERR_MEMORY. */
int store_index_init(struct store_index *x, uint32_t size, uint64_t secret);

/* Release memory; accepts a zeroed struct, and leaves one. */
void store_index_fini(struct store_index *x);

/* The entry with this digest, of a body or of all data, added last; NULL if there is none.  Valid
 * until the next change. */
const struct stored *store_index_find(const struct store_index *x,
				      const uint8_t digest[DIGEST_SHA256], bool body);

/* Add a copy of *entry, whose next is not looked at. */
void store_index_add(struct store_index *x, const struct stored *entry);

/*
 * Take the entries that the caller has put into x->ring[0] to [count - 1], in any order, into an
 * index that was empty, and commit.  They are then in the order of their places in the mail stream.
 */
void store_index_adopt(struct store_index *x, uint32_t count);

/* What was added so far stays. */
void store_index_commit(struct store_index *x);

/* Forget what was added since the last commit.  What had to make room for it does not come back. */
void store_index_undo(struct store_index *x);

/* Entries that are there. */
uint64_t store_index_count(const struct store_index *x);

/* Add the entries of *from to an index that was empty, the newest if there is not room for all.
 * Those that are not committed there are not here. */
void store_index_copy(struct store_index *x, const struct store_index *from);

#endif
