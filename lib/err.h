/*
 * err.h: the error numbers that lib/ returns.
 *
 * A function of lib/ that can fail returns 0 or one of these negative numbers; it never logs
 * and never exits.  Where a system call failed, errno is left as that call set it.
 */
#ifndef SMTPTRAP_ERR_H
#define SMTPTRAP_ERR_H

enum err {
	ERR_OK = 0,
	ERR_SYSTEM = -1,  /* a system call failed: see errno */
	ERR_MEMORY = -2,  /* no memory */
	ERR_FULL = -3,    /* a fixed limit or buffer would be passed */
	ERR_FORMAT = -4,  /* input does not have the form it must have */
	ERR_CORRUPT = -5, /* a file or frame is damaged */
	ERR_END = -6,     /* orderly end of input */
	ERR_TIMEOUT = -7, /* a deadline passed */
	ERR_REFUSED = -8, /* not allowed in this state */
};

/* The fixed English text for a number of enum err ("no memory"); never NULL. */
const char *err_text(int err);

#endif
