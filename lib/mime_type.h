/*
 * mime_type.h: what the header of an entity says of its body (RFC 2045).
 */
#ifndef SMTPTRAP_MIME_TYPE_H
#define SMTPTRAP_MIME_TYPE_H

#include <stdbool.h>

#include "span.h"

#define MIME_TYPE_MAX 80      /* bytes of type/subtype and a NUL; longer ones are no type */
#define MIME_CHARSET_MAX 48   /* of a charset and a NUL: names of IANA have 45 at most */
#define MIME_BOUNDARY_MAX 256 /* of a boundary; RFC 2046, 5.1.1 allows 70, mailers write more */

enum mime_encoding { MIME_PLAIN, MIME_QUOTED, MIME_BASE64, MIME_UNKNOWN };

struct mime_info {
	char type[MIME_TYPE_MAX];       /* in lower case; "text/plain" if it is absent or none */
	char charset[MIME_CHARSET_MAX]; /* in lower case; "" if absent */
	char boundary[MIME_BOUNDARY_MAX];
	size_t boundary_len; /* 0: absent */
	enum mime_encoding encoding;
	bool has_type, has_encoding;
	bool unclear; /* readers may take it in more than one way */
};

/* The header of an entity and its body. */
struct mime_split {
	struct span header; /* without the empty line */
	struct span gap;    /* the empty line; may be empty */
	struct span body;
};

/* Part an entity at its first empty line, or before the first line that belongs to no field. */
struct mime_split mime_split(struct span entity);

/* The first field of a header, with its line ends, taken from *header; an empty span at the end. */
struct span mime_next_field(struct span *header);

/* Read the Content- fields of a header.  Never fails. */
void mime_info_read(struct mime_info *info_r, struct span header);

/* Are ASCII characters bytes of their own value in this charset (always, or between escapes)? */
bool mime_charset_is_ascii(const char *charset);

/* Is it UTF-16 or UTF-32? */
bool mime_charset_is_wide(const char *charset);

#endif
