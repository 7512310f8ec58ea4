/*
 * mime.c: transfer encodings and the fields that say which one it is.
 */
#include <config.h>

#include "../tap.h"
#include "mime_code.h"
#include "mime_type.h"

static char memory[4096];
static struct buf out;

static struct span text(const char *s)
{
	return (struct span){(const uint8_t *)s, strlen(s)};
}

static void is_out(const char *expected, const char *name)
{
	is_mem(out.data, out.len, expected, strlen(expected), name);
	buf_init(&out, memory, sizeof memory);
}

static void test_base64(void)
{
	static const struct {
		const char *in, *out;
		bool clean;
	} cases[] = {
	    {"aGVsbG8=", "hello", true},    {"aGVs\r\nbG8=\r\n", "hello", true},
	    {"aGVsbG8", "hello", true},     {"", "", true},
	    {"aGVs!bG8=", "hello", false},  {"aGVsbG8=!", "hello", false},
	    {"aGVsbG8===", "hello", false}, {"aGVsbG8aa", "hello\x1a", false},
	    {"_-8", "\xff\xef", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool clean = mime_base64_decode(text(cases[i].in), &out);

		ok(clean == cases[i].clean, "base64 %zu is %s", i,
		   cases[i].clean ? "clean" : "not clean");
		is_out(cases[i].out, "and stands for its bytes");
	}
	mime_base64_encode(text("\xff\xef?"), false, true, &out);
	is_out("/+8/", "base64 has the plain alphabet");
	mime_base64_encode(text("\xff\xef"), true, false, &out);
	is_out("_-8", "or that of URLs, without padding");
	mime_base64_lines(text("0123456789012345678901234567890123456789012345678901234567"), &out);
	is_out("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2\r\n"
	       "Nw==\r\n",
	       "in lines of 76");
}

static void test_quoted(void)
{
	mime_quoted_decode(text("a=3Db=\r\nc= \t\nd=zz=4"), false, &out);
	is_out("a=bcd=zz=4", "quoted-printable: escapes, soft line breaks, and what is neither");
	mime_quoted_decode(text("a_b=5F"), true, &out);
	is_out("a b_", "in a header an underline is a space");
	mime_quoted_encode(text("a=b \r\nc\t\n\xff\rx "), &out);
	is_out("a=3Db=20\r\nc=09\n=FF=0Dx=20", "what must be escaped is, line ends stay");
	mime_quoted_encode(
	    text("0123456789012345678901234567890123456789012345678901234567890123456789012345"),
	    &out);
	is_out("012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n5",
	       "lines have 76 characters at most");
}

static void test_info(void)
{
	static const struct {
		const char *header, *type, *charset, *boundary;
		enum mime_encoding encoding;
		bool unclear;
	} cases[] = {
	    {"Subject: x\r\n", "text/plain", "", "", MIME_PLAIN, false},
	    {"content-type: TEXT/Html (a; b); charset=\"UTF-8\"\r\n", "text/html", "utf-8", "",
	     MIME_PLAIN, false},
	    {"Content-Type: multipart/mixed;\r\n\tboundary=\"a \\\"b\"; x=y\r\n", "multipart/mixed",
	     "", "a \"b", MIME_PLAIN, false},
	    {"Content-Type: text\r\n", "text/plain", "", "", MIME_PLAIN, false},
	    {"Content-Type: a/b; boundary*0=a; boundary*1=b\n", "a/b", "", "", MIME_PLAIN, true},
	    {"Content-Type: a/b; boundary=a; boundary=b\n", "a/b", "", "a", MIME_PLAIN, true},
	    {"Content-Type: a/b\nContent-Type: c/d\n", "a/b", "", "", MIME_PLAIN, true},
	    {"Content-Type: a/b (c\n", "a/b", "", "", MIME_PLAIN, true},
	    {"Content-Transfer-Encoding: Base64\n", "text/plain", "", "", MIME_BASE64, false},
	    {"Content-Transfer-Encoding: quoted-printable\n", "text/plain", "", "", MIME_QUOTED,
	     false},
	    {"Content-Transfer-Encoding: 8bit\n", "text/plain", "", "", MIME_PLAIN, false},
	    {"Content-Transfer-Encoding: x-uuencode\n", "text/plain", "", "", MIME_UNKNOWN, false},
	};
	struct mime_info info;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		mime_info_read(&info, text(cases[i].header));
		ok(strcmp(info.type, cases[i].type) == 0 &&
		       strcmp(info.charset, cases[i].charset) == 0 &&
		       info.boundary_len == strlen(cases[i].boundary) &&
		       memcmp(info.boundary, cases[i].boundary, info.boundary_len) == 0 &&
		       info.encoding == cases[i].encoding && info.unclear == cases[i].unclear,
		   "fields of an entity %zu", i);
	}
}

static void test_limits(void)
{
	char header[8192] = "Content-Type: a/b; boundary=";
	size_t len = strlen(header);
	struct mime_info info;

	memset(header + len, 'b', MIME_BOUNDARY_MAX);
	mime_info_read(&info, (struct span){(const uint8_t *)header, len + MIME_BOUNDARY_MAX - 1});
	ok(!info.unclear && info.boundary_len == MIME_BOUNDARY_MAX - 1,
	   "a boundary of the greatest length is taken");
	mime_info_read(&info, (struct span){(const uint8_t *)header, len + MIME_BOUNDARY_MAX});
	ok(info.unclear, "with a longer one the type is not clear");
	memset(header + 14, ' ', sizeof header - 14);
	memcpy(header + 5000, "a/b", 3);
	mime_info_read(&info, (struct span){(const uint8_t *)header, 5010});
	ok(info.unclear, "nor with a field that is too long");
}

static void test_split(void)
{
	struct mime_split s = mime_split(text("A: b\r\n c\r\nD:e\n\r\nbody\r\n\r\nmore"));

	is_mem(s.header.bytes, s.header.len, "A: b\r\n c\r\nD:e\n", 14,
	       "a header ends at the empty line");
	is_mem(s.body.bytes, s.body.len, "body\r\n\r\nmore", 12, "behind it is the body");
	s = mime_split(text("A: b\nno field\n"));
	is_mem(s.body.bytes, s.body.len, "no field\n", 9,
	       "a line that is no field begins the body");
	s = mime_split(text("\r\nx"));
	is_int((int64_t)s.header.len, 0, "there may be no header");
	s = mime_split(text("From x y\nA: b\n\n"));
	is_int((int64_t)s.header.len, 14, "a From_ line at its start belongs to it");
}

int main(void)
{
	buf_init(&out, memory, sizeof memory);
	test_base64();
	test_quoted();
	test_info();
	test_limits();
	test_split();
	ok(mime_charset_is_ascii("utf-8") && mime_charset_is_ascii("") &&
	       !mime_charset_is_ascii("ebcdic-us") && !mime_charset_is_ascii("utf-16"),
	   "charsets are told apart by where ASCII is");
	ok(mime_charset_is_wide("utf-16le") && !mime_charset_is_wide("utf-8"),
	   "and by their width");
	return tap_done();
}
