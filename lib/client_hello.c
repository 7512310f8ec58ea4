/*
 * client_hello.c: find the ClientHello in a client's first bytes and read it.
 *
 * Runs in workers.  In: what the tee kept, none of it trusted; out: struct client_hello.  There is
 * no error to report: what is no hello is named by its kind, and the first thing that is wrong
 * with a hello by its fault, behind which nothing is read.
 *
 * Records are taken more widely than TLS libraries do: any version is accepted in the first
 * record if a ClientHello follows, alerts before the hello are passed over, and a message may be
 * cut into any number of records.  A hello in one record is read in place.
 */
#include "client_hello.h"

#define RECORD_HEADER 5
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_TYPE_MIN 20
#define RECORD_TYPE_MAX 24
#define RECORD_LENGTH_MAX (16384 + 2048) /* TLSCiphertext: RFC 5246, 6.2.3 */
#define CLIENT_HELLO 1
#define MESSAGE_HEADER 4
#define SSLV2_HEADER 2

void client_hello_fault(struct client_hello *h, enum hello_fault fault, enum hello_part part)
{
	if (h->fault != HELLO_SOUND)
		return;
	h->fault = fault;
	h->fault_part = part;
}

/* ---- records ---- */

struct record {
	uint8_t type;
	uint16_t version;
	struct span body; /* what is there of it */
	bool cut;
};

/* A version that cannot be is one still if a ClientHello begins behind it, and then in all records. */
static bool is_odd(const uint8_t *h, size_t len)
{
	return h[0] == RECORD_HANDSHAKE && h[1] != 3 && len > RECORD_HEADER &&
	       h[RECORD_HEADER] == CLIENT_HELLO;
}

static bool is_record(const uint8_t *h, bool odd)
{
	if ((size_t)(h[3] << 8 | h[4]) > RECORD_LENGTH_MAX)
		return false;
	return h[0] >= RECORD_TYPE_MIN && h[0] <= RECORD_TYPE_MAX && (h[1] == 3 || odd);
}

/* Take one record off the front; 1, 0 if its header is not whole, -1 if it is none. */
static int next_record(struct span *rest, bool odd, struct record *r)
{
	const uint8_t *h = rest->bytes;

	if (rest->len < RECORD_HEADER)
		return 0;
	if (!is_record(h, odd))
		return -1;
	size_t len = (size_t)(h[3] << 8 | h[4]), have = rest->len - RECORD_HEADER;
	*r = (struct record){.type = h[0],
			     .version = (uint16_t)(h[1] << 8 | h[2]),
			     .body = {h + RECORD_HEADER, len < have ? len : have},
			     .cut = len > have};
	*rest = span_tail(*rest, RECORD_HEADER + r->body.len);
	return 1;
}

/* ---- the message ---- */

/* Pieces of the message; `whole` as soon as what its header announces is there. */
struct message {
	struct span bytes;
	uint8_t *joined;
	bool other; /* a record of another type came behind the last piece */
};

static size_t announced(struct span m)
{
	return (size_t)m.bytes[1] << 16 | (size_t)m.bytes[2] << 8 | m.bytes[3];
}

static bool is_whole(struct span m)
{
	if (m.len > 0 && m.bytes[0] != CLIENT_HELLO)
		return true; /* enough to tell */
	return m.len >= MESSAGE_HEADER && m.len - MESSAGE_HEADER >= announced(m);
}

static void add_piece(struct client_hello *h, struct message *m, const struct record *r)
{
	if (r->body.len == 0)
		return;
	if (m->other && m->bytes.len > 0)
		client_hello_fault(h, HELLO_INTERLEAVED, HELLO_PART_HEADER);
	if (h->records++ == 0) {
		h->record_version = r->version;
		m->bytes = r->body;
		return;
	}
	/* The pieces together are shorter than what was kept, which fits. */
	if (h->records == 2 && m->bytes.len > 0)
		memcpy(m->joined, m->bytes.bytes, m->bytes.len);
	memcpy(m->joined + m->bytes.len, r->body.bytes, r->body.len);
	m->bytes = (struct span){m->joined, m->bytes.len + r->body.len};
}

static enum hello_kind kind_of_record(uint8_t type)
{
	if (type == RECORD_ALERT)
		return HELLO_ALERT;
	return type == RECORD_HANDSHAKE ? HELLO_SHORT : HELLO_RECORD;
}

/* Gather the first message of the handshake; h->kind is what the records before it are. */
static void gather(struct client_hello *h, struct message *m, struct span rest)
{
	bool first = true, odd = is_odd(rest.bytes, rest.len);
	struct record r;
	int got;

	while (!is_whole(m->bytes) && (got = next_record(&rest, odd, &r)) != 0) {
		if (got < 0) {
			client_hello_fault(h, HELLO_RECORD_LOST, HELLO_PART_HEADER);
			return;
		}
		if (first)
			h->kind = kind_of_record(r.type);
		first = false;
		if (r.type == RECORD_HANDSHAKE)
			add_piece(h, m, &r);
		m->other = r.type != RECORD_HANDSHAKE;
	}
}

static void read_records(struct client_hello *h, struct span bytes, uint8_t *joined)
{
	struct message m = {.joined = joined};

	gather(h, &m, bytes);
	if (m.bytes.len == 0 || m.bytes.bytes[0] != CLIENT_HELLO) {
		h->kind = m.bytes.len == 0 ? h->kind : HELLO_HANDSHAKE;
		h->fault = HELLO_SOUND; /* where no hello is */
		return;
	}
	h->kind = HELLO_CLIENT;
	if (m.bytes.len < MESSAGE_HEADER) {
		client_hello_fault(h, HELLO_CUT, HELLO_PART_HEADER);
		return;
	}
	h->length = (uint32_t)announced(m.bytes);
	struct span body = span_tail(m.bytes, MESSAGE_HEADER);
	if (body.len > h->length)
		body.len = h->length;
	client_hello_read_body(h, body, h->length - body.len);
}

static void read_sslv2(struct client_hello *h, struct span bytes)
{
	struct span body = span_tail(bytes, SSLV2_HEADER);

	h->kind = HELLO_CLIENT;
	h->records = 1;
	h->length = (uint32_t)((bytes.bytes[0] & 0x7f) << 8 | bytes.bytes[1]);
	if (body.len > h->length)
		body.len = h->length;
	client_hello_read_sslv2(h, body, h->length - body.len);
}

void client_hello_parse(struct client_hello *h, struct span bytes, uint8_t *joined)
{
	static const enum hello_kind kinds[TEE_KIND_COUNT] = {
	    [TEE_NOTHING] = HELLO_NOTHING, [TEE_TLS] = HELLO_OTHER, [TEE_SSLV2] = HELLO_OTHER,
	    [TEE_SMTP] = HELLO_SMTP,       [TEE_HTTP] = HELLO_HTTP, [TEE_OTHER] = HELLO_OTHER};

	if (bytes.len > CLIENT_HELLO_JOIN)
		bytes.len = CLIENT_HELLO_JOIN;
	*h = (struct client_hello){.kind = bytes.len > 0 ? HELLO_SHORT : HELLO_NOTHING};
	if (bytes.len < TEE_HEADER)
		return;
	enum tee_kind kind = tee_kind_of(bytes.bytes);
	if (kind == TEE_SSLV2)
		read_sslv2(h, bytes);
	else if (is_record(bytes.bytes, is_odd(bytes.bytes, bytes.len)))
		read_records(h, bytes, joined);
	else
		h->kind = kinds[kind];
}
