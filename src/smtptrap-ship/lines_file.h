/*
 * lines_file.h: files of whole lines that are appended to.
 */
#ifndef SMTPTRAP_SHIP_LINES_FILE_H
#define SMTPTRAP_SHIP_LINES_FILE_H

#include <stdint.h>

/* How many of the first size bytes are whole lines, up to the last LF.  0, or ERR_SYSTEM. */
int lines_file_whole(int fd, uint64_t size, uint64_t *whole_r);

/* Count the lines of the file.  0, or ERR_SYSTEM. */
int lines_file_count(int fd, uint64_t *count_r);

#endif
