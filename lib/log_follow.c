/*
 * log_follow.c: the records of one stream as they come, over all its files.
 *
 * Runs in the reader and the shipper.  Input: a folder of files that a logger writes, and may
 * cut back, rename and remove at any moment; that a crash tore; that bad memory damaged.
 *
 * Of a growing file only what stands before the end of its last flush is read: the logger
 * commits there, and may cut off what follows.  It may also cut back a flush whose fdatasync()
 * failed, and a repair may after power was lost.  Both end the member at the cut, so lines before
 * it stay where they are; a check of the bytes before the limit, and the CRC of the lines that
 * were read, tell when they did not.  Then the member is read again from its start.
 *
 * Of a member that was ended nothing is given out before its checksum was right: behind flipped
 * bits there are lines that are no JSON, but also ones with a wrong address or a wrong reply that
 * look like any other, and once they are shipped nobody can tell.  So all of a damaged member
 * that was not given out before is passed over, told and counted.  The member at the end of a
 * growing or torn file has no checksum yet; its lines are given out up to the last flush.  Each line,
 * from wherever, must be a whole JSON object.
 */
#include "log_follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "err.h"
#include "file_io.h"
#include "json_check.h"
#include "log_follow_file.h"

#define DIR_PATH_MAX 32

static int tell(struct log_follow *f, enum log_trouble_kind kind, uint64_t first, uint64_t last)
{
	f->trouble = (struct log_trouble){.kind = kind,
					  .member = f->place.member,
					  .line = f->place.line,
					  .first = first,
					  .last = last};
	strlcpy(f->trouble.file, f->place.file, sizeof f->trouble.file);
	f->troubles[kind]++;
	return log_trouble_error(kind);
}

/* ---- the file ---- */

static void close_file(struct log_follow *f)
{
	log_reader_close(&f->reader);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->limit = 0;
	f->tail_len = 0;
	f->damaged = false;
	f->finished = f->read_out = false;
	f->held_given = false;
}

/* The next record is the first of the file f->name. */
static void place_at_start(struct log_follow *f)
{
	struct log_name finished = f->name;
	uint64_t seq = f->place.seq;

	finished.part = false;
	f->place = (struct log_place){.seq = seq};
	log_name_format(&finished, f->place.file);
}

/* Does a member of ours start where the place says?  Always so at the start of a file.  1, 0, or
 * ERR_SYSTEM. */
static int member_is_there(const struct log_follow *f)
{
	uint8_t header[GZIP_HEADER];
	struct gzip_member member;
	size_t got;

	if (f->place.member == 0)
		return 1;
	if (file_read_at(f->fd, header, sizeof header, f->place.member, &got) != 0)
		return ERR_SYSTEM;
	return gzip_member_parse(header, got, &member) == 0;
}

/* The open file cannot be read: close it, and open it anew the next time, in case that helps. */
static int tell_unreadable(struct log_follow *f)
{
	int rc = tell(f, LOG_TROUBLE_UNREADABLE, (uint64_t)errno, 0);

	close_file(f);
	return rc;
}

/* Begin to read the open file at the place.  0, ERR_MEMORY, or trouble. */
static int read_from_place(struct log_follow *f)
{
	int there = member_is_there(f);

	if (there == ERR_SYSTEM)
		return tell_unreadable(f);
	if (!there)
		tell(f, LOG_TROUBLE_REWRITTEN, 0, 0);
	if (!there)
		place_at_start(f);
	log_reader_close(&f->reader);
	int rc = log_reader_open(&f->reader, f->fd, f->place.member);
	if (rc != 0)
		return rc == ERR_SYSTEM ? tell_unreadable(f) : rc;
	log_reader_check(&f->reader);
	f->limit = 0;
	f->tail_len = 0;
	f->skip = f->place.line;
	f->crc = 0;
	f->damaged = f->held_given = false;
	return there ? 0 : ERR_CORRUPT;
}

/* Look again from the place on.  1, ERR_MEMORY, or trouble. */
static int reopen(struct log_follow *f)
{
	int rc = read_from_place(f);

	if (rc == ERR_MEMORY)
		close_file(f);
	return rc == 0 ? 1 : rc;
}

/* Open f->name.  1 if it was, 0 if it is not there, ERR_MEMORY, or trouble. */
static int open_name(struct log_follow *f)
{
	int rc = log_follow_open_file(f->dir, &f->name, &f->fd);

	if (rc != 0 && errno == ENOENT)
		return 0;
	if (rc != 0)
		return tell(f, LOG_TROUBLE_UNREADABLE, (uint64_t)errno, 0);
	f->finished = !f->name.part;
	return reopen(f);
}

