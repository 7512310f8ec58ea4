/*
 * log_dir.h: the log files in a folder, in order.
 */
#ifndef SMTPTRAP_LOG_DIR_H
#define SMTPTRAP_LOG_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log_name.h"

/* A record is written when its session or message ends, so its `ts` is earlier than that; but by
 * no more than this many seconds. */
#define LOG_SESSION_MAX 86400u

struct log_dir {
	int fd;
	struct log_name *names; /* sorted by log_name_compare() */
	size_t count;
};

/*
 * List the folder.  Other names in it are passed over; of a .part file and its finished twin
 * (renamed while we looked) only the second is listed.  Returns 0, ERR_SYSTEM or ERR_MEMORY.
 */
int log_dir_open(struct log_dir *d, const char *path);

/* The same of a path below an open folder, as openat(2) has it. */
int log_dir_open_at(struct log_dir *d, int at, const char *path);

/* Release all; accepts a zeroed struct and one that failed to open. */
void log_dir_close(struct log_dir *d);

/*
 * Open a file of the folder for reading.  A .part file that has got its final name meanwhile is
 * opened by that.  Returns 0 and sets *fd_r, or ERR_SYSTEM.
 */
int log_dir_open_file(const struct log_dir *d, const struct log_name *n, int *fd_r);

/* The entry with this name, which may lack .part; NULL if there is none. */
const struct log_name *log_dir_find(const struct log_dir *d, const char *name);

/*
 * May the file at index i hold records with `ts` from since to before until (microseconds since
 * 1970)?  Judged by its own time and that of the next file of its stream.
 */
bool log_dir_covers(const struct log_dir *d, size_t i, uint64_t since, uint64_t until);

#endif
