/*
 * log_read.h: the lines of a session or message file, compressed or not.
 *
 * The trap writes gzip files; plain files of JSON lines, as a consumer of a stream may write them,
 * begin with '{' and are read alike.
 */
#ifndef SMTPTRAP_LOG_READ_H
#define SMTPTRAP_LOG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "gzip_reader.h"

/* 1 MiB of fields, escaped and in hexadecimal, fits.  No value is longer. */
#define LOG_LINE_MAX (16u * 1024 * 1024)

struct log_reader {
	struct gzip_reader gz;
	uint8_t *plain;         /* a chunk of a file that is not compressed; NULL: it is */
	uint64_t plain_at;      /* what to read of it next */
	bool checked;           /* see log_reader_check() */
	bool given;             /* member was given out */
	struct buf member;      /* what was inflated of the present member and not given out */
	const uint8_t *p, *end; /* uncompressed bytes that were not given out yet */
	bool line_given;        /* the line in part was given out */
	struct buf part;        /* the start of a line that began in earlier bytes */
	uint64_t line;          /* number of the last line, from 1 where reading began */
	uint64_t offset;        /* where it starts, uncompressed, from where reading began */
	uint64_t next;          /* where the next one starts */
};

#define LOG_MEMBER_MAX (GZIP_MEMBER_RAW + LOG_LINE_MAX) /* no member of the trap's is longer */

/* Begin to read fd (the caller's) at an offset where a member starts.  0; or ERR_MEMORY or
 * ERR_SYSTEM, and there is nothing to close. */
int log_reader_open(struct log_reader *r, int fd, uint64_t offset);

/*
 * From now on give nothing of a member out before its checksum was right: of one that is damaged
 * no line comes, only ERR_CORRUPT, because behind flipped bits lines can be wrong and look right.
 * It takes no more time, and the memory of a member.  A member that is not ended yet, at the end
 * of the file or the reader's limit, is given out as far as it goes.  So is, each LOG_MEMBER_MAX,
 * one that is longer if the trap did not write it; if it did, it is damaged.  To be called right
 * after log_reader_open().
 */
void log_reader_check(struct log_reader *r);

/* Release memory; accepts a zeroed struct. */
void log_reader_close(struct log_reader *r);

/*
 * The next line, without its LF, valid until the next call.  Returns 1; or 0 at the end of a
 * whole file; or
 *   ERR_END      the file ends inside a member or a line: it is being written (what follows the
 *                last whole line is not given out; call again when it has grown), or it is torn;
 *   ERR_CORRUPT  the member at r->gz.member_at is damaged: log_reader_skip() or close;
 *   ERR_FULL     a line is longer than LOG_LINE_MAX: the same;
 *   ERR_SYSTEM, ERR_MEMORY.
 */
int log_reader_next(struct log_reader *r, const uint8_t **line_r, size_t *len_r);

/* Go on with the first member of the trap's behind the start of the present one, for damaged data
 * may have been taken to reach into the next.  Returns 1, 0 if none follows, or ERR_SYSTEM. */
int log_reader_skip(struct log_reader *r);

#endif
