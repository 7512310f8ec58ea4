/*
 * tls_tee.h: the read-ahead buffer between the socket and the TLS library, which remembers how a
 * handshake began.
 *
 * Bytes go in with tee_room() + recv + tee_fill(), and out with tee_take().  Until tee_stop()
 * the first TEE_KEEP bytes are kept (the ClientHello and what follows); the tee also follows the
 * incoming records' headers in clear (RFC 8446, 5.1; RFC 6101, appendix E for the SSLv2 form),
 * so that it sees alerts that the TLS library hides and knows what is no TLS at all.  It decides
 * nothing: it never refuses bytes, and a wrong header only ends the following.
 */
#ifndef SMTPTRAP_TLS_TEE_H
#define SMTPTRAP_TLS_TEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEE_KEEP (64u * 1024)  /* kept of a handshake: a ClientHello of 40 KiB is legal */
#define TEE_AHEAD (20u * 1024) /* received at once later: one TLS record (RFC 5246: 18,437) */
#define TEE_SIZE (TEE_KEEP + TEE_AHEAD) /* memory the caller gives; touched only where used */

/* What the first bytes are. */
enum tee_kind {
	TEE_NOTHING, /* none came, or too few to tell */
	TEE_TLS,     /* records of SSLv3 or TLS */
	TEE_SSLV2,   /* a ClientHello in the form of SSLv2 */
	TEE_SMTP,    /* a command of SMTP: the client went on in clear */
	TEE_HTTP,    /* a request of HTTP */
	TEE_OTHER,   /* none of these */
	TEE_KIND_COUNT
};

/* The form of the ClientHello. */
enum tee_format {
	TEE_FORMAT_NONE,
	TEE_FORMAT_SSLV2,
	TEE_FORMAT_SSLV3,
	TEE_FORMAT_TLS,
	TEE_FORMAT_COUNT
};

#define TEE_HEADER 5 /* bytes that tell the kind */
#define TEE_HEAD 6   /* bytes of the first handshake message that tell its form */

struct tls_tee {
	uint8_t *memory;   /* TEE_SIZE bytes of the caller */
	size_t kept;       /* memory[0 .. kept) is the copy, as long as it is valid */
	size_t take, fill; /* memory[take .. fill) has come and was not yet handed out */
	bool keeping;      /* bytes that come still belong to the copy */
	bool stopped;      /* tee_stop(): the copy's memory is used again by the next tee_room() */
	bool lost;         /* a header that cannot be: the following has ended */
	bool odd;          /* the first record has a version that there is not */
	bool alert; /* an alert in clear came; the first fatal one, else the last, stands in: */
	uint8_t alert_level, alert_number;
	uint8_t level; /* of an alert whose second byte has not come */
	enum tee_kind kind;
	uint8_t header[TEE_HEADER]; /* of the record being received */
	uint8_t header_len;
	uint16_t left;          /* bytes of that record that have not come yet */
	uint16_t record_len;    /* of that record, 0 before the first */
	uint32_t records;       /* headers seen */
	uint8_t head[TEE_HEAD]; /* type, length and version of the first handshake message */
	uint8_t head_len;
	uint32_t message_len; /* bytes of handshake messages that came */
};

/* Begin; memory of TEE_SIZE bytes stays the caller's and must live as long as the tee is used. */
void tee_init(struct tls_tee *t, void *memory);

/*
 * Where to receive to, and into *room_r how much fits: at least 1, whenever tee_unread() is 0.
 * Only during the first TEE_KEEP bytes may it be called when that is not 0, and 0 may fit.  After
 * tee_stop() this ends the life of the kept copy.
 */
uint8_t *tee_room(struct tls_tee *t, size_t *room_r);

/* len bytes (at most the room) were received to where tee_room() said. */
void tee_fill(struct tls_tee *t, size_t len);

/* Hand out up to len bytes in order; returns how many, 0 if none is there. */
size_t tee_take(struct tls_tee *t, void *to, size_t len);

/* Bytes received and not yet handed out. */
size_t tee_unread(const struct tls_tee *t);

/* Stop keeping and following (the handshake is over).  Read-ahead goes on. */
void tee_stop(struct tls_tee *t);

/* What was kept, *len_r bytes; valid until tee_room() is called after tee_stop(), then NULL
 * with 0 bytes.  Starts with the first byte received. */
const uint8_t *tee_hello(const struct tls_tee *t, size_t *len_r);

/* The ClientHello is not whole and may still come; false if none can come or it is too long to be
 * kept. */
bool tee_hello_goes_on(const struct tls_tee *t);

/* The form of the ClientHello; by its client_version, not by the record's (which may be 3.0 in
 * front of any hello: RFC 5246, appendix E.1). */
enum tee_format tee_format(const struct tls_tee *t);

/* What it is that begins with these TEE_HEADER bytes. */
enum tee_kind tee_kind_of(const uint8_t *head);

/* "none", "SSLv2", "SSLv3", "TLS". */
const char *tee_format_name(enum tee_format format);

/* "nothing", "TLS", "an SSLv2 hello", "SMTP", "HTTP", "something else". */
const char *tee_kind_name(enum tee_kind kind);

#endif
