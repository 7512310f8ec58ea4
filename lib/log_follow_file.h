/*
 * log_follow_file.h: the files of a stream, for log_follow.c alone.
 */
#ifndef SMTPTRAP_LOG_FOLLOW_FILE_H
#define SMTPTRAP_LOG_FOLLOW_FILE_H

#include "log_name.h"

/*
 * Find the first file of the stream behind `after` (NULL: the first of all; its seq and time
 * count).  Of a .part file and its finished twin the second is found.  1 and *n_r, 0, or ERR_SYSTEM.
 */
int log_follow_find(int dir, enum log_stream stream, const struct log_name *after,
		    struct log_name *n_r);

/* The last file of the stream: as log_follow_find(). */
int log_follow_find_last(int dir, enum log_stream stream, struct log_name *n_r);

/*
 * Of a file that is not there any more: find the first with a lower number that was begun later, which
 * a logger makes only when it found its folder empty.  As log_follow_find().
 */
int log_follow_find_anew(int dir, enum log_stream stream, const struct log_name *gone,
			 struct log_name *n_r);

/*
 * Open a file by its finished name, or with .part behind; n->part is set as it was found.
 * Returns 0 and *fd_r, or ERR_SYSTEM: ENOENT if there is neither.
 */
int log_follow_open_file(int dir, struct log_name *n, int *fd_r);

/* Has the file, opened as .part at fd, got its finished name, or none at all? */
bool log_follow_is_finished(int dir, const struct log_name *n, int fd);

/*
 * Find the end of the last flush in a growing file of size bytes, looking back to from.  Returns
 * 0 and *limit_r (from if there is none behind it), or ERR_SYSTEM.
 */
int log_follow_limit(int fd, uint64_t from, uint64_t size, uint64_t *limit_r);

#endif