static bool file_is_there(const struct log_follow *f)
{
	struct log_name name = f->name;
	int fd;

	if (log_follow_open_file(f->dir, &name, &fd) != 0)
		return errno != ENOENT;
	close(fd);
	return true;
}

/* The file of the place is gone, not because it was the oldest: somebody emptied the folder, and the
 * logger counts its files from 1 again.  True if so; it is told. */
static bool meet_anew(struct log_follow *f)
{
	struct log_name first;

	if (file_is_there(f) || log_follow_find_anew(f->dir, f->stream, &f->name, &first) != 1)
		return false;
	tell(f, LOG_TROUBLE_ANEW, 0, 0);
	f->name = first;
	f->read_out = false;
	f->gone[0] = '\0';
	place_at_start(f);
	f->place.seq = 0;
	return true;
}

bool log_follow_is_ahead(const struct log_follow *f)
{
	struct log_name other;

	return f->place.file[0] != '\0' && !file_is_there(f) &&
	       log_follow_find(f->dir, f->stream, NULL, &other) == 1 &&
	       log_follow_find(f->dir, f->stream, &f->name, &other) == 0 &&
	       log_follow_find_anew(f->dir, f->stream, &f->name, &other) == 0;
}

/* Open the file of the place, or the first behind it.  As open_name(). */
static int open_next(struct log_follow *f)
{
	bool named = f->place.file[0] != '\0';
	int got;

	if (named && !f->read_out) {
		got = open_name(f);
		if (got != 0)
			return got;
		strlcpy(f->gone, f->place.file, sizeof f->gone);
	}
	if (named && meet_anew(f))
		return log_trouble_error(LOG_TROUBLE_ANEW);
	for (;;) {
		struct log_name after = f->name;

		got = log_follow_find(f->dir, f->stream, named ? &after : NULL, &f->name);
		if (got == 1) {
			f->read_out = false;
			place_at_start(f);
			got = open_name(f);
			if (got != 0)
				return got;
			named = true; /* removed meanwhile: its records will be missed */
			strlcpy(f->gone, f->place.file, sizeof f->gone);
			continue;
		}
		f->name = after;
		f->read_out = named;
		if (got == 0)
			return 0;
		got = tell(f, LOG_TROUBLE_UNREADABLE, (uint64_t)errno, 0);
		f->trouble.file[0] = '\0'; /* it is the folder */
		return got;
	}
}

/* All of the file was read. */
static void leave_file(struct log_follow *f)
{
	close_file(f);
	f->read_out = true;
}

/* ---- a file that grows ---- */

static int keep_tail(struct log_follow *f, uint64_t limit)
{
	size_t want = limit < LOG_FOLLOW_TAIL ? (size_t)limit : LOG_FOLLOW_TAIL;

	if (file_read_at(f->fd, f->tail, want, limit - want, &f->tail_len) != 0)
		return ERR_SYSTEM;
	f->limit = limit;
	return 0;
}

/* Is what was read still there?  1, 0, or ERR_SYSTEM. */
static int tail_is_there(const struct log_follow *f)
{
	uint8_t now[LOG_FOLLOW_TAIL];
	size_t got;

	if (file_read_at(f->fd, now, f->tail_len, f->limit - f->tail_len, &got) != 0)
		return ERR_SYSTEM;
	return got == f->tail_len && memcmp(now, f->tail, got) == 0;
}

/* Nobody will write to the file any more; a .part that has a file behind it is one that nobody
 * mended. */
static bool look_finished(struct log_follow *f)
{
	struct log_name later;
	int got = log_follow_find(f->dir, f->stream, &f->name, &later);

	if (!log_follow_is_finished(f->dir, &f->name, f->fd) && got != 1)
		return false;
	f->finished = true;
	f->reader.gz.limit = 0;
	return true;
}

/* Look whether the file has grown.  1 if there may be more to read, 0 if not, or trouble. */
static int look_again(struct log_follow *f)
{
	uint64_t size, limit;
	int there = tail_is_there(f);

	if (there == 0) {
		f->doubted = true;
		return reopen(f);
	}
	if (there < 0 || file_size(f->fd, &size) != 0 ||
	    log_follow_limit(f->fd, f->limit, size, &limit) != 0)
		return ERR_SYSTEM;
	if (limit > f->limit && keep_tail(f, limit) != 0)
		return ERR_SYSTEM;
	if (limit == f->reader.gz.limit)
		return look_finished(f);
	f->reader.gz.limit = limit;
	return 1;
}

static void drain_notify(const struct log_follow *f)
{
	char events[4096];

	while (f->notify >= 0 && read(f->notify, events, sizeof events) > 0)
		;
}

/* ---- lines ---- */

