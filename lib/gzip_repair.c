/*
 * gzip_repair.c: make a torn log file whole again.
 *
 * Runs in the logger at start, on the `.part` files that a crash left, and in smtptrap-ship, on what
 * a fetch left.  Input: a file whose tail
 * may be missing, be zeros or be anything; what was flushed and synced before is there.  Every
 * step may be repeated, so a crash during repair costs nothing.  Errors go to the caller, which
 * says what was cut.
 */
#include "gzip_repair.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "err.h"
#include "file_io.h"
#include "gzip_reader.h"

#define HOLE \
	512u /* zeros in a row that deflate does not write: a block that never reached the disk */

/* A point where the file may be cut. */
struct cut_point {
	uint64_t at;         /* in the file */
	uint64_t raw;        /* uncompressed bytes before it */
	uint64_t lines;      /* line feeds in those */
	uint64_t member_raw; /* uncompressed bytes in the member it is in */
	uint32_t crc;        /* of those */
	bool inside;         /* it is inside a member, which must be ended by hand */
};

struct walk {
	struct gzip_reader r;
	struct cut_point here; /* with `at` not kept */
	struct cut_point good; /* the last place to cut */
};

static uint64_t count_lines(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	uint64_t n = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

static void mark_good(struct walk *w)
{
	w->good = w->here;
	w->good.at = gzip_reader_at(&w->r);
}

static void note_data(struct walk *w, const uint8_t *bytes, size_t len, bool *line_ended)
{
	struct cut_point *h = &w->here;

	if (len > 0) {
		h->crc = (uint32_t)crc32(h->inside ? h->crc : 0, bytes, (uInt)len);
		h->member_raw = (h->inside ? h->member_raw : 0) + len;
		h->inside = true;
		h->raw += len;
		h->lines += count_lines(bytes, len);
		*line_ended = bytes[len - 1] == '\n';
	}
	if (w->r.at_flush && h->inside && *line_ended)
		mark_good(w);
}

/* Read all that can be read; returns the event or error that ended it. */
static int walk_file(struct walk *w)
{
	bool line_ended = false;
	const uint8_t *bytes;
	size_t len;

	for (;;) {
		int event = gzip_reader_next(&w->r, &bytes, &len);

		if (event == GZIP_DATA) {
			note_data(w, bytes, len, &line_ended);
		} else if (event == GZIP_MEMBER) {
			w->here.inside = false;
			mark_good(w);
		} else {
			return event;
		}
	}
}

/* Is there a hole in the file between two offsets?  1, 0 or ERR_SYSTEM. */
static int has_hole(int fd, uint64_t from, uint64_t to)
{
	static const uint8_t zeros[HOLE];
	uint8_t block[HOLE];
	size_t got;

	for (uint64_t at = (from + HOLE - 1) / HOLE * HOLE; at + HOLE <= to; at += HOLE) {
		if (file_read_at(fd, block, HOLE, at, &got) != 0)
			return ERR_SYSTEM;
		if (got == HOLE && memcmp(block, zeros, HOLE) == 0)
			return 1;
	}
	return 0;
}

/* Damage was met: may what follows the last good point be cut?  Not if members follow that were
 * complete, unless there is a hole before them: then they were not yet synced.  0 or an error. */
static int check_cut(struct walk *w, int fd)
{
	struct gzip_member member;
	uint64_t at;
	int got = gzip_member_after(fd, gzip_reader_at(&w->r), &at, &member);

	if (got <= 0)
		return got;
	got = has_hole(fd, w->good.at, at);
	return got == 0 ? ERR_CORRUPT : got < 0 ? got : 0;
}

static int cut(const struct walk *w, int fd, struct gzip_repair *r)
{
	uint8_t end[GZIP_END];
	const struct cut_point *good = &w->good;

	r->cut = r->size_before - good->at;
	r->closed = good->inside;
	r->size_after = good->at + (good->inside ? GZIP_END : 0);
	if (r->cut > 0 && ftruncate(fd, (off_t)good->at) != 0)
		return ERR_SYSTEM;
	if (good->inside) {
		gzip_end_bytes(good->crc, good->member_raw, end);
		if (file_write_at(fd, end, sizeof end, good->at) != 0)
			return ERR_SYSTEM;
	}
	return fsync(fd) == 0 ? 0 : ERR_SYSTEM;
}

static int repair(struct walk *w, int fd, struct gzip_repair *r)
{
	int event = walk_file(w);
	int rc = event < 0 && event != ERR_CORRUPT ? event : 0;

	if (event == ERR_CORRUPT) {
		r->damaged_at = w->r.member_at;
		rc = check_cut(w, fd);
	}
	r->raw = w->good.raw;
	r->lines = w->good.lines;
	if (rc == 0 && event == GZIP_EOF) /* whole, but whoever wrote it may not have synced it */
		return fsync(fd) == 0 ? 0 : ERR_SYSTEM;
	return rc != 0 ? rc : cut(w, fd, r);
}

int gzip_repair(int fd, struct gzip_repair *r)
{
	struct walk w = {0};

	*r = (struct gzip_repair){0};
	if (file_size(fd, &r->size_before) != 0)
		return ERR_SYSTEM;
	r->size_after = r->size_before;
	if (gzip_reader_open(&w.r, fd, 0, true) != 0)
		return ERR_MEMORY;
	int rc = repair(&w, fd, r);
	gzip_reader_close(&w.r);
	return rc;
}
