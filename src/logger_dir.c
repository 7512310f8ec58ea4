/*
 * logger_dir.c: the log directory as a whole: repair at start, retention, free space.
 *
 * Runs in the logger.  Only files whose names are ours (log_name.h) are looked at; all others
 * are left alone.
 */
#include "logger_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "err.h"
#include "gzip_repair.h"
#include "log.h"
#include "log_tail.h"

#define LOCK_TRIES 100 /* of a tenth of a second */

struct log_file {
	struct log_name name;
	char text[LOG_NAME_MAX];
	uint64_t size;
};

struct log_list {
	struct log_file *file;
	size_t count, room;
};

static int log_file_compare(const void *a, const void *b)
{
	return log_name_compare(&((const struct log_file *)a)->name,
				&((const struct log_file *)b)->name);
}

static int list_add(struct log_list *list, int dir, const char *text)
{
	struct log_file f = {0};
	struct stat st;

	if (log_name_parse(text, &f.name) < 0 || fstatat(dir, text, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return 0;
	struct log_file *file = array_grow(list->file, list->count, &list->room, sizeof *file);
	if (file == NULL)
		return ERR_MEMORY;
	list->file = file;
	strlcpy(f.text, text, sizeof f.text);
	f.size = (uint64_t)st.st_size;
	list->file[list->count++] = f;
	return 0;
}

/* All log files of the directory, by stream and number; release with free(list->file).  A
 * directory that is read in part counts as not read: numbers could be given twice. */
static int list_read(struct log_list *list, int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int rc = 0;

	*list = (struct log_list){0};
	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_SYSTEM;
	}
	while (rc == 0 && (errno = 0, (e = readdir(d)) != NULL))
		rc = list_add(list, dir, e->d_name);
	int error = errno;
	closedir(d);
	if (rc == 0 && error != 0)
		rc = ERR_SYSTEM;
	if (rc == 0 && list->count > 0)
		qsort(list->file, list->count, sizeof *list->file, log_file_compare);
	if (rc < 0)
		free(list->file);
	errno = error;
	return rc;
}

static void dir_lock(int dir)
{
	const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fatal("log directory: %s", strerror(errno));
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			fatal("log directory: flock: %s", strerror(errno));
		if (i == LOCK_TRIES)
			fatal("log directory: another logger is writing there");
		nanosleep(&pause, NULL);
	}
	/* The descriptor stays open, and with it the lock, as long as the process lives. */
}

/* Give a mended file its final name, or remove it if it holds nothing. */
static void finish_torn(int dir, struct log_file *f, uint64_t size)
{
	char final[LOG_NAME_MAX];
	struct log_name name = f->name;

	name.part = false;
	log_name_format(&name, final);
	if (size == 0 ? unlinkat(dir, f->text, 0) < 0 : renameat(dir, f->text, dir, final) < 0)
		fatal("log file %s: cannot be finished: %s", f->text, strerror(errno));
	f->name.part = false;
	f->size = size;
	strlcpy(f->text, final, sizeof f->text);
}

