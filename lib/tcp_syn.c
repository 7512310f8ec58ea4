/*
 * tcp_syn.c: a client's TCP SYN, taken apart and named in the manner of p0f 3.
 *
 * Runs in workers.  In: the IP and TCP headers of the segment that opened a connection, which the
 * kernel kept; the peer chose every bit of them, and the kernel's own checks are not relied on.
 * Out: a struct, its signature as text, fields for records.  No errors but "this is no SYN".
 * The language of the signature is that of Michal Zalewski's p0f 3 (its README, section 5).
 */
#include "tcp_syn.h"

#include <stdio.h>

#define IPV4_HEADER 20u
#define IPV6_HEADER 40u
#define TCP_HEADER 20u
#define ETHERNET_MTU 1500u
#define SCALE_MOST 14      /* RFC 7323, 2.3 */
#define DISTANCE_MOST 35   /* hops, as p0f has it: beyond, the first TTL is not guessed */
#define MSS_TO_COMPARE 100 /* as p0f: windows are multiples of smaller ones by chance */

#define FLAG_FIN_SYN_RST 0x07
#define FLAG_SYN 0x02
#define FLAG_PSH 0x08
#define FLAG_ACK 0x10
#define FLAG_URG 0x20
#define FLAGS_ECN 0xc0 /* ECE and CWR */

enum option { OPT_EOL, OPT_NOP, OPT_MSS, OPT_SCALE, OPT_SACK_OK, OPT_SACK, OPT_TIMESTAMP = 8 };

static const char *const quirk_names[TCP_SYN_QUIRK_COUNT] = {
    "df",    "id+",   "id-",    "ecn",  "0+",   "flow", "seq-", "ack+", "ack-",
    "uptr+", "urgf+", "pushf+", "ts1-", "ts2+", "opt+", "exws", "bad"};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void quirk(struct tcp_syn *s, enum tcp_syn_quirk which, bool seen)
{
	if (seen)
		s->quirks |= 1u << which;
}

/* ---- IP ---- */

/* RFC 791.  Takes the header off *in; the length of the packet behind it goes to *rest_r. */
static bool take_ipv4(struct tcp_syn *s, struct span *in, size_t *rest_r)
{
	const uint8_t *p = in->bytes;

	if (in->len < IPV4_HEADER)
		return false;
	size_t header = (p[0] & 15u) * 4u, total = get16(p + 2);
	if (header < IPV4_HEADER || header > in->len || total < header || p[9] != 6)
		return false;
	uint16_t id = get16(p + 4), flags = get16(p + 6);
	bool df = flags & 0x4000;

	s->ttl = p[8];
	s->ip_extras = (uint16_t)(header - IPV4_HEADER);
	quirk(s, TCP_SYN_DF, df);
	quirk(s, TCP_SYN_ID_NONZERO, df && id != 0);
	quirk(s, TCP_SYN_ID_ZERO, !df && id == 0);
	quirk(s, TCP_SYN_ECN, p[1] & 3);
	quirk(s, TCP_SYN_RESERVED, flags & 0x8000);
	*rest_r = total - header;
	*in = span_tail(*in, header);
	return true;
}

/* The length of an extension header, RFC 8200, 4; 0: what stands here is none. */
static size_t extension_length(unsigned type, const uint8_t *p)
{
	switch (type) {
	case 0:   /* hop-by-hop options */
	case 43:  /* routing */
	case 60:  /* destination options */
	case 135: /* mobility, RFC 6275 */
		return (p[1] + 1u) * 8u;
	case 44: /* fragment */
		return 8;
	case 51: /* authentication, RFC 4302, 2.2 */
		return (p[1] + 2u) * 4u;
	default:
		return 0;
	}
}

/* RFC 8200, with its extension headers. */
static bool take_ipv6(struct tcp_syn *s, struct span *in, size_t *rest_r)
{
	const uint8_t *p = in->bytes;

	if (in->len < IPV6_HEADER)
		return false;
	uint32_t first = get32(p);
	unsigned type = p[6];
	size_t rest = get16(p + 4), extras = 0;

	s->ttl = p[7];
	quirk(s, TCP_SYN_FLOW, first & 0xfffff);
	quirk(s, TCP_SYN_ECN, first >> 20 & 3);
	*in = span_tail(*in, IPV6_HEADER);
	while (type != 6) {
		size_t n = in->len < 2 ? 0 : extension_length(type, in->bytes);
		if (n == 0 || n > in->len || n > rest)
			return false;
		type = in->bytes[0];
		*in = span_tail(*in, n);
		rest -= n;
		extras += n;
	}
	s->ip_extras = (uint16_t)extras;
	*rest_r = rest;
	return true;
}

/* ---- TCP ---- */

/* An option of this kind with this length (its two bytes included) and value.  A length other
 * than the one that its RFC has is a quirk. */
