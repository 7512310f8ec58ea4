/*
 * The gzip writer: members, marks, roll-back, as gzip(1) and a scan for members see them.
 */
#include "gzip_writer.h"

#include "err.h"
#include "gzip_files.h"
#include "gzip_isal_deflate.h"
#include "gzip_reader.h"

#define ROOM (8u * 1024 * 1024)
static uint8_t text[ROOM], expected[ROOM];
static const struct gzip_deflater *deflater; /* NULL: zlib */

static int begin(struct gzip_writer *w, struct buf *out, int level, uint64_t size, uint64_t raw)
{
	int rc = gzip_writer_init(w, out, level, size, raw);

	return rc < 0 || deflater == NULL ? rc : gzip_writer_use(w, deflater);
}

/* The content of out is what zcat makes of these records. */
static void is_records(const struct buf *out, uint64_t first, uint64_t last, const char *title)
{
	size_t len, want = plain_records(expected, first, last);
	int fd = memory_file(out->data, out->len);
	int rc = zcat(fd, text, sizeof text, &len);

	close(fd);
	is_int(rc, 0, "zcat is content");
	ok(len == want && memcmp(text, expected, len) == 0, "%s", title);
}

static void test_one_member(void)
{
	struct gzip_writer w;
	struct buf out;

	buf_init_heap(&out, ROOM);
	is_int(begin(&w, &out, 6, 0, 0), 0, "a writer is made");
	is_int(gzip_writer_flush(&w), 0, "a flush before the first record");
	is_int(gzip_writer_close(&w), 0, "and a close");
	is_int((int64_t)out.len, 0, "write nothing");
	write_records(&w, 1, 100);
	gzip_writer_flush(&w);
	size_t flushed = out.len;
	gzip_writer_flush(&w);
	is_int((int64_t)out.len, (int64_t)flushed, "a second flush writes nothing");
	ok(memcmp(out.data + out.len - 4, "\0\0\xff\xff", 4) == 0, "a flush ends in 00 00 FF FF");
	is_int((int64_t)w.at.size, (int64_t)out.len, "the compressed length is told");
	is_int((int64_t)w.at.raw, (int64_t)plain_records(expected, 1, 100), "and the raw one");
	gzip_writer_close(&w);
	ok(!w.at.open, "after close no member is open");
	is_records(&out, 1, 100, "all records are there");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

static void test_members(void)
{
	struct gzip_writer w;
	struct gzip_member m;
	struct buf out;
	uint64_t at = 0, members = 0, wrong = 0;

	buf_init_heap(&out, ROOM);
	begin(&w, &out, 1, 0, 0);
	write_records(&w, 1001, 16000);
	gzip_writer_close(&w);
	is_records(&out, 1001, 16000, "15,000 records are there");
	int fd = memory_file(out.data, out.len);
	for (; gzip_member_after(fd, at, &at, &m) == 1; at++, members++) {
		size_t before = plain_records(expected, 1001, m.first_seq - 1);
		wrong += before != m.raw_offset;
		wrong += members > 0 && m.raw_offset < members * GZIP_MEMBER_RAW;
		wrong += members > 0 && m.raw_offset > members * (GZIP_MEMBER_RAW + 512);
	}
	is_int((int64_t)members, 4, "in a member a MiB");
	is_int((int64_t)wrong, 0, "whose headers tell the first record and its offset");
	is_int(gzip_member_before(fd, out.len, &at, &m), 1, "the last is found from the end");
	ok(at == w.at.member_at, "where the writer said it starts");
	is_int(gzip_member_before(fd, at, &at, &m), 1, "and the one before it");
	is_int(gzip_member_before(fd, 0, &at, &m), 0, "there is none before the file");
	close(fd);
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* Writing goes wrong after a mark; what is after the mark is forgotten. */
static void test_rollback(int level)
{
	struct gzip_writer w;
	struct gzip_mark mark;
	struct buf out, file;

	buf_init_heap(&out, ROOM);
	buf_init_heap(&file, ROOM);
	begin(&w, &out, level, 0, 0);
	write_records(&w, 1, 50);
	gzip_writer_flush(&w);
	buf_put(&file, out.data, out.len);
	buf_reset(&out);
	mark = w.at;
	write_records(&w, 51, 5000);
	gzip_writer_flush(&w);
	is_int(gzip_writer_rollback(&w, &mark), 0, "the writer goes back to a mark");
	is_int((int64_t)out.len, GZIP_END, "and ends the member by hand");
	is_int(gzip_writer_rollback(&w, &mark), 0, "and again, if that could not be written");
	is_int((int64_t)out.len, GZIP_END, "with the same bytes");
	ok(w.at.raw == mark.raw && w.at.size == mark.size + GZIP_END && !w.at.open,
	   "it knows where it is");
	write_records(&w, 51, 60);
	gzip_writer_close(&w);
	buf_put(&file, out.data, out.len);
	is_records(&file, 1, 60, "nothing is missing and nothing is there twice");
	mark = w.at;
	write_records(&w, 61, 62);
	gzip_writer_rollback(&w, &mark);
	is_int((int64_t)out.len, 0, "between members there is nothing to end");
	gzip_writer_fini(&w);
	buf_fini(&file);
	buf_fini(&out);
}

static void test_append_to_file(void)
{
	struct gzip_writer w;
	struct gzip_member m;
	struct gzip_mark end;
	struct buf out;
	uint64_t at;

	buf_init_heap(&out, ROOM);
	begin(&w, &out, 6, 0, 0);
	write_records(&w, 1, 10);
	gzip_writer_close(&w);
	end = w.at;
	gzip_writer_fini(&w);
	begin(&w, &out, 6, end.size, end.raw);
	write_records(&w, 11, 20);
	is_int((int64_t)w.at.member_at, (int64_t)end.size, "a file is continued where it ended");
	gzip_writer_close(&w);
	int fd = memory_file(out.data, out.len);
	gzip_member_after(fd, 1, &at, &m);
	ok(at == end.size && m.first_seq == 11 && m.raw_offset == end.raw, "with a new member");
	close(fd);
	is_records(&out, 1, 20, "that zcat reads on into");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* More than the room for output at once, in one piece and byte by byte. */
static void test_noise(size_t piece)
{
	const size_t len = 5u * GZIP_OUT_ROOM + 7;
	struct gzip_writer w;
	struct buf out;
	size_t got;

	buf_init_heap(&out, ROOM);
	begin(&w, &out, 3, 0, 0);
	for (size_t i = 0; i < len; i++)
		expected[i] = (uint8_t)random();
	gzip_writer_record(&w, 1);
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		gzip_writer_append(&w, expected + at, n);
	}
	gzip_writer_flush(&w);
	is_int((int64_t)w.at.size, (int64_t)out.len, "all of what cannot be compressed is written");
	ok(memcmp(out.data + out.len - 4, "\0\0\xff\xff", 4) == 0, "up to a flush");
	gzip_writer_close(&w);
	int fd = memory_file(out.data, out.len);
	ok(zcat(fd, text, sizeof text, &got) == 0 && got == len && memcmp(text, expected, len) == 0,
	   "zcat reads what came in pieces of %zu", piece);
	close(fd);
	gzip_writer_fini(&w);
	buf_fini(&out);
}

/* Messages of a spam run have the same body: each after the first costs little. */
static void test_same(void)
{
	uint8_t body[4000];
	struct gzip_writer w;
	struct buf out;
	size_t first = 0;

	buf_init_heap(&out, ROOM);
	begin(&w, &out, 3, 0, 0);
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)random();
	for (uint64_t i = 1; i <= 200; i++) {
		gzip_writer_record(&w, i);
		gzip_writer_append(&w, body, sizeof body);
		if (i % 9 == 0)
			gzip_writer_flush(&w);
		if (i == 9)
			first = out.len;
	}
	gzip_writer_close(&w);
	ok(out.len - first < 191 * sizeof body / 40,
	   "what comes again becomes a fortieth: %zu bytes", out.len - first);
	gzip_writer_fini(&w);
	buf_fini(&out);
}

static void test_full(void)
{
	struct gzip_writer w;
	struct gzip_mark mark;
	struct buf out;

	buf_init_heap(&out, 100u * 1024);
	begin(&w, &out, 0, 0, 0);
	mark = w.at;
	is_int(write_records(&w, 1, 1000), ERR_FULL, "a full buffer is told");
	is_int(gzip_writer_rollback(&w, &mark), 0, "and can be rolled back");
	write_records(&w, 1, 10);
	is_int(gzip_writer_close(&w), 0, "after which writing goes on");
	is_records(&out, 1, 10, "from the mark");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

static void test_header(void)
{
	uint8_t header[GZIP_HEADER] = {0};
	struct gzip_writer w;
	struct gzip_member m;
	struct buf out;

	buf_init_heap(&out, ROOM);
	begin(&w, &out, 6, 5, 0x1122334455667788);
	gzip_writer_record(&w, 0x99aabbccddeeff00);
	is_mem(out.data, out.len,
	       "\x1f\x8b\x08\x04\0\0\0\0\0\x03\x14\0ST\x10\0"
	       "\0\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44\x33\x22\x11",
	       GZIP_HEADER, "a member's header is as documented");
	memcpy(header, out.data, sizeof header);
	is_int(gzip_member_parse(header, sizeof header, &m), 0, "and is read");
	ok(m.first_seq == 0x99aabbccddeeff00 && m.raw_offset == 0x1122334455667788,
	   "with its numbers");
	is_int(gzip_member_parse(header, sizeof header - 1, &m), ERR_FORMAT, "a short one is not");
	header[13] = 'U';
	is_int(gzip_member_parse(header, sizeof header, &m), ERR_FORMAT, "nor another subfield");
	gzip_writer_fini(&w);
	buf_fini(&out);
}

static void test_all(void)
{
	test_header();
	test_one_member();
	test_members();
	test_rollback(6);
	test_rollback(0);
	test_append_to_file();
	test_noise(8 * GZIP_OUT_ROOM);
	test_noise(1000);
	test_noise(1);
	test_same();
	if (deflater == NULL)
		test_full(); /* level 0 fills it */
}

int main(void)
{
	test_all();
#ifdef HAVE_ISAL
	printf("# ISA-L\n");
	deflater = &gzip_isal_deflater;
	test_all();
#endif
	return tap_done();
}
