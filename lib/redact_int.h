/*
 * redact_int.h: what the modules of redaction share.
 */
#ifndef SMTPTRAP_REDACT_INT_H
#define SMTPTRAP_REDACT_INT_H

#include "redact.h"
#include "span.h"

enum redact_kind { REDACT_ADDRESS, REDACT_DOMAIN, REDACT_WORD, REDACT_IP, REDACT_DIGEST };

struct redact_secret {
	enum redact_kind kind;
	uint16_t len;
	uint8_t token_len;
	char token[REDACT_TOKEN_MAX]; /* of a digest: bytes */
	uint8_t *text;                /* in lower case; of a digest: bytes */
	uint32_t next;                /* number + 1 of another with the same first byte; 0: none */
};

struct redact {
	uint8_t key[REDACT_KEY_BYTES];
	struct redact_secret *secret;
	size_t count, room, kept;
	uint32_t first[256]; /* number + 1 of the last secret that begins with this byte; 0: none */
};

/* What a buffer holds; valid until it is written to. */
static inline struct span redact_span(const struct buf *b)
{
	return (struct span){b->data, b->len};
}

#define REDACT_DEPTH 3 /* encodings within encodings */

/* One redaction of one text or message. */
struct redact_run {
	const struct redact *r;
	struct redact_count count;
	size_t weight;             /* bytes of the secrets found */
	uint64_t steps, steps_max; /* looks at a character */
	int error;                 /* first one; all is in vain then */
	struct buf decoded[REDACT_DEPTH], changed[REDACT_DEPTH];
};

/* Text as units of `width` bytes, of which the one at `at` counts and the others are 0. */
struct redact_units {
	const uint8_t *p;
	size_t count;
	unsigned width, at;
};

/* The byte in unit i; -1 if there is none there. */
int redact_unit(const struct redact_units *u, size_t i);

/* If an escaped byte is at i: its length in units, and the byte; else 0. */
size_t redact_escape(const struct redact_units *u, size_t i, uint8_t *byte_r);

/* The units at i that may stand inside a secret without changing what is shown; 0: none. */
size_t redact_invisible(const struct redact_units *u, size_t i);

/* The units at i that may stand around `@` and `.`: white space, a comment, a quote; 0: none. */
size_t redact_loose(const struct redact_units *u, size_t i);

/* The units at i that are written for the `@` of an address; 0: none. */
size_t redact_at_sign(const struct redact_units *u, size_t i);

/*
 * Replace secrets that are there as units of this width; out NULL: only count.  In this and the next
 * what is found goes to run->count and what fails to run->error.
 */
void redact_plain(struct redact_run *run, struct span in, unsigned width, unsigned at,
		  struct buf *out);

/* Replace secrets in all forms that redact.h names. */
void redact_any(struct redact_run *run, struct span in, unsigned depth, struct buf *out);

/* How many secrets redact_any() would replace, and how many bytes they have in all. */
size_t redact_hits(struct redact_run *run, struct span in, unsigned depth);
size_t redact_weight(struct redact_run *run, struct span in, unsigned depth);

/* Append one field of a header, with its line ends, redacted. */
void redact_field(struct redact_run *run, struct span field, struct buf *out);

/* Append an entity (RFC 2045, 2.4), redacted. */
void redact_entity(struct redact_run *run, struct span entity, unsigned depth, struct buf *out);

/* Do these bytes begin like something compressed, a picture or a document that hides its text? */
bool redact_is_opaque(struct span bytes);

#endif
