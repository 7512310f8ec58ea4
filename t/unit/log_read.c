/*
 * Lines of log files: whole, growing, torn, damaged; and long ones.
 */
#include "log_read.h"

#include "err.h"
#include "gzip_files.h"

#define ROOM (64u * 1024 * 1024)
static char expected[512];

/* Read lines while they are records from *next on; returns what ended it. */
static int read_records(struct log_reader *r, uint64_t *next, unsigned *wrong)
{
	const uint8_t *line;
	size_t len;
	int rc;

	while ((rc = log_reader_next(r, &line, &len)) == 1) {
		size_t want = record_line(expected, sizeof expected, *next) - 1;
		*wrong += want != len || memcmp(line, expected, len) != 0;
		*wrong += r->offset + len + 1 != r->next;
		++*next;
	}
	return rc;
}

static void test_whole(struct buf *out, struct gzip_writer *w)
{
	struct log_reader r;
	unsigned wrong = 0;
	uint64_t next = 1;

	write_records(w, 1, 9000);
	gzip_writer_close(w);
	int fd = memory_file(out->data, out->len);
	log_reader_open(&r, fd, 0);
	is_int(read_records(&r, &next, &wrong), 0, "a whole file ends as it should");
	ok(next == 9001 && r.line == 9000 && wrong == 0, "after all its lines, which are right");
	is_int(read_records(&r, &next, &wrong), 0, "and stays at its end");
	log_reader_close(&r);
	close(fd);
}

/* The file grows byte by byte under the reader. */
static void test_growing(struct buf *out, struct gzip_writer *w)
{
	struct log_reader r;
	unsigned wrong = 0;
	uint64_t next = 1;
	int fd = memory_file("", 0), rc = 0;

	buf_reset(out);
	for (uint64_t seq = 1; seq <= 40; seq++) {
		write_records(w, seq, seq);
		gzip_writer_flush(w);
	}
	gzip_writer_close(w);
	log_reader_open(&r, fd, 0);
	for (size_t len = 1; len <= out->len; len++) {
		if (pwrite(fd, out->data + len - 1, 1, (off_t)len - 1) != 1)
			wrong++;
		rc = read_records(&r, &next, &wrong);
		wrong += len < out->len && rc != ERR_END;
	}
	is_int(rc, 0, "a file that grew is whole at its end");
	ok(next == 41 && wrong == 0, "every record was given out once, none in part");
	log_reader_close(&r);
	close(fd);
}

static void test_damaged(struct buf *out, struct gzip_writer *w)
{
	struct log_reader r;
	unsigned wrong = 0, garbled = 0; /* before the damage shows, some may be */
	uint64_t next = 1, second;

	buf_reset(out);
	gzip_writer_fini(w);
	gzip_writer_init(w, out, 6, 0, 0);
	write_records(w, 1, 50);
	gzip_writer_close(w);
	second = w->at.size;
	write_records(w, 51, 2000);
	gzip_writer_close(w);
	uint64_t third = w->at.size;
	write_records(w, 2001, 2050);
	gzip_writer_close(w);
	memset(out->data + (second + third) / 2, 0xff, 64);
	int fd = memory_file(out->data, out->len);
	log_reader_open(&r, fd, 0);
	is_int(read_records(&r, &next, &garbled), ERR_CORRUPT, "damage is told");
	is_int((int64_t)r.gz.member_at, (int64_t)second, "and in which member");
	ok(next > 51, "after the lines before it");
	is_int(log_reader_skip(&r), 1, "there is a member behind it");
	next = 2001;
	is_int(read_records(&r, &next, &wrong), 0, "that is read to its end");
	ok(next == 2051 && wrong == 0 && r.next == w->at.raw, "at the right offset");
	is_int(log_reader_skip(&r), 0, "behind the last there is none");
	log_reader_close(&r);
	close(fd);
}

/* Members of a reader that checks them: the trap's, and one that is longer than those can be. */
static void test_checked(struct buf *out, struct gzip_writer *w)
{
	unsigned wrong = 0;
	struct log_reader r;
	uint64_t next = 1;

	buf_reset(out);
	gzip_writer_fini(w);
	gzip_writer_init(w, out, 6, 0, 0);
	write_records(w, 1, 9000);
	gzip_writer_flush(w);
	size_t flushed = out->len;
	gzip_writer_close(w);
	int fd = memory_file(out->data, flushed);
	log_reader_open(&r, fd, 0);
	log_reader_check(&r);
	is_int(read_records(&r, &next, &wrong), ERR_END,
	       "checked: a member that is not ended is read");
	ok(next == 9001 && wrong == 0, "as far as it goes");
	if (pwrite(fd, out->data + flushed, out->len - flushed, (off_t)flushed) < 0)
		wrong++;
	is_int(read_records(&r, &next, &wrong), 0, "and to its end, once it is there");
	log_reader_close(&r);
	out->data[out->len - 5] ^= 1; /* of the last checksum */
	if (pwrite(fd, out->data, out->len, 0) < 0)
		wrong++;
	log_reader_open(&r, fd, 0);
	log_reader_check(&r);
	next = 1;
	is_int(read_records(&r, &next, &wrong), ERR_CORRUPT, "a checksum that is wrong is told");
	ok(next > 1 && next < 9001 && wrong == 0 && next - 1 == r.line,
	   "before any line of its member, after all of the others");
	log_reader_close(&r);
	close(fd);
}

