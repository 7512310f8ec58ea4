/*
 * records.c: go through the records of files and folders.
 *
 * Input: log files, finished and growing, which may be damaged: that is told to the visitor with
 * the file's name and the offset, and reading goes on at the next gzip member.
 */
#include "records.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "gzip_isal.h"
#include "record_line.h"
#include "uuid.h"

void trouble_complain(void *ctx, const struct place *at, const char *what)
{
	bool *seen = ctx;

	complain("%s: byte %" PRIu64 ": %s", at->file, at->member, what);
	*seen = true;
}

static void trouble(const struct visitor *v, struct place *at, const struct log_reader *r,
		    const char *what)
{
	at->line = r->line;
	at->offset = r->offset;
	at->member = r->gz.member_at;
	v->trouble(v->ctx, at, what);
}

/* What log_reader_next() returned is no line.  Returns whether there is a way on. */
static bool go_on_after(int rc, struct log_reader *r, struct place *at, const struct visitor *v)
{
	switch (rc) {
	case 0:
		return false;
	case ERR_END:
		if (!at->part)
			trouble(v, at, r, "the file ends in the middle of a record");
		return false;
	case ERR_CORRUPT:
		trouble(v, at, r, "this gzip member is damaged");
		return log_reader_skip(r) == 1;
	case ERR_FULL:
		trouble(v, at, r, "a line here is longer than any record");
		return log_reader_skip(r) == 1;
	default:
		trouble(v, at, r, err_text(rc));
		return false;
	}
}

static int visit_lines(struct log_reader *r, struct place *at, const struct visitor *v)
{
	const uint8_t *line;
	size_t len;
	int rc;

	for (;;) {
		rc = log_reader_next(r, &line, &len);
		if (rc != 1) {
			if (!go_on_after(rc, r, at, v))
				return 0;
			continue;
		}
		at->line = r->line;
		at->offset = r->offset;
		at->member = r->gz.member_at;
		if ((rc = v->record(v->ctx, at, line, len)) != 0)
			return rc;
	}
}

/* Of a finished file, with what is fastest. */
static int open_reader(struct log_reader *r, int fd, bool part)
{
	int rc = log_reader_open(r, fd, 0);

#ifdef HAVE_ISAL
	if (rc == 0 && !part)
		gzip_reader_use(&r->gz, &gzip_isal); /* else zlib */
#else
	(void)part;
#endif
	return rc;
}

int records_of_file(int fd, const char *name, bool part, const struct visitor *v)
{
	struct place at = {.file = name, .part = part};
	struct log_reader r;
	int rc = open_reader(&r, fd, part);

	if (rc != 0)
		v->trouble(v->ctx, &at, err_text(rc));
	else
		rc = visit_lines(&r, &at, v);
	log_reader_close(&r);
	return rc < 0 ? 0 : rc;
}

static int visit_entry(const struct log_dir *dir, const struct log_name *n, const struct visitor *v)
{
	char name[LOG_NAME_MAX];
	struct place at = {.file = name, .part = n->part};
	int fd;

	log_name_format(n, name);
	if (log_dir_open_file(dir, n, &fd) != 0) {
		v->trouble(v->ctx, &at, "cannot be opened");
		return 0;
	}
	int rc = records_of_file(fd, name, n->part, v);
	close(fd);
	return rc;
}

int records_of_dir(const struct log_dir *dir, enum log_stream stream, uint64_t since,
		   uint64_t until, const struct visitor *v)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < dir->count; i++) {
		if (dir->names[i].stream == stream && log_dir_covers(dir, i, since, until))
			rc = visit_entry(dir, &dir->names[i], v);
	}
	return rc;
}

void records_of_choice(const struct log_dir *dir, const struct choice *c, const struct visitor *v)
{
	static const enum log_stream streams[] = {LOG_SESSION, LOG_MESSAGE};

	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
		if (!c->stream_given || c->stream == streams[i])
			records_of_dir(dir, streams[i], c->select.since, c->select.until, v);
	}
}

int records_open(const char *path, bool *folder_r)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*folder_r = S_ISDIR(st.st_mode);
		return fd;
	}
	complain("%s: %m", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

bool path_is_part(const char *path)
{
	size_t len = strlen(path), suffix = strlen(".part");

	return len > suffix && strcmp(path + len - suffix, ".part") == 0;
}

enum log_stream stream_of_type(enum record_type type)
{
	return type == RECORD_MESSAGE ? LOG_MESSAGE : LOG_SESSION;
}

struct wanted {
	bool trouble; /* first: trouble_complain() sets it */
	const uint8_t *id;
	struct buf *line;
};

static int on_record(void *ctx, const struct place *at, const uint8_t *line, size_t len)
{
	struct wanted *w = ctx;
	struct record_line_head head;

	(void)at;
	if (record_line_head(line, len, &head) != 0 || memcmp(head.id, w->id, UUID_BYTES) != 0)
		return 0;
	buf_reset(w->line);
	buf_put(w->line, line, len);
	return 1;
}

int record_find(const struct log_dir *dir, enum log_stream stream, const uint8_t id[16],
		struct buf *line_r)
{
	struct wanted w = {.id = id, .line = line_r};
	struct visitor v = {on_record, trouble_complain, &w};
	uint64_t time = uuid_time_us(id);

	if (records_of_dir(dir, stream, time, time, &v) == 1)
		return 1;
	return records_of_dir(dir, stream, 0, UINT64_MAX, &v) == 1;
}
