/*
 * logger_stream.c: one stream of log files: append, commit, undo, rotate.
 *
 * Runs in the logger, the only writer of logs.  Rotation is a machine whose every state is about
 * one idempotent system call, so that a full disk or an I/O error is resumed where it struck.
 * Errors are returned; the caller says them and answers the workers.  A file that somebody removed
 * or moved away is said here, and another is begun.
 */
#include "logger_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "gzip_isal_deflate.h"
#include "log.h"

#define STREAM_OUT_MAX (8u * 1024 * 1024)
#define STREAM_SPILL (64u * 1024)
#define STREAM_MODE 0640

void stream_init(struct stream *s, enum log_stream kind, int dir, int level)
{
	*s = (struct stream){.name = {.stream = kind}, .dir = dir, .fd = -1, .level = level};
	buf_init_heap(&s->out, STREAM_OUT_MAX);
}

/* A failed compression is memory that ran out: the same to the caller as a full disk. */
static int compressed(int rc)
{
	if (rc < 0)
		errno = ENOMEM;
	return rc < 0 ? ERR_SYSTEM : 0;
}

static int writer_init(struct stream *s)
{
	int rc = gzip_writer_init(&s->gz, &s->out, s->level, 0, 0);

#ifdef HAVE_ISAL
	if (rc == 0 && s->level <= GZIP_ISAL_LEVEL_MAX)
		gzip_writer_use(&s->gz, &gzip_isal_deflater); /* else zlib */
#endif
	return rc;
}

static void stream_close(struct stream *s)
{
	gzip_writer_fini(&s->gz);
	close(s->fd);
	s->fd = -1;
	s->state = STREAM_CLOSED;
}

/* Until its folder is synced, a file that was made may be gone with the power, and all that it
 * took: one whose folder cannot be synced is not used. */
static int sync_name(struct stream *s, const char *part)
{
	if (fsync(s->dir) == 0)
		return 0;
	int error = errno;
	stream_close(s);
	unlinkat(s->dir, part, 0);
	errno = error;
	return ERR_SYSTEM;
}

static int stream_open(struct stream *s, uint64_t now)
{
	char part[LOG_NAME_MAX];
	struct log_name name = s->name;

	name.time = now;
	name.part = true;
	do {
		name.seq++;
		if (log_name_format(&name, part) < 0)
			return compressed(-1);
		s->fd = openat(s->dir, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			       STREAM_MODE);
	} while (s->fd < 0 && errno == EEXIST);
	if (s->fd < 0)
		return ERR_SYSTEM;
	buf_reset(&s->out);
	if (writer_init(s) < 0) {
		close(s->fd);
		s->fd = -1;
		unlinkat(s->dir, part, 0);
		return compressed(-1);
	}
	s->name = name;
	name.part = false;
	log_name_format(&name, s->file);
	s->mark = s->gz.at;
	s->written = 0;
	s->state = STREAM_OPEN;
	return sync_name(s, part);
}

static int stream_write(struct stream *s)
{
	size_t done = 0;

	while (done < s->out.len) {
		ssize_t n = pwrite(s->fd, s->out.data + done, s->out.len - done,
				   (off_t)(s->written + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return ERR_SYSTEM;
		}
		done += (size_t)n;
	}
	s->written += done;
	buf_reset(&s->out);
	return 0;
}

/* Did somebody remove the file?  What is written to it then is on no disk for long. */
static bool is_removed(const struct stream *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 && st.st_nlink == 0;
}

static void say_gone(const struct stream *s)
{
	warn("log file %s.part was removed or moved away while it was written: another is begun",
	     s->file);
}

int stream_mend(struct stream *s)
{
	if (s->state != STREAM_TORN)
		return 0;
	if (is_removed(s)) {
		say_gone(s);
		stream_close(s);
		return 0;
	}
	if (ftruncate(s->fd, (off_t)s->mark.size) < 0)
		return ERR_SYSTEM;
	s->written = s->mark.size;
	if (gzip_writer_rollback(&s->gz, &s->mark) < 0)
		return compressed(-1);
	if (stream_write(s) < 0 || fdatasync(s->fd) < 0)
		return ERR_SYSTEM;
	s->mark = s->gz.at;
	s->state = STREAM_OPEN;
	return 0;
}

int stream_ready(struct stream *s, uint64_t now)
{
	if (stream_mend(s) < 0)
		return ERR_SYSTEM;
	if (s->state != STREAM_CLOSED && s->state != STREAM_OPEN && stream_rotate(s) < 0)
		return ERR_SYSTEM;
	return s->state == STREAM_CLOSED ? stream_open(s, now) : 0;
}

int stream_record(struct stream *s, uint64_t now)
{
	if (stream_ready(s, now) < 0)
		return ERR_SYSTEM;
	s->seq++;
	return compressed(gzip_writer_record(&s->gz, s->seq));
}

int stream_append(struct stream *s, const void *bytes, size_t len)
{
	return compressed(gzip_writer_append(&s->gz, bytes, len));
}

int stream_spill(struct stream *s)
{
	return s->out.len < STREAM_SPILL ? 0 : stream_write(s);
}

int stream_flush(struct stream *s, bool sync)
{
	if (s->state != STREAM_OPEN)
		return 0;
	if (compressed(gzip_writer_flush(&s->gz)) < 0 || stream_write(s) < 0)
		return ERR_SYSTEM;
	if (sync && fdatasync(s->fd) < 0)
		return ERR_SYSTEM;
	if (is_removed(s)) {
		errno = ENOENT;
		return ERR_SYSTEM;
	}
	return 0;
}

bool stream_dirty(const struct stream *s)
{
	return s->seq != s->mark_seq;
}

void stream_commit(struct stream *s)
{
	if (s->state == STREAM_OPEN)
		s->mark = s->gz.at;
	s->mark_seq = s->seq;
}

void stream_undo(struct stream *s)
{
	if (s->state == STREAM_OPEN)
		s->state = STREAM_TORN;
	s->seq = s->mark_seq;
}

static int stream_rename(struct stream *s)
{
	char part[LOG_NAME_MAX + 8];

	snprintf(part, sizeof part, "%s.part", s->file);
	int rc =
	    s->mark.raw == 0 ? unlinkat(s->dir, part, 0) : renameat(s->dir, part, s->dir, s->file);
	if (rc < 0 && errno == ENOENT) {
		say_gone(s);
		return 0;
	}
	return rc;
}

int stream_rotate(struct stream *s)
{
	if (stream_mend(s) < 0)
		return ERR_SYSTEM;
	if (s->state == STREAM_OPEN) {
		/* What an fsync() that failed left unwritten, a second one would not write either
		 * (fsync(2), EIO): the member's end is written anew. */
		if (compressed(gzip_writer_close(&s->gz)) < 0 || stream_write(s) < 0 ||
		    fsync(s->fd) < 0) {
			stream_undo(s);
			return ERR_SYSTEM;
		}
		s->mark = s->gz.at;
		s->state = STREAM_SYNCED;
	}
	if (s->state == STREAM_SYNCED) {
		if (stream_rename(s) < 0)
			return ERR_SYSTEM;
		s->state = STREAM_RENAMED;
	}
	if (s->state == STREAM_RENAMED) {
		if (fsync(s->dir) < 0)
			return ERR_SYSTEM;
		stream_close(s);
	}
	return 0;
}
