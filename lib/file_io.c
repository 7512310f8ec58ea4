/*
 * file_io.c: whole reads and writes of files at an offset; EINTR and short counts end here.
 *
 * Runs in whatever reads or writes files: the logger, the reader and the shipper.
 */
#include "file_io.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"

int file_read_at(int fd, void *to, size_t len, uint64_t offset, size_t *got_r)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, (uint8_t *)to + got, len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*got_r = got;
	return 0;
}

int file_write_at(int fd, const void *bytes, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n =
		    pwrite(fd, (const uint8_t *)bytes + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		done += (size_t)n;
	}
	return 0;
}

int file_size(int fd, uint64_t *size_r)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return ERR_SYSTEM;
	*size_r = (uint64_t)st.st_size;
	return 0;
}
