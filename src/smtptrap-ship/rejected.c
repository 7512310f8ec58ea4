/*
 * rejected.c: records that an output can never take, kept in a file.
 *
 * Runs in smtptrap-ship.  That file is for the administrator; its size is bounded, the log and
 * the checkpoint have the count.
 */
#include "rejected.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "file_io.h"
#include "json_text.h"
#include "lines_file.h"
#include "log_read.h"
#include "time_text.h"

#define FILE_MODE 0640
#define WHY_BYTES \
	500u /* with each of them escaped, and the rest of a line, below REJECTED_WORDS_MAX */

static void put_line(struct buf *to, const struct ship_item *item, const char *why, bool whole)
{
	char now[TIME_TEXT_MAX] = "";

	time_format(NULL, wall_us(), now);
	buf_printf(to, "{\"rejected_at\":\"%s\",\"why\":", now);
	json_put_string(to, (const uint8_t *)why, strnlen(why, WHY_BYTES));
	buf_printf(to, ",\"stream\":\"%s\",\"id\":\"%s\",\"size\":%zu", item->stream, item->id,
		   item->len);
	if (whole) {
		buf_put_str(to, ",\"record\":");
		buf_put(to, item->bytes, item->len);
	}
	buf_put_str(to, "}\n");
}

/* Append at the end, or leave the file as it was. */
static int append(int fd, const struct buf *line, uint64_t size)
{
	if (file_write_at(fd, line->data, line->len, size) == 0 && fdatasync(fd) == 0)
		return 0;
	int saved = errno;
	(void)!ftruncate(fd, (off_t)size);
	errno = saved;
	return ERR_SYSTEM;
}

static int open_file(int dir, const char *name, int mode)
{
	return openat(dir, name, mode | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
}

/* How many records the older half has. */
static uint64_t count_old(int dir)
{
	int fd = open_file(dir, REJECTED_OLD, O_RDONLY);
	uint64_t n = 0;

	if (fd >= 0 && lines_file_count(fd, &n) != 0)
		n = 0;
	if (fd >= 0)
		close(fd);
	return n;
}

/* Open the file; *size_r is that of its whole lines.  Its descriptor, or -1. */
static int open_whole(int dir, uint64_t *size_r)
{
	int fd = open_file(dir, REJECTED_FILE, O_RDWR | O_CREAT);
	uint64_t size;

	if (fd >= 0 && file_size(fd, &size) == 0 && lines_file_whole(fd, size, size_r) == 0 &&
	    (*size_r == size || ftruncate(fd, (off_t)*size_r) == 0))
		return fd;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

/* Open the file so that len more bytes fit into half.  Its descriptor, or -1. */
static int open_with_room(int dir, size_t len, uint64_t half, uint64_t *size_r, uint64_t *dropped_r)
{
	int fd = open_whole(dir, size_r);

	if (fd < 0 || *size_r == 0 || *size_r + len <= half)
		return fd;
	close(fd);
	uint64_t dropped = count_old(dir);
	if (renameat(dir, REJECTED_FILE, dir, REJECTED_OLD) != 0)
		return -1;
	*dropped_r = dropped;
	return open_whole(dir, size_r);
}

int rejected_put(int dir, const struct ship_item *item, const char *why, uint64_t max,
		 struct rejected_kept *kept_r)
{
	struct buf line;
	uint64_t size = 0;

	*kept_r = (struct rejected_kept){.whole = item->len + REJECTED_WORDS_MAX <= max / 2};
	buf_init_heap(&line, LOG_LINE_MAX + REJECTED_WORDS_MAX);
	put_line(&line, item, why, kept_r->whole);
	errno = ENOMEM;
	int fd = line.failed ? -1 : open_with_room(dir, line.len, max / 2, &size, &kept_r->dropped);
	int rc = fd < 0 ? ERR_SYSTEM : append(fd, &line, size);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	buf_fini(&line);
	errno = saved;
	return rc;
}
