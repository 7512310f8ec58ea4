/*
 * fuzz_files.h: the input of a fuzz target as configuration files that include each other.
 *
 * They stand one behind the other with "\n%%\n" between.  A file can also be asked for with "./"
 * before its name.
 */
#ifndef SMTPTRAP_FUZZ_FILES_H
#define SMTPTRAP_FUZZ_FILES_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf_error.h"
#include "span.h"

#define FUZZ_FILES_MAX 5
#define FUZZ_OPENS_MAX 30 /* then opening fails: files that include each other widely take long */

struct fuzz_files {
	const char *const *names;
	size_t files;                         /* so many have names */
	struct span part[FUZZ_FILES_MAX + 1]; /* what is behind the files is one more */
	size_t count;
	unsigned opens;
};

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/* Take the input apart; behind the last file may be one part more if `rest`. */
static inline void fuzz_files_split(struct fuzz_files *in, const uint8_t *data, size_t len,
				    bool rest)
{
	static const char separator[] = "\n%%\n";
	size_t parts = in->files + rest;

	while (in->count < parts) {
		const uint8_t *end = memmem(data, len, separator, sizeof separator - 1);
		bool last = end == NULL || in->count == parts - 1;
		size_t part = last ? len : (size_t)(end - data);
		in->part[in->count++] = (struct span){data, part};
		if (last)
			return;
		data += part + sizeof separator - 1;
		len -= part + sizeof separator - 1;
	}
}

/* Its number, or in->files: there is none of that name. */
static inline size_t fuzz_files_find(const struct fuzz_files *in, const char *name, size_t len)
{
	if (len > 2 && memcmp(name, "./", 2) == 0) {
		name += 2;
		len -= 2;
	}
	for (size_t i = 0; i < in->files && i < in->count; i++)
		if (strlen(in->names[i]) == len && memcmp(in->names[i], name, len) == 0)
			return i;
	return in->files;
}

/* The function of a conf_opener; ctx is a struct fuzz_files. */
static inline int fuzz_files_open(void *ctx, const char *path)
{
	struct fuzz_files *in = ctx;
	size_t i = fuzz_files_find(in, path, strlen(path));

	if (i == in->files || in->opens == FUZZ_OPENS_MAX) {
		errno = ENOENT;
		return -1;
	}
	in->opens++;
	int fd = memfd_create("conf", MFD_CLOEXEC);
	must(fd >= 0);
	must(write(fd, in->part[i].bytes, in->part[i].len) == (ssize_t)in->part[i].len);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* An error is "FILE:LINE:COLUMN: WHAT", printable, and its place is there. */
static inline void fuzz_files_check_error(const struct fuzz_files *in, const char *text)
{
	size_t name_len = strcspn(text, ":"), file = fuzz_files_find(in, text, name_len);
	size_t len = strlen(text), lines = 1;
	char *end;

	must(file < in->files && len < CONF_ERROR_TEXT_MAX);
	for (size_t i = 0; i < in->part[file].len; i++)
		lines += in->part[file].bytes[i] == '\n';
	unsigned long line = strtoul(text + name_len + 1, &end, 10);
	must(line >= 1 && line <= lines && *end == ':');
	unsigned long column = strtoul(end + 1, &end, 10);
	must(column >= 1 && column <= in->part[file].len + 1 && strncmp(end, ": ", 2) == 0);
	for (size_t i = 0; i < len; i++)
		must(text[i] >= ' ' && text[i] <= '~');
}

#endif
