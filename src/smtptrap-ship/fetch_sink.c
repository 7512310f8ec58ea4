/*
 * fetch_sink.c: write records to files, each once, and have them on disk before they count.
 *
 * Run by smtptrap-ship --fetch, the only writer of its directory (a lock says so).  What was on
 * disk but not acknowledged when a fetch was killed comes again; it can only be in the last file
 * of its type, whose identifiers are read at the start.  The files of the directory may be torn;
 * they are repaired as the logger's are.
 */
#include "fetch_sink.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "err.h"
#include "file_io.h"
#include "gzip_repair.h"
#include "log_read.h"
#include "record_line.h"

#define LEVEL 3                     /* as the trap's own logs: more costs time and gains little */
#define OUT_MAX (96u * 1024 * 1024) /* a batch, compressed; random bytes do not shrink */
#define SINK_MODE 0640

/* The type of this name, or RECORD_TYPE_COUNT. */
static enum record_type type_find(const char *name, size_t len)
{
	for (unsigned i = 0; i < RECORD_TYPE_COUNT; i++) {
		const char *known = record_type_name((enum record_type)i);

		if (strlen(known) == len && memcmp(known, name, len) == 0)
			return (enum record_type)i;
	}
	return RECORD_TYPE_COUNT;
}

static enum record_type type_of(const struct fetch_sink *s, const struct sink_file *f)
{
	return (enum record_type)(f - s->files);
}

static void name_of(char name_r[SINK_NAME_MAX], enum record_type type, uint64_t number, bool part)
{
	snprintf(name_r, SINK_NAME_MAX, "%s-%06" PRIu64 ".jsonl.gz%s", record_type_name(type),
		 number, part ? ".part" : "");
}

static int say(struct buf *why, int rc, const struct fetch_sink *s, const char *name)
{
	buf_printf(why, "%s/%s: ", s->path, name);
	if (rc == ERR_SYSTEM)
		buf_printf(why, "%m");
	else
		buf_put_str(why, err_text(rc));
	return rc;
}

/* ---- what another left ---- */

/* Is this the name of a file of ours?  Only what name_of() makes is. */
static bool parse_name(const char *name, enum record_type *type_r, uint64_t *number_r, bool *part_r)
{
	const char *dash = strchr(name, '-');
	char again[SINK_NAME_MAX];

	if (dash == NULL || sscanf(dash + 1, "%" SCNu64, number_r) != 1)
		return false;
	*type_r = type_find(name, (size_t)(dash - name));
	size_t len = strlen(name);
	*part_r = len > 5 && strcmp(name + len - 5, ".part") == 0;
	if (*type_r == RECORD_TYPE_COUNT)
		return false;
	name_of(again, *type_r, *number_r, *part_r);
	return strcmp(again, name) == 0;
}

static int find_last(struct fetch_sink *s, bool part[RECORD_TYPE_COUNT])
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_SYSTEM;
	}
	while ((e = readdir(d)) != NULL) {
		enum record_type type;
		uint64_t number;
		bool is_part;

		if (parse_name(e->d_name, &type, &number, &is_part) &&
		    number > s->files[type].number) {
			s->files[type].number = number;
			part[type] = is_part;
		}
	}
	closedir(d);
	return 0;
}

static int learn_ids(struct id_set *ids, int fd)
{
	struct log_reader r;
	const uint8_t *line;
	size_t len;
	int rc = log_reader_open(&r, fd, 0);

	while (rc == 0 && (rc = log_reader_next(&r, &line, &len)) == 1) {
		struct record_line_head head;

		rc = record_line_head(line, len, &head);
		if (rc == 0 && id_set_add(ids, head.id) < 0)
			rc = ERR_MEMORY;
	}
	log_reader_close(&r);
	return rc;
}

static int finish_name(const struct fetch_sink *s, const struct sink_file *f)
{
	char part[SINK_NAME_MAX], name[SINK_NAME_MAX];

	name_of(part, type_of(s, f), f->number, true);
	name_of(name, type_of(s, f), f->number, false);
	return renameat(s->dir, part, s->dir, name) != 0 || fsync(s->dir) != 0 ? ERR_SYSTEM : 0;
}

