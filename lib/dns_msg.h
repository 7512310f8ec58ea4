/*
 * dns_msg.h: what passes between a worker and the resolver.
 *
 * Each worker has a SOCK_SEQPACKET pair of its own: a packet is a question or a reply.  Many
 * questions may be open at once; a reply bears the number of its question.  Packets are
 * decoded as if hostile, on both sides; one that is wrong closes the channel.  Both come from
 * one build on one machine: host byte order.
 */
#ifndef SMTPTRAP_DNS_MSG_H
#define SMTPTRAP_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns_facts.h"
#include "dns_name.h"
#include "span.h"

#define DNS_MSG_MAGIC UINT32_C(0x534e4453) /* "SDNS" */
#define DNS_ITEMS_MAX 8192                 /* bytes of a reply's items: DNS_NAMES_MAX long names */
#define DNS_NAMES_MAX 8                    /* reverse names, hosts or codes of one look-up */
#define DNS_TEXTS_MAX 4                    /* texts of one listing */
#define DNS_OPEN_MAX 64                    /* questions of one worker at a time */

struct dns_msg_header {
	uint32_t magic;
	uint32_t seq;
	uint8_t op;                 /* enum dns_kind in a question, DNS_OP_REPLY */
	uint8_t kind;               /* in a reply: of its question; else 0 */
	uint8_t fact;               /* in a reply: enum dns_fact; else 0 */
	uint8_t name_len, zone_len; /* in a question: bytes behind */
	uint8_t zero;
	uint16_t items_len; /* in a reply: bytes behind */
	uint32_t us;        /* in a reply: what the look-up took; else 0 */
	uint8_t ip[IP_BYTES];
};
#define DNS_OP_REPLY 16
#define DNS_ASK_BYTES (sizeof(struct dns_msg_header) + 2 * DNS_NAME_MAX)
#define DNS_REPLY_BYTES (sizeof(struct dns_msg_header) + DNS_ITEMS_MAX)

/* A question.  Which members count stands in a table by kind; the others are empty. */
struct dns_ask {
	uint32_t seq;
	enum dns_kind kind;
	uint8_t ip[IP_BYTES];     /* REVERSE, DNSBL */
	char name[DNS_NAME_TEXT]; /* DBL, DOMAIN */
	char zone[DNS_NAME_TEXT]; /* DNSBL, DBL */
};

/* What a reply brings besides its fact: runs of uint8_t tag, uint16_t length, bytes. */
enum dns_item {
	DNS_ITEM_VERIFIED = 1, /* a reverse name, escaped where it is no host name */
	DNS_ITEM_INCONSISTENT,
	DNS_ITEM_NOFORWARD,
	DNS_ITEM_FORWARD_UNKNOWN,
	DNS_ITEM_CODE, /* the address that a list answers with, 16 bytes */
	DNS_ITEM_TEXT, /* its text, any bytes */
	DNS_ITEM_COUNT
};

struct dns_reply {
	uint32_t seq;
	enum dns_kind kind;
	enum dns_fact fact;
	uint32_t us; /* what the look-up took, microseconds */
	size_t items_len;
	uint8_t items[DNS_ITEMS_MAX];
};

/* Both are equal but for their numbers. */
bool dns_ask_same(const struct dns_ask *a, const struct dns_ask *b);

/* Write the question to packet; returns its length, or ERR_FORMAT if a name in it is none. */
int dns_ask_encode(uint8_t packet[DNS_ASK_BYTES], const struct dns_ask *ask);
/* Returns 0 or ERR_FORMAT. */
int dns_ask_decode(struct dns_ask *ask_r, const uint8_t *packet, size_t len);

/* Begin a reply; add to it; an item that does not fit is left out and false returned. */
void dns_reply_begin(struct dns_reply *reply, const struct dns_ask *ask);
bool dns_reply_add(struct dns_reply *reply, enum dns_item tag, const void *bytes, size_t len);
size_t dns_reply_encode(uint8_t packet[DNS_REPLY_BYTES], const struct dns_reply *reply);
/* Returns 0 or ERR_FORMAT: wrong magic, kind, fact, lengths, or items that the kind has not. */
int dns_reply_decode(struct dns_reply *reply_r, const uint8_t *packet, size_t len);
/* The next item: *at is 0 at first; returns its tag, or 0 after the last. */
enum dns_item dns_reply_next(const struct dns_reply *reply, size_t *at, struct span *item_r);

/* What the resolver tells the master, once a second if it changed; shown, never followed. */
struct dns_counters {
	uint64_t asked;     /* look-ups that workers asked for */
	uint64_t unknown;   /* of them without a definite answer */
	uint64_t queries;   /* sent to servers */
	uint64_t cached;    /* answered from the cache */
	uint64_t joined;    /* that waited for a query already under way */
	uint64_t failures;  /* queries without an answer, or with an error */
	uint64_t refused;   /* not sent: too many under way, or the servers are silent */
	uint64_t entries;   /* in the cache */
	uint64_t silent_us; /* since when no server answers, monotonic; 0: they do */
};

#endif
