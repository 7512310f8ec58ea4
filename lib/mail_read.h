/*
 * mail_read.h: the messages of a mail file, one after another, byte for byte.
 *
 *     mail_reader_open(...);
 *     while (mail_reader_head(r, &head) == 1)
 *             while (mail_reader_data(r, &bytes, &len) == 1)
 *                     use bytes
 *
 * The reader keeps one trace header (at most MBOX_TRACE_MAX) and two buffers in memory, however
 * long the messages are.
 */
#ifndef SMTPTRAP_MAIL_READ_H
#define SMTPTRAP_MAIL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "gzip_reader.h"
#include "mbox.h"

struct mail_reader {
	struct gzip_reader gz;
	const uint8_t *p, *end; /* uncompressed bytes that were not used yet */
	uint64_t offset;        /* of p in the uncompressed file */
	struct mbox_filter filter;
	uint64_t left;   /* bytes of the present message that are still to come */
	bool in_message; /* its end was not read yet */
	struct buf head; /* the From_ line and the trace header */
	struct buf out;  /* unquoted bytes */
};

struct mail_head {
	uint64_t offset; /* of the From_ line in the uncompressed file */
	uint64_t size;   /* of the message */
	uint8_t id[UUID_BYTES];
	const uint8_t *trace; /* the trace header, valid until the next mail_reader_head() */
	size_t trace_len;
};

/*
 * Begin to read fd (the caller's) at a member that starts at `member` in the file and at
 * `offset` in its uncompressed form (0, 0 for the whole file).  Returns 0, or ERR_MEMORY.
 */
int mail_reader_open(struct mail_reader *r, int fd, uint64_t member, uint64_t offset);

/* Release memory; accepts a zeroed struct. */
void mail_reader_close(struct mail_reader *r);

/* Go on at another member. */
void mail_reader_seek(struct mail_reader *r, uint64_t member, uint64_t offset);

/*
 * Pass over uncompressed bytes up to this offset, where a From_ line starts.  All functions from
 * here on return the errors ERR_END (the file ends too early: it is being written, or torn; begin
 * anew with seek), ERR_CORRUPT (the gzip member at r->gz.member_at is damaged), ERR_FORMAT (not
 * what mbox.h describes; r->offset is near), ERR_SYSTEM, ERR_MEMORY.  Returns 0; ERR_FORMAT also
 * if the offset was passed already.
 */
int mail_reader_skip(struct mail_reader *r, uint64_t offset);

/* Read the next message's From_ line and trace header; what was left of the message before is
 * passed over.  Returns 1, 0 at the end of a whole file, or an error. */
int mail_reader_head(struct mail_reader *r, struct mail_head *head_r);

/* The next bytes of the message, unquoted, valid until the next call.  Returns 1, 0 when all
 * head->size bytes were given out and the message's end was as it must be, or an error. */
int mail_reader_data(struct mail_reader *r, const uint8_t **bytes_r, size_t *len_r);

#endif
