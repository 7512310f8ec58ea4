/*
 * log_tail.c: the last record of a log file, without reading the file.
 *
 * Runs in the logger at start, so that it goes on counting where it stopped.  Input: a file that
 * the logger wrote and gzip_repair() made whole.
 */
#include "log_tail.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "file_io.h"
#include "gzip_reader.h"

#define HEAD_MAX 128 /* `seq` stands this near to a record's start, before all that peers sent */
#define RAW_TRIES 8  /* what a peer sent may look like the start of a member */
#define SEQ_KEY ",\"seq\":"

/* The start of the line that is being read, and what the last whole line said. */
struct tail {
	char head[HEAD_MAX + 1];
	size_t len;
	bool found;
	uint64_t seq;
	uint64_t lines;
};

static void line_ended(struct tail *t)
{
	t->head[t->len] = '\0';
	const char *key = strstr(t->head, SEQ_KEY);

	if (key != NULL) {
		t->seq = strtoull(key + strlen(SEQ_KEY), NULL, 10);
		t->found = true;
	}
	t->len = 0;
	t->lines++;
}

static void note_data(struct tail *t, const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;

	while (p < end) {
		const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
		size_t part = (size_t)((lf != NULL ? lf : end) - p);
		size_t keep = part < HEAD_MAX - t->len ? part : HEAD_MAX - t->len;

		memcpy(t->head + t->len, p, keep);
		t->len += keep;
		if (lf == NULL)
			break;
		line_ended(t);
		p = lf + 1;
	}
}

/* Inflate the member at `at`; with len_r nothing may follow it.  Returns 0, or an error. */
static int read_member(int fd, uint64_t at, struct tail *t, uint64_t *len_r)
{
	struct gzip_reader r;
	const uint8_t *bytes;
	size_t len;
	int event = gzip_reader_open(&r, fd, at, false);

	if (event != 0)
		return event;
	while ((event = gzip_reader_next(&r, &bytes, &len)) == GZIP_DATA)
		note_data(t, bytes, len);
	if (len_r != NULL && event == GZIP_MEMBER)
		event = gzip_reader_next(&r, &bytes, &len) == GZIP_EOF ? GZIP_EOF : ERR_CORRUPT;
	if (len_r != NULL && event >= 0 && event != GZIP_EOF)
		event = ERR_CORRUPT;
	if (len_r != NULL)
		*len_r = r.raw;
	gzip_reader_close(&r);
	return event < 0 ? event : 0;
}

int log_tail_seq(int fd, enum log_stream stream, uint64_t *seq_r)
{
	struct tail t = {0};
	struct gzip_member member;
	uint64_t size, at;

	if (file_size(fd, &size) != 0)
		return ERR_SYSTEM;
	if (size == 0)
		return ERR_END;
	int got = gzip_member_before(fd, size, &at, &member);
	if (got <= 0)
		return got == 0 ? ERR_CORRUPT : got;
	int rc = read_member(fd, at, &t, NULL);
	if (rc != 0 && rc != ERR_CORRUPT)
		return rc;
	*seq_r = member.first_seq - 1;
	if (stream != LOG_MAIL && rc == 0 && t.found)
		*seq_r = t.seq;
	else if (stream != LOG_MAIL) /* damaged: what its lines say is not believed, only counted */
		*seq_r += t.lines;
	return rc;
}

int log_tail_raw(int fd, uint64_t *raw_r)
{
	struct gzip_member member;
	struct tail t = {0};
	uint64_t at, len;
	int rc = ERR_CORRUPT;

	if (file_size(fd, &at) != 0)
		return ERR_SYSTEM;
	if (at == 0)
		return ERR_END;
	for (int i = 0; i < RAW_TRIES && rc == ERR_CORRUPT; i++) {
		int got = gzip_member_before(fd, at, &at, &member);

		if (got <= 0)
			return got == 0 ? ERR_CORRUPT : got;
		rc = read_member(fd, at, &t, &len);
	}
	if (rc == 0)
		*raw_r = member.raw_offset + len;
	return rc;
}
