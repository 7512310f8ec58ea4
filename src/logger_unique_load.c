/*
 * logger_unique_load.c: what was stored before this start, so that copies of it are known.
 *
 * Runs in the logger, in its sandbox, before the first frame.  Input: the message logs, newest file
 * first, until the index is full or its time is over.  A record counts if the logger that
 * wrote it says unique_from, which no worker can, and if the mail file is there and long enough.
 */
#include "logger_unique.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "hex.h"
#include "log.h"
#include "log_dir.h"
#include "log_read.h"
#include "log_tail.h"
#include "record_scan.h"

#define LINES_A_LOOK 256 /* between two looks at the clock, at most */

enum {
	SLOT_FROM,
	SLOT_ID,
	SLOT_DIGEST,
	SLOT_FILE,
	SLOT_OFFSET,
	SLOT_MEMBER,
	SLOT_SKIP,
	SLOT_COUNT
};

struct load {
	struct unique *u;
	const struct log_dir *dir;
	struct record_scan scan;
	int slot[SLOT_COUNT];
	uint64_t deadline_us;
	uint64_t lines;
	uint32_t count, base;    /* entries in the ring; those of the files before */
	uint64_t in_file;        /* of this file, also those that had no room */
	char mail[LOG_NAME_MAX]; /* the mail file of the last record */
	struct log_name mail_name;
	uint64_t mail_end; /* its length, uncompressed; 0: it is not there */
	bool mail_opened;  /* since the last look at the clock */
};

static void want(struct load *l)
{
	static const char *const names[] = {
	    [SLOT_FROM] = "unique_from",     [SLOT_ID] = "id",
	    [SLOT_DIGEST] = "sha256",        [SLOT_FILE] = "mail_file",
	    [SLOT_OFFSET] = "mail_offset",   [SLOT_MEMBER] = "mail_member",
	    [SLOT_SKIP] = "mail_member_skip"};

	record_scan_init(&l->scan);
	for (int i = 0; i < SLOT_COUNT; i++) {
		const char *name =
		    i == SLOT_DIGEST && l->u->conf->log.store == CONF_STORE_UNIQUE_BODY
			? "body_sha256"
			: names[i];

		l->slot[i] = record_scan_want(&l->scan, name, strlen(name));
	}
}

/* The value in a slot as text of less than size bytes; false if it is not of that kind. */
static bool take_text(const struct load *l, int slot, enum record_scan_kind kind, char *to,
		      size_t size)
{
	const struct record_scan_value *v = &l->scan.value[l->slot[slot]];

	if (v->kind != kind || v->escaped || v->len >= size)
		return false;
	memcpy(to, v->text, v->len);
	to[v->len] = '\0';
	return true;
}

static bool take_number(const struct load *l, int slot, uint64_t most, uint64_t *n_r)
{
	char text[24], *end;

	if (!take_text(l, slot, SCAN_WORD, text, sizeof text) || text[0] < '0' || text[0] > '9')
		return false;
	*n_r = strtoull(text, &end, 10);
	return *end == '\0' && *n_r <= most;
}

static bool take_digest(const struct load *l, uint8_t digest_r[DIGEST_SHA256])
{
	char text[2 * DIGEST_SHA256 + 1];

	return take_text(l, SLOT_DIGEST, SCAN_STRING, text, sizeof text) &&
	       hex_read(digest_r, DIGEST_SHA256, text, strlen(text));
}

/* Look at the mail file that a record names; those of many in a row are the same. */
static void look_at_mail(struct load *l, const char *file)
{
	int fd;

	if (strcmp(l->mail, file) == 0)
		return;
	strlcpy(l->mail, file, sizeof l->mail);
	l->mail_end = 0;
	l->mail_opened = true;
	if (log_name_parse(file, &l->mail_name) != 0 || l->mail_name.stream != LOG_MAIL ||
	    l->mail_name.part || log_dir_open_file(l->dir, &l->mail_name, &fd) != 0)
		return;
	if (log_tail_raw(fd, &l->mail_end) != 0)
		l->mail_end = 0;
	close(fd);
}

