/*
 * intake_lab.h: the logger's inside without its process: intake, store and streams in a
 * temporary directory, frames made by hand, and the library's readers to look at the files.
 */
#ifndef SMTPTRAP_INTAKE_LAB_H
#define SMTPTRAP_INTAKE_LAB_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/logger_dir.h"
#include "../../src/logger_intake.h"
#include "err.h"
#include "log_dir.h"
#include "log_read.h"
#include "mail_read.h"
#include "record.h"

#define LAB_SLOTS 64
#define LAB_ADDRESSES 1000
#define LAB_SESSIONS 100 /* that a worker may serve */
#define LAB_MASTER UINT64_C(0x6d61737465720001)

struct lab {
	char path[64];
	int dir;
	struct conf conf;
	struct ack_board *ack; /* shared, so that it outlives a process that is killed */
	struct store store;
	struct address_table *table;
	struct memory memory;
	struct intake intake;
};

/* The bytes of one record, and its parts' lengths as they are told to the logger. */
struct lab_message {
	struct buf bytes;
	struct frame_message sizes;
};

__attribute__((unused)) static void lab_die(const char *what)
{
	perror(what);
	exit(99);
}

/* The logger's state, in a directory that is empty. */
__attribute__((unused)) static void lab_open(struct lab *lab)
{
	lab->dir = open(lab->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lab->dir < 0)
		lab_die(lab->path);
	store_init(&lab->store, &lab->conf, lab->dir, lab->ack);
	lab->table = aligned_alloc(64, rate_memory_size(LAB_ADDRESSES));
	if (lab->table == NULL)
		lab_die("aligned_alloc");
	memset(lab->table, 0, rate_memory_size(LAB_ADDRESSES));
	memory_init(&lab->memory, &lab->conf, lab->table, &lab->store, lab->dir);
	if (intake_init(&lab->intake, &lab->store, &lab->memory, LAB_MASTER, LAB_SLOTS) < 0)
		lab_die("intake_init");
}

/* The logger starts in lab->path; what stands there is mended.  (The directory stays locked as
 * long as the process lives, so once a directory.) */
__attribute__((unused)) static void lab_start(struct lab *lab)
{
	lab_open(lab);
	logger_dir_start(lab->dir, lab->store.stream);
}

