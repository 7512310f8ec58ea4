/*
 * log_follow.h: the records of one stream as they come, over all its files.
 *
 * Beside a logger that appends, cuts back what it could not commit, renames, repairs and removes
 * files at any time, and over restarts of all.  Nothing is passed over without being told, and
 * no more than one line is held.  What was told twice for safety has the same identifier.
 */
#ifndef SMTPTRAP_LOG_FOLLOW_H
#define SMTPTRAP_LOG_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "log_name.h"
#include "log_read.h"
#include "record_line.h"
#include "span.h"

/* Where the next record is: behind `line` lines of a member.  It can be kept in a file. */
struct log_place {
	char file[LOG_NAME_MAX]; /* its finished name; "": before the oldest file */
	uint64_t member;         /* where the member starts in the file */
	uint64_t line;           /* lines of the member that were read */
	uint32_t crc;            /* CRC-32 of these, LF included: are they still what they were? */
	uint64_t seq;            /* of the last record; 0: none */
};

enum log_trouble_kind {
	LOG_TROUBLE_UNREADABLE, /* ERR_SYSTEM: first is errno; the next call tries again */
	LOG_TROUBLE_MEMBER,     /* ERR_CORRUPT: the member is damaged, passed over */
	LOG_TROUBLE_LINE,       /* ERR_FORMAT: a line is no record, passed over */
	LOG_TROUBLE_LONG,    /* ERR_FULL: a line is longer than LOG_LINE_MAX; rest of member too */
	LOG_TROUBLE_TORN,    /* ERR_END: a finished file ends inside a member or line */
	LOG_TROUBLE_MISSING, /* ERR_END: records first to last are not there */
	LOG_TROUBLE_BACK,    /* ERR_FORMAT: numbers go back, from first to last: other records */
	LOG_TROUBLE_REWRITTEN, /* ERR_CORRUPT: what was read is not there any more; read again */
	LOG_TROUBLE_ANEW, /* ERR_FORMAT: the file is gone and the logs began anew: they are read */
	LOG_TROUBLE_COUNT
};

struct log_trouble {
	enum log_trouble_kind kind;
	char file[LOG_NAME_MAX]; /* may be "" */
	uint64_t member, line;   /* where in the file */
	uint64_t first, last;
	char gone
	    [LOG_NAME_MAX]; /* of MISSING: the file that was removed before it was read, or "" */
};

#define LOG_FOLLOW_TAIL 64 /* bytes before a limit: another flush point is nearer by chance only */

/* Zeroed it is closed. */
struct log_follow {
	int dir;
	enum log_stream stream;
	int notify; /* inotify, or -1 */
	int fd;     /* the file, or -1 */
	struct log_name name;
	bool finished; /* nothing will be appended */
	bool read_out; /* and all of it was read */
	struct log_reader reader;
	uint64_t limit; /* of a file that grows: behind the last flush */
	uint8_t tail[LOG_FOLLOW_TAIL];
	size_t tail_len; /* bytes before the limit */

	struct log_place place; /* where the next record is */
	uint64_t skip;          /* lines of place.line that are to be passed over still */
	uint32_t crc;           /* of those that were */
	bool doubted;           /* damage was met, and the file was opened anew to look again */
	bool damaged;           /* looking for the next member */
	char gone[LOG_NAME_MAX];
	bool held_given;
	struct span held; /* a record whose trouble was told first */

	struct record_line_head head; /* of the last record given out */
	struct log_trouble trouble;   /* of the last negative result */
	uint64_t records;             /* given out */
	uint64_t troubles[LOG_TROUBLE_COUNT];
	uint64_t missing; /* records, in all */
};

/*
 * Follow the session or message files in dir, which stays the caller's, from a place; NULL: from
 * the oldest record.  Returns 0; ERR_FORMAT if the place's file is no name of this stream;
 * ERR_SYSTEM if the folder cannot be read.
 */
int log_follow_open(struct log_follow *f, int dir, enum log_stream stream,
		    const struct log_place *from);

/* The same, but from now: what is there already is passed over, troubles included, unless the last
 * file cannot be read: then that comes first. */
int log_follow_open_now(struct log_follow *f, int dir, enum log_stream stream);

/* Go on from another place (NULL: the oldest record); the descriptor of log_follow_fd() stays.
 * Returns 0, or ERR_FORMAT. */
int log_follow_seek(struct log_follow *f, const struct log_place *to);

/*
 * Is the place ahead of all files of the stream, of which there are some, and its own not there?
 * Then it is of other logs, or logs were put back to what they had been: what they will hold would be
 * taken for read.
 */
bool log_follow_is_ahead(const struct log_follow *f);

/* Release all; accepts a zeroed struct. */
void log_follow_close(struct log_follow *f);

/*
 * The next record: 1, with its line in *line_r (valid until the next call), its head in f->head
 * and, unless place_r is NULL, the place behind it in *place_r.  0: none for now, wait for
 * log_follow_fd().  Negative: something is told in f->trouble; call again to go on.  After
 * LOG_TROUBLE_UNREADABLE wait first, or log_follow_pass().  ERR_MEMORY tells nothing.
 */
int log_follow_next(struct log_follow *f, struct span *line_r, struct log_place *place_r);

/* After LOG_TROUBLE_UNREADABLE: give the file up and go on with the next one, if there is one; what is
 * missing then is told.  False: it is the last, or the folder cannot be read, so try it again. */
bool log_follow_pass(struct log_follow *f);

/* A descriptor that can be read when log_follow_next() may have more; -1: there is none, poll
 * by time.  It may tell of nothing, so go by what log_follow_next() returns. */
int log_follow_fd(const struct log_follow *f);

/* The error that log_follow_next() returns for it. */
int log_trouble_error(enum log_trouble_kind kind);

/* Append the trouble as a sentence without its end, with the file's name. */
void log_trouble_text(const struct log_trouble *t, struct buf *to);

#endif
