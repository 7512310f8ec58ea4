/*
 * log_dir.c: the log files in a folder, in order.
 *
 * Runs in the reader and the shipper, beside a logger that renames and removes files at any time, and in
 * the logger at its start (what is stored already).
 */
#include "log_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "array.h"
#include "err.h"

static int compare(const void *a, const void *b)
{
	return log_name_compare(a, b);
}

static int add(struct log_dir *d, size_t *room, const struct log_name *n)
{
	struct log_name *names = array_grow(d->names, d->count, room, sizeof *names);

	if (names == NULL)
		return ERR_MEMORY;
	d->names = names;
	d->names[d->count++] = *n;
	return 0;
}

/* What is no file could be waited for forever when it is opened.  A link may lead to one. */
static bool may_be_file(const struct dirent *entry)
{
	return entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
}

static int read_names(struct log_dir *d, DIR *folder)
{
	struct dirent *entry;
	struct log_name n;
	size_t room = 0;

	while (errno = 0, (entry = readdir(folder)) != NULL) {
		if (may_be_file(entry) && log_name_parse(entry->d_name, &n) == 0 &&
		    add(d, &room, &n) != 0)
			return ERR_MEMORY;
	}
	return errno == 0 ? 0 : ERR_SYSTEM;
}

/* Drop each .part that stands behind its finished twin. */
static void drop_twins(struct log_dir *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++) {
		struct log_name finished = d->names[i];

		finished.part = false;
		if (d->names[i].part && kept > 0 &&
		    log_name_compare(&finished, &d->names[kept - 1]) == 0)
			continue;
		d->names[kept++] = d->names[i];
	}
	d->count = kept;
}

int log_dir_open(struct log_dir *d, const char *path)
{
	return log_dir_open_at(d, AT_FDCWD, path);
}

int log_dir_open_at(struct log_dir *d, int at, const char *path)
{
	*d = (struct log_dir){.fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (d->fd < 0)
		return ERR_SYSTEM;
	int again = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = again < 0 ? NULL : fdopendir(again);
	int rc = folder == NULL ? ERR_SYSTEM : read_names(d, folder);
	int saved = errno;
	if (folder != NULL)
		closedir(folder);
	else if (again >= 0)
		close(again);
	errno = saved;
	if (rc != 0)
		return rc;
	if (d->count > 0)
		qsort(d->names, d->count, sizeof *d->names, compare);
	drop_twins(d);
	return 0;
}

void log_dir_close(struct log_dir *d)
{
	if (d->fd > 0)
		close(d->fd);
	free(d->names);
	*d = (struct log_dir){.fd = -1};
}

int log_dir_open_file(const struct log_dir *d, const struct log_name *n, int *fd_r)
{
	struct log_name wanted = *n;
	char name[LOG_NAME_MAX];

	for (;;) {
		if (log_name_format(&wanted, name) != 0)
			return ERR_FORMAT;
		*fd_r = openat(d->fd, name, O_RDONLY | O_CLOEXEC);
		if (*fd_r >= 0)
			return 0;
		if (errno != ENOENT || !wanted.part)
			return ERR_SYSTEM;
		wanted.part = false;
	}
}

const struct log_name *log_dir_find(const struct log_dir *d, const char *name)
{
	struct log_name n;

	if (log_name_parse(name, &n) != 0)
		return NULL;
	n.part = false;
	struct log_name *found =
	    d->count == 0 ? NULL : bsearch(&n, d->names, d->count, sizeof n, compare);
	if (found != NULL)
		return found;
	n.part = true;
	return d->count == 0 ? NULL : bsearch(&n, d->names, d->count, sizeof n, compare);
}

bool log_dir_covers(const struct log_dir *d, size_t i, uint64_t since, uint64_t until)
{
	const struct log_name *n = &d->names[i];

	if (i + 1 < d->count && d->names[i + 1].stream == n->stream) {
		/* names have whole seconds: the file was written to for up to one more */
		if (d->names[i + 1].time + 1 < since / 1000000)
			return false;
	}
	return n->time < LOG_SESSION_MAX || n->time - LOG_SESSION_MAX <= until / 1000000;
}
