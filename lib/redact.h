/*
 * redact.h: hide what gives a trap away, in text and in whole messages.
 *
 * A secret is an address, a domain, an IP address or a word.  Wherever it is found it is replaced by
 * a token made of an HMAC-SHA-256 of it in lower case, so that the same secret has the same token
 * in all reports that were made with the same key, and nobody without the key can test a guess:
 *     user@example.org   r-XXXXXXXXXXXX@redacted.invalid
 *     example.org        d-XXXXXXXXXXXX.redacted.invalid
 *     192.0.2.1, ::1     2001:db8:XXXX:XXXX:XXXX:XXXX:XXXX:XXXX
 *     mx1                l-XXXXXXXXXXXX
 * Looked for is each secret without regard to case, plain, in UTF-16 and UTF-32, with any of its
 * characters in percent-encoding (also twice), quoted-printable, as a number or name of HTML, as an
 * escape of JavaScript, C or RTF, in UTF-7 or xtext; an address also with what VERP and the like write for
 * its `@`, with white space, comments and quotes around `@` and `.`, with tags of HTML and invisible
 * characters inside; all of that also within runs of base64 (both alphabets, any alignment) and of
 * hexadecimal digits, three deep; and the MD5, SHA-1 and SHA-256 of an address in those.
 * Addresses and domains are found inside longer names too; words and IP addresses stand alone.
 */
#ifndef SMTPTRAP_REDACT_H
#define SMTPTRAP_REDACT_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define REDACT_KEY_BYTES 32
#define REDACT_SECRET_MIN 4   /* bytes of a domain or word: shorter ones are everywhere */
#define REDACT_SECRET_MAX 320 /* local part 64, "@", domain 255: RFC 5321, 4.5.3.1 */
#define REDACT_SECRETS_MAX \
	16384 /* a message of 1,000 recipients makes some 8,000; each costs time a byte */
#define REDACT_TOKEN_MAX 48
#define REDACT_OUT_MAX (256u * 1024 * 1024) /* bytes of a result */

struct redact; /* a key and secrets */

/* Make one with this key and no secrets; NULL if there is no memory. */
struct redact *redact_new(const uint8_t key[REDACT_KEY_BYTES]);

/* Wipe the key, release all, set *r NULL; NULL in it is accepted. */
void redact_free(struct redact **r);

/*
 * Add a secret: what it is follows from its form.  Of an address its domain, if that has a dot, its
 * local part, if that is five bytes or more and no common name of a role, and its digests are added
 * too.  White space around and a final dot are left out.  Returns 0, also if it is known; ERR_REFUSED
 * if it is too short to be looked for; ERR_FULL if it is too long, or past REDACT_SECRETS_MAX;
 * ERR_MEMORY.
 */
int redact_add(struct redact *r, const void *text, size_t len);

/* Keep the secrets so far: redact_forget() takes away those that come later. */
void redact_keep(struct redact *r);
void redact_forget(struct redact *r);

/* What was done. */
struct redact_count {
	size_t found;   /* secrets replaced */
	size_t removed; /* parts of a message, or runs of base64, left out */
};

/*
 * Append the value of a field, its encoded words (RFC 2047) put together, with all secrets replaced;
 * without any the bytes are appended as they are.  *count_r is added to.  Returns 0; ERR_REFUSED if a
 * secret is still found afterwards, or looking for them took too many steps; ERR_FULL; ERR_MEMORY.
 * On error out->len is as before.
 */
int redact_value(const struct redact *r, const void *bytes, size_t len, struct buf *out,
		 struct redact_count *count_r);

/*
 * The same for a message (RFC 5322, 2045): its parts are decoded, searched and, where something was
 * replaced, encoded again; its structure stays.  A part that cannot be searched with certainty
 * (no text, compressed, encrypted, in an unknown charset or encoding, damaged, too deep) gives way to
 * a note; its Content- fields stay as X-Removed-Content-.  What holds no secret and was not removed
 * is appended byte for byte.
 */
int redact_message(const struct redact *r, const uint8_t *bytes, size_t len, struct buf *out,
		   struct redact_count *count_r);

/* Is a secret found in these bytes, taken as text?  1, 0, or an error as above. */
int redact_finds(const struct redact *r, const void *bytes, size_t len);

#endif
