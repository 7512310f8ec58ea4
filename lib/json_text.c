/*
 * json_text.c: strings of unknown bytes as JSON strings that every strict reader takes.
 *
 * Runs in the logger, over everything that peers sent, and in the reader and the shipper, over what they
 * write as JSON themselves.  Bytes that need no change are copied in
 * runs; a table says which those are.
 */
#include "json_text.h"

#include <string.h>

#include "hex.h"

enum byte_class {
	PLAIN,  /* copied */
	QUOTED, /* behind a backslash */
	CONTROL,
	NUL,
	HIGH, /* part of a character of several bytes, or of none */
};

static const uint8_t byte_class[256] = {
    [0] = NUL,       [1 ... 0x1f] = CONTROL, ['"'] = QUOTED,
    ['\\'] = QUOTED, [0x7f] = CONTROL,       [0x80 ... 0xff] = HIGH,
};

static bool is_tail(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* RFC 3629, section 4: the second byte's range says what is too long, a surrogate or too high. */
size_t utf8_length(const uint8_t *p, const uint8_t *end)
{
	size_t left = (size_t)(end - p);

	if (left >= 1 && p[0] < 0x80)
		return 1;
	if (left < 2 || p[0] < 0xc2 || p[0] > 0xf4 || !is_tail(p[1]))
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (left < 3 || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0) {
		bool too_long = p[0] == 0xe0 && p[1] < 0xa0;
		bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
		return too_long || surrogate ? 0 : 3;
	}
	if (left < 4 || !is_tail(p[3]))
		return 0;
	bool too_long = p[0] == 0xf0 && p[1] < 0x90;
	bool too_high = p[0] == 0xf4 && p[1] >= 0x90;
	return too_long || too_high ? 0 : 4;
}

uint32_t utf8_value(const uint8_t *p, size_t len)
{
	uint32_t value = len > 1 ? p[0] & (0x7fu >> len) : p[0];

	for (size_t i = 1; i < len; i++)
		value = value << 6 | (p[i] & 0x3f);
	return value;
}

static void put_escape(struct buf *out, uint8_t code)
{
	char text[6] = {'\\', 'u', '0', '0', hex_digit(code >> 4), hex_digit(code)};

	buf_put(out, text, sizeof text);
}

static void put_replacement(struct buf *out)
{
	buf_put(out, "\xef\xbf\xbd", 3);
}

/* Put the character at p that is not PLAIN; returns its length, clears *exact if it is shown as
 * another. */
static size_t put_special(struct buf *out, const uint8_t *p, const uint8_t *end, bool *exact)
{
	size_t n = 1;

	switch ((enum byte_class)byte_class[*p]) {
	case PLAIN:
		break;
	case QUOTED:
		buf_put(out, (const uint8_t[]){'\\', *p}, 2);
		break;
	case CONTROL:
		put_escape(out, *p);
		break;
	case HIGH:
		n = utf8_length(p, end);
		if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0) {
			put_escape(out, p[1]);
			break;
		}
		if (n > 0) {
			buf_put(out, p, n);
			break;
		}
		n = 1;
		/* fall through */
	case NUL:
		put_replacement(out);
		*exact = false;
		break;
	}
	return n;
}

bool json_put_string(struct buf *out, const uint8_t *bytes, size_t len)
{
	const uint8_t *p = bytes, *end = bytes + len;
	bool exact = true;

	buf_put_byte(out, '"');
	while (p < end) {
		const uint8_t *run = p;

		while (p < end && byte_class[*p] == PLAIN)
			p++;
		buf_put(out, run, (size_t)(p - run));
		if (p < end)
			p += put_special(out, p, end, &exact);
	}
	buf_put_byte(out, '"');
	return exact;
}

void json_put_hex(struct buf *out, const uint8_t *bytes, size_t len)
{
	buf_put_byte(out, '"');
	buf_put_hex(out, bytes, len);
	buf_put_byte(out, '"');
}
