/*
 * message_info.h: what a message record says about its raw bytes.
 */
#ifndef SMTPTRAP_MESSAGE_INFO_H
#define SMTPTRAP_MESSAGE_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "log_name.h"
#include "record_line.h"
#include "uuid.h"

/* Where the bytes are that a message shares with another one. */
struct message_copy {
	uint8_t id[UUID_BYTES]; /* of the other */
	char file[LOG_NAME_MAX];
	uint64_t offset, member, skip; /* as below, of the other */
	uint64_t from;                 /* bytes of it that are not shared: its first ones */
};

struct message_info {
	struct record_line_head head;
	bool accepted;
	bool discarded; /* by a rule: there is nothing but the record */
	bool has_mail;  /* the four that follow are there */
	char mail_file[LOG_NAME_MAX];
	uint64_t offset; /* of the From_ line, uncompressed */
	uint64_t member; /* of its gzip member, compressed */
	uint64_t skip;   /* from the member's start to the From_ line, uncompressed */
	bool has_size, has_sha256;
	uint64_t size;
	uint8_t sha256[DIGEST_SHA256];
	bool is_copy;  /* another message has its bytes, or those of its body */
	bool has_copy; /* and it is said which, and where */
	struct message_copy copy;
};

/* Read a line of the message stream.  Returns 0, or ERR_FORMAT if it is no record. */
int message_info_read(const uint8_t *line, size_t len, struct message_info *info_r);

/* What is known of the message that a copy (has_copy) refers to: its identifier and its place. */
void message_info_of_first(const struct message_info *copy, struct message_info *first_r);

#endif
