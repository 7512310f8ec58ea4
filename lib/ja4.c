/*
 * ja4.c: JA4, the fingerprint of a ClientHello by FoxIO.
 *
 * Runs in workers.  The raw form is written first; the fingerprint is its first part and digests
 * of the other two.  All of it is letters and digits chosen here, whatever the client sent.
 */
#include "ja4.h"

#include <string.h>

#include "digest.h"
#include "err.h"
#include "hex.h"

#define EXT_SERVER_NAME 0
#define EXT_ALPN 16
#define HASH_DIGITS 12
#define COUNT_MAX 99

static const struct {
	uint16_t version;
	const char *text;
} versions[] = {
    {0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"}, {0x0002, "s2"},
};

/* ---- lists ---- */

/* Shell's sort with the gaps of Ciura: hellos have tens of values, at worst 32,767. */
static void sort(struct ja4_values *v)
{
	static const size_t gaps[] = {9841, 3937, 1750, 701, 301, 132, 57, 23, 10, 4, 1};

	for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
		size_t gap = gaps[g];
		for (size_t i = gap; i < v->count; i++) {
			uint16_t value = v->value[i];
			size_t at = i;
			for (; at >= gap && v->value[at - gap] > value; at -= gap)
				v->value[at] = v->value[at - gap];
			v->value[at] = value;
		}
	}
}

static void add(struct ja4_values *v, uint16_t value)
{
	if (!hello_is_grease(value) && v->count < sizeof v->value / sizeof *v->value)
		v->value[v->count++] = value;
}

static void add_all(struct ja4_values *v, struct span numbers)
{
	for (size_t i = 0; i < hello_count(numbers); i++)
		add(v, hello_number(numbers, i));
}

static void put_values(struct buf *to, const struct ja4_values *v)
{
	uint8_t *at = buf_reserve(to, v->count * 5);

	if (at == NULL)
		return;
	for (size_t i = 0; i < v->count; i++) {
		uint16_t n = v->value[i];

		if (i > 0)
			*at++ = ',';
		*at++ = (uint8_t)hex_digit(n >> 12);
		*at++ = (uint8_t)hex_digit(n >> 8);
		*at++ = (uint8_t)hex_digit(n >> 4);
		*at++ = (uint8_t)hex_digit(n);
	}
	to->len = (size_t)(at - to->data);
}

/* ---- the first part ---- */

/* The highest number of supported_versions, drafts included, or the client's version. */
static const char *version_text(const struct client_hello *h)
{
	uint16_t version = h->legacy_version, highest = 0;

	for (size_t i = 0; i < hello_count(h->versions); i++) {
		uint16_t v = hello_number(h->versions, i);
		highest = !hello_is_grease(v) && v > highest ? v : highest;
	}
	if (highest != 0)
		version = highest;
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (versions[i].version == version)
			return versions[i].text;
	return "00";
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void put_alpn(const struct client_hello *h, struct buf *to)
{
	struct span list = h->alpn, name;

	if (!client_hello_protocol(&list, &name) || name.len == 0) {
		buf_put_str(to, "00");
		return;
	}
	uint8_t first = name.bytes[0], last = name.bytes[name.len - 1];
	if (first > 0x7f) {
		buf_put_str(to, "99");
	} else if (is_alphanumeric(first) && is_alphanumeric(last)) {
		buf_put_byte(to, first);
		buf_put_byte(to, last);
	} else {
		buf_put_byte(to, (uint8_t)hex_digit(first >> 4));
		buf_put_byte(to, (uint8_t)hex_digit(last));
	}
}

static void put_count(struct buf *to, size_t n)
{
	n = n > COUNT_MAX ? COUNT_MAX : n;
	buf_put_byte(to, (uint8_t)('0' + n / 10));
	buf_put_byte(to, (uint8_t)('0' + n % 10));
}

static size_t count_extensions(struct span list)
{
	struct span content;
	size_t count = 0;
	uint16_t type;

	while (client_hello_extension(&list, &type, &content))
		count += !hello_is_grease(type);
	return count;
}

/* ---- the parts ---- */

static void put_first(const struct client_hello *h, size_t ciphers, struct buf *to)
{
	buf_put_byte(to, 't');
	buf_put_str(to, version_text(h));
	buf_put_byte(to, h->names_server ? 'd' : 'i');
	put_count(to, ciphers);
	put_count(to, count_extensions(h->extensions));
	put_alpn(h, to);
	buf_put_byte(to, '_');
}

static void put_extensions(const struct client_hello *h, struct ja4_values *v, struct buf *to)
{
	struct span list = h->extensions, content;
	uint16_t type;

	v->count = 0;
	while (client_hello_extension(&list, &type, &content))
		if (type != EXT_SERVER_NAME && type != EXT_ALPN)
			add(v, type);
	sort(v);
	put_values(to, v);
	v->count = 0;
	add_all(v, h->signature_algorithms);
	if (v->count > 0)
		buf_put_byte(to, '_');
	put_values(to, v);
}

/* Twelve digits of a digest; zeros for no text. */
static int put_hash(const uint8_t *text, size_t len, char *to)
{
	uint8_t digest[DIGEST_SHA256];

	memset(to, '0', HASH_DIGITS);
	if (len == 0)
		return 0;
	if (digest_sha256(text, len, digest) != 0)
		return ERR_MEMORY;
	hex_write(to, digest, HASH_DIGITS / 2);
	return 0;
}

int ja4_make(const struct client_hello *h, struct ja4_values *v, struct buf *raw,
	     char ja4_r[JA4_TEXT])
{
	size_t start = raw->len;

	v->count = 0;
	add_all(v, h->ciphers);
	put_first(h, v->count, raw);
	size_t first = raw->len;
	sort(v);
	put_values(raw, v);
	size_t ciphers_end = raw->len;
	buf_put_byte(raw, '_');
	put_extensions(h, v, raw);
	if (raw->failed)
		return ERR_FULL;
	memcpy(ja4_r, raw->data + start, first - start);
	char *to = ja4_r + (first - start);
	int rc = put_hash(raw->data + first, ciphers_end - first, to);
	to[HASH_DIGITS] = '_';
	to += HASH_DIGITS + 1;
	if (rc == 0)
		rc = put_hash(raw->data + ciphers_end + 1, raw->len - ciphers_end - 1, to);
	to[HASH_DIGITS] = '\0';
	return rc;
}
