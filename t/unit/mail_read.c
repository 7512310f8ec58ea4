/*
 * Messages read back from a mail file to the byte: in every chunking, in order, by offset; growing,
 * torn and wrong files.
 */
#include "mail_read.h"

#include "err.h"
#include "gzip_files.h"

#define ROOM (16u * 1024 * 1024)
#define ID "019aab3e-0c1f-7a62-8d5c-2f6f9a1b7c11"

static const char *const raws[] = {
    "",      "a",      "a\r\n",         "From ",     "From",
    ">From", ">From ", ">Fro",          ">",         ">>From x",
    "\n",    "\n\n",   "x\n>",          "x\n>From",  "\n>From ",
    ">>>>",  "F",      ">From\n>From ", "Fr\nom \n", "X-Trap-Size: 9\r\n",
};
#define RAWS (sizeof raws / sizeof *raws)

static void put_message(struct buf *out, const char *raw, size_t len)
{
	struct mbox_filter quote = {0};

	mbox_put_separator(out, 0);
	buf_printf(out, "Return-Path: <>\r\nX-Trap-Id: " ID "\r\nX-Trap-Size: %zu\r\n", len);
	mbox_quote(&quote, raw, len, out);
	mbox_quote_end(&quote, out);
}

/* Compress, ending a member (0), flushing (1) or neither after each `step` bytes. */
static int make_file(const struct buf *plain, size_t step, bool members)
{
	struct gzip_writer w;
	struct buf out;

	buf_init_heap(&out, ROOM);
	gzip_writer_init(&w, &out, 1, 0, 0);
	for (size_t at = 0; at < plain->len; at += step) {
		gzip_writer_record(&w, at);
		gzip_writer_append(&w, plain->data + at,
				   plain->len - at < step ? plain->len - at : step);
		if (members)
			gzip_writer_close(&w);
	}
	gzip_writer_close(&w);
	int fd = memory_file(out.data, out.len);
	gzip_writer_fini(&w);
	buf_fini(&out);
	return fd;
}

/* Read one message's data and compare. */
static int read_raw(struct mail_reader *r, const char *raw, size_t len, unsigned *wrong)
{
	const uint8_t *bytes;
	size_t got = 0, n;
	int rc;

	while ((rc = mail_reader_data(r, &bytes, &n)) == 1) {
		*wrong += n > len - got || memcmp(bytes, raw + got, n) != 0;
		got += n;
	}
	*wrong += rc == 0 && got != len;
	return rc;
}

static void test_all(const struct buf *plain, size_t step)
{
	struct mail_reader r;
	struct mail_head head;
	unsigned wrong = 0;
	int fd = make_file(plain, step, true);

	mail_reader_open(&r, fd, 0, 0);
	for (size_t i = 0; i < RAWS; i++) {
		wrong += mail_reader_head(&r, &head) != 1;
		wrong += head.size != strlen(raws[i]);
		wrong += read_raw(&r, raws[i], strlen(raws[i]), &wrong) != 0;
	}
	is_int(mail_reader_head(&r, &head), 0, "after the last message is the end");
	ok(wrong == 0, "all are as they were, in members of %zu bytes", step);
	mail_reader_close(&r);
	close(fd);
}

/* Every second message is not read; then some are gone to by offset. */
static void test_skip(const struct buf *plain)
{
	struct mail_reader r;
	struct mail_head head;
	uint64_t offsets[RAWS];
	unsigned wrong = 0;
	int fd = make_file(plain, plain->len, false);

	mail_reader_open(&r, fd, 0, 0);
	for (size_t i = 0; i < RAWS; i++) {
		wrong += mail_reader_head(&r, &head) != 1;
		offsets[i] = head.offset;
		if (i % 2 == 0)
			wrong += read_raw(&r, raws[i], strlen(raws[i]), &wrong) != 0;
	}
	for (size_t i = RAWS; i-- > 0;) {
		mail_reader_seek(&r, 0, 0);
		wrong += mail_reader_skip(&r, offsets[i]) != 0 || mail_reader_head(&r, &head) != 1;
		wrong += read_raw(&r, raws[i], strlen(raws[i]), &wrong) != 0;
	}
	is_int(wrong, 0, "messages are passed over and gone to by offset");
	is_int(mail_reader_skip(&r, 0), ERR_FORMAT, "there is no way back but seek");
	is_int(mail_reader_skip(&r, plain->len + 1), ERR_END, "nor beyond the end");
	mail_reader_close(&r);
	close(fd);
}

