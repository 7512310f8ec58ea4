/*
 * The tee: the same bytes come out, the first are kept, and headers and alerts in clear are seen,
 * in whatever pieces the bytes came.
 */
#include "tls_tee.h"

#include <stdlib.h>

#include "../tap.h"

static uint8_t memory[TEE_SIZE];

/* Receive all len bytes in pieces of at most chunk, hand them out in pieces of 7; returns whether
 * what came out is what went in. */
static bool feed(struct tls_tee *t, const uint8_t *bytes, size_t len, size_t chunk)
{
	size_t in = 0, out = 0;
	bool same = true;

	while (in < len) {
		size_t room;
		uint8_t *to = tee_room(t, &room);
		size_t n = len - in < chunk ? len - in : chunk;

		if (room == 0)
			return false;
		if (n > room)
			n = room;
		memcpy(to, bytes + in, n);
		tee_fill(t, n);
		in += n;
		uint8_t piece[7];
		for (size_t got; (got = tee_take(t, piece, sizeof piece)) > 0; out += got)
			same = same && memcmp(piece, bytes + out, got) == 0;
	}
	return same && out == len && tee_unread(t) == 0;
}

struct stream {
	const char *bytes;
	size_t len;
	enum tee_kind kind;
	enum tee_format format;
	int alert; /* level * 256 + number, -1: none */
	bool lost;
	const char *title;
};
#define BYTES(s) (s), sizeof(s) - 1
static const struct stream streams[] = {
    {BYTES(""), TEE_NOTHING, TEE_FORMAT_NONE, -1, false, "nothing"},
    {BYTES("\x16\3\1\0"), TEE_NOTHING, TEE_FORMAT_NONE, -1, false, "half a record header"},
    {BYTES("\x16\3\1\0\x06\1\0\0\2\3"), TEE_TLS, TEE_FORMAT_NONE, -1, false,
     "a hello cut before its version"},
    {BYTES("\x16\3\1\0\x06\1\0\0\2\3\3"), TEE_TLS, TEE_FORMAT_TLS, -1, false, "a TLS 1.2 hello"},
    {BYTES("\x16\3\0\0\x06\1\0\0\2\3\3"), TEE_TLS, TEE_FORMAT_TLS, -1, false,
     "a TLS 1.2 hello in an SSLv3 record"},
    {BYTES("\x16\3\0\0\x06\1\0\0\2\3\0"), TEE_TLS, TEE_FORMAT_SSLV3, -1, false, "an SSLv3 hello"},
    {BYTES("\x16\3\1\0\1\1\x16\3\1\0\2\0\0\x16\3\1\0\3\2\3\0"), TEE_TLS, TEE_FORMAT_SSLV3, -1,
     false, "a hello in three records"},
    {BYTES("\x16\3\1\0\x06\2\0\0\2\3\3"), TEE_TLS, TEE_FORMAT_NONE, -1, false, "a ServerHello"},
    {BYTES("\x80\x0d\1\3\1\0\3\0\0\0\1abcd"), TEE_SSLV2, TEE_FORMAT_SSLV2, -1, false,
     "an SSLv2 hello that offers TLS 1.0"},
    {BYTES("\x80\x0d\1\0\2\0\3\0\0\0\1abcd\x15\3\1\0\2\2\x28"), TEE_SSLV2, TEE_FORMAT_SSLV2, 0x228,
     false, "an SSLv2 hello and an alert"},
    {BYTES("\x80\x08\1\3\1\0\3\0\0\0"), TEE_OTHER, TEE_FORMAT_NONE, -1, true,
     "an SSLv2 hello that is too short"},
    {BYTES("\x80\x0d\1\4\1\0\3\0\0\0\1abcd"), TEE_OTHER, TEE_FORMAT_NONE, -1, true,
     "an SSLv2 hello of no version"},
    {BYTES("QUIT\r\n"), TEE_SMTP, TEE_FORMAT_NONE, -1, true, "SMTP"},
    {BYTES("ehlo there\r\n"), TEE_SMTP, TEE_FORMAT_NONE, -1, true, "SMTP in lower case"},
    {BYTES("GET / HTTP/1.0\r\n"), TEE_HTTP, TEE_FORMAT_NONE, -1, true, "HTTP"},
    {BYTES("\0\0\0\0\0\0"), TEE_OTHER, TEE_FORMAT_NONE, -1, true, "zeros"},
    {BYTES("\x19\3\1\0\1\1"), TEE_OTHER, TEE_FORMAT_NONE, -1, true, "a record of an unknown type"},
    {BYTES("\x16\2\1\0\6\1\0\0\2\3\3"), TEE_TLS, TEE_FORMAT_TLS, -1, false,
     "a hello in a record of no version"},
    {BYTES("\x16\2\1\0\1\1\x16\2\1\0\5\0\0\2\3\3\x15\2\1\0\2\2\x28"), TEE_TLS, TEE_FORMAT_TLS,
     0x228, false, "a hello in two of them, and an alert in a third"},
    {BYTES("\x16\2\1\0\1"), TEE_NOTHING, TEE_FORMAT_NONE, -1, false, "its header alone"},
    {BYTES("\x16\2\1\0\1\2"), TEE_OTHER, TEE_FORMAT_NONE, -1, true,
     "another message in a record of no version"},
    {BYTES("\x16\2\1\0\0\1"), TEE_OTHER, TEE_FORMAT_NONE, -1, true,
     "an empty record of no version"},
    {BYTES("\x16\2\1\x48\1\1"), TEE_OTHER, TEE_FORMAT_NONE, -1, true, "one of 18,433 bytes"},
    {BYTES("\x14\2\1\0\1\1"), TEE_OTHER, TEE_FORMAT_NONE, -1, true,
     "a record of no version that is no handshake"},
    {BYTES("\x16\3\1\x48\0"), TEE_TLS, TEE_FORMAT_NONE, -1, false, "a record of 18,432 bytes"},
    {BYTES("\x16\3\1\x48\1"), TEE_TLS, TEE_FORMAT_NONE, -1, true, "a record of 18,433 bytes"},
    {BYTES("\x15\3\1\0\2\1\0"), TEE_TLS, TEE_FORMAT_NONE, 0x100, false, "close_notify alone"},
    {BYTES("\x15\3\1\0\2\1\x5a\x15\3\1\0\2\1\0"), TEE_TLS, TEE_FORMAT_NONE, 0x100, false,
     "two warnings: the last"},
    {BYTES("\x15\3\1\0\2\2\x30\x15\3\1\0\2\1\0"), TEE_TLS, TEE_FORMAT_NONE, 0x230, false,
     "a fatal alert and a warning: the fatal one"},
    {BYTES("\x15\3\1\0\2\1\x5a\x15\3\1\0\2\2\x2a"), TEE_TLS, TEE_FORMAT_NONE, 0x22a, false,
     "a warning and a fatal alert: the fatal one"},
    {BYTES("\x15\3\1\0\1\2\x15\3\1\0\x12"
	   "abcdefghijklmnopqr"),
     TEE_TLS, TEE_FORMAT_NONE, -1, false, "alerts of other lengths, which are encrypted"},
    {BYTES("\x16\3\1\0\2\1\0\x14\3\3\0\1\1\x15\3\3\0\2\2\x30"), TEE_TLS, TEE_FORMAT_NONE, 0x230,
     false, "an alert behind other records"},
    {BYTES("\x16\3\1\0\0\x15\3\3\0\2\2\x14"), TEE_TLS, TEE_FORMAT_NONE, 0x214, false,
     "an alert behind an empty record"},
    {BYTES("\x16\3\1\0\1\1QUIT\r\n\x15\3\3\0\2\2\x30"), TEE_TLS, TEE_FORMAT_NONE, -1, true,
     "what is no header ends the following"},
};

