/*
 * tls_tee.c: the read-ahead buffer between the socket and the TLS library.
 *
 * Runs in a worker.  In: bytes of the client, none of them trusted.  Out: the same bytes, in the
 * same order, a copy of the first ones, and what the record headers in clear tell.  No byte is
 * an error here; what cannot be a record header ends the following and sets `lost`.
 *
 * While the copy is kept, bytes are received to where they will stay, so keeping costs nothing.
 * A handshake of more than TEE_KEEP goes on in the TEE_AHEAD bytes behind; after tee_stop() the
 * memory is used from its start again, so that few pages are ever touched.
 */
#include "tls_tee.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_TYPE_MIN 20
#define RECORD_TYPE_MAX 24
#define RECORD_LENGTH_MAX (16384 + 2048) /* TLSCiphertext: RFC 5246, 6.2.3 */
#define ALERT_LENGTH 2
#define ALERT_FATAL 2
#define CLIENT_HELLO 1
#define MESSAGE_HEADER 4
#define SSLV2_HEADER 2     /* bytes before the message: RFC 6101, appendix E */
#define SSLV2_LENGTH_MIN 9 /* type, version and three lengths */

static const char *const format_names[TEE_FORMAT_COUNT] = {"none", "SSLv2", "SSLv3", "TLS"};
static const char *const kind_names[TEE_KIND_COUNT] = {"nothing", "TLS",  "an SSLv2 hello",
						       "SMTP",    "HTTP", "something else"};

/* The first four bytes of what is no TLS. */
static const struct {
	char start[5];
	enum tee_kind kind;
} clear_starts[] = {
    {"EHLO", TEE_SMTP}, {"HELO", TEE_SMTP}, {"MAIL", TEE_SMTP}, {"RCPT", TEE_SMTP},
    {"DATA", TEE_SMTP}, {"QUIT", TEE_SMTP}, {"RSET", TEE_SMTP}, {"NOOP", TEE_SMTP},
    {"AUTH", TEE_SMTP}, {"VRFY", TEE_SMTP}, {"STAR", TEE_SMTP}, {"XCLI", TEE_SMTP},
    {"GET ", TEE_HTTP}, {"POST", TEE_HTTP}, {"HEAD", TEE_HTTP}, {"PUT ", TEE_HTTP},
    {"OPTI", TEE_HTTP}, {"CONN", TEE_HTTP}, {"PRI ", TEE_HTTP},
};

void tee_init(struct tls_tee *t, void *memory)
{
	*t = (struct tls_tee){.memory = memory, .keeping = true};
}

static enum tee_kind kind_of_clear(const uint8_t *header)
{
	for (size_t i = 0; i < sizeof clear_starts / sizeof *clear_starts; i++)
		if (strncasecmp((const char *)header, clear_starts[i].start, 4) == 0)
			return clear_starts[i].kind;
	return TEE_OTHER;
}

static bool is_record_type(const uint8_t *h)
{
	return h[0] >= RECORD_TYPE_MIN && h[0] <= RECORD_TYPE_MAX;
}

static bool is_record_header(const uint8_t *h)
{
	return is_record_type(h) && h[1] == 3;
}

static uint16_t length_of(const uint8_t *h)
{
	return (uint16_t)(h[3] << 8 | h[4]);
}

/* A version that there is not: a record all the same if a ClientHello begins in it. */
static bool is_odd_header(const uint8_t *h)
{
	return h[0] == RECORD_HANDSHAKE && h[1] != 3 && length_of(h) > 0 &&
	       length_of(h) <= RECORD_LENGTH_MAX;
}

static bool is_sslv2_hello(const uint8_t *h)
{
	bool version = h[3] == 3 || (h[3] == 0 && h[4] == 2);

	return (h[0] & 0x80) && ((h[0] & 0x7f) << 8 | h[1]) >= SSLV2_LENGTH_MIN &&
	       h[2] == CLIENT_HELLO && version;
}

enum tee_kind tee_kind_of(const uint8_t *head)
{
	if (is_record_header(head))
		return TEE_TLS;
	return is_sslv2_hello(head) ? TEE_SSLV2 : kind_of_clear(head);
}

static void record_starts(struct tls_tee *t)
{
	const uint8_t *h = t->header;
	bool first = t->records == 0;

	if (first && is_odd_header(h))
		t->odd = true;
	else if (first)
		t->kind = tee_kind_of(h);
	t->header_len = 0;
	t->records++;
	if (first && t->kind == TEE_SSLV2) {
		t->record_len = (uint16_t)((h[0] & 0x7f) << 8 | h[1]);
		t->left = (uint16_t)(t->record_len - (sizeof t->header - SSLV2_HEADER));
		return;
	}
	t->record_len = length_of(h);
	t->left = t->record_len;
	t->lost = !(is_record_header(h) || (t->odd && is_record_type(h))) ||
		  t->record_len > RECORD_LENGTH_MAX;
}

