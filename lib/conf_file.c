/*
 * conf_file.c: the bytes of a configuration file.
 *
 * Runs wherever a configuration is read.  Files are opened by the caller's opener; what it
 * opened is not trusted to be a file, nor of a size that we want.  What is wrong with a file is
 * noted where it was named.
 */
#include "arena.h"
#include "conf_parse.h"
#include "err.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read up to size bytes.  Returns their number, -1 on error (errno). */
static ssize_t read_all(int fd, char *to, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, to + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static bool is_being_read(const struct conf_parser *p, const struct stat *st)
{
	for (; p != NULL; p = p->includer)
		if (p->device == st->st_dev && p->inode == st->st_ino)
			return true;
	return false;
}

/* What speaks against reading the file, NULL if nothing. */
static const char *refuse(const struct conf_run *run, const struct conf_parser *includer,
			  const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (is_being_read(includer, st))
		return "files include each other in a loop";
	if (st->st_size > (off_t)CONF_FILE_MAX)
		return "the file is larger than 64 MiB";
	if ((uint64_t)st->st_size > CONF_FILES_TOTAL - run->bytes)
		return "all files together are larger than 256 MiB";
	return NULL;
}

static int read_open(struct conf_run *run, int fd, const struct conf_parser *includer,
		     const struct conf_place *place, struct conf_file *file_r)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		conf_error_add(run->errors, place, "the file cannot be examined: %s",
			       strerror(errno));
		return 0;
	}
	const char *refusal = refuse(run, includer, &st);
	if (refusal != NULL) {
		conf_error_add(run->errors, place, "%s", refusal);
		return 0;
	}
	char *text = arena_alloc(run->arena, (size_t)st.st_size + 2);
	if (text == NULL)
		return ERR_MEMORY;
	ssize_t len = read_all(fd, text, (size_t)st.st_size);
	if (len < 0) {
		conf_error_add(run->errors, place, "the file cannot be read: %s", strerror(errno));
		return 0;
	}
	run->bytes += (uint64_t)len;
	*file_r = (struct conf_file){
	    .text = text, .len = (size_t)len, .device = st.st_dev, .inode = st.st_ino};
	return 1;
}

int conf_file_read(struct conf_run *run, const char *path, const struct conf_parser *includer,
		   const struct conf_place *place, struct conf_file *file_r)
{
	if (run->files == CONF_FILES_MAX) {
		conf_error_add(run->errors, place, "more than %d files are included",
			       CONF_FILES_MAX);
		return 0;
	}
	run->files++;
	int fd = run->opener->open(run->opener->ctx, path);
	if (fd < 0) {
		conf_error_add(run->errors, place, "the file cannot be opened: %s",
			       strerror(errno));
		return 0;
	}
	int result = read_open(run, fd, includer, place, file_r);
	close(fd);
	return result;
}
