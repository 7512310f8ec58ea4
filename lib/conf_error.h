/*
 * conf_error.h: what is wrong with configuration files, collected over a run.
 */
#ifndef SMTPTRAP_CONF_ERROR_H
#define SMTPTRAP_CONF_ERROR_H

#include <stddef.h>
#include <stdint.h>

#define CONF_ERRORS_MAX 50      /* kept; more are only counted */
#define CONF_ERROR_TEXT_MAX 512 /* bytes of one, NUL included */

/* Zero it before use; it owns no memory.  About 25 KiB: large for a stack. */
struct conf_errors {
	size_t total; /* errors found */
	size_t kept;  /* entries of text */
	/* 'FILE:LINE:COLUMN: WHAT, near "TEXT" (did you mean "WORD"?)', printable, no newline */
	char text[CONF_ERRORS_MAX][CONF_ERROR_TEXT_MAX];
};

#endif