static void take_option(struct tcp_syn *s, unsigned kind, struct span value, uint8_t length)
{
	static const uint8_t lengths[OPT_TIMESTAMP + 1] = {
	    [OPT_MSS] = 4, [OPT_SCALE] = 3, [OPT_SACK_OK] = 2, [OPT_TIMESTAMP] = 10};
	const uint8_t *p = value.bytes;

	quirk(s, TCP_SYN_BAD, kind <= OPT_TIMESTAMP && lengths[kind] && lengths[kind] != length);
	if (kind == OPT_MSS) {
		s->has_mss = true;
		s->mss = get16(p);
	} else if (kind == OPT_SCALE) {
		s->has_scale = true;
		s->scale = p[0];
		quirk(s, TCP_SYN_SCALE_EXCESS, p[0] > SCALE_MOST);
	} else if (kind == OPT_TIMESTAMP) {
		s->has_timestamp = true;
		s->timestamp = get32(p);
		quirk(s, TCP_SYN_TS_OWN_ZERO, s->timestamp == 0);
		quirk(s, TCP_SYN_TS_PEER, get32(p + 4) != 0);
	}
}

/* Bytes of an option behind its kind: those of known kinds have what their RFC says, whatever
 * length they state, as p0f reads them; 0: its length cannot be. */
static size_t option_bytes(unsigned kind, struct span behind)
{
	uint8_t length = behind.bytes[0];

	switch (kind) {
	case OPT_MSS:
		return 3;
	case OPT_SCALE:
		return 2;
	case OPT_SACK_OK:
		return 1;
	case OPT_TIMESTAMP:
		return 9;
	case OPT_SACK:
		return length >= 10 && length <= 34 ? length - 1u : 0;
	default:
		return length >= 2 && length <= 40 ? length - 1u : 0;
	}
}

static void take_padding(struct tcp_syn *s, struct span rest)
{
	s->eol_padding = (uint8_t)rest.len;
	for (size_t i = 0; i < rest.len; i++)
		quirk(s, TCP_SYN_PADDING, rest.bytes[i] != 0);
}

/* RFC 9293, 3.2. */
static void take_options(struct tcp_syn *s, struct span in)
{
	while (in.len > 0) {
		unsigned kind = in.bytes[0];

		s->options[s->option_count++] = (uint8_t)kind;
		in = span_tail(in, 1);
		if (kind == OPT_EOL) {
			take_padding(s, in);
			return;
		}
		if (kind == OPT_NOP)
			continue;
		size_t n = in.len == 0 ? 0 : option_bytes(kind, in);
		if (n == 0 || n > in.len) {
			quirk(s, TCP_SYN_BAD, true);
			return;
		}
		take_option(s, kind, (struct span){in.bytes + 1, n - 1}, in.bytes[0]);
		in = span_tail(in, n);
	}
}

/* The segment, of which all but the data is in *in; the packet had `rest` bytes of it. */
static bool take_tcp(struct tcp_syn *s, struct span in, size_t rest)
{
	const uint8_t *p = in.bytes;

	if (in.len < TCP_HEADER)
		return false;
	size_t header = (p[12] >> 4) * 4u;
	uint8_t flags = p[13];
	if (header < TCP_HEADER || header > in.len || header > rest ||
	    (flags & FLAG_FIN_SYN_RST) != FLAG_SYN)
		return false;

	s->window = get16(p + 14);
	s->payload = rest > header;
	quirk(s, TCP_SYN_ECN, (flags & FLAGS_ECN) || (p[12] & 1));
	quirk(s, TCP_SYN_SEQ_ZERO, get32(p + 4) == 0);
	quirk(s, TCP_SYN_ACK_NONZERO, !(flags & FLAG_ACK) && get32(p + 8) != 0);
	quirk(s, TCP_SYN_ACK_ZERO, (flags & FLAG_ACK) && get32(p + 8) == 0);
	quirk(s, TCP_SYN_URG_POINTER, !(flags & FLAG_URG) && get16(p + 18) != 0);
	quirk(s, TCP_SYN_URG, flags & FLAG_URG);
	quirk(s, TCP_SYN_PUSH, flags & FLAG_PSH);
	take_options(s, (struct span){p + TCP_HEADER, header - TCP_HEADER});
	s->headers =
	    (s->version == 4 ? IPV4_HEADER : IPV6_HEADER) + s->ip_extras + (uint32_t)header;
	return true;
}

int tcp_syn_parse(struct tcp_syn *syn_r, const uint8_t *bytes, size_t len)
{
	struct span in = {bytes, len};
	size_t rest;

	*syn_r = (struct tcp_syn){.version = len > 0 ? bytes[0] >> 4 : 0};
	if (syn_r->version == 4 ? !take_ipv4(syn_r, &in, &rest)
				: syn_r->version != 6 || !take_ipv6(syn_r, &in, &rest))
		return -1;
	return take_tcp(syn_r, in, rest) ? 1 : -1;
}

/* ---- the signature ---- */

