/*
 * log_read.c: the lines of a session or message file.
 *
 * Runs in the reader, the shipper and, at its start, the logger.  Input: files that were finished, are being written, are torn or damaged.
 * A line that lies whole in what was inflated is given out from there without copying.
 *
 * Who must not take damaged data for good has members held back until their checksum was seen: the
 * trap's own hold a MiB, and one record more at most.
 */
#include "log_read.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "file_io.h"

#define PLAIN_CHUNK (64u * 1024)

int log_reader_open(struct log_reader *r, int fd, uint64_t offset)
{
	uint8_t first = 0;
	size_t got = 0;

	*r = (struct log_reader){0};
	buf_init_heap(&r->part, LOG_LINE_MAX);
	int rc = gzip_reader_open(&r->gz, fd, offset, false);
	if (rc == 0 && offset == 0)
		rc = file_read_at(fd, &first, 1, 0, &got);
	if (rc == 0 && first == '{' && (r->plain = malloc(PLAIN_CHUNK)) == NULL)
		rc = ERR_MEMORY;
	if (rc != 0)
		log_reader_close(r);
	return rc;
}

void log_reader_check(struct log_reader *r)
{
	r->checked = true;
	buf_init_heap(&r->member, LOG_MEMBER_MAX * 2);
}

void log_reader_close(struct log_reader *r)
{
	gzip_reader_close(&r->gz);
	buf_fini(&r->member);
	buf_fini(&r->part);
	free(r->plain);
	*r = (struct log_reader){0};
}

/* Read more of a plain file.  Returns as inflate_more(). */
static int read_more(struct log_reader *r)
{
	size_t got;

	if (file_read_at(r->gz.fd, r->plain, PLAIN_CHUNK, r->plain_at, &got) != 0)
		return ERR_SYSTEM;
	r->plain_at += got;
	r->p = r->plain;
	r->end = r->p + got;
	if (got > 0)
		return 1;
	return r->part.len > 0 ? ERR_END : 0;
}

/* Did the trap write the present member?  1, 0, or ERR_SYSTEM. */
static int is_ours(const struct log_reader *r)
{
	uint8_t header[GZIP_HEADER];
	struct gzip_member member;
	size_t got;

	if (file_read_at(r->gz.fd, header, sizeof header, r->gz.member_at, &got) != 0)
		return ERR_SYSTEM;
	return gzip_member_parse(header, got, &member) == 0;
}

/* The present member is as long as one can be.  1 to give that much out, or an error. */
static int meet_long(const struct log_reader *r)
{
	if (r->member.failed)
		return ERR_MEMORY;
	int ours = is_ours(r);
	return ours == 1 ? ERR_CORRUPT : ours == 0 ? 1 : ours;
}

/* Give out what was inflated of the member.  False if that is nothing. */
static bool give_member(struct log_reader *r)
{
	r->p = r->member.data;
	r->end = r->p + r->member.len;
	r->given = true;
	return r->member.len > 0;
}

/* Inflate up to the end of the member, or as far as it goes.  Returns as inflate_more(). */
static int inflate_member(struct log_reader *r)
{
	const uint8_t *bytes;
	size_t len;

	if (r->given)
		buf_reset(&r->member);
	r->given = false;
	for (;;) {
		int event = gzip_reader_next(&r->gz, &bytes, &len);

		if (event < 0)
			return event;
		if (event == GZIP_DATA)
			buf_put(&r->member, bytes, len);
		if (event == GZIP_DATA && r->member.len <= LOG_MEMBER_MAX && !r->member.failed)
			continue;
		if (event == GZIP_DATA && (event = meet_long(r)) < 0)
			return event;
		if (give_member(r))
			return 1;
		if (event != GZIP_MEMBER)
			return event == GZIP_TORN || r->part.len > 0 ? ERR_END : 0;
	}
}

/* Inflate more.  Returns 1 if there is more, 0 at the end, or an error as log_reader_next(). */
static int inflate_more(struct log_reader *r)
{
	size_t len;

	if (r->plain != NULL)
		return read_more(r);
	if (r->checked)
		return inflate_member(r);
	for (;;) {
		int event = gzip_reader_next(&r->gz, &r->p, &len);

		r->end = r->p + len;
		if (event == GZIP_DATA && len > 0)
			return 1;
		if (event == GZIP_TORN)
			return ERR_END;
		if (event == GZIP_EOF)
			return r->part.len > 0 ? ERR_END : 0;
		if (event < 0)
			return event;
	}
}

/* A line ends here: give it out. */
static int take_line(struct log_reader *r, const uint8_t *lf, const uint8_t **line_r, size_t *len_r)
{
	size_t here = (size_t)(lf - r->p);

	if (r->part.len > 0) {
		buf_put(&r->part, r->p, here);
		*line_r = r->part.data;
		*len_r = r->part.len;
	} else {
		*line_r = r->p;
		*len_r = here;
	}
	r->p = lf + 1;
	r->line++;
	r->offset = r->next;
	r->next += *len_r + 1;
	return r->part.failed || *len_r > LOG_LINE_MAX ? ERR_FULL : 1;
}

int log_reader_next(struct log_reader *r, const uint8_t **line_r, size_t *len_r)
{
	if (r->line_given)
		buf_reset(&r->part);
	r->line_given = false;
	for (;;) {
		const uint8_t *lf =
		    r->p == r->end ? NULL : memchr(r->p, '\n', (size_t)(r->end - r->p));

		if (lf != NULL) {
			r->line_given = true;
			return take_line(r, lf, line_r, len_r);
		}
		buf_put(&r->part, r->p, (size_t)(r->end - r->p));
		r->p = r->end;
		if (r->part.failed)
			return ERR_FULL;
		int got = inflate_more(r);
		if (got != 1)
			return got;
	}
}

int log_reader_skip(struct log_reader *r)
{
	struct gzip_member member;
	uint64_t at;

	if (r->plain != NULL)
		return 0;
	int got = gzip_member_after(r->gz.fd, r->gz.member_at + 1, &at, &member);
	if (got != 1)
		return got;
	gzip_reader_seek(&r->gz, at);
	buf_reset(&r->part);
	buf_reset(&r->member);
	r->p = r->end = NULL;
	r->next = member.raw_offset;
	return 1;
}
