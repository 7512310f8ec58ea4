/*
 * log_follow_file.c: the files of a stream, for log_follow.c.
 *
 * Runs in whatever follows the logs, beside a logger that renames and removes files at any time.
 * Nothing is kept of the folder: each look reads it anew, so memory does not grow with it.
 */
#include "log_follow_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "file_io.h"

#define WINDOW 4096u
#define MARKER 4u /* 00 00 FF FF, what Z_SYNC_FLUSH ends with */

/* Files by number and time alone: a .part file equals its finished twin. */
static int compare(const struct log_name *a, const struct log_name *b)
{
	struct log_name x = *a, y = *b;

	x.part = y.part = false;
	return log_name_compare(&x, &y);
}

/* What a look through the folder wants, and has found. */
struct look {
	enum log_stream stream;
	const struct log_name *after; /* it is behind this; NULL: any */
	const struct log_name *anew;  /* it has a lower number and was begun later; NULL: any */
	bool last;                    /* rather than the first */
	bool found;
	struct log_name name;
};

static void consider(struct look *l, const char *text)
{
	struct log_name n;

	if (log_name_parse(text, &n) != 0 || n.stream != l->stream)
		return;
	if (l->after != NULL && compare(&n, l->after) <= 0)
		return;
	if (l->anew != NULL && (n.seq >= l->anew->seq || n.time <= l->anew->time))
		return;
	int order = l->found ? compare(&n, &l->name) : 0;
	bool better = !l->found || (l->last ? order > 0 : order < 0) || (order == 0 && !n.part);
	if (better)
		l->name = n;
	l->found = true;
}

static int look_through(int dir, struct look *l)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_SYSTEM;
	}
	while (errno = 0, (entry = readdir(folder)) != NULL)
		consider(l, entry->d_name);
	int saved = errno;
	closedir(folder);
	errno = saved;
	return saved != 0 ? ERR_SYSTEM : l->found;
}

int log_follow_find(int dir, enum log_stream stream, const struct log_name *after,
		    struct log_name *n_r)
{
	struct look l = {.stream = stream, .after = after};
	int got = look_through(dir, &l);

	*n_r = l.name;
	return got;
}

int log_follow_find_last(int dir, enum log_stream stream, struct log_name *n_r)
{
	struct look l = {.stream = stream, .last = true};
	int got = look_through(dir, &l);

	*n_r = l.name;
	return got;
}

int log_follow_find_anew(int dir, enum log_stream stream, const struct log_name *gone,
			 struct log_name *n_r)
{
	struct look l = {.stream = stream, .anew = gone};
	int got = look_through(dir, &l);

	*n_r = l.name;
	return got;
}

int log_follow_open_file(int dir, struct log_name *n, int *fd_r)
{
	/* the second time for a file that was renamed between the first two looks */
	static const bool parts[] = {false, true, false};
	char text[LOG_NAME_MAX];

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		n->part = parts[i];
		if (log_name_format(n, text) != 0)
			return ERR_FORMAT;
		*fd_r = openat(dir, text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (*fd_r >= 0)
			return 0;
		if (errno != ENOENT)
			return ERR_SYSTEM;
	}
	return ERR_SYSTEM;
}

bool log_follow_is_finished(int dir, const struct log_name *n, int fd)
{
	struct log_name finished = *n;
	char text[LOG_NAME_MAX];
	struct stat st;

	finished.part = false;
	if (log_name_format(&finished, text) == 0 && fstatat(dir, text, &st, 0) == 0)
		return true;
	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

int log_follow_limit(int fd, uint64_t from, uint64_t size, uint64_t *limit_r)
{
	static const uint8_t marker[MARKER] = {0x00, 0x00, 0xff, 0xff};
	uint8_t window[WINDOW + MARKER];
	size_t got;

	*limit_r = from;
	for (uint64_t end = size; end > from;) {
		uint64_t start = end - from > WINDOW ? end - WINDOW : from;
		size_t want =
		    (size_t)((size - start < sizeof window) ? size - start : sizeof window);

		if (file_read_at(fd, window, want, start, &got) != 0)
			return ERR_SYSTEM;
		const uint8_t *found = NULL;
		for (size_t i = got; i >= MARKER && found == NULL; i--)
			if (memcmp(window + i - MARKER, marker, MARKER) == 0)
				found = window + i;
		if (found != NULL) {
			*limit_r = start + (uint64_t)(found - window);
			return 0;
		}
		end = start;
	}
	return 0;
}
