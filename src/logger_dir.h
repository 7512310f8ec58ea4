/*
 * logger_dir.h: the log directory as a whole: repair at start, retention, free space.
 */
#ifndef SMTPTRAP_LOGGER_DIR_H
#define SMTPTRAP_LOGGER_DIR_H

#include <stdint.h>

#include "conf.h"
#include "logger_stream.h"

/*
 * Take the directory for this logger alone (waits some seconds for another one to leave), mend
 * and finish the files that a crash left behind, and set each stream's file number and sequence
 * number to go on from.  Says what it did; fatal if the directory cannot be used.
 */
void logger_dir_start(int dir, struct stream streams[LOG_STREAM_COUNT]);

/* Remove the oldest finished files as far as keep, keep-age and keep-free ask for it; now in
 * seconds since 1970. */
void logger_dir_retain(int dir, const struct conf *conf, uint64_t now);

/* Bytes that may still be written to the file system.  Returns 0, or ERR_SYSTEM with errno set
 * and *free_r 0. */
int logger_dir_free(int dir, uint64_t *free_r);

#endif
