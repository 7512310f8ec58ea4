/*
 * file_io.h: whole reads and writes of files at an offset; EINTR and short counts end here.
 */
#ifndef SMTPTRAP_FILE_IO_H
#define SMTPTRAP_FILE_IO_H

#include <stddef.h>
#include <stdint.h>

/* Read up to len bytes at offset.  Returns 0 and sets *got_r, less than len only at the end of
 * the file; or ERR_SYSTEM. */
int file_read_at(int fd, void *to, size_t len, uint64_t offset, size_t *got_r);

/* Write all len bytes at offset.  Returns 0, or ERR_SYSTEM (some may be written). */
int file_write_at(int fd, const void *bytes, size_t len, uint64_t offset);

/* The length of the file.  Returns 0, or ERR_SYSTEM. */
int file_size(int fd, uint64_t *size_r);

#endif
