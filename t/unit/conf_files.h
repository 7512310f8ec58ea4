/*
 * conf_files.h: configuration files in memory, for the tests of conf_*.
 */
#ifndef SMTPTRAP_TEST_CONF_FILES_H
#define SMTPTRAP_TEST_CONF_FILES_H

#include "../tap.h"
#include "conf.h"
#include "err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A name and its content; a list of them ends with a NULL name. */
struct test_file {
	const char *path, *text;
	size_t len; /* of text; 0: up to its NUL */
};

/* An opener's function; ctx is a list of files. */
static int test_open(void *ctx, const char *path)
{
	const struct test_file *f = ctx;

	while (f->path != NULL && strcmp(f->path, path) != 0)
		f++;
	if (f->path == NULL) {
		errno = ENOENT;
		return -1;
	}
	size_t len = f->len > 0 ? f->len : strlen(f->text);
	int fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd < 0 || write(fd, f->text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd;
}

/* Read /etc/m.conf with this text, which may include `more`. */
static inline struct conf *test_load(const char *text, struct test_file more,
				     struct conf_errors *errors)
{
	struct test_file files[] = {{"/etc/m.conf", text, 0}, more, {0}};
	struct conf_opener opener = {.open = test_open, .ctx = files};
	struct conf *conf;

	memset(errors, 0, sizeof *errors);
	int result = conf_load(&conf, "/etc/m.conf", &opener, errors);
	if ((conf == NULL) != (result < 0) || (result == ERR_FORMAT) != (errors->total > 0))
		ok(false, "conf_load() returns %d with %zu errors", result, errors->total);
	return conf;
}

#define TEST_ERRORS_MAX (CONF_ERRORS_MAX * (CONF_ERROR_TEXT_MAX))

/* The errors that were kept, a line each, without this prefix: the name of the main file. */
static inline void test_errors(const struct conf_errors *errors, const char *prefix,
			       char text[TEST_ERRORS_MAX])
{
	size_t len = strlen(prefix), at = 0;

	text[0] = '\0';
	for (size_t e = 0; e < errors->kept; e++) {
		const char *line = errors->text[e];
		bool placed = strncmp(line, prefix, len) == 0;
		at += (size_t)snprintf(text + at, TEST_ERRORS_MAX - at, "%s\n",
				       line + (placed ? len : 0));
	}
}

/* A text, and the errors of it: a line each, without the file's name. */
struct test_fault {
	const char *name, *input, *expected;
};

static inline void test_each_fault(const struct test_fault *faults, size_t count,
				   struct conf *(*load)(const char *text),
				   const struct conf_errors *errors)
{
	for (size_t i = 0; i < count; i++) {
		char text[TEST_ERRORS_MAX];
		struct conf *conf = load(faults[i].input);

		test_errors(errors, "/etc/m.conf:", text);
		is_str(conf == NULL ? text : NULL, faults[i].expected, faults[i].name);
		conf_free(&conf);
	}
}

#endif