static bool as_expected(const struct tls_tee *t, const struct stream *s)
{
	int alert = t->alert ? t->alert_level << 8 | t->alert_number : -1;
	size_t len;
	const uint8_t *kept = tee_hello(t, &len);

	return t->kind == s->kind && tee_format(t) == s->format && alert == s->alert &&
	       t->lost == s->lost && len == s->len &&
	       (len == 0 ? kept == NULL : memcmp(kept, s->bytes, len) == 0);
}

static void check_streams(void)
{
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
		const struct stream *s = &streams[i];
		size_t wrong = 0;

		for (size_t chunk = 1; chunk <= s->len + 1; chunk++) {
			struct tls_tee t;
			tee_init(&t, memory);
			if (!feed(&t, (const uint8_t *)s->bytes, s->len, chunk) ||
			    !as_expected(&t, s))
				wrong = wrong ? wrong : chunk;
		}
		ok(wrong == 0, "%s, in pieces of any size (%zu)", s->title, wrong);
	}
}

static uint8_t *noise(size_t len)
{
	uint8_t *bytes = malloc(len);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	return bytes;
}

/* Whether more of a hello can come. */
static const struct {
	const char *bytes;
	size_t len;
	bool goes_on;
	const char *title;
} beginnings[] = {
    {BYTES(""), true, "nothing yet"},
    {BYTES("\x16\3\1\0\x0a\1\0\0\6abcde"), true, "a hello without its last byte"},
    {BYTES("\x16\3\1\0\x0a\1\0\0\6abcdef"), false, "a whole hello"},
    {BYTES("\x16\3\1\0\2\1\0"), true, "a record that ends in its header"},
    {BYTES("\x16\3\1\0\2\1\0\x16\3\1\0\3\0\1a"), false, "a hello in two records"},
    {BYTES("\x15\3\1\0\2\1\0"), true, "an alert"},
    {BYTES("\x16\3\1\0\2\2\0"), false, "another message"},
    {BYTES("\x16\3\1\0\1\1QUIT\r\n"), false, "what is no record"},
    {BYTES("QUIT\r\n"), false, "SMTP"},
    {BYTES("\x80\x0d\1\3\1\0\3\0\0\0\1abc"), true, "a part of an SSLv2 hello"},
    {BYTES("\x80\x0d\1\3\1\0\3\0\0\0\1abcd"), false, "a whole SSLv2 hello"},
};

