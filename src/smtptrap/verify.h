/*
 * verify.h: what the parts of smtptrap verify share.
 */
#ifndef SMTPTRAP_VERIFY_H
#define SMTPTRAP_VERIFY_H

#include "id_set.h"
#include "mail_whole.h"
#include "records.h"

/* Where the walk through the mail stream is: it follows the message records, so that what lies
 * between is seen to have no record. */
struct mail_walk {
	size_t index;         /* of the file in dir->names; dir->count: at the end */
	struct log_name file; /* it is this */
	int fd;               /* -1: not open */
	struct mail_reader reader;
	struct mail_head head; /* of the message that is next */
	bool has_head;
};

#define VERIFY_FIRSTS 4096

/* A message whose bytes were read for a copy that is equal to all of it. */
struct verify_first {
	uint64_t file_seq, offset; /* where it is; file_seq 0: nothing stands here */
	uint64_t size;
	uint8_t id[UUID_BYTES], sha256[DIGEST_SHA256];
};

struct verify {
	struct log_dir dir;
	uint64_t errors;
	uint64_t files, records[RECORD_TYPE_COUNT];
	uint64_t messages; /* raw ones, that a record leads to */
	uint64_t orphans;  /* raw ones without a record */
	uint64_t older;    /* records whose mail file was removed: older than all that are there */
	uint64_t unrecorded; /* raw ones before all that records tell of: those were removed */
	uint64_t raw_bytes;
	uint64_t copies;       /* messages whose bytes are another's */
	uint64_t copies_gone;  /* and whose were removed with old files */
	enum record_type type; /* of the stream that is being read */
	bool any;              /* a record of it was seen */
	uint64_t last_seq;
	struct id_set ids;
	uint64_t first_message; /* seq of the first message record that is there */
	bool walk_begun;        /* a record led to a raw message */
	struct mail_walk walk;
	struct mail_store store;
	struct mail_whole whole;                  /* where copies have their bytes */
	struct verify_first first[VERIFY_FIRSTS]; /* by place: copies of one come in crowds */
};

/* Tell what is wrong with a record (id may be NULL), or a file. */
void verify_error(struct verify *v, const struct place *at, const uint8_t *id, const char *what);

void verify_mail_begin(struct verify *v);

/* Check that the raw bytes of a message record are there. */
void verify_mail_of(struct verify *v, const struct place *at, const struct message_info *info);

/*
 * Check the bytes of a copy that are another message's.  check has taken the own_size bytes of its
 * own.  NULL, or what is wrong with it; a copy whose bytes were removed with old files is told, and
 * nothing is wrong with it.
 */
const char *verify_copy(struct verify *v, const struct place *at, const struct message_info *info,
			struct mail_check *check, uint64_t own_size);

/* The oldest mail file that is there; NULL: none is. */
const struct log_name *verify_oldest_mail(const struct verify *v);

/* Look through the rest of the mail stream. */
void verify_mail_end(struct verify *v);

#endif
