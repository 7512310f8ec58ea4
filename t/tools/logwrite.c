/*
 * logwrite.c: write a log directory as the logger does, for the tests of the reader.
 *
 *     logwrite [-k] [-n SENSOR] [-o] [-r N] [-s SEQ] [-t TIME] DIR FILE...
 *
 * Each FILE is a raw message; a session has three.  -r: new files after N messages (0: never).
 * -k: leave the last files as .part, flushed but not ended.  -n: the sensor of the records.  -o: one
 * more raw message without a record.  -s: the first seq and file number.  -t: the time of the first, seconds since 1970.
 * Prints a line a message: session id, message id, FILE.
 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file_io.h"
#include "gzip_writer.h"
#include "log_name.h"
#include "mbox.h"
#include "record.h"
#include "uuid.h"

#define ROOM (64u * 1024 * 1024)
#define SESSION_MESSAGES 3

/* A file that is being written. */
struct stream {
	struct log_name name;
	int fd;
	uint64_t written, seq;
	struct buf out;
	struct gzip_writer gz;
};

static struct {
	bool keep_part, orphan;
	unsigned rotate;
	const char *sensor;
	uint64_t seq, time; /* time in microseconds */
} option = {.sensor = "mx.example.net", .seq = 1, .time = 1763807400000000};

static const char *dir;
static struct stream streams[LOG_STREAM_COUNT];
static struct uuid_state uuids;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "logwrite: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void path_of(const struct log_name *n, char *path, size_t cap)
{
	char name[LOG_NAME_MAX];

	log_name_format(n, name);
	snprintf(path, cap, "%s/%s", dir, name);
}

static void stream_open(enum log_stream which, uint64_t file_seq)
{
	struct stream *s = &streams[which];
	char path[4096];

	s->name = (struct log_name){which, option.time / 1000000, file_seq, true};
	path_of(&s->name, path, sizeof path);
	s->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (s->fd < 0)
		die(path);
	buf_init_heap(&s->out, ROOM);
	s->written = 0;
	gzip_writer_init(&s->gz, &s->out, 6, 0, 0);
}

static void stream_write(struct stream *s)
{
	if (s->out.failed || file_write_at(s->fd, s->out.data, s->out.len, s->written) != 0)
		die("write");
	s->written += s->out.len;
	buf_reset(&s->out);
}

static void stream_close(struct stream *s, bool keep_part)
{
	char part[4096], finished[4096];

	if (keep_part)
		gzip_writer_flush(&s->gz);
	else
		gzip_writer_close(&s->gz);
	stream_write(s);
	gzip_writer_fini(&s->gz);
	buf_fini(&s->out);
	close(s->fd);
	if (keep_part)
		return;
	path_of(&s->name, part, sizeof part);
	s->name.part = false;
	path_of(&s->name, finished, sizeof finished);
	if (rename(part, finished) != 0)
		die(part);
}

static void new_id(uint8_t id[UUID_BYTES])
{
	static uint64_t n;
	uint8_t random[UUID_RANDOM] = {0};

	n++;
	for (int i = 0; i < UUID_RANDOM; i++)
		random[i] = (uint8_t)(n * 0x9e3779b97f4a7c15u >> (8 * i));
	uuid_make(&uuids, option.time, random, id);
}

static uint8_t *read_file(const char *path, size_t *len_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t size;
	uint8_t *bytes;

	if (fd < 0 || file_size(fd, &size) != 0 || (bytes = malloc(size + 1)) == NULL ||
	    file_read_at(fd, bytes, size, 0, len_r) != 0)
		die(path);
	close(fd);
	return bytes;
}

static void put_mail(const uint8_t id[UUID_BYTES], const uint8_t *raw, size_t len)
{
	struct stream *s = &streams[LOG_MAIL];
	struct mbox_filter quote = {0};
	struct buf b;
	char text[UUID_TEXT];

	uuid_format(id, text);
	buf_init_heap(&b, ROOM);
	mbox_put_separator(&b, option.time / 1000000);
	buf_printf(&b, "Return-Path: <sender@example.org>\r\nDelivered-To: rcpt@example.com\r\n");
	buf_printf(&b, "Received: from x\r\n\tby y\r\nX-Trap-Id: %s\r\nX-Trap-Size: %zu\r\n", text,
		   len);
	mbox_quote(&quote, raw, len, &b);
	mbox_quote_end(&quote, &b);
	gzip_writer_append(&s->gz, b.data, b.len);
	buf_fini(&b);
}

static void put_record(enum log_stream which, enum record_type type, const struct buf *fields)
{
	struct stream *s = &streams[which];
	struct record_head head = {.type = type, .seq = s->seq++, .sensor = option.sensor};
	struct buf line;

	buf_init_heap(&line, ROOM);
	if (record_encode(&head, fields->data, fields->len, &line) != 0)
		die("record_encode");
	gzip_writer_record(&s->gz, head.seq);
	gzip_writer_append(&s->gz, line.data, line.len);
	buf_fini(&line);
}

static void put_said(struct buf *to, uint64_t us, enum dialogue_dir dir_, const char *text,
		     size_t len)
{
	struct dialogue_entry e = {
	    .us = us, .dir = dir_, .text = (const uint8_t *)text, .len = len};

	record_put_dialogue(to, &e);
}