/* Read the entry of a record that the scan is at.  False: it has none. */
static bool take_entry(struct load *l, struct stored *e)
{
	char file[LOG_NAME_MAX], id[UUID_TEXT];
	uint64_t from, skip;
	bool body = l->u->conf->log.store == CONF_STORE_UNIQUE_BODY;

	if (!take_number(l, SLOT_FROM, UNIQUE_HELD_MAX, &from) || (from != 0) != body ||
	    !take_text(l, SLOT_ID, SCAN_STRING, id, sizeof id) ||
	    uuid_parse(id, strlen(id), e->id) != 0 || !take_digest(l, e->digest) ||
	    !take_text(l, SLOT_FILE, SCAN_STRING, file, sizeof file) ||
	    !take_number(l, SLOT_OFFSET, UINT64_MAX, &e->offset) ||
	    !take_number(l, SLOT_MEMBER, UINT64_MAX, &e->member) ||
	    !take_number(l, SLOT_SKIP, UINT32_MAX, &skip))
		return false;
	look_at_mail(l, file);
	e->file_time = l->mail_name.time;
	e->file_seq = l->mail_name.seq;
	e->skip = (uint32_t)skip;
	e->from = (uint32_t)from;
	return e->offset < l->mail_end;
}

/* Of a file that has more entries than there is room for, the last ones stay. */
static void keep_entry(struct load *l, const struct stored *e)
{
	uint32_t room = l->u->index.size - l->base;

	l->u->index.ring[l->base + l->in_file % room] = *e;
	l->in_file++;
	if (l->count < l->u->index.size)
		l->count++;
}

/* A mail file that was looked at may have taken long: its last message has any length. */
static bool in_time(struct load *l)
{
	bool look = l->lines % LINES_A_LOOK == 0 || l->mail_opened;

	l->lines++;
	l->mail_opened = false;
	return !look || clock_us() < l->deadline_us;
}

/* False: the time is over. */
static bool load_lines(struct load *l, struct log_reader *r)
{
	const uint8_t *line;
	size_t len;

	for (;;) {
		int got = log_reader_next(r, &line, &len);

		if (got == ERR_CORRUPT || got == ERR_FULL)
			got = log_reader_skip(r) == 1 ? 2 : 0;
		if (got <= 0)
			return true;
		if (!in_time(l))
			return false;
		struct stored e = {0};
		if (got == 1 && record_scan_line(&l->scan, line, len) == 0 && take_entry(l, &e))
			keep_entry(l, &e);
	}
}

static bool load_file(struct load *l, const struct log_name *name)
{
	struct log_reader r;
	bool done = true;
	int fd;

	l->base = l->count;
	l->in_file = 0;
	if (log_dir_open_file(l->dir, name, &fd) != 0)
		return true;
	if (log_reader_open(&r, fd, 0) == 0) {
		done = load_lines(l, &r);
		log_reader_close(&r);
	}
	close(fd);
	return done;
}

void unique_load(struct unique *u, uint64_t limit_us)
{
	uint64_t began = clock_us();
	struct load l = {.u = u, .deadline_us = began + limit_us};
	struct log_dir dir;
	bool done = true;

	if (u->index.size == 0)
		return;
	if (log_dir_open_at(&dir, u->dir, ".") != 0) {
		warn("log directory: %s: copies of what it holds are not known", strerror(errno));
		log_dir_close(&dir);
		return;
	}
	l.dir = &dir;
	want(&l);
	for (size_t i = dir.count; i > 0 && done && l.count < u->index.size; i--)
		if (dir.names[i - 1].stream == LOG_MESSAGE)
			done = load_file(&l, &dir.names[i - 1]);
	log_dir_close(&dir);
	store_index_adopt(&u->index, l.count);
	unique_commit(u);
	debug("store-index: %" PRIu32 " messages of %" PRIu64 " records in %" PRIu64 " ms", l.count,
	      l.lines, (clock_us() - began) / 1000);
	if (!done)
		warn("store-index: the logs are long: after %" PRIu64 " ms the newest %" PRIu32
		     " messages are known, copies of others are stored anew",
		     limit_us / 1000, l.count);
}
