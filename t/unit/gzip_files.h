/*
 * gzip_files.h: what the tests of gzip files share: files in memory, gzip(1) as the judge, and
 * text that looks like records.
 */
#ifndef SMTPTRAP_GZIP_FILES_H
#define SMTPTRAP_GZIP_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "buf.h"
#include "gzip_writer.h"

/* A file that holds these bytes and is gone when it is closed. */
__attribute__((unused)) static int memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("gzip", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len) {
		perror("memory_file");
		exit(1);
	}
	return fd;
}

__attribute__((unused)) static size_t memory_file_read(int fd, void *to, size_t cap)
{
	ssize_t n = pread(fd, to, cap, 0);

	return n < 0 ? 0 : (size_t)n;
}

/* What zcat makes of the file: its output (at most cap bytes), its length; returns the exit
 * status. */
__attribute__((unused)) static int zcat(int fd, uint8_t *to, size_t cap, size_t *len_r)
{
	char command[64];

	lseek(fd, 0, SEEK_SET);
	int inherited = dup(fd); /* without close-on-exec */
	snprintf(command, sizeof command, "zcat <&%d 2>/dev/null", inherited);
	FILE *p = popen(command, "r");
	*len_r = p == NULL ? 0 : fread(to, 1, cap, p);
	int rc = p == NULL ? -1 : pclose(p);
	close(inherited);
	return WEXITSTATUS(rc);
}

/* A line like a record with this number, of varying length. */
__attribute__((unused)) static size_t record_line(char *to, size_t cap, uint64_t seq)
{
	int len =
	    snprintf(to, cap,
		     "{\"v\":1,\"type\":\"session\",\"id\":\"019aab3e-0c1f-7a62-8d5c-%012llx\","
		     "\"seq\":%llu,\"helo\":\"",
		     (unsigned long long)(seq * 2654435761u % 1000003), (unsigned long long)seq);
	size_t n = (size_t)len;

	for (uint64_t x = seq * 6364136223846793005u + 1; n < 150 + seq * 7919 % 200; n++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		to[n] = "abcdefghijklmnopqrstuvwxyz0123456789-."[(x >> 40) % 38];
	}
	memcpy(to + n, "\"}\n", 3);
	return n + 3;
}

/* Append records first to last. */
__attribute__((unused)) static int write_records(struct gzip_writer *w, uint64_t first,
						 uint64_t last)
{
	char line[512];
	int rc = 0;

	for (uint64_t seq = first; rc == 0 && seq <= last; seq++) {
		size_t len = record_line(line, sizeof line, seq);

		rc = gzip_writer_record(w, seq);
		if (rc == 0)
			rc = gzip_writer_append(w, line, len);
	}
	return rc;
}

/* The same records as text; returns the length. */
__attribute__((unused)) static size_t plain_records(uint8_t *to, uint64_t first, uint64_t last)
{
	size_t len = 0;

	for (uint64_t seq = first; seq <= last; seq++)
		len += record_line((char *)to + len, 512, seq);
	return len;
}

#endif
