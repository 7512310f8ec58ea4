/*
 * mail_header.h: what the header of a received message says, without trusting it.
 */
#ifndef SMTPTRAP_MAIL_HEADER_H
#define SMTPTRAP_MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAIL_HEADER_SCAN_MAX (256u * 1024) /* bytes of a message that are looked at */
#define MAIL_HEADER_VALUE_MAX 998  /* bytes kept of a field: a line's limit, RFC 5322, 2.1.1 */
#define MAIL_HEADER_DKIM_MAX 16    /* signatures whose domain is kept */
#define MAIL_HEADER_DOMAIN_MAX 255 /* RFC 1035, 2.3.4 */

/* The fields that are kept. */
enum mail_header_field {
	MAIL_HEADER_FROM,
	MAIL_HEADER_TO,
	MAIL_HEADER_SUBJECT,
	MAIL_HEADER_MESSAGE_ID,
	MAIL_HEADER_DATE,
	MAIL_HEADER_X_MAILER,
	MAIL_HEADER_USER_AGENT,
	MAIL_HEADER_FIELD_COUNT
};

/* Deviations from RFC 5322, bits of mail_header.oddities; header_oddity.def documents each. */
enum mail_header_oddity {
#define HEADER_ODDITY(sym, name, doc) MAIL_ODDITY_##sym,
#include "header_oddity.def"
#undef HEADER_ODDITY
	MAIL_ODDITY_COUNT
};

/* A field as it came: unfolded (line ends taken away, the white space after them kept), without
 * the white space at both ends.  Any byte may be in it. */
struct mail_header_value {
	bool present; /* the field is there, perhaps empty */
	bool cut;     /* it was longer */
	uint16_t len;
	uint8_t bytes[MAIL_HEADER_VALUE_MAX];
};

struct mail_header_domain {
	uint8_t len;
	uint8_t bytes[MAIL_HEADER_DOMAIN_MAX];
};

struct mail_header {
	struct mail_header_value value[MAIL_HEADER_FIELD_COUNT];     /* first occurrence of each */
	bool has_dkim;                                               /* a DKIM-Signature is there */
	uint32_t dkim_count;                                         /* entries of dkim_domain */
	struct mail_header_domain dkim_domain[MAIL_HEADER_DKIM_MAX]; /* d= of each, RFC 6376, 3.5 */
	uint32_t received_count;                                     /* Received fields */
	size_t body_offset; /* just behind the empty line; the message's length if there is none */
	uint32_t oddities;  /* bit 1 << enum mail_header_oddity */
};

/*
 * Read the header of the len bytes of message, as received after dot-unstuffing and before any
 * trace header of ours.  Never fails.  The result owns all it says.  It is large (about 12 KiB):
 * allocate it once a session.
 */
void mail_header_read(struct mail_header *header_r, const uint8_t *message, size_t len);

/* What names the program that made the message: X-Mailer, else User-Agent; NULL if neither is there.
 * Belongs to h. */
const struct mail_header_value *mail_header_mailer(const struct mail_header *h);

/* The oddity's name in the log ("header_bare_lf"), and what it means. */
const char *mail_header_oddity_name(enum mail_header_oddity oddity);
const char *mail_header_oddity_doc(enum mail_header_oddity oddity);

#endif
