/*
 * fetch_sink.h: files of records that were fetched.
 *
 * DIRECTORY/session-NNNNNN.jsonl.gz and message-NNNNNN.jsonl.gz; .part behind the one that is
 * being written.
 */
#ifndef SMTPTRAP_SHIP_FETCH_SINK_H
#define SMTPTRAP_SHIP_FETCH_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "gzip_writer.h"
#include "id_set.h"
#include "record.h"

#define SINK_FILE_RECORDS 500000u     /* of a file: what is remembered of identifiers stays small */
#define SINK_FILE_RAW (1024ull << 20) /* uncompressed bytes of a file */
#define SINK_NAME_MAX 64

struct sink_file {
	uint64_t number;  /* of the present file, or of the last */
	int fd;           /* -1: none is open */
	uint64_t size;    /* bytes in it */
	uint64_t records; /* in it, those that are not committed included */
	struct buf out;
	struct gzip_writer gz;
	struct id_set ids, ids_before; /* of the present file, and of the one before it */
};

struct fetch_sink {
	int dir;
	const char *path; /* of dir, the caller's */
	struct sink_file files[RECORD_TYPE_COUNT];
};

/*
 * Open the directory, finish what a sink before left in it, and learn the identifiers of the last
 * two files of each type.  Only one sink may have it.  Returns 0; ERR_SYSTEM, ERR_MEMORY, ERR_CORRUPT
 * (a file is damaged in its middle) or ERR_REFUSED (another has it) with why.
 */
int sink_open(struct fetch_sink *s, const char *path, struct buf *why);

/* Add a record.  Returns 1; 0 if one with this identifier is in the present file or the one before
 * it; ERR_SYSTEM or ERR_MEMORY with why: only sink_close() is allowed then. */
int sink_add(struct fetch_sink *s, enum record_type type, const uint8_t id[UUID_BYTES],
	     const uint8_t *line, size_t len, struct buf *why);

/* Have all that was added on disk, and begin new files where the present ones are large enough.
 * Returns 0, or an error as above. */
int sink_commit(struct fetch_sink *s, struct buf *why);

/* End the files and give them their names; the next record begins new ones.  As above. */
int sink_finish(struct fetch_sink *s, struct buf *why);

/* Release all, leaving files as they are; accepts a zeroed sink and one that failed to open. */
void sink_close(struct fetch_sink *s);

#endif
