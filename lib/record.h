/*
 * record.h: the fields of a log record between the process that learns them and the file.
 *
 * A worker (or the master, for a worker's last words) writes fields into a buffer with
 * record_put_*(); the logger receives those bytes, trusts none of them, and makes one line of
 * JSON of them with record_encode().  The wire form of a field is
 *     uint16 field, uint32 length, length bytes            (host byte order, no padding)
 * and a record is a run of fields.  A field of a list kind is repeated, its elements together.
 */
#ifndef SMTPTRAP_RECORD_H
#define SMTPTRAP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "time_text.h"
#include "tls_registry.h"

#define RECORD_NAMES_MAX 512

enum record_type { RECORD_SESSION, RECORD_MESSAGE, RECORD_TYPE_COUNT };

enum record_kind {
	RECORD_STRING,
	RECORD_STRINGS,
	RECORD_U64,
	RECORD_BOOL,
	RECORD_IP,
	RECORD_HEX,
	RECORD_TIME,
	RECORD_UUID,
	RECORD_DIALOGUE,
	RECORD_NAMES,
	RECORD_KIND_COUNT
};

enum record_field {
#define FIELD(sym, name, kind, streams, unit, doc, zeek, ecs) FIELD_##sym,
#include "record.def"
#undef FIELD
	FIELD_COUNT
};

/* A row of the table made from record.def. */
struct record_info {
	const char *name;
	enum record_kind kind;
	bool in_session;
	bool in_message;
	const char *unit, *doc, *zeek, *ecs;
};
extern const struct record_info record_table[FIELD_COUNT];

/* "session", "message". */
const char *record_type_name(enum record_type type);

/* The field with this JSON name (len bytes), or FIELD_COUNT. */
enum record_field record_field_find(const char *name, size_t len);

/* Append one field.  The caller passes a kind that fits (asserted: it is our own bug); a buffer
 * that is too small sets to->failed. */
void record_put_string(struct buf *to, enum record_field f, const void *bytes, size_t len);
void record_put_text(struct buf *to, enum record_field f, const char *text);
void record_put_u64(struct buf *to, enum record_field f, uint64_t n);
void record_put_bool(struct buf *to, enum record_field f, bool yes);
void record_put_ip(struct buf *to, enum record_field f, const uint8_t ip[16]);
void record_put_hex(struct buf *to, enum record_field f, const void *bytes, size_t len);
void record_put_time(struct buf *to, enum record_field f, uint64_t us_since_1970);
void record_put_uuid(struct buf *to, enum record_field f, const uint8_t uuid[16]);

/* Numbers of `width` bytes (2 or 3, the high byte first) that TLS messages have; the record shows
 * their names in the registry, as a list of strings.  The whole list in one field, at most
 * RECORD_NAMES_MAX of them (asserted): a number of two bytes becomes a name of fifty. */
void record_put_names(struct buf *to, enum record_field f, enum tls_registry registry,
		      const uint8_t *numbers, size_t len, size_t width);

/* What an entry of the dialogue is. */
enum dialogue_dir { DIALOGUE_CLIENT, DIALOGUE_SERVER, DIALOGUE_EVENT, DIALOGUE_DIR_COUNT };
enum dialogue_eol { EOL_CRLF, EOL_LF, EOL_NONE, EOL_COUNT };
struct dialogue_entry {
	uint64_t us;           /* since the connection was accepted */
	enum dialogue_dir dir; /* who said it; an event is text of ours ("tls", "cut") */
	enum dialogue_eol eol; /* how the line ended, client only */
	uint64_t body; /* > 0: this many bytes, as sent, of message data stand here, no text */
	const uint8_t *text; /* the line or reply without its last line end */
	size_t len;
};
/* Wire form: uint64 us, uint8 dir, uint8 eol, uint64 body, then the text. */
void record_put_dialogue(struct buf *to, const struct dialogue_entry *e);

/* The head that the logger adds. */
struct record_head {
	enum record_type type;
	uint64_t seq;
	const char *sensor;
	struct time_cache *clock; /* the caller's, kept from record to record; or NULL */
};

/*
 * Append to out one JSON object and a newline: v, type, id, seq, ts, sensor, then the other
 * fields in the order they came.  id and ts are taken from the fields; both must be there.
 * Always valid UTF-8 without control bytes: bytes that are not UTF-8, and NUL, are shown as
 * U+FFFD, other control characters escaped; where the text shown is not the exact bytes, NAME_hex follows with
 * them (for a list: a list of equal length, "" where the element was clean).
 * Returns 0; ERR_FORMAT if the fields are malformed, unknown, repeated or not of this stream;
 * ERR_FULL if out failed.  On error out->len is as before.
 */
int record_encode(const struct record_head *head, const uint8_t *fields, size_t len,
		  struct buf *out);

/* Find the first element of field f in well-formed wire bytes; returns 1 and sets *value_r and
 * *len_r (pointing into fields), 0 if it is not there, ERR_FORMAT if malformed before it. */
int record_get(const uint8_t *fields, size_t len, enum record_field f, const uint8_t **value_r,
	       size_t *len_r);

#endif
