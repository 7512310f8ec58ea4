/*
 * The number of the last record, found at the end of a file.
 */
#include "log_tail.h"

#include "err.h"
#include "gzip_files.h"
#include "gzip_repair.h"

#define ROOM (8u * 1024 * 1024)

static int tail_of(const void *bytes, size_t len, uint64_t *seq_r)
{
	int fd = memory_file(bytes, len);
	int rc = log_tail_seq(fd, LOG_SESSION, seq_r);

	close(fd);
	return rc;
}

static void test_finished(void)
{
	static const uint64_t counts[] = {1, 2, 100, 4000, 4500, 10000};
	uint64_t seq;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct gzip_writer w;
		struct buf out;

		buf_init_heap(&out, ROOM);
		gzip_writer_init(&w, &out, 6, 0, 0);
		write_records(&w, 500, 499 + counts[i]);
		gzip_writer_close(&w);
		seq = 0;
		is_int(tail_of(out.data, out.len, &seq), 0, "a finished file has a last record");
		is_int((int64_t)seq, (int64_t)(499 + counts[i]), "it is the last");
		gzip_writer_fini(&w);
		buf_fini(&out);
	}
}

static void test_torn(void)
{
	struct gzip_writer w;
	struct buf out;
	uint64_t seq = 0;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 6, 0, 0);
	write_records(&w, 1, 10);
	gzip_writer_flush(&w);
	is_int(tail_of(out.data, out.len, &seq), 0, "a file that is being written is read");
	is_int((int64_t)seq, 10, "to its last record");
	size_t flushed = out.len;
	gzip_writer_append(&w, "{\"v\":1,\"seq\":11", 15);
	gzip_writer_flush(&w);
	is_int(tail_of(out.data, out.len, &seq), 0, "half a record at the end");
	is_int((int64_t)seq, 10, "does not count");
	out.len = flushed;
	gzip_writer_fini(&w);
	gzip_writer_init(&w, &out, 6, flushed, 1000);
	gzip_writer_record(&w, 11);
	is_int(tail_of(out.data, out.len, &seq), 0, "a member without a record is read");
	is_int((int64_t)seq, 10, "by the number in its header");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* Of a damaged member the records before the damage count. */
static void test_damaged(void)
{
	struct gzip_writer w;
	struct buf out;
	uint64_t seq = 0;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 6, 0, 0);
	write_records(&w, 1, 20);
	gzip_writer_flush(&w);
	size_t half = out.len;
	write_records(&w, 21, 40);
	gzip_writer_close(&w);
	memset(out.data + half, 0xff, 8);
	is_int(tail_of(out.data, out.len, &seq), ERR_CORRUPT, "a member that is damaged within");
	is_int((int64_t)seq, 20, "has its last number before the damage");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* Peers write names too: only the one before all that they sent counts. */
static void test_hostile_text(void)
{
	static const char line[] = "{\"v\":1,\"type\":\"session\",\"id\":\"x\",\"seq\":7,"
				   "\"helo\":\",\\\"seq\\\":9\",\"seq\":8}\n";
	struct gzip_writer w;
	struct buf out;
	uint64_t seq = 0;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 6, 0, 0);
	gzip_writer_record(&w, 7);
	gzip_writer_append(&w, line, sizeof line - 1);
	gzip_writer_close(&w);
	is_int(tail_of(out.data, out.len, &seq), 0, "a record that holds seq twice");
	is_int((int64_t)seq, 7, "has the first");
	int fd = memory_file(out.data, out.len);
	is_int(log_tail_seq(fd, LOG_MAIL, &seq), 0, "a message that holds seq");
	is_int((int64_t)seq, 6, "does not number the mail stream");
	close(fd);
	out.data[out.len / 2 + 20] ^= 0x10;
	is_int(tail_of(out.data, out.len, &seq), ERR_CORRUPT, "a damaged member is told");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* The uncompressed length, by the last member alone. */
static void test_raw(void)
{
	static const uint64_t counts[] = {1, 4000, 30000};
	uint64_t raw = 0;

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct gzip_writer w;
		struct buf out;

		buf_init_heap(&out, ROOM);
		gzip_writer_init(&w, &out, 6, 0, 0);
		write_records(&w, 1, counts[i]);
		gzip_writer_close(&w);
		int fd = memory_file(out.data, out.len);
		is_int(log_tail_raw(fd, &raw), 0, "a finished file has a length");
		is_int((int64_t)raw, (int64_t)w.at.raw, "it is that of what was written");
		close(fd);
		fd = memory_file(out.data, out.len - 1);
		is_int(log_tail_raw(fd, &raw), ERR_CORRUPT, "one that lacks a byte has none");
		close(fd);
		fd = memory_file(out.data, 0);
		is_int(log_tail_raw(fd, &raw), ERR_END, "nor has an empty one");
		close(fd);
		gzip_writer_fini(&w);
		buf_fini(&out);
	}
}

/* A peer's message may hold what looks like the start of a member. */
static void test_raw_hostile(void)
{
	static uint8_t noise[100000];
	struct gzip_writer w;
	struct buf out;
	uint64_t raw = 0;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 0, 0, 0); /* level 0: as it came */
	gzip_writer_record(&w, 1);
	memcpy(noise + 50000, out.data, GZIP_HEADER);
	gzip_writer_append(&w, noise, sizeof noise);
	gzip_writer_close(&w);
	int fd = memory_file(out.data, out.len);
	ok(memmem(out.data + 1, out.len - 1, out.data, GZIP_SIGNATURE) != NULL,
	   "there is what looks like a member");
	ok(log_tail_raw(fd, &raw) == 0 && raw == sizeof noise, "it is not taken for one");
	close(fd);
	gzip_writer_fini(&w);
	buf_fini(&out);
}

int main(void)
{
	uint64_t seq;

	test_finished();
	test_torn();
	test_damaged();
	test_hostile_text();
	is_int(tail_of("", 0, &seq), ERR_END, "an empty file has no record");
	is_int(tail_of("no member", 9, &seq), ERR_CORRUPT, "nor has one without a member");
	is_int(log_tail_seq(-1, LOG_SESSION, &seq), ERR_SYSTEM, "no file is an error");
	test_raw();
	test_raw_hostile();
	return tap_done();
}