static void put_session(const uint8_t id[UUID_BYTES])
{
	static const uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7};
	struct dialogue_entry body = {.us = 30000, .body = 4321};
	struct buf f;

	buf_init_heap(&f, ROOM);
	record_put_uuid(&f, FIELD_ID, id);
	record_put_time(&f, FIELD_TS, option.time);
	record_put_ip(&f, FIELD_CLIENT_IP, ip);
	record_put_u64(&f, FIELD_CLIENT_PORT, 45000);
	record_put_u64(&f, FIELD_DURATION_US, 1234567);
	record_put_string(&f, FIELD_HELO, "caf\xe9.example\x1b[2J", 16);
	record_put_text(&f, FIELD_TLS_OUTCOME, "negotiated");
	record_put_text(&f, FIELD_TLS_VERSION, "TLSv1.3");
	put_said(&f, 0, DIALOGUE_SERVER, "220 mx.example.net ESMTP", 24);
	put_said(&f, 10000, DIALOGUE_CLIENT, "EHLO caf\xe9.example\x1b[2J", 21);
	put_said(&f, 10100, DIALOGUE_SERVER, "250-mx.example.net\r\n250 SIZE", 28);
	put_said(&f, 20000, DIALOGUE_EVENT, "tls TLSv1.3", 11);
	record_put_dialogue(&f, &body);
	put_record(LOG_SESSION, RECORD_SESSION, &f);
	buf_fini(&f);
}

static void put_message(const uint8_t id[UUID_BYTES], const uint8_t session[UUID_BYTES],
			const uint8_t *raw, size_t len, const char *subject)
{
	struct stream *s = &streams[LOG_MAIL];
	uint8_t digest[32];
	char name[LOG_NAME_MAX];
	struct log_name finished = s->name;
	struct buf f;

	finished.part = false;
	log_name_format(&finished, name);
	gnutls_hash_fast(GNUTLS_DIG_SHA256, raw, len, digest);
	gzip_writer_record(&s->gz, s->seq++);
	buf_init_heap(&f, ROOM);
	record_put_uuid(&f, FIELD_ID, id);
	record_put_time(&f, FIELD_TS, option.time);
	record_put_uuid(&f, FIELD_SESSION_ID, session);
	record_put_text(&f, FIELD_MAIL_FROM, "sender@example.org");
	record_put_text(&f, FIELD_RCPT_TO, "rcpt@example.com");
	record_put_text(&f, FIELD_RCPT_TO, "other@example.com");
	record_put_u64(&f, FIELD_SIZE, len);
	record_put_hex(&f, FIELD_SHA256, digest, sizeof digest);
	record_put_text(&f, FIELD_VERDICT, "accepted");
	record_put_text(&f, FIELD_SUBJECT, subject);
	record_put_text(&f, FIELD_MAIL_FILE, name);
	record_put_u64(&f, FIELD_MAIL_OFFSET, s->gz.at.raw);
	record_put_u64(&f, FIELD_MAIL_MEMBER, s->gz.at.member_at);
	record_put_u64(&f, FIELD_MAIL_MEMBER_SKIP, s->gz.at.member_raw);
	put_mail(id, raw, len);
	put_record(LOG_MESSAGE, RECORD_MESSAGE, &f);
	buf_fini(&f);
}

static void open_all(uint64_t file_seq)
{
	for (enum log_stream s = 0; s < LOG_STREAM_COUNT; s++)
		stream_open(s, file_seq);
}

static void flush_all(void)
{
	for (enum log_stream s = 0; s < LOG_STREAM_COUNT; s++) {
		gzip_writer_flush(&streams[s].gz);
		stream_write(&streams[s]);
	}
}

static void close_all(bool keep_part)
{
	for (enum log_stream s = 0; s < LOG_STREAM_COUNT; s++)
		stream_close(&streams[s], keep_part);
}

static void store(char **files, int count)
{
	uint8_t session[UUID_BYTES], id[UUID_BYTES];
	char session_text[UUID_TEXT], text[UUID_TEXT];
	uint64_t file_seq = option.seq;

	open_all(file_seq);
	for (int i = 0; i < count; i++, option.time += 1000000) {
		size_t len;
		uint8_t *raw = read_file(files[i], &len);

		if (option.rotate > 0 && i > 0 && (unsigned)i % option.rotate == 0) {
			close_all(false);
			open_all(++file_seq);
		}
		if (i % SESSION_MESSAGES == 0)
			new_id(session);
		new_id(id);
		put_message(id, session, raw, len, files[i]);
		if (i % SESSION_MESSAGES == SESSION_MESSAGES - 1 || i == count - 1)
			put_session(session);
		flush_all();
		uuid_format(session, session_text);
		uuid_format(id, text);
		printf("%s %s %s\n", session_text, text, files[i]);
		free(raw);
	}
	if (option.orphan) {
		new_id(id);
		gzip_writer_record(&streams[LOG_MAIL].gz, streams[LOG_MAIL].seq);
		put_mail(id, (const uint8_t *)"orphan\r\n", 8);
	}
	close_all(option.keep_part);
}

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "kn:or:s:t:")) != -1) {
		if (o == 'k')
			option.keep_part = true;
		else if (o == 'n')
			option.sensor = optarg;
		else if (o == 'o')
			option.orphan = true;
		else if (o == 'r')
			option.rotate = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 's')
			option.seq = strtoull(optarg, NULL, 10);
		else if (o == 't')
			option.time = strtoull(optarg, NULL, 10) * 1000000;
		else
			return 2;
	}
	if (argc - optind < 1)
		return 2;
	dir = argv[optind];
	for (enum log_stream s = 0; s < LOG_STREAM_COUNT; s++)
		streams[s].seq = option.seq;
	store(argv + optind + 1, argc - optind - 1);
	return 0;
}
