/*
 * log_tail.h: the last record of a log file, without reading the file.
 */
#ifndef SMTPTRAP_LOG_TAIL_H
#define SMTPTRAP_LOG_TAIL_H

#include <stdint.h>

#include "log_name.h"

/*
 * Find the number of the last complete record in the file of this stream at fd (open for
 * reading, its offset is not used): looks backwards for the last member and inflates that one.
 * If it holds no whole record, its header tells.  Records of the mail stream bear no `seq`, and
 * what stands there is a peer's: for those it is always the header, one less than the number of
 * the last member's first record.
 * Returns 0 and sets *seq_r; ERR_END if the file is empty; ERR_CORRUPT if no member was found, or
 * if the last one is damaged (repair first), and then sets *seq_r to the number of the last record
 * before the damage; ERR_SYSTEM, ERR_MEMORY.
 */
int log_tail_seq(int fd, enum log_stream stream, uint64_t *seq_r);

/* The uncompressed length of a file that is whole: looks for its last member and inflates that
 * one.  Returns 0 and sets *raw_r, or an error as above. */
int log_tail_raw(int fd, uint64_t *raw_r);

#endif
