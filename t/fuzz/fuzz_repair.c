/*
 * fuzz_repair.c: fuzz target for repair and reading of log files.
 *
 * The input is a file.  Properties: the tail and the lines of whatever file can be asked for;
 * after a repair the file is whole for a reader, its length and lines are those that were told, a
 * second repair has nothing to do; a file that is not repaired was not touched.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "gzip_reader.h"
#include "gzip_repair.h"
#include "log_read.h"
#include "log_tail.h"
#include "mail_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t length_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	return (uint64_t)st.st_size;
}

/* Read all lines and messages, as the reader does, to whatever end. */
static void read_as_it_is(int fd)
{
	struct log_reader r;
	struct mail_reader m;
	struct mail_head head;
	const uint8_t *line;
	size_t len;
	uint64_t seq;
	int rc;

	(void)log_tail_seq(fd, LOG_SESSION, &seq);
	must(log_reader_open(&r, fd, 0) == 0);
	do {
		while ((rc = log_reader_next(&r, &line, &len)) == 1)
			must(len <= LOG_LINE_MAX && memchr(line, '\n', len) == NULL);
	} while (rc == ERR_CORRUPT && log_reader_skip(&r) == 1);
	log_reader_close(&r);
	must(mail_reader_open(&m, fd, 0, 0) == 0);
	while (mail_reader_head(&m, &head) == 1)
		;
	mail_reader_close(&m);
}

static void must_be_whole(int fd, const struct gzip_repair *done)
{
	struct gzip_reader r;
	const uint8_t *bytes;
	size_t len;
	uint64_t lines = 0;
	int event;

	must(gzip_reader_open(&r, fd, 0, false) == 0);
	while ((event = gzip_reader_next(&r, &bytes, &len)) == GZIP_DATA || event == GZIP_MEMBER)
		for (size_t i = 0; i < len; i++)
			lines += bytes[i] == '\n';
	must(event == GZIP_EOF && r.raw == done->raw && lines == done->lines);
	gzip_reader_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct gzip_repair done, again;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && pwrite(fd, data, len, 0) == (ssize_t)len);
	read_as_it_is(fd);
	int rc = gzip_repair(fd, &done);
	must(rc == 0 || rc == ERR_CORRUPT);
	must(done.size_before == len && done.size_after == length_of(fd));
	if (rc == 0) {
		must_be_whole(fd, &done);
		must(gzip_repair(fd, &again) == 0 && again.cut == 0 && !again.closed);
		must(again.raw == done.raw && again.size_after == done.size_after);
	} else {
		must(done.size_after == len);
	}
	close(fd);
	return 0;
}
