/*
 * proxy.c: tests of lib/proxy.c.
 */
#include "proxy.h"

#include "../tap.h"
#include "ip.h"

#include <stdlib.h>

#define BYTES(literal) literal, sizeof literal - 1
#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\xc0\x00\x02\x01\xcb\x00\x71\x07\x30\x39\x00\x19" /* 192.0.2.1:12345 203.0.113.7:25 */
#define V6_1 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define V6_2 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"

static const char ff[] = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
static const char zeros[256];

/* expected: "VERSION SOURCE PORT DESTINATION PORT", "VERSION local", or NULL: refused. */
static const struct {
	const char *name, *input;
	size_t len;
	const char *expected;
} cases[] = {
    {"1: TCP4", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 12345 25\r\n"),
     "1 192.0.2.1 12345 203.0.113.7 25"},
    {"1: TCP6", BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"),
     "1 2001:db8::1 1 2001:db8::2 65535"},
    {"1: port 0", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 0 0\r\n"), "1 192.0.2.1 0 203.0.113.7 0"},
    {"1: UNKNOWN", BYTES("PROXY UNKNOWN\r\n"), "1 local"},
    {"1: what follows UNKNOWN is ignored", BYTES("PROXY UNKNOWN ff:: whatever\r\n"), "1 local"},
    {"1: UNKNOWNX is refused", BYTES("PROXY UNKNOWNX\r\n"), NULL},
    {"1: UDP4 is refused", BYTES("PROXY UDP4 192.0.2.1 203.0.113.7 1 2\r\n"), NULL},
    {"1: a port over 65535 is refused", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 65536 25\r\n"),
     NULL},
    {"1: a port of six digits is refused", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 100000 2\r\n"),
     NULL},
    {"1: a port with a leading zero is refused",
     BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 01 25\r\n"), NULL},
    {"1: a port that is no number is refused", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 x 25\r\n"),
     NULL},
    {"1: an IPv6 address as TCP4 is refused", BYTES("PROXY TCP4 ::1 203.0.113.7 1 25\r\n"), NULL},
    {"1: an IPv4 address as TCP6 is refused", BYTES("PROXY TCP6 192.0.2.1 ::1 1 25\r\n"), NULL},
    {"1: two spaces are refused", BYTES("PROXY TCP4  192.0.2.1 203.0.113.7 1 25\r\n"), NULL},
    {"1: a word too many is refused", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 1 25 x\r\n"), NULL},
    {"1: a word too few is refused", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 1\r\n"), NULL},
    {"1: nothing behind PROXY is refused", BYTES("PROXY \r\n"), NULL},
    {"1: a line ended by CR alone is refused", BYTES("PROXY UNKNOWN\rX"), NULL},
    {"1: an LF inside is refused", BYTES("PROXY TCP4 192.0.2.1 203.0.113.7 1 25\n\r\n"), NULL},
    {"1: a NUL inside is refused", BYTES("PROXY TCP4 192.0.2.1\0 203.0.113.7 1 25\r\n"), NULL},
    {"1: lower case is refused", BYTES("proxy UNKNOWN\r\n"), NULL},
    {"2: TCP over IPv4", BYTES(SIG "\x21\x11\0\x0c" V4), "2 192.0.2.1 12345 203.0.113.7 25"},
    {"2: TCP over IPv6", BYTES(SIG "\x21\x21\0\x24" V6_1 V6_2 "\0\x01\xff\xff"),
     "2 2001:db8::1 1 2001:db8::2 65535"},
    {"2: LOCAL", BYTES(SIG "\x20\0\0\0"), "2 local"},
    {"2: LOCAL ignores family and addresses", BYTES(SIG "\x20\xff\0\x05hello"), "2 local"},
    {"2: PROXY without a family counts as local", BYTES(SIG "\x21\0\0\0"), "2 local"},
    {"2: TLVs behind the addresses are skipped", BYTES(SIG "\x21\x11\0\x11" V4 "\x04\0\x02hi"),
     "2 192.0.2.1 12345 203.0.113.7 25"},
    {"2: addresses cut short are refused", BYTES(SIG "\x21\x11\0\x0b\1\2\3\4\5\6\7\10\11\12\13"),
     NULL},
    {"2: UDP is refused", BYTES(SIG "\x21\x12\0\x0c" V4), NULL},
    {"2: an unknown family is refused", BYTES(SIG "\x21\x41\0\x0c" V4), NULL},
    {"2: an unknown command is refused", BYTES(SIG "\x22\x11\0\x0c" V4), NULL},
    {"2: version 1 in binary is refused", BYTES(SIG "\x11\x11\0\x0c" V4), NULL},
    {"2: a length over the limit is refused", BYTES(SIG "\x20\0\x0f\xf1"), NULL},
    {"2: a wrong signature is refused", BYTES("\r\n\r\n\0\r\nQUIT\r\x20\0\0\0"), NULL},
    {"SMTP is no PROXY header", BYTES("EHLO example.net\r\n"), NULL},
    {"TLS is no PROXY header", BYTES("\x16\x03\x01\0\0"), NULL},
};

static const char *show(const struct proxy_header *h, char *text, size_t size)
{
	char from[IP_TEXT_MAX], to[IP_TEXT_MAX];

	if (h->local)
		snprintf(text, size, "%u local", h->version);
	else
		snprintf(text, size, "%u %s %u %s %u", h->version, ip_text(h->source_ip, from),
			 h->source_port, ip_text(h->destination_ip, to), h->destination_port);
	return text;
}

/* Parse a copy that ends where the bytes end, so that a sanitizer sees reads behind it. */
static int parse(struct proxy_header *h, const char *bytes, size_t len, size_t *n)
{
	uint8_t *copy = malloc(len + 1);

	memcpy(copy + 1, bytes, len);
	int result = proxy_parse(h, copy + 1, len, n);
	free(copy);
	return result;
}

static void test_whole(size_t i)
{
	struct proxy_header h;
	char text[128];
	size_t n = 99;
	int result = parse(&h, cases[i].input, cases[i].len, &n);

	if (cases[i].expected == NULL)
		ok(result == -1 && n == 0, "%s", cases[i].name);
	else
		is_str(result == 1 && n == cases[i].len ? show(&h, text, sizeof text) : NULL,
		       cases[i].expected, cases[i].name);
}

/* Read as proxy_parse() says it is safe to; never past the header's end. */
static void test_careful(size_t i)
{
	struct proxy_header h;
	size_t n, have = 0;
	int result;

	while ((result = parse(&h, cases[i].input, have, &n)) == 0 && n > 0 &&
	       n <= cases[i].len - have)
		have += n;
	if (cases[i].expected != NULL)
		ok(result == 1 && have == cases[i].len, "%s: read by the numbers it asks for",
		   cases[i].name);
	else
		ok(result != 1, "%s: also read by the numbers it asks for", cases[i].name);
}

/* Every prefix wants more or is refused, and once refused stays so; bytes behind change nothing. */
static void test_prefixes(size_t i)
{
	struct proxy_header h;
	bool pass = true, refused = false;
	char more[256];
	size_t n;

	for (size_t len = 0; len < cases[i].len; len++) {
		int result = parse(&h, cases[i].input, len, &n);
		pass = pass && result != 1 && (!refused || result == -1);
		refused = result == -1;
		pass = pass && (refused || cases[i].expected == NULL || n <= cases[i].len - len);
	}
	ok(pass && (cases[i].expected == NULL || !refused), "%s: byte by byte", cases[i].name);
	memcpy(more, cases[i].input, cases[i].len);
	memcpy(more + cases[i].len, "EHLO x\r\n", 8);
	int result = parse(&h, more, cases[i].len + 8, &n);
	ok(cases[i].expected == NULL ? result == -1 : result == 1 && n == cases[i].len,
	   "%s: what follows is left alone", cases[i].name);
}

/* A line of version 1 of len bytes, CRLF included. */
static int parse_long_line(size_t len, size_t *n)
{
	struct proxy_header h;
	char line[200];

	memset(line, 'x', sizeof line);
	memcpy(line, "PROXY UNKNOWN ", 14);
	memcpy(line + len - 2, "\r\n", 2);
	return parse(&h, line, len, n);
}

static void test_limits(void)
{
	char line[PROXY_V1_MAX + 1], tlv[PROXY_HEADER_MAX] = {0};
	struct proxy_header h;
	size_t n;
	int len = snprintf(line, sizeof line, "PROXY TCP6 %s %s 65535 65535\r\n", ff, ff);

	ok(parse(&h, line, (size_t)len, &n) == 1 && n == (size_t)len,
	   "1: the longest line with addresses is read");
	ok(parse_long_line(PROXY_V1_MAX, &n) == 1 && n == PROXY_V1_MAX, "1: 107 bytes are read");
	is_int(parse_long_line(PROXY_V1_MAX + 1, &n), -1, "1: 108 bytes are refused");
	memcpy(tlv, SIG, sizeof SIG - 1);
	memcpy(tlv + sizeof SIG - 1, "\x20\0\x0f\xf0", 4);
	ok(parse(&h, tlv, sizeof tlv, &n) == 1 && n == sizeof tlv, "2: 4096 bytes are read");
	ok(parse(&h, zeros, 0, &n) == 0 && n == 15,
	   "nothing yet: the shortest header is asked for");
}

static void test_unix(void)
{
	char unix_header[16 + 216] = {0};
	struct proxy_header h;
	size_t n;

	memcpy(unix_header, SIG, sizeof SIG - 1);
	memcpy(unix_header + sizeof SIG - 1, "\x21\x31\0\xd8", 4);
	ok(parse(&h, unix_header, sizeof unix_header, &n) == 1 && h.local,
	   "2: Unix sockets count as local");
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		test_whole(i);
		test_careful(i);
		test_prefixes(i);
	}
	test_limits();
	test_unix();
	return tap_done();
}
