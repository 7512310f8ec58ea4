/*
 * client_hello_body.c: the fields of a ClientHello, in the form of SSLv3 and TLS and in SSLv2's.
 *
 * Runs in workers; part of client_hello.c.  A cursor takes fields off the front of the body; the
 * first that is not all there is taken as far as it goes, marks the hello and stops the cursor.
 */
#include "client_hello.h"

#define VERSION_SSLV3 0x0300
#define VERSION_TLS_1_3 0x0304
#define RANDOM 32
#define SSLV2_CIPHER 3 /* bytes; those of SSLv3 and TLS begin with a zero */
#define SCSV_RENEGOTIATION 0x00ff
#define SCSV_FALLBACK 0x5600

struct cursor {
	struct client_hello *h;
	struct span rest;
	size_t missing; /* bytes that belong behind rest and did not come */
	bool stopped;
};

static struct span take(struct cursor *c, size_t n, enum hello_part part)
{
	if (c->stopped)
		return (struct span){0};
	if (n > c->rest.len) {
		bool cut = n - c->rest.len <= c->missing;

		client_hello_fault(c->h, cut ? HELLO_CUT : HELLO_OVERRUN, part);
		c->stopped = true;
		n = c->rest.len;
	}
	struct span taken = span_head(c->rest, n);
	c->rest = span_tail(c->rest, n);
	return taken;
}

/* A number of `bytes` bytes, 0 if it is not all there. */
static uint16_t take_number(struct cursor *c, size_t bytes, enum hello_part part)
{
	struct span s = take(c, bytes, part);

	if (s.len < bytes)
		return 0;
	return bytes == 1 ? s.bytes[0] : hello_number(s, 0);
}

/* A list behind its length. */
static struct span take_list(struct cursor *c, size_t length_bytes, enum hello_part part)
{
	return take(c, take_number(c, length_bytes, part), part);
}

static bool has_grease(struct span numbers)
{
	for (size_t i = 0; i < hello_count(numbers); i++)
		if (hello_is_grease(hello_number(numbers, i)))
			return true;
	return false;
}

static void look_for_grease(struct client_hello *h)
{
	struct span list = h->extensions, content;
	uint16_t number;

	h->grease = has_grease(h->ciphers) || has_grease(h->groups) ||
		    has_grease(h->signature_algorithms) || has_grease(h->versions);
	while (!h->grease && client_hello_extension(&list, &number, &content))
		h->grease = hello_is_grease(number);
	list = h->alpn;
	while (!h->grease && client_hello_protocol(&list, &content))
		h->grease = content.len == 2 && hello_is_grease(hello_number(content, 0));
}

/* The values that signal something and are no cipher suites. */
static void look_for_scsv(struct client_hello *h, uint16_t cipher)
{
	h->scsv_renegotiation |= cipher == SCSV_RENEGOTIATION;
	h->scsv_fallback |= cipher == SCSV_FALLBACK;
}

/* What follows the compression methods: nothing, or a block of extensions. */
static void read_tail(struct cursor *c)
{
	struct client_hello *h = c->h;

	if (c->stopped || (c->rest.len == 0 && c->missing == 0))
		return; /* RFC 5246, 7.4.1.2: there need not be extensions */
	size_t len = take_number(c, 2, HELLO_PART_EXTENSIONS);
	if (c->stopped)
		return;
	size_t have = len < c->rest.len ? len : c->rest.len;
	bool cut = len - have <= c->missing;
	h->extensions = span_head(c->rest, have);
	/* Where the block is not all there, the extension that its end goes through is marked. */
	c->stopped = !client_hello_read_extensions(h, cut ? len - have : 0);
	take(c, len, HELLO_PART_EXTENSIONS);
	if (!c->stopped && c->rest.len + c->missing > 0)
		client_hello_fault(h, HELLO_TRAILING, HELLO_PART_EXTENSIONS);
}

void client_hello_read_body(struct client_hello *h, struct span body, size_t missing)
{
	struct cursor c = {.h = h, .rest = body, .missing = missing};

	h->legacy_version = take_number(&c, 2, HELLO_PART_VERSION);
	if (c.stopped)
		return;
	h->format = h->legacy_version == VERSION_SSLV3 ? TEE_FORMAT_SSLV3 : TEE_FORMAT_TLS;
	take(&c, RANDOM, HELLO_PART_RANDOM);
	h->session_id = take_list(&c, 1, HELLO_PART_SESSION_ID);
	h->ciphers = take_list(&c, 2, HELLO_PART_CIPHERS);
	h->compression = take_list(&c, 1, HELLO_PART_COMPRESSION);
	read_tail(&c);
	h->whole = !c.stopped;
	if (h->ciphers.len % 2 != 0)
		client_hello_fault(h, HELLO_CONTENT, HELLO_PART_CIPHERS);
	h->ciphers.len -= h->ciphers.len % 2;
	for (size_t i = 0; i < hello_count(h->ciphers); i++)
		look_for_scsv(h, hello_number(h->ciphers, i));
	look_for_grease(h);
}

void client_hello_read_sslv2(struct client_hello *h, struct span body, size_t missing)
{
	struct cursor c = {.h = h, .rest = body, .missing = missing};

	take(&c, 1, HELLO_PART_HEADER); /* the message's type */
	h->legacy_version = take_number(&c, 2, HELLO_PART_VERSION);
	h->format = TEE_FORMAT_SSLV2;
	size_t ciphers = take_number(&c, 2, HELLO_PART_CIPHERS);
	size_t session_id = take_number(&c, 2, HELLO_PART_SESSION_ID);
	size_t challenge = take_number(&c, 2, HELLO_PART_RANDOM);
	h->ciphers = take(&c, ciphers, HELLO_PART_CIPHERS);
	h->session_id = take(&c, session_id, HELLO_PART_SESSION_ID);
	take(&c, challenge, HELLO_PART_RANDOM);
	h->whole = !c.stopped;
	if (!c.stopped && c.rest.len + c.missing > 0)
		client_hello_fault(h, HELLO_TRAILING, HELLO_PART_RANDOM);
	if (h->ciphers.len % SSLV2_CIPHER != 0)
		client_hello_fault(h, HELLO_CONTENT, HELLO_PART_CIPHERS);
	h->ciphers.len -= h->ciphers.len % SSLV2_CIPHER;
	for (size_t i = 0; i < h->ciphers.len; i += SSLV2_CIPHER)
		if (h->ciphers.bytes[i] == 0)
			look_for_scsv(h, hello_number(span_tail(h->ciphers, i + 1), 0));
}

bool client_hello_offers_sslv2(const struct client_hello *h)
{
	if (h->format != TEE_FORMAT_SSLV2)
		return false;
	for (size_t i = 0; i < h->ciphers.len; i += SSLV2_CIPHER)
		if (h->ciphers.bytes[i] != 0)
			return true;
	return false;
}

static bool is_published(uint16_t version)
{
	return version == HELLO_SSLV2 || (version >= VERSION_SSLV3 && version <= VERSION_TLS_1_3);
}

uint16_t client_hello_highest(const struct client_hello *h)
{
	uint16_t published = 0, any = 0;

	if (h->versions.len == 0)
		return h->legacy_version;
	for (size_t i = 0; i < hello_count(h->versions); i++) {
		uint16_t v = hello_number(h->versions, i);

		if (hello_is_grease(v))
			continue;
		any = v > any ? v : any;
		published = is_published(v) && v > published ? v : published;
	}
	return published != 0 ? published : any;
}