/* How many lines come of these bytes; *rc_r is what ended it. */
static unsigned count_checked(const struct buf *bytes, int *rc_r)
{
	int fd = memory_file(bytes->data, bytes->len);
	struct log_reader r;
	const uint8_t *line;
	unsigned n = 0;
	size_t len;

	log_reader_open(&r, fd, 0);
	log_reader_check(&r);
	while ((*rc_r = log_reader_next(&r, &line, &len)) == 1)
		n++;
	log_reader_close(&r);
	close(fd);
	return n;
}

/* A member as long as the trap's can be, and one byte longer; and the same of another writer's. */
static void test_longest(struct buf *out, struct gzip_writer *w)
{
	enum { LINES = 17 };
	static const uint8_t extra[] = {'S', 'T', 16, 0};
	char *text = malloc(GZIP_MEMBER_RAW);
	int rc;

	memset(text, 'x', GZIP_MEMBER_RAW);
	text[GZIP_MEMBER_RAW - 1] = '\n';
	for (unsigned past = 0; past < 2; past++) {
		buf_reset(out);
		gzip_writer_fini(w);
		gzip_writer_init(w, out, 1, 0, 0);
		gzip_writer_record(w, 1);
		for (unsigned i = 0; i < LINES; i++)
			gzip_writer_append(w, text, GZIP_MEMBER_RAW);
		gzip_writer_append(w, "\n", past);
		gzip_writer_close(w);
		unsigned n = count_checked(out, &rc);
		ok(past ? n == 0 && rc == ERR_CORRUPT : n == LINES && rc == 0,
		   "a member of LOG_MEMBER_MAX%s", past ? " and one byte is damaged" : " is read");
	}
	uint8_t *found = memmem(out->data, GZIP_HEADER, extra, sizeof extra);
	if (found != NULL)
		found[0] = 'X';
	ok(found != NULL && count_checked(out, &rc) == LINES + 1 && rc == 0,
	   "one that another program wrote may be longer");
	free(text);
}

static void test_long_lines(struct buf *out, struct gzip_writer *w)
{
	struct log_reader r;
	const uint8_t *line;
	size_t len;
	uint8_t *text = malloc(LOG_LINE_MAX + 2);

	buf_reset(out);
	memset(text, 'x', LOG_LINE_MAX + 2);
	gzip_writer_record(w, 1);
	gzip_writer_append(w, text, LOG_LINE_MAX);
	gzip_writer_append(w, "\n\nlast\n", 7);
	gzip_writer_append(w, text, LOG_LINE_MAX + 1);
	gzip_writer_close(w);
	int fd = memory_file(out->data, out->len);
	log_reader_open(&r, fd, 0);
	is_int(log_reader_next(&r, &line, &len), 1, "a line of the greatest length is read");
	is_int((int64_t)len, LOG_LINE_MAX, "whole");
	is_int(log_reader_next(&r, &line, &len), 1, "an empty line too");
	is_int((int64_t)len, 0, "it is empty");
	is_int(log_reader_next(&r, &line, &len), 1, "and one more");
	is_mem(line, len, "last", 4, "the last");
	is_int(log_reader_next(&r, &line, &len), ERR_FULL, "a longer line is refused");
	log_reader_close(&r);
	close(fd);
	free(text);
}

/* A file that is not compressed; the last record is longer than what is read at a time. */
static void test_plain(void)
{
	static const char head[] = "{\"a\":1}\n\n{\"b\":\"";
	size_t longest = 200000, len, whole = sizeof head - 1 + longest + 3;
	char *text = malloc(whole);
	struct log_reader r;
	const uint8_t *line;

	memcpy(text, head, sizeof head - 1);
	memset(text + sizeof head - 1, 'x', longest);
	memcpy(text + whole - 3, "\"}\n", 3);
	int fd = memory_file(text, whole);
	is_int(log_reader_open(&r, fd, 0), 0, "a plain file is opened");
	is_int(log_reader_next(&r, &line, &len), 1, "its first line is read");
	is_mem(line, len, "{\"a\":1}", 7, "as it stands");
	is_int(log_reader_next(&r, &line, &len), 1, "an empty one too");
	is_int(log_reader_next(&r, &line, &len), 1, "and a long one");
	is_mem(line, len, text + 9, whole - 10, "whole");
	is_int((int64_t)r.offset, 9, "at its offset");
	is_int(log_reader_next(&r, &line, &len), 0, "then the file ends");
	log_reader_close(&r);
	close(fd);

	fd = memory_file(text, whole - 1);
	log_reader_open(&r, fd, 0);
	for (int i = 0; i < 2; i++)
		log_reader_next(&r, &line, &len);
	is_int(log_reader_next(&r, &line, &len), ERR_END, "a last line without LF is torn");
	is_int(log_reader_skip(&r), 0, "and nothing can be behind it");
	log_reader_close(&r);
	close(fd);
	free(text);
}

/* Nothing is left of a reader that could not be opened. */
static void test_unreadable(void)
{
	struct log_reader r;

	is_int(log_reader_open(&r, -1, 0), ERR_SYSTEM, "a file that cannot be read is an error");
	ok(r.gz.in == NULL && r.gz.out == NULL && r.plain == NULL, "and nothing has to be closed");
	log_reader_close(&r);
}

int main(void)
{
	struct gzip_writer w;
	struct log_reader none = {0};
	struct buf out;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 6, 0, 0);
	test_whole(&out, &w);
	test_growing(&out, &w);
	test_damaged(&out, &w);
	test_checked(&out, &w);
	test_longest(&out, &w);
	test_long_lines(&out, &w);
	test_unreadable();
	test_plain();
	log_reader_close(&none);
	gzip_writer_fini(&w);
	buf_fini(&out);
	return tap_done();
}