static void check_goes_on(void)
{
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
		struct tls_tee t;

		tee_init(&t, memory);
		feed(&t, (const uint8_t *)beginnings[i].bytes, beginnings[i].len, 1);
		ok(tee_hello_goes_on(&t) == beginnings[i].goes_on, "%s: %s", beginnings[i].title,
		   beginnings[i].goes_on ? "more can come" : "no more can come");
	}
}

/* A hello of the greatest length, up to what is kept. */
static void check_goes_on_long(void)
{
	static uint8_t bytes[TEE_KEEP];
	struct tls_tee t;

	for (size_t at = 0; at < sizeof bytes; at += 4096)
		memcpy(bytes + at, "\x16\3\1\x0f\xfb", 5);
	memcpy(bytes + 5, "\1\xff\xff\xff", 4);
	tee_init(&t, memory);
	feed(&t, bytes, sizeof bytes - 1, SIZE_MAX);
	ok(tee_hello_goes_on(&t), "64 KiB without a byte: more can come");
	tee_init(&t, memory);
	feed(&t, bytes, sizeof bytes, SIZE_MAX);
	ok(!tee_hello_goes_on(&t), "64 KiB: no more can be kept");
}

/* While the copy is kept, more can be received before all has been handed out. */
static void check_receive_early(void)
{
	uint8_t *bytes = noise(TEE_KEEP), got[8];
	struct tls_tee t;
	size_t room;

	tee_init(&t, memory);
	memcpy(tee_room(&t, &room), bytes, 3);
	tee_fill(&t, 3);
	memcpy(tee_room(&t, &room), bytes + 3, 5);
	is_int((int64_t)room, TEE_KEEP - 3, "behind what waits there is room");
	tee_fill(&t, 5);
	is_mem(got, tee_take(&t, got, 8), bytes, 8, "all of it is handed out");
	memcpy(tee_room(&t, &room), bytes + 8, TEE_KEEP - 8);
	tee_fill(&t, TEE_KEEP - 8);
	tee_room(&t, &room);
	is_int((int64_t)room, 0, "there is none where as much waits as is kept");
	free(bytes);
}

/* The copy ends at TEE_KEEP, the stream does not. */
static void check_long(size_t chunk)
{
	struct tls_tee t;
	size_t total = TEE_KEEP * 2 + 5, len;
	uint8_t *bytes = noise(total);

	tee_init(&t, memory);
	ok(feed(&t, bytes, total, chunk), "%zu bytes in pieces of %zu pass whole", total, chunk);
	const uint8_t *kept = tee_hello(&t, &len);
	is_mem(kept, len, bytes, TEE_KEEP, "the first 64 KiB of them are kept");
	free(bytes);
}

static void check_stop(void)
{
	struct tls_tee t;
	uint8_t *bytes = noise(100000), got[4];
	size_t len, room;

	tee_init(&t, memory);
	feed(&t, bytes, 300, 300);
	memcpy(tee_room(&t, &room), bytes + 300, 4);
	tee_fill(&t, 4);
	tee_stop(&t);
	const uint8_t *kept = tee_hello(&t, &len);
	is_mem(kept, len, bytes, 304, "the copy outlives tee_stop()");
	is_int((int64_t)tee_unread(&t), 4, "bytes received before tee_stop() are still to come");
	is_int((int64_t)tee_take(&t, got, 4), 4, "they are handed out");
	is_mem(got, 4, bytes + 300, 4, "unchanged");
	ok(feed(&t, bytes, 100000, 30000), "read-ahead goes on after tee_stop()");
	ok(tee_hello(&t, &len) == NULL && len == 0, "and has ended the copy");
	ok(!t.alert && t.records == 1, "what comes after tee_stop() is not followed");
	free(bytes);
}

static void check_full_and_stopped(void)
{
	struct tls_tee t;
	uint8_t *bytes = noise(TEE_KEEP + 10);
	size_t len;

	tee_init(&t, memory);
	feed(&t, bytes, TEE_KEEP + 10, SIZE_MAX);
	tee_stop(&t);
	const uint8_t *kept = tee_hello(&t, &len);
	is_mem(kept, len, bytes, TEE_KEEP, "a copy that was full outlives tee_stop()");
	ok(feed(&t, bytes, TEE_KEEP + 10, SIZE_MAX), "read-ahead goes on after a full copy");
	free(bytes);
}

static void check_names(void)
{
	is_str(tee_format_name(TEE_FORMAT_SSLV2), "SSLv2", "the formats have names");
	is_str(tee_kind_name(TEE_OTHER), "something else", "the kinds have names");
}

int main(void)
{
	check_streams();
	check_goes_on();
	check_goes_on_long();
	check_receive_early();
	check_long(1);
	check_long(SIZE_MAX);
	check_stop();
	check_full_and_stopped();
	check_names();
	return tap_done();
}
