/*
 * checkpoint.c: how far records were shipped, as it is kept over restarts.
 *
 * Runs in smtptrap-ship.  The file is text with a checksum; it is replaced as a whole, so after a
 * crash it is the last one or the one before.  What is read may be anything: it is taken only if it
 * is what would be written, and never guessed at.  Version 1 has no more than the lines of streams;
 * version 2 has a line of mail, too, once there is something in it; version 3 has
 * the sensor of each stream's records, once one is known, and may have a line of mail.
 */
#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "err.h"
#include "file_io.h"

#define NEW_FILE CHECKPOINT_FILE ".new"
#define FILE_MODE 0640
#define NO_FILE "-" /* before the oldest file */
#define NO_SENSOR "-"

static const char mail_line[] =
    "mail put %" PRIu64 " left-out %" PRIu64 " missing %" PRIu64 " refused %" PRIu64 "\n";

static const char mail_line_read[] =
    "mail put %" SCNu64 " left-out %" SCNu64 " missing %" SCNu64 " refused %" SCNu64;

bool checkpoint_has_mail(const struct checkpoint *c)
{
	uint64_t any = 0;

	for (unsigned fate = MAIL_NONE + 1; fate < MAIL_FATES; fate++)
		any |= c->mail[fate];
	return any != 0;
}

static bool has_sensor(const struct checkpoint *c)
{
	bool any = false;

	for (unsigned s = 0; s < SHIP_STREAMS; s++)
		any |= c->stream[s].sensor[0] != '\0';
	return any;
}

static int version_of(const struct checkpoint *c)
{
	if (has_sensor(c))
		return 3;
	return checkpoint_has_mail(c) ? 2 : 1;
}

static const char *sensor_text(const struct checkpoint_stream *cs)
{
	return *cs->sensor != '\0' ? cs->sensor : NO_SENSOR;
}

void checkpoint_format(const struct checkpoint *c, struct buf *to)
{
	size_t start = to->len;

	buf_printf(to, "smtptrap-ship checkpoint %d\n", version_of(c));
	for (unsigned s = 0; s < SHIP_STREAMS; s++) {
		const struct checkpoint_stream *cs = &c->stream[s];
		const struct log_place *p = &cs->place;
		buf_printf(
		    to,
		    "%s %s member %" PRIu64 " line %" PRIu64 " crc %08" PRIx32 " seq %" PRIu64
		    " shipped %" PRIu64 " rejected %" PRIu64 " missing %" PRIu64 "\n",
		    log_stream_name((enum log_stream)s), p->file[0] ? p->file : NO_FILE, p->member,
		    p->line, p->crc, p->seq, cs->shipped, cs->rejected, cs->missing);
	}
	if (has_sensor(c))
		buf_printf(to, "sensors %s %s\n", sensor_text(&c->stream[LOG_SESSION]),
			   sensor_text(&c->stream[LOG_MESSAGE]));
	if (checkpoint_has_mail(c))
		buf_printf(to, mail_line, c->mail[MAIL_PUT], c->mail[MAIL_LEFT_OUT],
			   c->mail[MAIL_MISSING], c->mail[MAIL_REFUSED]);
	if (!to->failed)
		buf_printf(to, "sum %08lx\n", crc32(0, to->data + start, (uInt)(to->len - start)));
}

/* A file's name as a place has it. */
static int check_file(const char *file, enum log_stream stream)
{
	struct log_name n;

	if (log_name_parse(file, &n) != 0 || n.stream != stream || n.part)
		return ERR_FORMAT;
	return 0;
}

static int parse_stream(struct checkpoint_stream *cs, const char *line, enum log_stream stream)
{
	struct log_place *p = &cs->place;
	char name[16];

	if (sscanf(line,
		   "%15s %79s member %" SCNu64 " line %" SCNu64 " crc %" SCNx32 " seq %" SCNu64
		   " shipped %" SCNu64 " rejected %" SCNu64 " missing %" SCNu64,
		   name, p->file, &p->member, &p->line, &p->crc, &p->seq, &cs->shipped,
		   &cs->rejected, &cs->missing) != 9)
		return ERR_FORMAT;
	if (strcmp(p->file, NO_FILE) != 0)
		return check_file(p->file, stream);
	p->file[0] = '\0';
	return 0;
}

