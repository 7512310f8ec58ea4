/*
 * mail_store.h: get messages out of the mail stream by what their records say.
 */
#ifndef SMTPTRAP_MAIL_STORE_H
#define SMTPTRAP_MAIL_STORE_H

#include <gnutls/crypto.h>

#include "log_dir.h"
#include "mail_read.h"
#include "message_info.h"

/* The file that was read last stays open: messages in order are read in one go. */
struct mail_store {
	const struct log_dir *dir;
	char name[LOG_NAME_MAX]; /* of the open file, without .part */
	int fd;                  /* -1: none */
	struct mail_reader reader;
};

void mail_store_init(struct mail_store *s, const struct log_dir *dir);
void mail_store_fini(struct mail_store *s);

/*
 * Go to the message that info (has_mail) points at.  Returns NULL and fills *head_r; then read it
 * with mail_reader_data(&s->reader, ...).  Else what is wrong, as a sentence without its end.
 */
const char *mail_store_find(struct mail_store *s, const struct message_info *info,
			    struct mail_head *head_r);

/* Does the member that the record names start there in the file, and so long before the message?
 * NULL, or what is wrong. */
const char *mail_store_check_member(int fd, const struct message_info *info);

/* A message while its SHA-256 is made. */
struct mail_check {
	gnutls_hash_hd_t hash;
};
const char *mail_check_begin(struct mail_check *c);
void mail_check_data(struct mail_check *c, const uint8_t *bytes, size_t len);

/* Ends it: NULL if size, that of all of it, and SHA-256 are as the record says, else what is
 * wrong. */
const char *mail_check_end(struct mail_check *c, const struct message_info *info, uint64_t size);

/* Ends it without looking. */
void mail_check_drop(struct mail_check *c);

/* What a negative number of mail_reader_*() says about a file. */
const char *mail_trouble(int rc);

#endif