static const char *option_text(const struct tcp_syn *s, unsigned kind,
			       char text[TCP_SYN_OPTION_TEXT])
{
	static const char *const names[OPT_TIMESTAMP + 1] = {
	    [OPT_NOP] = "nop",     [OPT_MSS] = "mss",   [OPT_SCALE] = "ws",
	    [OPT_SACK_OK] = "sok", [OPT_SACK] = "sack", [OPT_TIMESTAMP] = "ts"};

	if (kind <= OPT_TIMESTAMP && names[kind])
		return names[kind];
	snprintf(text, TCP_SYN_OPTION_TEXT, kind == OPT_EOL ? "eol+%u" : "?%u",
		 kind == OPT_EOL ? s->eol_padding : kind);
	return text;
}

/* The TTL that the packet left with; 0: farther than the Internet is wide. */
static unsigned first_ttl(unsigned ttl)
{
	unsigned first = ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;

	return first - ttl > DISTANCE_MOST ? 0 : first;
}

/* What systems make their window a multiple of, in the order in which p0f tries: the MSS, that
 * of Ethernet, either less the 12 bytes that timestamps take, and the MTU likewise. */
static void put_window(const struct tcp_syn *s, struct buf *to)
{
	unsigned mss = s->mss;
	bool v6 = s->version == 6;
	const struct {
		bool try, mtu;
		unsigned unit;
	} units[] = {
	    {true, false, mss},
	    {s->timestamp != 0, false, mss - 12},
	    {true, false, ETHERNET_MTU - IPV4_HEADER - TCP_HEADER},
	    {true, false, ETHERNET_MTU - IPV4_HEADER - TCP_HEADER - 12},
	    {v6, false, ETHERNET_MTU - IPV6_HEADER - TCP_HEADER},
	    {v6, false, ETHERNET_MTU - IPV6_HEADER - TCP_HEADER - 12},
	    {true, true, mss + IPV4_HEADER + TCP_HEADER},
	    {true, true, mss + s->headers},
	    {v6, true, mss + IPV6_HEADER + TCP_HEADER},
	    {true, true, ETHERNET_MTU},
	};

	if (s->window > 0 && mss >= MSS_TO_COMPARE)
		for (size_t i = 0; i < sizeof units / sizeof *units; i++)
			if (units[i].try && s->window % units[i].unit == 0) {
				buf_put_str(to, units[i].mtu ? "mtu*" : "mss*");
				buf_put_u64(to, s->window / units[i].unit);
				return;
			}
	buf_put_u64(to, s->window);
}

static void put_quirks(const struct tcp_syn *s, struct buf *to)
{
	const char *comma = "";

	for (int i = 0; i < TCP_SYN_QUIRK_COUNT; i++)
		if (s->quirks & 1u << i) {
			buf_put_str(to, comma);
			buf_put_str(to, quirk_names[i]);
			comma = ",";
		}
}

const char *tcp_syn_signature(const struct tcp_syn *s, char text[TCP_SYN_TEXT])
{
	char option[TCP_SYN_OPTION_TEXT];
	unsigned ttl = first_ttl(s->ttl);
	struct buf to;

	buf_init(&to, text, TCP_SYN_TEXT - 1);
	buf_put_u64(&to, s->version);
	buf_put_byte(&to, ':');
	buf_put_u64(&to, ttl ? ttl : s->ttl);
	buf_put_str(&to, ttl ? ":" : "+?:");
	buf_put_u64(&to, s->ip_extras);
	buf_put_byte(&to, ':');
	buf_put_u64(&to, s->mss);
	buf_put_byte(&to, ':');
	put_window(s, &to);
	buf_put_byte(&to, ',');
	buf_put_u64(&to, s->scale);
	buf_put_byte(&to, ':');
	for (unsigned i = 0; i < s->option_count; i++) {
		buf_put_str(&to, i ? "," : "");
		buf_put_str(&to, option_text(s, s->options[i], option));
	}
	buf_put_byte(&to, ':');
	put_quirks(s, &to);
	buf_put_str(&to, s->payload ? ":+" : ":0");
	text[to.len] = '\0';
	return text;
}

void tcp_syn_put(const struct tcp_syn *s, enum record_type type, struct buf *to)
{
	char text[TCP_SYN_TEXT];

	record_put_text(to, FIELD_TCP_SYN, tcp_syn_signature(s, text));
	if (type != RECORD_SESSION)
		return;
	record_put_u64(to, FIELD_TCP_SYN_TTL, s->ttl);
	record_put_u64(to, FIELD_TCP_SYN_WINDOW, s->window);
	if (s->has_mss)
		record_put_u64(to, FIELD_TCP_SYN_MSS, s->mss);
	if (s->has_scale)
		record_put_u64(to, FIELD_TCP_SYN_SCALE, s->scale);
	if (s->has_timestamp)
		record_put_u64(to, FIELD_TCP_SYN_TIMESTAMP, s->timestamp);
	for (unsigned i = 0; i < s->option_count; i++)
		record_put_text(to, FIELD_TCP_SYN_OPTIONS, option_text(s, s->options[i], text));
}
