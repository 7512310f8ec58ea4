/*
 * logger_stream.h: one stream of log files: append, commit, undo, rotate.
 *
 * Nothing that was appended counts until stream_commit(); stream_undo() takes the file back to
 * the last commit.  Functions that return int give 0 or ERR_SYSTEM with errno set; after an error
 * only stream_undo() leads on.
 */
#ifndef SMTPTRAP_LOGGER_STREAM_H
#define SMTPTRAP_LOGGER_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "gzip_writer.h"
#include "log_name.h"

/* Where the stream's file is on its way; a failure is resumed in the state where it happened. */
enum stream_state {
	STREAM_CLOSED, /* no file */
	STREAM_OPEN,   /* a .part file takes records */
	STREAM_TORN,   /* more may stand in the file than was committed: cut it back */
	STREAM_SYNCED, /* rotation: the last member is ended, the file is on disk */
	STREAM_RENAMED /* rotation: the file has its final name, the directory is not synced yet */
};

struct stream {
	enum stream_state state;
	struct log_name name;    /* of the open file; before the first: seq of the last one */
	char file[LOG_NAME_MAX]; /* its final name */
	int dir, fd;
	int level; /* zlib's, of the next file */
	struct gzip_writer gz;
	struct buf out;         /* compressed, not yet written */
	uint64_t written;       /* where the next write goes */
	struct gzip_mark mark;  /* the last commit */
	uint64_t seq, mark_seq; /* of the last record appended; committed */
};

/* dir stays the caller's; file_seq and seq: the last ones used before this start. */
void stream_init(struct stream *s, enum log_stream kind, int dir, int level);

/* Have a file that takes records: mend a torn one, finish one that is between, open one if there is
 * none; now in seconds since 1970. */
int stream_ready(struct stream *s, uint64_t now);

/* A record begins: stream_ready(), and it
 * takes the next sequence number; s->gz.at tells where the record will stand. */
int stream_record(struct stream *s, uint64_t now);

int stream_append(struct stream *s, const void *bytes, size_t len);

/* Write what was compressed so far if it is more than a little; for the middle of long records. */
int stream_spill(struct stream *s);

/* Make all that was appended readable in the file; with sync also durable.  ENOENT if somebody has
 * removed the file: what stands in it is lost. */
int stream_flush(struct stream *s, bool sync);

/* True if records were appended since the last commit. */
bool stream_dirty(const struct stream *s);

void stream_commit(struct stream *s);

/* Back to the last commit.  Never fails: the file is mended when it is next used. */
void stream_undo(struct stream *s);

/* Try to mend a torn file now; one that was removed is closed. */
int stream_mend(struct stream *s);

/* Finish the file and give it its final name; resumes where it failed before.  Everything
 * appended must be committed.  A file without a record is removed; one that is no longer there is
 * let go. */
int stream_rotate(struct stream *s);

#endif
