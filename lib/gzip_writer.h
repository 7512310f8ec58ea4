/*
 * gzip_writer.h: a gzip file of many members, written so that a failed write can be undone.
 *
 * The writer does no I/O: compressed bytes gather in a buffer of the caller, who writes them to
 * the file.  Gzip header and trailer are made here around raw deflate (RFC 1951, 1952), so that a
 * member can be ended at any committed point without zlib's state.  How to use it:
 *
 *     gzip_writer_record(w, seq);  append...           for each record of a batch
 *     gzip_writer_flush(w);  write out, fdatasync;     buf_reset(out);  mark = w->at;
 *     on failure: ftruncate to mark.size;  gzip_writer_rollback(w, &mark);  write out, fdatasync;
 *                 buf_reset(out);  mark = w->at (if that fails too, do it again later)
 *
 * A long record may be appended in pieces, and out written and reset in between; but flush only
 * where a record ends, because repair (gzip_repair.h) takes a flush for the end of a record.
 *
 * Each member's header has an FEXTRA field, subfield 'S','T', 16 bytes, little endian:
 *     uint64 number of the member's first record;  uint64 raw offset of the member in the file
 * so that a member is found by scanning for GZIP_SIGNATURE and read without those before it.
 */
#ifndef SMTPTRAP_GZIP_WRITER_H
#define SMTPTRAP_GZIP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef ZLIB_CONST
#define ZLIB_CONST
#endif
#include <zlib.h>

#include "buf.h"

#define GZIP_MEMBER_RAW (1024u * 1024) /* a record that begins past this starts a new member */
#define GZIP_HEADER 32                 /* bytes of a member's header */
#define GZIP_SIGNATURE 16              /* the first of them are the same in all members */
#define GZIP_OUT_ROOM (64u * 1024)     /* out must always have room for this many more */
#define GZIP_END 10                    /* bytes that end a member by hand */

/* A point in the file where a record ends. */
struct gzip_mark {
	uint64_t size;       /* of the file, compressed */
	uint64_t raw;        /* of the file, uncompressed */
	uint64_t member_at;  /* where the open member starts in the file, compressed */
	uint64_t member_raw; /* raw bytes in the open member */
	uint32_t crc;        /* CRC-32 of those */
	bool open;           /* a member is open; if not, the three above mean nothing */
};

/*
 * What deflates in zlib's place.  deflate() takes from z->next_in and puts to z->next_out as zlib's
 * does for raw deflate with Z_NO_FLUSH, Z_SYNC_FLUSH and Z_FINISH: there is more to come out as long as
 * z->avail_out is 0.  crc() is zlib's crc32().
 */
struct gzip_deflater {
	void *(*make)(void); /* NULL without memory */
	void (*free)(void *state);
	void (*reset)(void *state); /* a member begins */
	void (*deflate)(void *state, z_stream *z, int flush);
	uint32_t (*crc)(uint32_t crc, const void *bytes, size_t len);
};

struct gzip_writer {
	struct gzip_mark at; /* where the writer is now; read it, never write it */
	struct buf *out;
	bool pending; /* something was appended since the last flush */
	const struct gzip_deflater *deflater;
	void *state; /* the deflater's */
	z_stream z;
};

/*
 * Begin to write behind the first size bytes of a file, which hold raw uncompressed bytes in
 * complete members (0, 0 for a new file).  level is zlib's, 0 to 9.  out must outlive the
 * writer, and have GZIP_OUT_ROOM bytes to spare.  Returns 0, or ERR_MEMORY.
 */
int gzip_writer_init(struct gzip_writer *w, struct buf *out, int level, uint64_t size,
		     uint64_t raw);

/* Have another one deflate, which stays; before the first record.  Returns 0, or ERR_MEMORY, and then
 * zlib goes on. */
int gzip_writer_use(struct gzip_writer *w, const struct gzip_deflater *deflater);

/* Release memory; an open member is not ended, out is left as it is. */
void gzip_writer_fini(struct gzip_writer *w);

/*
 * A record with this number begins: open a member if none is open, or, if the open one holds
 * GZIP_MEMBER_RAW or more, end it and open the next.  Afterwards w->at tells where the record's
 * first byte will be (raw, member_at, member_raw).  Returns 0, or ERR_FULL if out failed.
 */
int gzip_writer_record(struct gzip_writer *w, uint64_t seq);

/* Append bytes of the record; a member is open.  Returns 0, or ERR_FULL. */
int gzip_writer_append(struct gzip_writer *w, const void *bytes, size_t len);

/* Make everything appended so far readable (Z_SYNC_FLUSH); only at the end of a record.  Nothing
 * happens if no member is open or nothing was appended since the last flush.  0, or ERR_FULL. */
int gzip_writer_flush(struct gzip_writer *w);

/* End the open member, if there is one.  Returns 0, or ERR_FULL. */
int gzip_writer_close(struct gzip_writer *w);

/*
 * Forget all that came after mark, which was w->at after a flush, a close or init: out is emptied
 * and then holds what ends the member at that point (GZIP_END bytes, or nothing if none was
 * open).  The next record opens a new member.  After ERR_FULL from any function above this is
 * the only way on.  Returns 0, or ERR_FULL if out cannot hold GZIP_END bytes.
 */
int gzip_writer_rollback(struct gzip_writer *w, const struct gzip_mark *mark);

/* The bytes that end a member whose raw data so far have this CRC-32 and length, put at a point
 * where deflate data was flushed: an empty last block, CRC32, ISIZE. */
void gzip_end_bytes(uint32_t crc, uint64_t member_raw, uint8_t end_r[GZIP_END]);

/* What a member's header says in its 'S','T' subfield. */
struct gzip_member {
	uint64_t first_seq;
	uint64_t raw_offset;
};

/* Read a member's header from its first len bytes.  Returns 0, or ERR_FORMAT if they are fewer
 * than GZIP_HEADER or not a header as this writer makes it. */
int gzip_member_parse(const uint8_t *bytes, size_t len, struct gzip_member *m_r);

#endif
