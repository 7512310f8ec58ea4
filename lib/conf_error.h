/*
 * conf_error.h: what is wrong with configuration files, collected over a run.
 */
#ifndef SMTPTRAP_CONF_ERROR_H
#define SMTPTRAP_CONF_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONF_ERRORS_MAX 50      /* kept; more are only counted */
#define CONF_WARNINGS_MAX 20    /* likewise */
#define CONF_ERROR_TEXT_MAX 512 /* bytes of one, NUL included */

/* Zero it before use; it owns no memory.  About 35 KiB: large for a stack. */
struct conf_errors {
	size_t total; /* errors found */
	size_t kept;  /* entries of text */
	/* FILE:LINE:COLUMN: WHAT, near "TEXT" (did you mean "WORD"?)
	 * printable, without a newline; what is too long ends in "..." */
	char text[CONF_ERRORS_MAX][CONF_ERROR_TEXT_MAX];
	/* What is no error, and yet can hardly be meant: FILE:LINE:COLUMN: warning: WHAT ... */
	size_t warnings_total, warnings_kept;
	char warning[CONF_WARNINGS_MAX][CONF_ERROR_TEXT_MAX];
};

/* Where an error is. */
struct conf_place {
	const char *file;
	uint32_t line, column; /* from 1; a column is a byte */
	const char *near;      /* what stands there, near_len bytes; NULL: the end of the file */
	size_t near_len;
	const char *meant; /* what was probably meant; NULL: not known */
};

/* Whether further errors are only counted, so that nobody need find words for them. */
bool conf_errors_full(const struct conf_errors *errors);

/* Add an error; what tells what is wrong.  Nothing is kept of the pointers. */
void conf_error_add(struct conf_errors *errors, const struct conf_place *at, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

void conf_error_addv(struct conf_errors *errors, const struct conf_place *at, const char *what,
		     va_list ap) __attribute__((format(printf, 3, 0)));

/* The same for a warning. */
void conf_warning_addv(struct conf_errors *errors, const struct conf_place *at, const char *what,
		       va_list ap) __attribute__((format(printf, 3, 0)));

/* Print the errors of a file that was read, a line each, and how many there are; program is who
 * says so. */
void conf_errors_print(const struct conf_errors *errors, const char *program, const char *path,
		       FILE *to);

#endif
