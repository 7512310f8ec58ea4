/*
 * mime_code.c: the transfer encodings of MIME, as lenient as readers of mail are.
 *
 * Runs in the reader.  Input: bytes of strangers.
 */
#include "mime_code.h"

#include <ctype.h>

#include "hex.h"

#define LINE 76 /* characters of an encoded line: RFC 2045, 6.7 and 6.8 */

int mime_base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

bool mime_base64_decode(struct span in, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0, pads = 0;
	bool clean = true;

	for (size_t i = 0; i < in.len; i++) {
		int value = mime_base64_value(in.bytes[i]);

		if (value < 0) {
			pads += in.bytes[i] == '=';
			clean &= in.bytes[i] == '=' || isspace(in.bytes[i]);
			continue;
		}
		clean &= pads == 0;
		bits = bits << 6 | (uint32_t)value;
		if (++have == 4) {
			uint8_t group[3] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8),
					    (uint8_t)bits};
			buf_put(out, group, 3);
			have = 0;
		}
	}
	if (have >= 2)
		buf_put_byte(out, (uint8_t)(have == 2 ? bits >> 4 : bits >> 10));
	if (have == 3)
		buf_put_byte(out, (uint8_t)(bits >> 2));
	return clean && pads <= 2 && have != 1;
}

void mime_base64_encode(struct span in, bool url, bool padded, struct buf *out)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < in.len; i += 3) {
		size_t left = in.len - i < 3 ? in.len - i : 3;
		uint32_t bits = (uint32_t)in.bytes[i] << 16;

		bits |= left > 1 ? (uint32_t)in.bytes[i + 1] << 8 : 0;
		bits |= left > 2 ? in.bytes[i + 2] : 0;
		for (size_t k = 0; k <= left; k++) {
			unsigned value = bits >> (18 - 6 * k) & 63;

			if (value < 62)
				buf_put_byte(out, (uint8_t)plain[value]);
			else
				buf_put_byte(out, (uint8_t)(value == 62 ? (url ? '-' : '+')
									: (url ? '_' : '/')));
		}
		for (size_t k = left; padded && k < 3; k++)
			buf_put_byte(out, '=');
	}
}

void mime_base64_lines(struct span in, struct buf *out)
{
	const size_t step = LINE / 4 * 3;

	for (size_t i = 0; i < in.len; i += step) {
		struct span line = {in.bytes + i, in.len - i < step ? in.len - i : step};

		mime_base64_encode(line, false, true, out);
		buf_put_str(out, "\r\n");
	}
}

/* The byte that two hexadecimal digits stand for, or -1. */
static int hex_byte(struct span in)
{
	int high = in.len < 2 ? -1 : hex_value(in.bytes[0]);
	int low = in.len < 2 ? -1 : hex_value(in.bytes[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Behind a `=`, the white space and line end of a soft line break; 0: it is none. */
static size_t soft_break(struct span in)
{
	size_t i = 0;

	while (i < in.len && (in.bytes[i] == ' ' || in.bytes[i] == '\t'))
		i++;
	i += i < in.len && in.bytes[i] == '\r';
	return i < in.len && in.bytes[i] == '\n' ? i + 1 : 0;
}

void mime_quoted_decode(struct span in, bool header, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.bytes[i];

		if (c != '=') {
			buf_put_byte(out, header && c == '_' ? ' ' : c);
			continue;
		}
		struct span rest = span_tail(in, i + 1);
		size_t soft = soft_break(rest);
		int byte = hex_byte(rest);
		if (soft > 0) {
			i += soft;
		} else if (byte >= 0) {
			buf_put_byte(out, (uint8_t)byte);
			i += 2;
		} else {
			buf_put_byte(out, c);
		}
	}
}

/* The length of the line end at i: CRLF or LF; 0: none, or of a CR that stands alone. */
static size_t line_end(struct span in, size_t i)
{
	if (in.bytes[i] == '\n')
		return 1;
	return in.bytes[i] == '\r' && i + 1 < in.len && in.bytes[i + 1] == '\n' ? 2 : 0;
}

static bool must_quote(struct span in, size_t i)
{
	uint8_t c = in.bytes[i];

	if (c == ' ' || c == '\t') /* at the end of a line it would be lost */
		return i + 1 == in.len || line_end(in, i + 1) > 0;
	return c < 33 || c > 126 || c == '=';
}

void mime_quoted_encode(struct span in, struct buf *out)
{
	size_t column = 0, end;

	for (size_t i = 0; i < in.len; i++) {
		if ((end = line_end(in, i)) > 0) {
			buf_put(out, in.bytes + i, end);
			i += end - 1;
			column = 0;
			continue;
		}
		bool quote = must_quote(in, i);
		if (column + (quote ? 3 : 1) > LINE - 1) {
			buf_put_str(out, "=\r\n");
			column = 0;
		}
		if (quote)
			buf_printf(out, "=%02X", in.bytes[i]);
		else
			buf_put_byte(out, in.bytes[i]);
		column += quote ? 3 : 1;
	}
}