/* The line is there or not: 1 or 0; or ERR_FORMAT. */
static int parse_sensors(struct checkpoint *c, const char *line)
{
	char *session = c->stream[LOG_SESSION].sensor, *message = c->stream[LOG_MESSAGE].sensor;

	if (sscanf(line, "sensors %63s %63s", session, message) != 2) {
		session[0] = message[0] = '\0';
		return 0;
	}
	for (unsigned s = 0; s < SHIP_STREAMS; s++) {
		char *sensor = c->stream[s].sensor;
		if (!ship_is_token(sensor))
			return ERR_FORMAT;
		if (strcmp(sensor, NO_SENSOR) == 0)
			sensor[0] = '\0';
	}
	return 1;
}

/* The line is there or not. */
static void parse_mail(struct checkpoint *c, const char *line)
{
	if (sscanf(line, mail_line_read, &c->mail[MAIL_PUT], &c->mail[MAIL_LEFT_OUT],
		   &c->mail[MAIL_MISSING], &c->mail[MAIL_REFUSED]) != 4)
		memset(c->mail, 0, sizeof c->mail);
}

/* What follows the line; "" behind the last one. */
static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

int checkpoint_parse(struct checkpoint *c_r, const uint8_t *text, size_t len)
{
	char copy[CHECKPOINT_MAX + 1], again_text[CHECKPOINT_MAX];
	struct checkpoint c = {0};
	struct buf again;
	const char *line = copy;

	if (len > CHECKPOINT_MAX)
		return ERR_FORMAT;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (unsigned s = 0; s < SHIP_STREAMS; s++) {
		line = next_line(line);
		if (parse_stream(&c.stream[s], line, (enum log_stream)s) != 0)
			return ERR_FORMAT;
	}
	line = next_line(line);
	int sensors = parse_sensors(&c, line);
	if (sensors < 0)
		return ERR_FORMAT;
	parse_mail(&c, sensors == 1 ? next_line(line) : line);
	/* sscanf() is lax; what it took is right if it makes the same text, checksum included */
	buf_init(&again, again_text, sizeof again_text);
	checkpoint_format(&c, &again);
	if (again.failed || again.len != len || memcmp(again.data, text, len) != 0)
		return ERR_FORMAT;
	*c_r = c;
	return 0;
}

static int write_new(int dir, const struct buf *text)
{
	int fd =
	    openat(dir, NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

	if (fd < 0)
		return ERR_SYSTEM;
	int rc =
	    file_write_at(fd, text->data, text->len, 0) != 0 || fdatasync(fd) != 0 ? ERR_SYSTEM : 0;
	int saved = errno;
	if (close(fd) != 0 && rc == 0)
		return ERR_SYSTEM;
	errno = saved;
	return rc;
}

int checkpoint_write(const struct checkpoint *c, int dir)
{
	uint8_t room[CHECKPOINT_MAX];
	struct buf text;

	buf_init(&text, room, sizeof room);
	checkpoint_format(c, &text);
	if (text.failed || write_new(dir, &text) != 0 ||
	    renameat(dir, NEW_FILE, dir, CHECKPOINT_FILE) != 0 || fsync(dir) != 0)
		return ERR_SYSTEM;
	return 0;
}

int checkpoint_read(struct checkpoint *c_r, int dir)
{
	uint8_t text[CHECKPOINT_MAX + 1];
	int fd = openat(dir, CHECKPOINT_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	size_t got = 0;

	if (fd < 0)
		return errno == ENOENT ? ERR_END : ERR_SYSTEM;
	int rc = file_read_at(fd, text, sizeof text, 0, &got);
	int saved = errno;
	close(fd);
	errno = saved;
	return rc != 0 ? rc : checkpoint_parse(c_r, text, got);
}
