/*
 * dialect.h: how a client speaks SMTP, as a text without what differs from message to message, and
 * as a short digest of it.  doc/DIALECT.md defines both.
 */
#ifndef SMTPTRAP_DIALECT_H
#define SMTPTRAP_DIALECT_H

#include "line.h"
#include "mail_header.h"

#define DIALECT_LINES 32     /* of a session; enough for its forms, whatever their order */
#define DIALECT_COST 20480   /* of all lines: what the dialogue has room for, replies included */
#define DIALECT_LINE_COST 96 /* of a line besides its bytes: its reply, and what frames both */
#define DIALECT_FORM_MAX 192 /* a form: MAIL with six parameters of the longest names needs 170 */
#define DIALECT_FAMILY_MAX 32
#define DIALECT_HEADER_MAX 384 /* the family and all oddities of a header need less */
#define DIALECT_TEXT_MAX (DIALECT_LINES * (DIALECT_FORM_MAX + 1) + DIALECT_HEADER_MAX + 16)
#define DIALECT_HASH 34 /* "d1_" 12 digits "_" 8 digits "_" 8 digits, NUL */

struct dialect_form {
	bool extra; /* part of the extras, not of the speech */
	uint8_t len;
	char text[DIALECT_FORM_MAX];
};

/* Zero it to start. */
struct dialect {
	bool spoke;      /* a line came */
	bool data;       /* so did DATA or BDAT: the speech is complete */
	bool full;       /* the bounds are reached: lines are not looked at any more */
	uint8_t counted; /* lines that count against DIALECT_LINES */
	uint8_t last;    /* form of the last line, if any came */
	uint8_t count;
	uint32_t cost;
	struct dialect_form form[DIALECT_LINES]; /* each once, in order of appearance */
	size_t header_len;                       /* of the first message; 0: none came */
	char header[DIALECT_HEADER_MAX];
};

/* A line from the client that is no data; response: it answers a 334 of AUTH. */
void dialect_line(struct dialect *d, const struct line *line, bool response);

/* What the header of a message, and the line ends of its data, say of who made it: text to
 * header_r (DIALECT_HEADER_MAX), returns its length. */
size_t dialect_header(const struct mail_header *h, bool bare_cr, bool bare_lf, char *header_r);

/* The words of an X-Mailer or User-Agent field before its version, in lower case: to family_r
 * (DIALECT_FAMILY_MAX), returns their length. */
size_t dialect_family(struct span field, char *family_r);

/* The digest as of a message with this header: the session's first part and that of the header.
 * Returns 0 and text; or -1: the client has said nothing, or there is no memory. */
int dialect_of_message(const struct dialect *d, struct span header, char text[DIALECT_HASH]);

/* The digest of the session, which ended so: "quit", "close", "timeout", "server".  As above. */
int dialect_of_session(const struct dialect *d, const char *end, char text[DIALECT_HASH]);

/* The text that dialect_of_session() is the digest of: "speech;header;extras". */
struct span dialect_text(const struct dialect *d, const char *end, char text[DIALECT_TEXT_MAX]);

#endif
