/*
 * records.h: go through the records of files and folders.
 */
#ifndef SMTPTRAP_RECORDS_H
#define SMTPTRAP_RECORDS_H

#include "buf.h"
#include "log_dir.h"
#include "log_read.h"
#include "record.h"
#include "smtptrap.h"

/* Where a record, or what is wrong, is. */
struct place {
	const char *file;
	bool part;       /* is being written, or was left by a crash */
	uint64_t line;   /* from 1 where reading of the file began */
	uint64_t offset; /* uncompressed */
	uint64_t member; /* where the gzip member starts in the file */
};

/* What to do with what is found. */
struct visitor {
	/* A line; returns 0 to go on, or a number that ends it all. */
	int (*record)(void *ctx, const struct place *at, const uint8_t *line, size_t len);
	/* Something is wrong: what is a sentence without its end. */
	void (*trouble)(void *ctx, const struct place *at, const char *what);
	void *ctx;
};

/* Visit every line of an open file.  Damaged members are trouble, and passed over.  Returns 0, or
 * what v->record() returned. */
int records_of_file(int fd, const char *name, bool part, const struct visitor *v);

/*
 * Visit every line of the files of a stream that may hold records from since to before until (all
 * lines of those files: the caller looks at ts).  Returns as records_of_file().
 */
int records_of_dir(const struct log_dir *dir, enum log_stream stream, uint64_t since,
		   uint64_t until, const struct visitor *v);

/* Visit what was chosen of a folder: records of sessions, then of messages (all lines of the files
 * that may hold some, as above). */
void records_of_choice(const struct log_dir *dir, const struct choice *c, const struct visitor *v);

/* Open a file or a folder that the user named; -1 if that fails (said already). */
int records_open(const char *path, bool *folder_r);

/* Does the name of a file say that it is being written? */
bool path_is_part(const char *path);

/* The stream that holds a type of record. */
enum log_stream stream_of_type(enum record_type type);

/*
 * Find the record with this identifier: first in the files that its time points at, then in all.
 * Returns 1 and puts the line into line_r, or 0.  Trouble is told as a complaint.
 */
int record_find(const struct log_dir *dir, enum log_stream stream, const uint8_t id[16],
		struct buf *line_r);

/* For visitors: complains, and sets the bool at ctx. */
void trouble_complain(void *ctx, const struct place *at, const char *what);

#endif
