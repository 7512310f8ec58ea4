/*
 * tcp_syn.h: a client's TCP SYN, taken apart and named in the manner of p0f 3.
 */
#ifndef SMTPTRAP_TCP_SYN_H
#define SMTPTRAP_TCP_SYN_H

#include "record.h"
#include "span.h"

#define TCP_SYN_OPTIONS_MAX 40 /* bytes of options in a TCP header, RFC 9293, 3.1 */
#define TCP_SYN_OPTION_TEXT 8  /* "eol+39", "?255" */
#define TCP_SYN_TEXT 512       /* a signature: 40 options, all quirks and the numbers need less */

/* Bits of tcp_syn.quirks, in the order and with the names of p0f's README. */
enum tcp_syn_quirk {
	TCP_SYN_DF,           /* df: don't fragment (IPv4) */
	TCP_SYN_ID_NONZERO,   /* id+: DF, and an identification that is not zero (IPv4) */
	TCP_SYN_ID_ZERO,      /* id-: no DF, and an identification that is zero (IPv4) */
	TCP_SYN_ECN,          /* ecn: any bit of explicit congestion notification, IP or TCP */
	TCP_SYN_RESERVED,     /* 0+: the reserved flag of IPv4 is set */
	TCP_SYN_FLOW,         /* flow: a flow label (IPv6) */
	TCP_SYN_SEQ_ZERO,     /* seq-: sequence number zero */
	TCP_SYN_ACK_NONZERO,  /* ack+: an acknowledgement number without the flag ACK */
	TCP_SYN_ACK_ZERO,     /* ack-: the flag ACK with the number zero */
	TCP_SYN_URG_POINTER,  /* uptr+: an urgent pointer without the flag URG */
	TCP_SYN_URG,          /* urgf+: the flag URG */
	TCP_SYN_PUSH,         /* pushf+: the flag PSH */
	TCP_SYN_TS_OWN_ZERO,  /* ts1-: own timestamp zero */
	TCP_SYN_TS_PEER,      /* ts2+: the peer's timestamp is not zero */
	TCP_SYN_PADDING,      /* opt+: a byte behind the end of options is not zero */
	TCP_SYN_SCALE_EXCESS, /* exws: window scale over 14 */
	TCP_SYN_BAD,          /* bad: options malformed */
	TCP_SYN_QUIRK_COUNT
};

struct tcp_syn {
	uint8_t version;    /* of IP: 4 or 6 */
	uint8_t ttl;        /* as it came: time to live or hop limit */
	uint16_t ip_extras; /* bytes of IPv4 options or IPv6 extension headers */
	uint32_t headers;   /* bytes of all headers, IP and TCP */
	uint16_t window;    /* not scaled */
	bool payload;       /* the packet had data behind its headers */
	bool has_mss, has_scale, has_timestamp;
	uint8_t scale;
	uint16_t mss;
	uint32_t timestamp; /* the client's own, RFC 7323 */
	uint32_t quirks;    /* 1u << enum tcp_syn_quirk */
	uint8_t option_count, eol_padding;
	uint8_t options[TCP_SYN_OPTIONS_MAX]; /* kinds, in their order */
};

/*
 * Take apart the headers of a SYN, beginning with that of IP, as TCP_SAVED_SYN gives them (data
 * behind them may be missing).  Returns 1, or -1 if they are not those of a TCP segment with SYN
 * set or end too early; options that are malformed are a quirk.
 */
int tcp_syn_parse(struct tcp_syn *syn_r, const uint8_t *bytes, size_t len);

/* The signature ver:ittl:olen:mss:wsize,scale:olayout:quirks:pclass, see smtptrap-records(5) for
 * its differences from p0f 3.09.  Returns text. */
const char *tcp_syn_signature(const struct tcp_syn *syn, char text[TCP_SYN_TEXT]);

/* The fields of this type of record. */
void tcp_syn_put(const struct tcp_syn *syn, enum record_type type, struct buf *to);

#endif
