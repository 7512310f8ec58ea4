/*
 * mail_bytes.h: the raw bytes of messages, in chunks of objects.
 */
#ifndef SMTPTRAP_SHIP_MAIL_BYTES_H
#define SMTPTRAP_SHIP_MAIL_BYTES_H

#include "mail_whole.h"
#include "object.h"

/* The folder that was used last and the file in it stay open: messages come in their order. */
struct mail_bytes {
	struct log_dir dir; /* dir.fd: of the logs, the caller's, or of from */
	char *from;         /* the folder that was opened by name; NULL */
	bool opened;        /* whole has a folder */
	struct mail_whole whole;
	struct message_info info; /* of the present message */
	struct mail_check check;
	bool checking;
	uint64_t size;       /* of the present message */
	uint64_t read;       /* bytes of it that were given out */
	const uint8_t *more; /* bytes that were read and not given out */
	size_t nmore;
	uint8_t chunk[OBJECT_CHUNK];
	size_t len; /* of chunk */
};

/* Read from a folder of logs: fd, which stays the caller's, ... */
void mail_bytes_at(struct mail_bytes *m, int fd);

/* ... or that in which the log file lies.  NULL, or what is wrong. */
const char *mail_bytes_beside(struct mail_bytes *m, const char *log_file);

/* Release all; accepts a zeroed struct. */
void mail_bytes_close(struct mail_bytes *m);

/* Has another message all bytes of the message that m->info says (has_mail)?  *all_r tells; NULL, or
 * what is wrong, as below. */
const char *mail_bytes_look(struct mail_bytes *m, bool *all_r);

/* Go to the message that m->info says (has_mail).  NULL, and its size is in m->size; or what is
 * wrong, as a sentence without its end that is valid until the next call. */
const char *mail_bytes_find(struct mail_bytes *m);

/*
 * Fill m->chunk with the next m->len bytes: as many as fit, but for the last.  With the last ones
 * all of the message is compared with the size and SHA-256 of its record.  NULL, or what is wrong,
 * as above.
 */
const char *mail_bytes_next(struct mail_bytes *m);

#endif
