/*
 * mail_whole.h: messages byte for byte, those too of which another one has the bytes.
 */
#ifndef SMTPTRAP_MAIL_WHOLE_H
#define SMTPTRAP_MAIL_WHOLE_H

#include "mail_store.h"

struct mail_whole {
	struct mail_store own, first; /* of the message, and of that which it is a copy of */
	const struct message_info *info;
	bool in_first; /* its own bytes were given out */
	uint64_t pass; /* bytes of the other that are no part of it, still to come */
	struct buf trace;
	char wrong[192];
};

void mail_whole_init(struct mail_whole *w, const struct log_dir *dir);
void mail_whole_fini(struct mail_whole *w);

/*
 * Go to the message that *info points at, which must stay until its end.  Returns NULL and fills
 * *head_r, with the size of all of it and the trace header that goes with that; else what is
 * wrong, as a sentence without its end that is valid until the next call.
 */
const char *mail_whole_find(struct mail_whole *w, const struct message_info *info,
			    struct mail_head *head_r);

/* Go to the message that *info is a copy of.  NULL, and *size_r is how many of its bytes belong to
 * the copy; or what is wrong, as above. */
const char *mail_whole_find_first(struct mail_whole *w, const struct message_info *info,
				  uint64_t *size_r);

/* Its next bytes, valid until the next call.  Returns 1; 0 at the end; or a negative number, and
 * *wrong_r is what is wrong. */
int mail_whole_data(struct mail_whole *w, const uint8_t **bytes_r, size_t *len_r,
		    const char **wrong_r);

/* The same of the other's bytes alone. */
int mail_whole_first_data(struct mail_whole *w, const uint8_t **bytes_r, size_t *len_r,
			  const char **wrong_r);

#endif
