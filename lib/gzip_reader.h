/*
 * gzip_reader.h: read a gzip file of many members, finished, torn or still growing.
 */
#ifndef SMTPTRAP_GZIP_READER_H
#define SMTPTRAP_GZIP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gzip_writer.h"

/*
 * What inflates in zlib's place.  inflate() takes from z->next_in and puts to z->next_out as zlib's
 * inflate() does with MAX_WBITS + 16, checks all that zlib checks, and returns Z_OK, Z_STREAM_END
 * behind the trailer of a member, or Z_DATA_ERROR, then for ever.
 */
struct gzip_engine {
	void *(*make)(void); /* NULL without memory */
	void (*free)(void *state);
	void (*reset)(void *state); /* a member begins */
	int (*inflate)(void *state, z_stream *z);
};

struct gzip_reader {
	int fd;             /* the caller's; its offset is not used */
	uint64_t member_at; /* where the present (or last) member starts in the file */
	uint64_t raw;       /* uncompressed bytes given out since open or seek */
	bool inside;        /* inside a member */
	bool at_flush;      /* blocks only: here is a point that Z_SYNC_FLUSH made */
	bool blocks;        /* stop at the end of each deflate block */
	bool block_has_output;
	bool member_ended; /* GZIP_MEMBER is to be told next */
	uint64_t next;     /* what to read next */
	uint64_t limit;    /* the file ends here as far as the reader goes; 0: where it ends */
	uint8_t *in, *out;
	z_stream z;
	const struct gzip_engine *engine; /* NULL: zlib */
	void *engine_state;
};

enum gzip_event {
	GZIP_DATA,   /* bytes, possibly none */
	GZIP_MEMBER, /* a member ended; its CRC and length were right */
	GZIP_EOF,    /* the file ends, and a member ended there */
	GZIP_TORN,   /* the file ends inside a member; call again when it may have grown */
};

/* Begin to read fd at an offset where a member starts.  With blocks, GZIP_DATA comes at the end
 * of each deflate block too and at_flush is kept.  Returns 0, or ERR_MEMORY. */
int gzip_reader_open(struct gzip_reader *r, int fd, uint64_t offset, bool blocks);

/* Have another engine inflate, one that stays; not with blocks.  Before the first gzip_reader_next().
 * Returns 0, or ERR_MEMORY, and then zlib goes on. */
int gzip_reader_use(struct gzip_reader *r, const struct gzip_engine *engine);

/* Release memory; accepts a zeroed reader.  fd stays open. */
void gzip_reader_close(struct gzip_reader *r);

/* Go on at another offset, where a member starts. */
void gzip_reader_seek(struct gzip_reader *r, uint64_t offset);

/*
 * Read on.  Returns an enum gzip_event; for GZIP_DATA *bytes_r and *len_r are set, valid until
 * the next call.  ERR_CORRUPT if the member at member_at is damaged (gzip_reader_at() is where
 * that was noticed); then only seek and close are allowed.  ERR_SYSTEM, ERR_MEMORY.
 */
int gzip_reader_next(struct gzip_reader *r, const uint8_t **bytes_r, size_t *len_r);

/* The offset in the file behind the last byte that was used. */
uint64_t gzip_reader_at(const struct gzip_reader *r);

/*
 * Find the first member that starts at or after `from`, or the last that starts before `before`,
 * by the signature in its header.  Returns 1 and sets *at_r and *m_r, 0 if there is none, or
 * ERR_SYSTEM.  In the mail stream a peer can send bytes that look like a member: trust what is
 * found only if it inflates.
 */
int gzip_member_after(int fd, uint64_t from, uint64_t *at_r, struct gzip_member *m_r);
int gzip_member_before(int fd, uint64_t before, uint64_t *at_r, struct gzip_member *m_r);

#endif