/* Mend the file and give it its name if it is one that was being written; learn what is in it. */
static int take_over(struct fetch_sink *s, struct sink_file *f, bool part, struct buf *why)
{
	char name[SINK_NAME_MAX];
	struct gzip_repair repair;

	name_of(name, type_of(s, f), f->number, part);
	int fd = openat(s->dir, name, (part ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? ERR_SYSTEM : 0;
	if (rc == 0 && part)
		rc = gzip_repair(fd, &repair); /* which also syncs what is whole */
	if (rc == 0)
		rc = learn_ids(&f->ids, fd);
	if (rc == 0 && part)
		rc = finish_name(s, f);
	if (rc != 0)
		say(why, rc, s, name);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* What is not acknowledged may stand in the last file, and in the one before it.  That may have
 * been taken away. */
static int take_over_two(struct fetch_sink *s, struct sink_file *f, bool part, struct buf *why)
{
	char name[SINK_NAME_MAX];
	int rc = 0;

	if (f->number == 0)
		return 0;
	name_of(name, type_of(s, f), f->number - 1, false);
	if (faccessat(s->dir, name, R_OK, 0) == 0) {
		f->number--;
		rc = take_over(s, f, false, why);
		f->number++;
		f->ids_before = f->ids;
		f->ids = (struct id_set){0};
	}
	return rc == 0 ? take_over(s, f, part, why) : rc;
}

int sink_open(struct fetch_sink *s, const char *path, struct buf *why)
{
	bool part[RECORD_TYPE_COUNT] = {false};
	int rc = 0;

	*s = (struct fetch_sink){.path = path,
				 .dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	for (int i = 0; i < RECORD_TYPE_COUNT; i++) {
		s->files[i].fd = -1;
		buf_init_heap(&s->files[i].out, OUT_MAX);
	}
	if (s->dir < 0)
		return say(why, ERR_SYSTEM, s, "");
	if (flock(s->dir, LOCK_EX | LOCK_NB) != 0) {
		buf_printf(why, "%s: another process fetches into it", path);
		return ERR_REFUSED;
	}
	if (find_last(s, part) != 0)
		return say(why, ERR_SYSTEM, s, "");
	for (int i = 0; i < RECORD_TYPE_COUNT && rc == 0; i++)
		rc = take_over_two(s, &s->files[i], part[i], why);
	return rc;
}

/* ---- writing ---- */

static int open_next(struct fetch_sink *s, struct sink_file *f)
{
	char name[SINK_NAME_MAX];

	name_of(name, type_of(s, f), f->number + 1, true);
	f->fd =
	    openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, SINK_MODE);
	if (f->fd < 0)
		return ERR_SYSTEM;
	f->number++;
	f->size = f->records = 0;
	id_set_fini(&f->ids_before);
	f->ids_before = f->ids;
	f->ids = (struct id_set){0};
	buf_reset(&f->out);
	return gzip_writer_init(&f->gz, &f->out, LEVEL, 0, 0) < 0 ? ERR_MEMORY : fsync(s->dir);
}

static int say_file(struct buf *why, int rc, const struct fetch_sink *s, const struct sink_file *f)
{
	char name[SINK_NAME_MAX];

	name_of(name, type_of(s, f), f->number, true);
	return say(why, rc, s, name);
}

/* Is it there?  1: yes; 0: no, it is now; or ERR_MEMORY. */
static int is_known(struct sink_file *f, const uint8_t id[UUID_BYTES])
{
	if (id_set_has(&f->ids_before, id))
		return 1;
	int rc = id_set_add(&f->ids, id);
	return rc < 0 ? rc : rc == 0;
}

int sink_add(struct fetch_sink *s, enum record_type type, const uint8_t id[UUID_BYTES],
	     const uint8_t *line, size_t len, struct buf *why)
{
	struct sink_file *f = &s->files[type];
	int rc;

	if (f->fd < 0 && (rc = open_next(s, f)) != 0)
		return say_file(why, rc, s, f);
	if ((rc = is_known(f, id)) != 0)
		return rc < 0 ? say_file(why, rc, s, f) : 0;
	if (gzip_writer_record(&f->gz, ++f->records) != 0 ||
	    gzip_writer_append(&f->gz, line, len) != 0 || gzip_writer_append(&f->gz, "\n", 1) != 0)
		return say_file(why, ERR_MEMORY, s, f);
	return 1;
}

static int write_out(struct sink_file *f)
{
	if (file_write_at(f->fd, f->out.data, f->out.len, f->size) != 0 || fdatasync(f->fd) != 0)
		return ERR_SYSTEM;
	f->size += f->out.len;
	buf_reset(&f->out);
	return 0;
}

static int finish_file(struct fetch_sink *s, struct sink_file *f)
{
	if (gzip_writer_close(&f->gz) != 0)
		return ERR_MEMORY;
	int rc = write_out(f);
	if (rc != 0 || (rc = finish_name(s, f)) != 0)
		return rc;
	gzip_writer_fini(&f->gz);
	close(f->fd);
	f->fd = -1;
	return 0;
}

static int commit_file(struct fetch_sink *s, struct sink_file *f)
{
	if (gzip_writer_flush(&f->gz) != 0)
		return ERR_MEMORY;
	int rc = f->out.len > 0 ? write_out(f) : 0;
	if (rc == 0 && (f->records >= SINK_FILE_RECORDS || f->gz.at.raw >= SINK_FILE_RAW))
		rc = finish_file(s, f);
	return rc;
}

static int each_open(struct fetch_sink *s, int (*what)(struct fetch_sink *, struct sink_file *),
		     struct buf *why)
{
	for (int i = 0; i < RECORD_TYPE_COUNT; i++) {
		struct sink_file *f = &s->files[i];
		int rc = f->fd >= 0 ? what(s, f) : 0;

		if (rc != 0)
			return say_file(why, rc, s, f);
	}
	return 0;
}

int sink_commit(struct fetch_sink *s, struct buf *why)
{
	return each_open(s, commit_file, why);
}

int sink_finish(struct fetch_sink *s, struct buf *why)
{
	return each_open(s, finish_file, why);
}

void sink_close(struct fetch_sink *s)
{
	if (s->path == NULL)
		return;
	for (int i = 0; i < RECORD_TYPE_COUNT; i++) {
		struct sink_file *f = &s->files[i];

		if (f->fd >= 0) {
			gzip_writer_fini(&f->gz);
			close(f->fd);
		}
		id_set_fini(&f->ids);
		id_set_fini(&f->ids_before);
		buf_fini(&f->out);
	}
	if (s->dir >= 0)
		close(s->dir);
	*s = (struct fetch_sink){0};
}
