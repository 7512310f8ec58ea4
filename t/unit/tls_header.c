/*
 * Odd versions in the headers of the records that bring a ClientHello are put right, in pieces of
 * any size, and nothing else is touched.
 */
#include "tls_header.h"

#include "../tap.h"

#define BYTES(s) (s), sizeof(s) - 1

static const struct {
	const char *title, *in;
	size_t len;
	const char *out; /* NULL: the same */
} streams[] = {
    {"nothing", BYTES(""), NULL},
    {"a record of TLS 1.0", BYTES("\x16\3\1\0\2ab"), NULL},
    {"versions that begin with 3", BYTES("\x16\3\xff\0\1a\x16\3\0\0\1b\x16\3\5\0\1c"), NULL},
    {"version 0", BYTES("\x16\0\0\0\2ab"), "\x16\3\1\0\2ab"},
    {"version 5.0", BYTES("\x16\5\0\0\2ab"), "\x16\3\1\0\2ab"},
    {"several records", BYTES("\x16\2\0\0\1a\x16\3\3\0\1b\x16\xff\xff\0\1c"),
     "\x16\3\1\0\1a\x16\3\3\0\1b\x16\3\1\0\1c"},
    {"what looks like a header within a record", BYTES("\x16\2\0\0\5\x16\2\0\0\0"),
     "\x16\3\1\0\5\x16\2\0\0\0"},
    {"an empty record", BYTES("\x16\2\0\0\0\x16\2\0\0\1a"), "\x16\3\1\0\0\x16\3\1\0\1a"},
    {"records behind an alert", BYTES("\x15\3\1\0\2\1\0\x16\2\0\0\1a"), NULL},
    {"records behind another", BYTES("\x16\3\1\0\1a\x14\2\0\0\1a\x16\2\0\0\1a"), NULL},
    {"an SSLv2 hello", BYTES("\x80\5\1\0\2\0\0"), NULL},
    {"text", BYTES("EHLO x\r\n"), NULL},
};

int main(void)
{
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
		const char *out = streams[i].out ? streams[i].out : streams[i].in;
		size_t len = streams[i].len, wrong = 0;

		for (size_t chunk = 1; chunk <= len + 1; chunk++) {
			struct tls_header h = {0};
			uint8_t bytes[64];
			bool mended = false;

			memcpy(bytes, streams[i].in, len);
			for (size_t at = 0; at < len; at += chunk)
				mended |= tls_header_pass(&h, bytes + at,
							  len - at < chunk ? len - at : chunk);
			if (memcmp(bytes, out, len) != 0 || mended != (streams[i].out != NULL))
				wrong = chunk;
		}
		ok(wrong == 0, "%s, in pieces of any size (%zu)", streams[i].title, wrong);
	}
	return tap_done();
}
