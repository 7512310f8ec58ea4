/*
 * mail_out.h: the forms in which messages are handed out.
 */
#ifndef SMTPTRAP_MAIL_OUT_H
#define SMTPTRAP_MAIL_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "buf.h"
#include "mail_read.h"
#include "mbox.h"

enum mail_form {
	MAIL_RAW,     /* exact bytes to standard output */
	MAIL_MBOX,    /* mboxrd to standard output */
	MAIL_EML,     /* a file ID.eml in a folder */
	MAIL_MAILDIR, /* a file in new/ of a maildir */
};

struct mail_out {
	enum mail_form form;
	bool trace; /* with the trap's trace header (mbox and maildir) */
	const char *path;
	int folder;          /* descriptor of path */
	FILE *file;          /* what is written to */
	char unfinished[96]; /* names below path */
	char finished[96];
	struct mbox_filter quote;
	struct buf buf;
};

/* Begin; form, trace and path are set.  Makes the folders.  False: said already. */
bool mail_out_open(struct mail_out *o);

/* A message: begin, bytes, end.  Returns NULL, or what is wrong. */
const char *mail_out_begin(struct mail_out *o, const struct mail_head *head, uint64_t ts);
const char *mail_out_data(struct mail_out *o, const uint8_t *bytes, size_t len);
const char *mail_out_end(struct mail_out *o);

/* After a message that could not be read to its end: no file is left. */
void mail_out_abandon(struct mail_out *o);

void mail_out_close(struct mail_out *o);

#endif
