/*
 * mail_read.c: the messages of a mail file, one after another, byte for byte.
 *
 * Runs in the reader.  Input: mail files that may be growing, torn or damaged.  Where a message
 * ends is known from X-Trap-Size, and checked: an LF or two and a From_ line or the end follow.
 */
#include "mail_read.h"

#include <string.h>

#include "err.h"

#define HEAD_MAX (MBOX_TRACE_MAX + 1024) /* with the From_ line */
#define OUT_MAX (64u * 1024)
#define HELD_MAX 5 /* bytes that the filter may hold back: `>From` */

int mail_reader_open(struct mail_reader *r, int fd, uint64_t member, uint64_t offset)
{
	*r = (struct mail_reader){.offset = offset};
	buf_init_heap(&r->head, HEAD_MAX);
	buf_init_heap(&r->out, OUT_MAX);
	return gzip_reader_open(&r->gz, fd, member, false);
}

void mail_reader_close(struct mail_reader *r)
{
	gzip_reader_close(&r->gz);
	buf_fini(&r->head);
	buf_fini(&r->out);
	*r = (struct mail_reader){0};
}

void mail_reader_seek(struct mail_reader *r, uint64_t member, uint64_t offset)
{
	gzip_reader_seek(&r->gz, member);
	r->p = r->end = NULL;
	r->offset = offset;
	r->in_message = false;
}

/* Have at least one byte at p.  Returns 1, 0 at the end of a whole file, or an error. */
static int fill(struct mail_reader *r)
{
	size_t len;

	while (r->p == r->end) {
		int event = gzip_reader_next(&r->gz, &r->p, &len);

		r->end = r->p + len;
		if (event == GZIP_EOF)
			return 0;
		if (event == GZIP_TORN)
			return ERR_END;
		if (event < 0)
			return event;
	}
	return 1;
}

static void use(struct mail_reader *r, size_t n)
{
	r->p += n;
	r->offset += n;
}

/* The same where the end of the file is an error. */
static int must_fill(struct mail_reader *r)
{
	int got = fill(r);

	return got == 1 ? 0 : got == 0 ? ERR_END : got;
}

int mail_reader_skip(struct mail_reader *r, uint64_t offset)
{
	if (offset < r->offset)
		return ERR_FORMAT;
	r->in_message = false;
	while (r->offset < offset) {
		int rc = must_fill(r);

		if (rc != 0)
			return rc;
		uint64_t step = (uint64_t)(r->end - r->p);
		use(r, (size_t)(step < offset - r->offset ? step : offset - r->offset));
	}
	return 0;
}

/* Append the rest of a line, with its LF, to r->head. */
static int read_line(struct mail_reader *r)
{
	const uint8_t *lf;

	do {
		int rc = must_fill(r);

		if (rc != 0)
			return rc;
		lf = memchr(r->p, '\n', (size_t)(r->end - r->p));
		size_t n = lf != NULL ? (size_t)(lf + 1 - r->p) : (size_t)(r->end - r->p);
		buf_put(&r->head, r->p, n);
		if (r->head.failed)
			return ERR_FORMAT;
		use(r, n);
	} while (lf == NULL);
	return 0;
}

/* The trace header's lines; from is where it starts in r->head. */
static int read_trace(struct mail_reader *r, size_t from, struct mbox_trace *trace_r)
{
	static const char last[] = "X-Trap-Size: ";
	int rc;

	for (;;) {
		size_t line = r->head.len;

		if ((rc = read_line(r)) != 0)
			return rc;
		if (r->head.len - line < sizeof last ||
		    memcmp(r->head.data + line, last, sizeof last - 1) != 0)
			continue;
		rc = mbox_trace_parse(r->head.data + from, r->head.len - from, trace_r);
		return rc == 1 ? 0 : ERR_FORMAT;
	}
}

/* Pass over what is left of the message. */
static int finish_message(struct mail_reader *r)
{
	const uint8_t *bytes;
	size_t len;
	int got = 0;

	while (r->in_message && (got = mail_reader_data(r, &bytes, &len)) == 1)
		;
	return got;
}

int mail_reader_head(struct mail_reader *r, struct mail_head *head_r)
{
	struct mbox_trace trace;
	int rc = finish_message(r);

	if (rc != 0)
		return rc;
	if ((rc = fill(r)) != 1)
		return rc;
	buf_reset(&r->head);
	head_r->offset = r->offset;
	if ((rc = read_line(r)) != 0)
		return rc;
	size_t from = r->head.len;
	if (from < 5 || memcmp(r->head.data, "From ", 5) != 0)
		return ERR_FORMAT;
	if ((rc = read_trace(r, from, &trace)) != 0)
		return rc;
	memcpy(head_r->id, trace.id, UUID_BYTES);
	head_r->size = trace.size;
	head_r->trace = r->head.data + from;
	head_r->trace_len = trace.len;
	r->filter = (struct mbox_filter){0};
	r->left = trace.size;
	r->in_message = true;
	return 1;
}

/* An empty line, after an LF if the message had none at its end. */
static int read_end(struct mail_reader *r)
{
	for (int lfs = r->filter.unended ? 2 : 1; lfs > 0; lfs--) {
		int rc = must_fill(r);

		if (rc != 0)
			return rc;
		if (*r->p != '\n')
			return ERR_FORMAT;
		use(r, 1);
	}
	r->in_message = false;
	return 0;
}

static size_t held(const struct mbox_filter *f)
{
	return (size_t)f->held + f->matched;
}

/*
 * How many of the n bytes at p belong to the message for certain?  Each gives at most one byte,
 * and those held back come too.  When as many are held as are left, all has been read, but for
 * one case: `>From` is held and the blank follows that makes it a quoted line.
 */
static size_t certain(const struct mail_reader *r, size_t n)
{
	uint64_t more = r->left - held(&r->filter);

	if (more == 0)
		return held(&r->filter) == HELD_MAX && *r->p == ' ';
	return more < n ? (size_t)more : n;
}

int mail_reader_data(struct mail_reader *r, const uint8_t **bytes_r, size_t *len_r)
{
	buf_reset(&r->out);
	while (r->left > 0 && r->out.len == 0) {
		int rc = must_fill(r);

		if (rc != 0)
			return rc;
		size_t room = OUT_MAX - HELD_MAX, have = (size_t)(r->end - r->p);
		size_t n = certain(r, have < room ? have : room);
		if (n == 0)
			mbox_unquote_end(&r->filter, &r->out);
		else
			mbox_unquote(&r->filter, r->p, n, &r->out);
		use(r, n);
		r->left -= r->out.len;
	}
	if (r->out.failed)
		return ERR_MEMORY;
	*bytes_r = r->out.data;
	*len_r = r->out.len;
	if (r->out.len > 0)
		return 1;
	return r->in_message ? read_end(r) : 0;
}
