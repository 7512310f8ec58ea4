/*
 * log_name.h: the names of log files.
 *
 *     session-20251122T103000Z-000017.jsonl.gz        message-...  the same
 *     mail-20251122T103000Z-000017.mbox.gz.part       .part: is being written
 *
 * The time is when the file was opened, UTC.  The number counts the files of a stream from 1 and
 * never repeats: it, not the time, orders them.  It has at least 6 digits.
 */
#ifndef SMTPTRAP_LOG_NAME_H
#define SMTPTRAP_LOG_NAME_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_NAME_MAX 80 /* the longest name and its NUL fit */

enum log_stream { LOG_SESSION, LOG_MESSAGE, LOG_MAIL, LOG_STREAM_COUNT };

struct log_name {
	enum log_stream stream;
	uint64_t time; /* seconds since 1970, UTC, before the year 10000 */
	uint64_t seq;
	bool part;
};

/* "session", "message", "mail". */
const char *log_stream_name(enum log_stream stream);

/* The stream with this name, or LOG_STREAM_COUNT. */
enum log_stream log_stream_find(const char *name);

/* Write the name and a NUL.  Returns 0, or ERR_FORMAT if the time is past the year 9999. */
int log_name_format(const struct log_name *n, char name_r[LOG_NAME_MAX]);

/* Read a file's name (no folder before it).  Returns 0, or ERR_FORMAT: only what
 * log_name_format() writes is accepted. */
int log_name_parse(const char *name, struct log_name *n_r);

/* Order for qsort and the like: by stream, number, time; a .part file after its finished twin. */
int log_name_compare(const struct log_name *a, const struct log_name *b);

#endif