static void mend_torn(int dir, struct log_file *f)
{
	struct gzip_repair done = {0};
	int fd = openat(dir, f->text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		fatal("log file %s: %s", f->text, strerror(errno));
	int rc = gzip_repair(fd, &done);
	close(fd);
	if (rc == ERR_CORRUPT) {
		warn("log file %s: damaged at byte %" PRIu64 ", kept as it is", f->text,
		     done.damaged_at);
		done.size_after = f->size;
	} else if (rc < 0) {
		fatal("log file %s: repair: %s: %s", f->text, err_text(rc), strerror(errno));
	} else {
		info("log file %s: repaired after a crash: %" PRIu64 " bytes cut off, %" PRIu64
		     " kept, %" PRIu64 " uncompressed",
		     f->text, done.cut, done.size_after, done.raw);
	}
	finish_torn(dir, f, done.size_after);
}

/* The last number in a file: true if it is the file's own, false if the file holds nothing or is
 * damaged, so that older ones have to be asked too. */
static bool last_seq(int dir, const struct log_file *f, uint64_t *seq_r)
{
	int fd = openat(dir, f->text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	*seq_r = 0;
	if (fd < 0)
		fatal("log file %s: %s", f->text, strerror(errno));
	int rc = log_tail_seq(fd, f->name.stream, seq_r);
	close(fd);
	if (rc < 0 && rc != ERR_END)
		warn("log file %s: last sequence number: %s", f->text, err_text(rc));
	return rc == 0;
}

/* Counting goes on behind the newest files: the newest that is whole, and what can still be read
 * of damaged ones behind it. */
static void find_seq(int dir, const struct log_list *list, struct stream streams[LOG_STREAM_COUNT])
{
	bool told[LOG_STREAM_COUNT] = {false};

	for (size_t i = list->count; i-- > 0;) {
		const struct log_file *f = &list->file[i];
		struct stream *s = &streams[f->name.stream];
		uint64_t seq;

		if (told[f->name.stream] || f->size == 0)
			continue;
		told[f->name.stream] = last_seq(dir, f, &seq);
		if (seq > s->seq)
			s->seq = s->mark_seq = seq;
	}
}

void logger_dir_start(int dir, struct stream streams[LOG_STREAM_COUNT])
{
	struct log_list list;

	dir_lock(dir);
	int rc = list_read(&list, dir);
	if (rc < 0)
		fatal("log directory: %s: %s", err_text(rc), strerror(errno));
	for (size_t i = 0; i < list.count; i++) {
		struct log_file *f = &list.file[i];

		if (f->name.part)
			mend_torn(dir, f);
		streams[f->name.stream].name.seq = f->name.seq;
	}
	find_seq(dir, &list, streams);
	free(list.file);
	if (fsync(dir) < 0)
		fatal("log directory: fsync: %s", strerror(errno));
}

int logger_dir_free(int dir, uint64_t *free_r)
{
	struct statvfs v;

	*free_r = 0;
	if (fstatvfs(dir, &v) < 0)
		return ERR_SYSTEM;
	*free_r = (uint64_t)v.f_bavail * v.f_frsize;
	return 0;
}

/* Finished files oldest first, whatever their stream. */
static int log_file_older(const void *a, const void *b)
{
	const struct log_file *x = a, *y = b;

	if (x->name.time != y->name.time)
		return x->name.time < y->name.time ? -1 : 1;
	return log_file_compare(a, b);
}

void logger_dir_retain(int dir, const struct conf *conf, uint64_t now)
{
	struct log_list list;
	uint64_t total = 0, kept_free;

	if (logger_dir_free(dir, &kept_free) < 0 || list_read(&list, dir) < 0) {
		warn("log directory: cannot be read for retention: %s", strerror(errno));
		return;
	}
	for (size_t i = 0; i < list.count; i++)
		total += list.file[i].size;
	if (list.count > 0)
		qsort(list.file, list.count, sizeof *list.file, log_file_older);
	for (size_t i = 0; i < list.count; i++) {
		const struct log_file *f = &list.file[i];
		bool old = conf->log.keep_age_us > 0 &&
			   now > f->name.time + conf->log.keep_age_us / 1000000;
		bool much = conf->log.keep > 0 && total > conf->log.keep;
		bool tight = kept_free < conf->log.keep_free;

		if (f->name.part)
			continue;
		if (!old && !much && !tight)
			break;
		if (unlinkat(dir, f->text, 0) < 0) {
			warn("log file %s: retention: %s", f->text, strerror(errno));
			continue;
		}
		info("log file %s: removed by retention (%s)", f->text,
		     old    ? "keep-age"
		     : much ? "keep"
			    : "keep-free");
		total -= f->size;
		kept_free += f->size;
	}
	free(list.file);
}
