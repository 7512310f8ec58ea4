/*
 * source_files.c: records from files that are named, for --replay.
 *
 * Runs in smtptrap-ship.  Input: session or message files, finished or not, from anywhere.  What
 * is damaged is said and passed over, a member as a whole (see log_follow.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "json_check.h"
#include "log.h"
#include "source.h"

static void leave_file(struct ship_source *s)
{
	log_reader_close(&s->reader);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->at++;
	s->line = 0;
}

/* Open the present file.  False if it cannot be, which is said; then the next one is present. */
static bool open_file(struct ship_source *s)
{
	const char *name = s->file[s->at];

	s->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0 || log_reader_open(&s->reader, s->fd, 0) != 0) {
		warn("%s: cannot be read: %s", name, strerror(errno));
		s->failed++;
		leave_file(s);
		return false;
	}
	log_reader_check(&s->reader);
	return true;
}

static const char *what_is_wrong(int rc)
{
	switch (rc) {
	case ERR_CORRUPT:
		return "a gzip member is damaged and is passed over";
	case ERR_FULL:
		return "a line is too long, the rest of its member is passed over";
	case ERR_END:
		return "the file is torn: it ends inside a member or a line";
	default:
		return rc == ERR_SYSTEM ? strerror(errno) : err_text(rc);
	}
}

/* What ended reading, or a member: say it and go on behind it. */
static void meet(struct ship_source *s, int rc)
{
	const char *name = s->file[s->at];

	if (rc == 0) {
		leave_file(s);
		return;
	}
	s->failed++;
	warn("%s: member at byte %" PRIu64 ", behind line %" PRIu64 ": %s", name,
	     s->reader.gz.member_at, s->line, what_is_wrong(rc));
	/* damage may also look like a file that ends too early */
	if (rc == ERR_SYSTEM || rc == ERR_MEMORY || log_reader_skip(&s->reader) != 1)
		leave_file(s);
}

static int files_next(struct ship_source *s, struct ship_record *r)
{
	while (s->at < s->nfile) {
		if (s->fd < 0 && !open_file(s))
			continue;
		int rc = log_reader_next(&s->reader, &r->line.bytes, &r->line.len);
		if (rc != 1) {
			meet(s, rc);
			continue;
		}
		s->line++;
		if (record_line_head(r->line.bytes, r->line.len, &r->head) == 0 &&
		    json_is_object(r->line.bytes, r->line.len)) {
			r->place = (struct log_place){.member = s->at, .line = s->line};
			r->missing = 0;
			r->sensor = "";
			return 1;
		}
		s->failed++;
		warn("%s: line %" PRIu64 ": a line is no record and is passed over", s->file[s->at],
		     s->line);
	}
	return 0;
}

/* The place has the number of the file as its member. */
static int files_rewind(struct ship_source *s, const struct log_place *to)
{
	struct span line;

	leave_file(s);
	s->at = to->member;
	while (s->at == to->member && s->at < s->nfile && s->line < to->line &&
	       (s->fd >= 0 || open_file(s))) {
		int rc = log_reader_next(&s->reader, &line.bytes, &line.len);
		if (rc == 1)
			s->line++;
		else
			meet(s, rc);
	}
	return 0;
}

static void files_close(struct ship_source *s)
{
	leave_file(s);
}

void source_files_open(struct ship_source *s, char **file, size_t nfile)
{
	*s = (struct ship_source){.next = files_next,
				  .rewind = files_rewind,
				  .close = files_close,
				  .file = file,
				  .nfile = nfile,
				  .fd = -1};
}