static bool line_next(struct log_follow *f, struct span *line_r, int *rc_r)
{
	/* nothing is committed yet: the reader would take the file's end for the limit */
	if (!f->finished && f->limit == 0) {
		*rc_r = 0;
		return false;
	}
	*rc_r = log_reader_next(&f->reader, &line_r->bytes, &line_r->len);
	return *rc_r == 1;
}

static uint32_t crc_of_line(uint32_t crc, struct span line)
{
	crc = (uint32_t)crc32(crc, line.bytes, (uInt)line.len);
	return (uint32_t)crc32(crc, (const uint8_t *)"\n", 1);
}

/* The place's member does not begin with the lines that were read: read all of it again. */
static int read_member_again(struct log_follow *f)
{
	tell(f, LOG_TROUBLE_REWRITTEN, 0, 0);
	f->place.line = 0;
	f->place.crc = 0;
	int rc = reopen(f);
	return rc == ERR_MEMORY ? rc : ERR_CORRUPT;
}

/* A line that was read before.  1 to go on, or trouble. */
static int skip_line(struct log_follow *f, struct span line)
{
	if (f->reader.gz.member_at != f->place.member)
		return read_member_again(f);
	f->crc = crc_of_line(f->crc, line);
	if (--f->skip == 0 && f->crc != f->place.crc)
		return read_member_again(f);
	return 1;
}

static void pass_line(struct log_follow *f, struct span line)
{
	if (f->reader.gz.member_at != f->place.member) {
		f->place.member = f->reader.gz.member_at;
		f->place.line = 0;
		f->place.crc = 0;
	}
	f->place.line++;
	f->place.crc = crc_of_line(f->place.crc, line);
}

static int give(struct log_follow *f, struct span *line_r, struct log_place *place_r)
{
	*line_r = f->held;
	f->held_given = false;
	f->records++;
	if (place_r != NULL)
		*place_r = f->place;
	return 1;
}

/* A line that is new.  1 if it is given out, or trouble that goes before it. */
static int take_line(struct log_follow *f, struct span line)
{
	uint64_t before = f->place.seq;

	f->doubted = false;
	if (record_line_head(line.bytes, line.len, &f->head) != 0 ||
	    !json_is_object(line.bytes, line.len)) {
		int rc = tell(f, LOG_TROUBLE_LINE, 0, 0);
		pass_line(f, line);
		return rc;
	}
	pass_line(f, line);
	f->place.seq = f->head.seq;
	f->held = line;
	f->held_given = true;
	if (before == 0 || f->head.seq == before + 1) {
		f->gone[0] = '\0';
		return 1;
	}
	if (f->head.seq <= before)
		return tell(f, LOG_TROUBLE_BACK, before, f->head.seq);
	int rc = tell(f, LOG_TROUBLE_MISSING, before + 1, f->head.seq - 1);
	strlcpy(f->trouble.gone, f->gone, sizeof f->trouble.gone);
	f->gone[0] = '\0';
	f->missing += f->head.seq - 1 - before;
	return rc;
}

/* ---- the ends ---- */

/* The first time damage is met it may be that the file was rewritten under us: look anew. */
static int doubt(struct log_follow *f)
{
	f->doubted = true;
	return reopen(f);
}

/* Trouble in a member: where it starts is told, and no line of it is looked for any more. */
static int tell_member(struct log_follow *f, enum log_trouble_kind kind, uint64_t member)
{
	int rc = tell(f, kind, 0, 0);

	f->trouble.member = member;
	f->trouble.line = member == f->place.member ? f->place.line : 0;
	f->skip = 0;
	return rc;
}

static int meet_damage(struct log_follow *f, enum log_trouble_kind kind)
{
	if (!f->doubted)
		return doubt(f);
	f->damaged = true;
	return tell_member(f, kind, f->reader.gz.member_at);
}

/* Find a member behind a damaged one.  1 if there is one, 0, or trouble. */
static int leave_damage(struct log_follow *f)
{
	int got = log_reader_skip(&f->reader);

	if (got < 0)
		return tell(f, LOG_TROUBLE_UNREADABLE, (uint64_t)errno, 0);
	if (got == 1)
		f->damaged = false;
	else if (f->finished)
		leave_file(f);
	return got == 1 || f->fd < 0 ? 1 : 0;
}

/* A finished file ends inside a member; or damage reached up to its end and hides members behind
 * it. */
static int meet_torn(struct log_follow *f)
{
	if (!f->doubted)
		return doubt(f);
	uint64_t member = f->reader.gz.member_at;
	int got = log_reader_skip(&f->reader);
	if (got == 1)
		return tell_member(f, LOG_TROUBLE_MEMBER, member);
	int rc = got < 0 ? tell(f, LOG_TROUBLE_UNREADABLE, (uint64_t)errno, 0)
			 : tell(f, LOG_TROUBLE_TORN, 0, 0);
	f->doubted = false;
	leave_file(f);
	return rc;
}