/* A new directory and board. */
__attribute__((unused)) static void lab_prepare(struct lab *lab)
{
	*lab = (struct lab){.dir = -1,
			    .conf = {.sensor = "lab",
				     .memory = {.addresses = LAB_ADDRESSES,
						.save_us = UINT64_C(60000000),
						.tls_failures = 2,
						.tls_within_us = UINT64_C(3600000000)},
				     .limits = {.message_size = 1024 * 1024},
				     .log = {.rotate_size = 64 << 20,
					     .rotate_age_us = UINT64_C(3600000000),
					     .compression = 1}}};
	snprintf(lab->path, sizeof lab->path, "%s/smtptrap-intake-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(lab->path) == NULL)
		lab_die(lab->path);
	lab->ack = mmap(NULL, ack_board_size(LAB_SLOTS), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lab->ack == MAP_FAILED)
		lab_die("mmap");
}

/* Forget the logger's state as the end of its process does; its files stay. */
__attribute__((unused)) static void lab_stop(struct lab *lab)
{
	for (int i = 0; i < LOG_STREAM_COUNT; i++) {
		struct stream *s = &lab->store.stream[i];

		if (s->state != STREAM_CLOSED) {
			gzip_writer_fini(&s->gz);
			close(s->fd);
		}
		buf_fini(&s->out);
	}
	for (int i = 0; i < 2; i++)
		buf_fini(&lab->store.later[i].records);
	buf_fini(&lab->store.json);
	buf_fini(&lab->store.quoted);
	buf_fini(&lab->store.fields);
	buf_fini(&lab->store.trace);
	unique_fini(&lab->store.unique);
	buf_fini(&lab->intake.whole.head);
	buf_fini(&lab->intake.streamed.head);
	for (int i = 0; i < INTAKE_BUFFERS; i++)
		free(lab->intake.buffer[i]);
	free(lab->intake.slot);
	free(lab->table);
	close(lab->dir);
}

__attribute__((unused)) static void lab_remove(struct lab *lab)
{
	DIR *d = opendir(lab->path);

	for (const struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(lab->path);
	munmap(lab->ack, ack_board_size(LAB_SLOTS));
}

/* ---- frames ---- */

__attribute__((unused)) static uint64_t lab_cookie(uint32_t slot)
{
	return UINT64_C(0x1000) + slot;
}

__attribute__((unused)) static void lab_frame(struct lab *lab, struct frame_header h,
					      const void *payload, size_t len)
{
	uint8_t packet[FRAME_MAX];

	h.magic = FRAME_MAGIC;
	h.version = FRAME_VERSION;
	h.length = (uint16_t)len;
	memcpy(packet, &h, sizeof h);
	if (len > 0)
		memcpy(packet + sizeof h, payload, len);
	intake_frame(&lab->intake, packet, sizeof h + len);
}

__attribute__((unused)) static void lab_hello(struct lab *lab, uint32_t slot)
{
	const struct frame_hello hello = {
	    .slot = slot, .cookie = lab_cookie(slot), .sessions = LAB_SESSIONS};

	lab_frame(lab,
		  (struct frame_header){
		      .type = FRAME_HELLO, .slot = FRAME_SLOT_MASTER, .cookie = LAB_MASTER},
		  &hello, sizeof hello);
}

/* words: the fields of its last words, or NULL. */
__attribute__((unused)) static void lab_dead(struct lab *lab, uint32_t slot,
					     const struct buf *words)
{
	uint8_t payload[FRAME_PAYLOAD_MAX];
	size_t len = words ? words->len : 0;

	memcpy(payload, &slot, sizeof slot);
	if (words)
		memcpy(payload + sizeof slot, words->data, len);
	lab_frame(lab,
		  (struct frame_header){
		      .type = FRAME_DEAD, .slot = FRAME_SLOT_MASTER, .cookie = LAB_MASTER},
		  payload, sizeof slot + len);
}

__attribute__((unused)) static struct frame_header lab_head(uint32_t slot, uint32_t seq,
							    enum frame_type type, unsigned flags)
{
	return (struct frame_header){.type = (uint8_t)type,
				     .slot = slot,
				     .cookie = lab_cookie(slot),
				     .seq = seq,
				     .flags = (uint16_t)flags};
}

__attribute__((unused)) static void lab_request(struct lab *lab, uint32_t slot, uint32_t seq,
						size_t want)
{
	uint32_t n = (uint32_t)want;

	lab_frame(lab, lab_head(slot, seq, FRAME_REQUEST, FRAME_FIRST | FRAME_LAST), &n, sizeof n);
}

/* Send bytes from..to of a granted record of total bytes, with the flags that belong there. */
__attribute__((unused)) static void lab_piece(struct lab *lab, uint32_t slot, uint32_t seq,
					      enum frame_type type, const struct buf *b,
					      size_t from, size_t to)
{
	while (from < to) {
		size_t len = to - from < FRAME_PAYLOAD_MAX ? to - from : FRAME_PAYLOAD_MAX;
		unsigned flags = (from == 0 ? FRAME_FIRST : 0) |
				 (from + len == b->len ? FRAME_LAST : 0) | FRAME_WANT_ACK;

		lab_frame(lab, lab_head(slot, seq, type, flags), b->data + from, len);
		from += len;
	}
}

/* What the board says to a slot, if it speaks of this record; else -1. */
__attribute__((unused)) static int lab_word(const struct lab *lab, uint32_t slot, uint32_t seq)
{
	uint32_t word = atomic_load(&lab->ack->word[slot]);

	return word >> 2 == seq ? (int)(word & 3) : -1;
}

/* ---- records ---- */

__attribute__((unused)) static void lab_id(uint32_t number, uint8_t id_r[UUID_BYTES])
{
	memset(id_r, 0, UUID_BYTES);
	id_r[6] = 0x70;
	id_r[8] = 0x80;
	memcpy(id_r + 12, &number, sizeof number);
}

__attribute__((unused)) static void lab_fields(struct buf *to, uint32_t number)
{
	uint8_t id[UUID_BYTES];

	lab_id(number, id);
	record_put_uuid(to, FIELD_ID, id);
	record_put_time(to, FIELD_TS, UINT64_C(1700000000000000) + number);
}

#define LAB_NOISE 512 /* messages from this number on do not get smaller by compression */

/* The byte at `at` of the message with this number: lines, some of which want quoting. */
__attribute__((unused)) static uint8_t lab_byte(uint32_t number, size_t at)
{
	static const char lines[] = "From here on\r\n>From there\r\ntext that is text\r\n";

	if (number >= LAB_NOISE)
		return (uint8_t)((at * at * 2654435761u + at * number) >> 13);
	return (uint8_t)(at % 7 == number % 7 ? 'a' + at % 26
					      : (size_t)lines[at % (sizeof lines - 1)]);
}

/* Put the sizes in front of what follows them. */
__attribute__((unused)) static void lab_sizes(struct lab_message *m)
{
	memcpy(m->bytes.data, &m->sizes, sizeof m->sizes);
}

/* A message with this number and these bytes; release with buf_fini(&m->bytes). */
__attribute__((unused)) static void lab_message_of(struct lab_message *m, uint32_t number,
						   const uint8_t *data, size_t size)
{
	uint8_t id[UUID_BYTES], digest[DIGEST_SHA256];
	struct body_start start = {0};
	char text[UUID_TEXT];
	struct buf *b = &m->bytes;
	size_t body = body_start_feed(&start, data, size);

	buf_init_heap(b, 64u << 20);
	m->sizes = (struct frame_message){0};
	buf_put(b, &m->sizes, sizeof m->sizes);
	size_t from = b->len;
	lab_fields(b, number);
	record_put_u64(b, FIELD_SIZE, size);
	if (digest_sha256(data, size, digest) != 0)
		lab_die("digest");
	record_put_hex(b, FIELD_SHA256, digest, sizeof digest);
	if (digest_sha256(data + body, size - body, digest) != 0)
		lab_die("digest");
	record_put_hex(b, FIELD_BODY_SHA256, digest, sizeof digest);
	m->sizes.fields_len = (uint32_t)(b->len - from);
	from = b->len;
	lab_id(number, id);
	uuid_format(id, text);
	buf_printf(b, "Return-Path: <>\r\nX-Trap-Id: %s\r\nX-Trap-Size: %zu\r\n", text, size);
	m->sizes.trace_len = (uint32_t)(b->len - from);
	buf_put(b, data, size);
	m->sizes.data_len = size;
	lab_sizes(m);
}

/* The same with so many bytes of its own. */
__attribute__((unused)) static void lab_message(struct lab_message *m, uint32_t number, size_t size)
{
	uint8_t *data = malloc(size + 1);

	if (data == NULL)
		lab_die("malloc");
	for (size_t i = 0; i < size; i++)
		data[i] = lab_byte(number, i);
	lab_message_of(m, number, data, size);
	free(data);
}

/* Ask and send all of it; what becomes of it stands on the board after the next commit. */
__attribute__((unused)) static void lab_send(struct lab *lab, uint32_t slot, uint32_t seq,
					     const struct buf *bytes)
{
	lab_request(lab, slot, seq, bytes->len);
	if (lab_word(lab, slot, seq) == ACK_GRANTED)
		lab_piece(lab, slot, seq, FRAME_MESSAGE, bytes, 0, bytes->len);
}

/* ---- files ---- */

/* What the files hold. */
struct lab_census {
	unsigned sessions, messages, mails; /* records, and raw messages */
	unsigned wrong;            /* raw messages whose bytes are not those that were sent */
	unsigned mail_of[1024];    /* how often the raw message of this number stands there */
	unsigned message_of[1024]; /* and its record */
	unsigned session_of[1024];
	int error; /* the last error of a reader, 0: none */
};

__attribute__((unused)) static uint32_t lab_number(const uint8_t id[UUID_BYTES])
{
	uint32_t number;

	memcpy(&number, id + 12, sizeof number);
	return number & 1023;
}

__attribute__((unused)) static void lab_count_lines(struct lab_census *c, int fd, bool session,
						    bool part)
{
	struct log_reader r;
	const uint8_t *line;
	size_t len;
	int rc = log_reader_open(&r, fd, 0);

	while (rc == 0 && (rc = log_reader_next(&r, &line, &len)) == 1) {
		const uint8_t *at = memmem(line, len, "\"id\":\"", 6);
		uint8_t id[UUID_BYTES] = {0};

		if (at == NULL || uuid_parse((const char *)at + 6, UUID_TEXT - 1, id) != 0)
			c->error = -99;
		(session ? c->session_of : c->message_of)[lab_number(id)]++;
		*(session ? &c->sessions : &c->messages) += 1;
		rc = 0;
	}
	if (rc < 0 && !(part && rc == ERR_END))
		c->error = rc;
	log_reader_close(&r);
}

__attribute__((unused)) static void lab_count_mails(struct lab_census *c, int fd, bool part)
{
	struct mail_reader r;
	struct mail_head head;
	int rc = mail_reader_open(&r, fd, 0, 0);

	while (rc == 0 && (rc = mail_reader_head(&r, &head)) == 1) {
		uint32_t number = lab_number(head.id);
		const uint8_t *bytes;
		size_t len, at = 0;
		bool right = true;

		while ((rc = mail_reader_data(&r, &bytes, &len)) == 1)
			for (size_t i = 0; i < len; i++, at++)
				right = right && bytes[i] == lab_byte(number, at);
		c->mails++;
		c->mail_of[number]++;
		c->wrong += !right;
	}
	if (rc < 0 && !(part && rc == ERR_END))
		c->error = rc;
	mail_reader_close(&r);
}

/* Read all files as a reader would; those being written, too. */
__attribute__((unused)) static struct lab_census lab_read(const struct lab *lab)
{
	struct lab_census c = {0};
	struct log_dir d;

	if (log_dir_open(&d, lab->path) != 0)
		lab_die(lab->path);
	for (size_t i = 0; i < d.count; i++) {
		int fd = -1;

		if (log_dir_open_file(&d, &d.names[i], &fd) != 0)
			lab_die(lab->path);
		if (d.names[i].stream == LOG_MAIL)
			lab_count_mails(&c, fd, d.names[i].part);
		else
			lab_count_lines(&c, fd, d.names[i].stream == LOG_SESSION, d.names[i].part);
		close(fd);
	}
	log_dir_close(&d);
	return c;
}

#endif
