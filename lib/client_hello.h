/*
 * client_hello.h: what a client's first flight says, read without the TLS library.
 *
 * The bytes are those that the tee kept (tls_tee.h), whatever became of the handshake.  ClientHello
 * of TLS: RFC 8446, 4.1.2, in records of RFC 8446, 5.1; extensions RFC 6066, 8422, 7301, 8446 and
 * the registry of IANA; the form of SSLv2: RFC 6101, appendix E; GREASE: RFC 8701.
 */
#ifndef SMTPTRAP_CLIENT_HELLO_H
#define SMTPTRAP_CLIENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"
#include "tls_tee.h"

#define CLIENT_HELLO_JOIN TEE_KEEP /* all that was kept may be one message in many records */
#define HELLO_SSLV2 0x0002         /* the version of SSLv2 */
#define CLIENT_HELLO_FAULT_TEXT 48
#define CLIENT_HELLO_VERSION_TEXT 24

/* What the bytes begin with. */
enum hello_kind {
	HELLO_NOTHING,   /* no byte came */
	HELLO_SHORT,     /* too few to tell */
	HELLO_CLIENT,    /* a ClientHello, whole or not */
	HELLO_HANDSHAKE, /* another message of the handshake */
	HELLO_ALERT,     /* an alert and no message of the handshake */
	HELLO_RECORD,    /* another TLS record: application data, change_cipher_spec, heartbeat */
	HELLO_SMTP,      /* a command of SMTP in clear */
	HELLO_HTTP,      /* a request of HTTP in clear */
	HELLO_OTHER,     /* none of these */
	HELLO_KIND_COUNT
};

/* What is wrong with a hello; where several things are, the first. */
enum hello_fault {
	HELLO_SOUND,
	HELLO_CUT,         /* the bytes end within */
	HELLO_OVERRUN,     /* a length leads out of what holds it */
	HELLO_CONTENT,     /* its content is not as its RFC has it */
	HELLO_REPEATED,    /* an extension that is read here comes twice; the first counts */
	HELLO_INTERLEAVED, /* another record between two pieces of the message */
	HELLO_RECORD_LOST, /* no record header where one must be */
	HELLO_TRAILING,    /* bytes behind the end */
	HELLO_FAULT_COUNT
};

enum hello_part {
	HELLO_PART_HEADER, /* of the handshake message */
	HELLO_PART_VERSION,
	HELLO_PART_RANDOM, /* SSLv2: the challenge */
	HELLO_PART_SESSION_ID,
	HELLO_PART_CIPHERS,
	HELLO_PART_COMPRESSION,
	HELLO_PART_EXTENSIONS,
	HELLO_PART_EXTENSION, /* the one that client_hello.extension names */
	HELLO_PART_COUNT
};

/* Lists of an extension are as sent, without their length and cut to whole elements; empty where
 * the client sent none.  Numbers of two bytes have the high byte first. */
struct client_hello {
	enum hello_kind kind;
	enum tee_format format; /* TEE_FORMAT_NONE until the client's version has come */
	enum hello_fault fault;
	enum hello_part fault_part;
	uint16_t extension;      /* that the fault is in */
	bool whole;              /* read to its end: fingerprints mean something */
	uint16_t record_version; /* of the first record; 0: SSLv2's have none */
	uint16_t legacy_version; /* client_version, 0: it did not come */
	uint32_t records;        /* that hold the message */
	uint32_t length;         /* of the message without its header, as announced */
	struct span session_id;
	struct span ciphers; /* two bytes each, in the form of SSLv2 three */
	struct span compression;
	struct span extensions;           /* the block; see client_hello_extension() */
	struct span server_names;         /* server_name: one byte of type, two of length, name */
	struct span server_name;          /* the first of type host_name */
	struct span groups;               /* supported_groups, two bytes each */
	struct span point_formats;        /* one byte each */
	struct span signature_algorithms; /* two bytes each */
	struct span alpn;                 /* one byte of length and the protocol's name, each */
	struct span versions;             /* supported_versions, two bytes each */
	struct span key_shares;           /* two bytes of group, two of length, the share */
	bool names_server;                /* server_name held a host_name, maybe an empty one */
	bool ticket; /* a session ticket (RFC 5077) or a pre-shared key (RFC 8446) was shown */
	bool grease; /* a value of RFC 8701 stands in some list */
	bool scsv_renegotiation; /* 0x00ff, RFC 5746 */
	bool scsv_fallback;      /* 0x5600, RFC 7507 */
};

/*
 * Read what `bytes` begin with (at most CLIENT_HELLO_JOIN of them).  Never fails: what is no hello is named, what is malformed is read
 * as far as it goes.  The spans of *h point into bytes, or into joined (CLIENT_HELLO_JOIN bytes of
 * the caller, touched only if the message lies in several records), and live as long as these.
 */
void client_hello_parse(struct client_hello *h, struct span bytes, uint8_t *joined);

/* The body of a ClientHello of SSLv3 or TLS, or one of SSLv2's form, of which `missing` bytes did
 * not come; for client_hello_parse(). */
void client_hello_read_body(struct client_hello *h, struct span body, size_t missing);
void client_hello_read_sslv2(struct client_hello *h, struct span body, size_t missing);

/* The extensions in h->extensions, of which `missing` bytes did not come, into *h.  Returns whether
 * they were read to the end. */
bool client_hello_read_extensions(struct client_hello *h, size_t missing);

/* Note a fault, unless there is one already. */
void client_hello_fault(struct client_hello *h, enum hello_fault fault, enum hello_part part);

/* Take the next element off the front of *list; false at the end or where the rest is none. */
bool client_hello_extension(struct span *list, uint16_t *type_r, struct span *content_r);
bool client_hello_protocol(struct span *list, struct span *name_r);
bool client_hello_key_share(struct span *list, uint16_t *group_r);

/* How many numbers of two bytes a list holds, and number i of them. */
static inline size_t hello_count(struct span list)
{
	return list.len / 2;
}

static inline uint16_t hello_number(struct span list, size_t i)
{
	return (uint16_t)(list.bytes[2 * i] << 8 | list.bytes[2 * i + 1]);
}

/* RFC 8701: 0x0a0a, 0x1a1a ... 0xfafa. */
static inline bool hello_is_grease(uint16_t n)
{
	return (n & 0x0f0f) == 0x0a0a && n >> 8 == (n & 0xff);
}

/* The highest version offered: of the published ones, else the highest number; 0 if none came. */
uint16_t client_hello_highest(const struct client_hello *h);

/* In the form of SSLv2: a cipher of SSLv2 itself is offered. */
bool client_hello_offers_sslv2(const struct client_hello *h);

/* ---- names, client_hello_names.c ---- */

/* "nothing", "short", "client_hello", "handshake", "alert", "tls_record", "smtp", "http", "other". */
const char *hello_kind_name(enum hello_kind kind);

/* "SSLv2", "SSLv3", "TLSv1.0" ... "TLSv1.3", "TLSv1.3-draft28", else as "0x0305". */
const char *hello_version_text(uint16_t version, char text[CLIENT_HELLO_VERSION_TEXT]);

/* What is wrong, as "cut cipher_suites" or "content extension 10"; "" if nothing is. */
const char *hello_fault_text(const struct client_hello *h, char text[CLIENT_HELLO_FAULT_TEXT]);

#endif