static void test_large(void)
{
	size_t len = 3 * 1000 * 1000;
	char *raw = malloc(len);
	struct mail_reader r;
	struct mail_head head;
	struct buf plain;
	unsigned wrong = 0;

	for (size_t i = 0; i < len; i++)
		raw[i] = "From \n>"[random() % 7];
	buf_init_heap(&plain, ROOM);
	put_message(&plain, raw, len);
	int fd = make_file(&plain, 100000, false);
	mail_reader_open(&r, fd, 0, 0);
	is_int(mail_reader_head(&r, &head), 1, "a large message is there");
	is_int(read_raw(&r, raw, len, &wrong), 0, "and read to its end");
	ok(wrong == 0 && r.out.cap <= 64u * 1024, "as it was, through a small buffer");
	mail_reader_close(&r);
	close(fd);
	buf_fini(&plain);
	free(raw);
}

static const struct {
	const char *title, *plain;
	int head, data;
} wrongs[] = {
    {"no From_ line", "Frim x\n", ERR_FORMAT, 0},
    {"nothing behind the From_ line", "From x\n", ERR_END, 0},
    {"a wrong trace header", "From x\nX-Trap-Size: 1\r\na\n\n", ERR_FORMAT, 0},
    {"half a message", "From x\nX-Trap-Id: " ID "\r\nX-Trap-Size: 5\r\nab", 1, ERR_END},
    {"no end", "From x\nX-Trap-Id: " ID "\r\nX-Trap-Size: 2\r\nab", 1, ERR_END},
    {"half an end", "From x\nX-Trap-Id: " ID "\r\nX-Trap-Size: 2\r\nab\n", 1, ERR_END},
    {"a size that is too small", "From x\nX-Trap-Id: " ID "\r\nX-Trap-Size: 1\r\nab\n\n", 1,
     ERR_FORMAT},
    {"a whole message", "From x\nX-Trap-Id: " ID "\r\nX-Trap-Size: 2\r\nab\n\n", 1, 0},
};

static void test_wrong(void)
{
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		struct buf plain;
		struct mail_reader r;
		struct mail_head head;
		unsigned ignored = 0;

		buf_init_heap(&plain, ROOM);
		buf_put_str(&plain, wrongs[i].plain);
		int fd = make_file(&plain, plain.len, false);
		mail_reader_open(&r, fd, 0, 0);
		int rc = mail_reader_head(&r, &head);
		int data = rc == 1 ? read_raw(&r, "ab", 2, &ignored) : 0;
		ok(rc == wrongs[i].head && data == wrongs[i].data, "%s: %d, %d", wrongs[i].title,
		   rc, data);
		mail_reader_close(&r);
		close(fd);
		buf_fini(&plain);
	}
}

static void test_torn(const struct buf *plain)
{
	int whole = make_file(plain, 50, false);
	static uint8_t bytes[65536];
	size_t len = memory_file_read(whole, bytes, sizeof bytes);
	struct mail_reader r;
	struct mail_head head;
	int rc;

	close(whole);
	int fd = memory_file(bytes, len - 12);
	mail_reader_open(&r, fd, 0, 0);
	while ((rc = mail_reader_head(&r, &head)) == 1)
		;
	is_int(rc, ERR_END, "a torn file is told");
	mail_reader_close(&r);
	bytes[len / 2] ^= 0xff;
	bytes[len / 2 + 1] ^= 0xff;
	close(fd);
	fd = memory_file(bytes, len);
	mail_reader_open(&r, fd, 0, 0);
	while ((rc = mail_reader_head(&r, &head)) == 1)
		;
	ok(rc == ERR_CORRUPT || rc == ERR_FORMAT, "a damaged one is");
	mail_reader_close(&r);
	close(fd);
}

int main(void)
{
	struct mail_reader none = {0};
	struct buf plain;

	buf_init_heap(&plain, ROOM);
	for (size_t i = 0; i < RAWS; i++)
		put_message(&plain, raws[i], strlen(raws[i]));
	for (size_t step = 1; step < 40; step++)
		test_all(&plain, step);
	test_skip(&plain);
	test_large();
	test_wrong();
	test_torn(&plain);
	mail_reader_close(&none);
	buf_fini(&plain);
	return tap_done();
}
