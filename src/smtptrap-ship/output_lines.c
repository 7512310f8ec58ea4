/*
 * output_lines.c: records as lines of JSON on standard output, in a file, or in a named pipe.
 *
 * Runs in smtptrap-ship.  Lines gather and are written together.  Those of a regular file count
 * as acknowledged when they are on disk, those of a pipe when the pipe has taken them.  Trouble
 * leaves no part of a line in a regular file; who reads a pipe that broke gets the line again from
 * its start.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file_io.h"
#include "lines_file.h"
#include "log_read.h"
#include "output.h"

#define GATHER_MAX (64u * 1024)
#define FILE_MODE 0640

struct lines {
	int fd;
	const char *name;
	bool regular;
	bool standard;      /* not ours to close, and not to be opened anew */
	struct buf buf;     /* lines that were taken */
	size_t written;     /* bytes of them */
	uint64_t last;      /* number of the last item in buf */
	uint64_t acked;     /* all of what came before is written */
	uint64_t good_size; /* of a regular file, whole lines */
};

static int trouble(const struct lines *l, struct buf *why)
{
	buf_printf(why, "%s: %s", l->name, strerror(errno));
	return SHIP_TROUBLE;
}

/* A crash may have left a part of a line at the end of the file: its record comes again. */
static int cut_part(struct lines *l)
{
	uint64_t size, whole;

	if (file_size(l->fd, &size) != 0 || lines_file_whole(l->fd, size, &whole) != 0)
		return -1;
	l->good_size = whole;
	return whole < size ? ftruncate(l->fd, (off_t)whole) : 0;
}

static int open_fd(struct lines *l, const struct ship_conf *conf)
{
	struct stat st;

	l->standard = conf->output == SHIP_OUTPUT_STDOUT;
	l->name = l->standard ? "standard output" : conf->file;
	l->fd = STDOUT_FILENO;
	if (!l->standard) {
		/* a named pipe must not be opened for reading too, a file is for cut_part() */
		int mode = stat(conf->file, &st) == 0 && S_ISFIFO(st.st_mode) ? O_WRONLY : O_RDWR;
		l->fd =
		    open(conf->file, mode | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, FILE_MODE);
	}
	if (l->fd < 0 || fstat(l->fd, &st) != 0)
		return -1;
	/* standard output as a file may be shared, or not readable: it is only appended to */
	l->regular = S_ISREG(st.st_mode) && !l->standard;
	return l->regular ? cut_part(l) : 0;
}

/* Is the other end of the pipe gone? */
static bool is_broken(const struct lines *l)
{
	struct pollfd p = {.fd = l->fd};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLNVAL)) != 0;
}

static void lines_close(struct ship_output *o)
{
	struct lines *l = o->self;

	if (l == NULL)
		return;
	if (!l->standard && l->fd >= 0)
		close(l->fd);
	buf_fini(&l->buf);
	free(l);
	o->self = NULL;
}

static int lines_open(struct ship_output *o, const struct ship_conf *conf, struct buf *why)
{
	struct lines *l = calloc(1, sizeof *l);

	if (l == NULL) {
		buf_put_str(why, "no memory");
		return SHIP_TROUBLE;
	}
	o->self = l;
	buf_init_heap(&l->buf, LOG_LINE_MAX + GATHER_MAX + 1);
	if (open_fd(l, conf) != 0)
		return trouble(l, why);
	if (!is_broken(l))
		return SHIP_TAKEN;
	errno = EPIPE;
	trouble(l, why);
	return l->standard ? SHIP_NEVER : SHIP_TROUBLE;
}

/* ---- writing ---- */

static bool can_write(const struct lines *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLOUT};

	return l->regular || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0);
}

/* Write once.  1 if something was written, 0 if it would block, -1. */
static int write_some(struct lines *l)
{
	size_t left = l->buf.len - l->written;
	ssize_t n;

	/* standard output may block: what a pipe that can be written to takes at once */
	if (!l->regular && left > PIPE_BUF)
		left = PIPE_BUF;
	if (!can_write(l) && !is_broken(l))
		return 0;
	if (l->regular)
		n = pwrite(l->fd, l->buf.data + l->written, left,
			   (off_t)(l->good_size + l->written));
	else
		n = write(l->fd, l->buf.data + l->written, left);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		errno = n == 0 ? ENOSPC : errno;
		return -1;
	}
	l->written += (size_t)n;
	return 1;
}

/* All of the buffer is written: it is acknowledged once it is safe. */
static int settle(struct lines *l)
{
	if (l->regular && fdatasync(l->fd) != 0)
		return -1;
	l->good_size += l->written;
	l->acked = l->last;
	l->written = 0;
	buf_reset(&l->buf);
	return 1;
}

/* 1 if all is written, 0 if some is left, -1 on trouble. */
static int write_out(struct lines *l)
{
	int rc = 1;

	while (l->written < l->buf.len && rc == 1)
		rc = write_some(l);
	if (rc == 1 && l->buf.len > 0)
		rc = settle(l);
	if (rc < 0 && l->regular) {
		int saved = errno;
		(void)!ftruncate(l->fd, (off_t)l->good_size);
		errno = saved;
	}
	return rc;
}

static int lines_send(struct ship_output *o, const struct ship_item *item, struct buf *why)
{
	struct lines *l = o->self;

	if (l->buf.len > 0 && l->buf.len + item->len >= GATHER_MAX) {
		int rc = write_out(l);
		if (rc < 0)
			return trouble(l, why);
		if (rc == 0)
			return SHIP_FULL;
	}
	buf_put(&l->buf, item->bytes, item->len);
	buf_put_byte(&l->buf, '\n');
	if (l->buf.failed) {
		errno = ENOMEM;
		return trouble(l, why);
	}
	l->last = item->number;
	return SHIP_TAKEN;
}

static uint64_t lines_acknowledged(struct ship_output *o)
{
	const struct lines *l = o->self;

	return l->acked;
}

static int lines_wait(struct ship_output *o, int ms, int other_fd, struct buf *why)
{
	struct lines *l = o->self;
	uint64_t before = l->acked;
	int rc = write_out(l);

	if (rc < 0)
		return trouble(l, why);
	if (l->acked != before)
		return SHIP_TAKEN;
	/* with no events asked for, a pipe that broke is told all the same */
	struct pollfd p[] = {{.fd = l->regular ? -1 : l->fd, .events = rc == 0 ? POLLOUT : 0},
			     {.fd = other_fd, .events = POLLIN}};
	if (poll(p, 2, ms) > 0 && (p[0].revents & POLLERR) != 0) {
		errno = EPIPE;
		return trouble(l, why);
	}
	return write_out(l) < 0 ? trouble(l, why) : SHIP_TAKEN;
}

static int lines_flush(struct ship_output *o, int ms, struct buf *why)
{
	const struct lines *l = o->self;
	uint64_t end = clock_us() + (uint64_t)ms * 1000, now;

	while (l->buf.len > 0 && (now = clock_us()) < end)
		if (lines_wait(o, (int)((end - now) / 1000) + 1, -1, why) != SHIP_TAKEN)
			return SHIP_TROUBLE;
	if (l->buf.len == 0)
		return SHIP_TAKEN;
	errno = ETIMEDOUT;
	return trouble(l, why);
}

void output_lines_init(struct ship_output *o)
{
	*o = (struct ship_output){.name = "lines",
				  .open = lines_open,
				  .send = lines_send,
				  .acknowledged = lines_acknowledged,
				  .wait = lines_wait,
				  .flush = lines_flush,
				  .close = lines_close};
}
