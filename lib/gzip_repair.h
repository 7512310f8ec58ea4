/*
 * gzip_repair.h: make a torn log file whole again.
 */
#ifndef SMTPTRAP_GZIP_REPAIR_H
#define SMTPTRAP_GZIP_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

struct gzip_repair {
	uint64_t size_before; /* of the file */
	uint64_t size_after;  /* with the end that was written by hand */
	uint64_t cut;         /* bytes cut off the end */
	uint64_t raw;         /* uncompressed length of what was kept */
	uint64_t lines;       /* line feeds in that: the records of a JSON stream */
	uint64_t damaged_at;  /* ERR_CORRUPT: where the member starts that cannot be read */
	bool closed;          /* the last member was ended by hand */
};

/*
 * Look through the file at fd (open for reading and writing; its offset is not used), cut it
 * behind the last record that was flushed, end the member there, and fsync.  A file that is
 * whole is only synced (cut 0, closed false); one without a single flushed record becomes empty.
 * May be repeated after any failure.  Returns
 *   0            the file is whole now;
 *   ERR_CORRUPT  the damage is not a torn tail: members that can be read follow it.  The file was
 *                not touched; its readers must skip the damaged member (log_read.h does);
 *   ERR_SYSTEM, ERR_MEMORY.
 */
int gzip_repair(int fd, struct gzip_repair *r);

#endif