/* The reader is at the end of what may be read.  1 to read on, 0 to wait, or trouble. */
static int meet_end(struct log_follow *f, int rc)
{
	if (!f->finished) {
		drain_notify(f);
		int got = look_again(f);
		if (got == ERR_SYSTEM && f->fd >= 0)
			return tell(f, LOG_TROUBLE_UNREADABLE, (uint64_t)errno, 0);
		return got;
	}
	if (f->skip > 0)
		return read_member_again(f);
	if (rc == ERR_END)
		return meet_torn(f);
	f->doubted = false;
	leave_file(f);
	return 1;
}

static const struct {
	int rc;
	enum log_trouble_kind kind;
} damages[] = {{ERR_CORRUPT, LOG_TROUBLE_MEMBER}, {ERR_FULL, LOG_TROUBLE_LONG}};

/* No line came.  1 to read on, 0 to wait, or trouble. */
static int meet(struct log_follow *f, int rc)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
		if (damages[i].rc == rc)
			return meet_damage(f, damages[i].kind);
	if (rc == ERR_SYSTEM)
		return tell_unreadable(f);
	return rc == ERR_MEMORY ? rc : meet_end(f, rc);
}

/* A step towards the next record: 1 to go on (a record may be held), 0 to wait, or trouble. */
static int step(struct log_follow *f)
{
	struct span line;
	int rc;

	if (f->fd < 0) {
		drain_notify(f);
		return open_next(f);
	}
	if (f->damaged) {
		rc = leave_damage(f);
		return rc != 0 || f->finished ? rc : meet_end(f, 0);
	}
	if (!line_next(f, &line, &rc))
		return meet(f, rc);
	return f->skip > 0 ? skip_line(f, line) : take_line(f, line);
}

int log_follow_next(struct log_follow *f, struct span *line_r, struct log_place *place_r)
{
	if (f->held_given)
		return give(f, line_r, place_r);
	for (;;) {
		int rc = step(f);

		if (rc != 1)
			return rc;
		if (f->held_given)
			return give(f, line_r, place_r);
	}
}

bool log_follow_pass(struct log_follow *f)
{
	struct log_name later;

	if (log_follow_find(f->dir, f->stream, &f->name, &later) != 1)
		return false;
	leave_file(f);
	f->doubted = false;
	return true;
}

/* ---- begin and end ---- */

/* The folder's path is not needed: /proc names it by its descriptor. */
static int notify_open(int dir)
{
	char path[DIR_PATH_MAX];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
	if (fd >= 0 && inotify_add_watch(fd, path,
					 IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE |
					     IN_ATTRIB | IN_ONLYDIR) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int log_follow_seek(struct log_follow *f, const struct log_place *to)
{
	struct log_name name = {0};

	if (to != NULL && to->file[0] != '\0' &&
	    (log_name_parse(to->file, &name) != 0 || name.stream != f->stream || name.part))
		return ERR_FORMAT;
	close_file(f);
	f->name = name;
	f->place = (struct log_place){0};
	if (to != NULL)
		f->place = *to;
	f->gone[0] = '\0';
	f->doubted = false;
	return 0;
}

int log_follow_open(struct log_follow *f, int dir, enum log_stream stream,
		    const struct log_place *from)
{
	struct log_name ignored;

	*f = (struct log_follow){.dir = dir, .stream = stream, .notify = -1, .fd = -1};
	int rc = log_follow_seek(f, from);
	if (rc != 0)
		return rc;
	if (log_follow_find(dir, stream, NULL, &ignored) < 0)
		return ERR_SYSTEM;
	f->notify = notify_open(dir);
	return 0;
}

int log_follow_open_now(struct log_follow *f, int dir, enum log_stream stream)
{
	struct span line;
	int rc = log_follow_open(f, dir, stream, NULL);

	if (rc == 0 && log_follow_find_last(dir, stream, &f->name) == 1)
		place_at_start(f);
	while (rc == 0 && (rc = log_follow_next(f, &line, NULL)) != 0 && rc != ERR_SYSTEM)
		rc = rc == ERR_MEMORY ? rc : 0;
	if (rc == ERR_SYSTEM && f->fd < 0 && f->trouble.file[0] != '\0')
		rc = 0; /* it is told again */
	f->records = f->missing = 0;
	memset(f->troubles, 0, sizeof f->troubles);
	return rc;
}

void log_follow_close(struct log_follow *f)
{
	if (f->dir == 0 && f->fd == 0 && f->notify == 0)
		return; /* zeroed */
	close_file(f);
	if (f->notify >= 0)
		close(f->notify);
	*f = (struct log_follow){.notify = -1, .fd = -1};
}

int log_follow_fd(const struct log_follow *f)
{
	return f->notify;
}