/* The first fatal alert stands, else the last. */
static void note_alert(struct tls_tee *t, uint8_t level, uint8_t number)
{
	if (t->alert && t->alert_level == ALERT_FATAL)
		return;
	t->alert = true;
	t->alert_level = level;
	t->alert_number = number;
}

static void alert_goes_on(struct tls_tee *t, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (t->left - i == ALERT_LENGTH)
			t->level = bytes[i];
		else
			note_alert(t, t->level, bytes[i]);
}

static void hello_goes_on(struct tls_tee *t, const uint8_t *bytes, size_t len)
{
	size_t n = sizeof t->head - t->head_len;

	if (t->kind == TEE_NOTHING) { /* behind an odd header */
		t->kind = bytes[0] == CLIENT_HELLO ? TEE_TLS : TEE_OTHER;
		t->lost = t->kind == TEE_OTHER;
	}
	t->message_len += (uint32_t)len;
	if (n > len)
		n = len;
	memcpy(t->head + t->head_len, bytes, n);
	t->head_len = (uint8_t)(t->head_len + n);
}

/* len bytes of the present record's body, at most left.  (An SSLv2 header has its first bit set
 * where a record has its type, so it is neither of the two.) */
static void record_goes_on(struct tls_tee *t, const uint8_t *bytes, size_t len)
{
	if (t->header[0] == RECORD_HANDSHAKE)
		hello_goes_on(t, bytes, len);
	else if (t->header[0] == RECORD_ALERT && t->record_len == ALERT_LENGTH)
		alert_goes_on(t, bytes, len);
	t->left = (uint16_t)(t->left - len);
}

static void follow(struct tls_tee *t, const uint8_t *bytes, size_t len)
{
	while (len > 0 && !t->lost) {
		size_t n = 1;

		if (t->left > 0) {
			n = len < t->left ? len : t->left;
			record_goes_on(t, bytes, n);
		} else {
			t->header[t->header_len++] = *bytes;
			if (t->header_len == sizeof t->header)
				record_starts(t);
		}
		bytes += n;
		len -= n;
	}
}

uint8_t *tee_room(struct tls_tee *t, size_t *room_r)
{
	assert(t->keeping || t->take == t->fill);
	if (t->keeping && t->fill == TEE_KEEP && t->take == t->fill)
		t->keeping = false;
	if (t->keeping) {
		*room_r = TEE_KEEP - t->fill;
		return t->memory + t->fill;
	}
	if (t->stopped)
		t->kept = 0;
	t->take = t->fill = t->stopped ? 0 : TEE_KEEP;
	*room_r = TEE_AHEAD;
	return t->memory + t->fill;
}

void tee_fill(struct tls_tee *t, size_t len)
{
	assert(len <= TEE_SIZE - t->fill);
	if (!t->stopped)
		follow(t, t->memory + t->fill, len);
	t->fill += len;
	if (t->keeping)
		t->kept = t->fill;
}

size_t tee_take(struct tls_tee *t, void *to, size_t len)
{
	size_t n = len < t->fill - t->take ? len : t->fill - t->take;

	memcpy(to, t->memory + t->take, n);
	t->take += n;
	return n;
}

size_t tee_unread(const struct tls_tee *t)
{
	return t->fill - t->take;
}

void tee_stop(struct tls_tee *t)
{
	t->keeping = false;
	t->stopped = true;
}

const uint8_t *tee_hello(const struct tls_tee *t, size_t *len_r)
{
	*len_r = t->kept;
	return t->kept > 0 ? t->memory : NULL;
}

bool tee_hello_goes_on(const struct tls_tee *t)
{
	const uint8_t *h = t->head;

	if (!t->keeping || t->lost || t->fill == TEE_KEEP || t->kind > TEE_SSLV2)
		return false;
	if (t->kind == TEE_SSLV2)
		return t->records == 1 && t->left > 0;
	if (t->head_len > 0 && h[0] != CLIENT_HELLO)
		return false;
	return t->head_len < MESSAGE_HEADER ||
	       t->message_len - MESSAGE_HEADER <
		   ((uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3]);
}

enum tee_format tee_format(const struct tls_tee *t)
{
	if (t->kind == TEE_SSLV2)
		return TEE_FORMAT_SSLV2;
	if (t->kind != TEE_TLS || t->head_len < TEE_HEAD || t->head[0] != CLIENT_HELLO)
		return TEE_FORMAT_NONE;
	return t->head[4] == 3 && t->head[5] == 0 ? TEE_FORMAT_SSLV3 : TEE_FORMAT_TLS;
}

const char *tee_format_name(enum tee_format format)
{
	return format_names[format];
}

const char *tee_kind_name(enum tee_kind kind)
{
	return kind_names[kind];
}
