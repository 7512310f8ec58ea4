/*
 * mail_header.c: tests of lib/mail_header.c.
 */
#include "mail_header.h"

#include "../tap.h"

#include <stdlib.h>

#define MESSAGE(literal) literal, sizeof literal - 1
#define BASE "From: a@b\r\nDate: now\r\n"

/* expected: the kept fields in their order, "-" where one is not there, joined by "|". */
static const struct {
	const char *name, *input;
	size_t len;
	const char *expected;
} values[] = {
    {"the kept fields are read",
     MESSAGE("From: a@b\r\nTo: c@d\r\nSubject: hello\r\nMessage-ID: <1@b>\r\nDate: now\r\n"
	     "X-Mailer: x 1\r\nUser-Agent: y/2\r\n\r\nbody"),
     "a@b|c@d|hello|<1@b>|now|x 1|y/2"},
    {"names are read in any case", MESSAGE("FROM: a\r\nsubJECT: b\r\n\r\n"), "a|-|b|-|-|-|-"},
    {"other fields are passed over", MESSAGE("X-From: a\r\nFromm: b\r\nFro: c\r\n\r\n"),
     "-|-|-|-|-|-|-"},
    {"a folded field keeps the white space behind the line end",
     MESSAGE("Subject: one\r\n two\r\n\tthree\r\nTo: x\r\n\r\n"), "-|x|one two\tthree|-|-|-|-"},
    {"a field that begins on its second line has no leading space",
     MESSAGE("Subject:\r\n  late\r\n\r\n"), "-|-|late|-|-|-|-"},
    {"a continuation of white space alone does not end the header",
     MESSAGE("Subject: a\r\n \r\nTo: b\r\n\r\n"), "-|b|a|-|-|-|-"},
    {"lines ended by LF alone are read", MESSAGE("From: a\nSubject: b\n c\n\nTo: d\n"),
     "a|-|b c|-|-|-|-"},
    {"the first of two counts", MESSAGE("Subject: 1\r\nSubject: 2\r\n\r\n"), "-|-|1|-|-|-|-"},
    {"an empty field is there", MESSAGE("Subject:\r\nTo: \r\n\r\n"), "-|||-|-|-|-"},
    {"a field in the body does not count", MESSAGE("From: a\r\n\r\nSubject: b\r\n"),
     "a|-|-|-|-|-|-"},
    {"a space before the colon is tolerated", MESSAGE("Subject \t: a\r\n\r\n"), "-|-|a|-|-|-|-"},
    {"no space behind the colon is fine", MESSAGE("Subject:a\r\n\r\n"), "-|-|a|-|-|-|-"},
    {"a line without a colon is passed over", MESSAGE("junk\r\n more\r\nTo: a\r\n\r\n"),
     "-|a|-|-|-|-|-"},
    {"the header need not end", MESSAGE("Subject: a\r\nTo: b"), "-|b|a|-|-|-|-"},
    {"a CR inside a value is kept", MESSAGE("Subject: a\rb\r\n\r\n"), "-|-|a\rb|-|-|-|-"},
    {"an empty message has none", MESSAGE(""), "-|-|-|-|-|-|-"},
};

static const struct {
	const char *name, *input;
	size_t len, expected;
} bodies[] = {
    {"the body begins behind CRLF CRLF", MESSAGE("A: b\r\n\r\nbody"), 8},
    {"the body begins behind LF LF", MESSAGE("A: b\n\nbody"), 6},
    {"the body begins behind LF CRLF", MESSAGE("A: b\n\r\nbody"), 7},
    {"the body begins behind CRLF LF", MESSAGE("A: b\r\n\nbody"), 7},
    {"the body begins behind a first empty line", MESSAGE("\r\nbody"), 2},
    {"the first empty line counts", MESSAGE("A: b\r\n\r\n\r\n\r\n"), 8},
    {"CR CR LF is no empty line", MESSAGE("A: b\r\n\r\r\nbody"), 13},
    {"without an empty line all is header", MESSAGE("A: b\r\nC: d\r\n"), 12},
    {"an empty body is behind the end", MESSAGE("A: b\r\n\r\n"), 8},
    {"an empty message has its body at 0", MESSAGE(""), 0},
};

/* expected: names of oddities, joined by spaces, in the order of the enum. */
static const struct {
	const char *name, *input;
	size_t len;
	const char *expected;
} oddities[] = {
    {"a proper header has none", MESSAGE(BASE "\r\n"), ""},
    {"a header that does not end", MESSAGE(BASE), "header_no_end"},
    {"a bare LF", MESSAGE(BASE "A: b\n\r\n"), "header_bare_lf"},
    {"a bare LF as the empty line", MESSAGE(BASE "\n"), "header_bare_lf"},
    {"a bare LF in the body does not count", MESSAGE(BASE "\r\na\nb"), ""},
    {"a bare CR", MESSAGE(BASE "A: b\rc\r\n\r\n"), "header_bare_cr"},
    {"a NUL", MESSAGE(BASE "A: b\0c\r\n\r\n"), "header_nul"},
    {"8-bit bytes", MESSAGE(BASE "A: \xc3\xa4\r\n\r\n"), "header_8bit"},
    {"a line that is no field", MESSAGE(BASE "junk\r\n\r\n"), "header_no_colon"},
    {"an empty name", MESSAGE(BASE ": b\r\n\r\n"), "header_bad_name"},
    {"a name with a space", MESSAGE(BASE "a b: c\r\n\r\n"), "header_bad_name"},
    {"a space before the colon", MESSAGE(BASE "A : b\r\n\r\n"), "header_space_colon"},
    {"a folded first line", MESSAGE(" x\r\n" BASE "\r\n"), "header_folded_nothing"},
    {"an mbox line", MESSAGE("From a@b Mon Jan  1 00:00:00 2024\r\n" BASE "\r\n"),
     "header_bad_name header_mbox_from"},
    {"From with a space before its colon is no mbox line", MESSAGE("From : a@b\r\nDate: n\r\n\r\n"),
     "header_space_colon"},
    {"a repeated field", MESSAGE(BASE "from: c\r\n\r\n"), "header_repeated"},
    {"no From", MESSAGE("Date: now\r\n\r\n"), "header_no_from"},
    {"no Date", MESSAGE("From: a@b\r\n\r\n"), "header_no_date"},
    {"repeated Received fields are normal", MESSAGE("Received: a\r\nReceived: b\r\n" BASE "\r\n"),
     ""},
};

/* expected: the domains joined by spaces. */
static const struct {
	const char *name, *input;
	size_t len;
	const char *expected;
} signatures[] = {
    {"d= is read", MESSAGE("DKIM-Signature: v=1; d=example.net; s=x\r\n\r\n"), "example.net"},
    {"d= is read in folded text",
     MESSAGE("DKIM-Signature: v=1;\r\n\tb=AAAA\r\n BBBB;\r\n d = exam\r\n ple.net ;s=x\r\n\r\n"),
     "example.net"},
    {"d= may come last", MESSAGE("DKIM-Signature: v=1; d=example.net\r\n\r\n"), "example.net"},
    {"d= may come first", MESSAGE("dkim-signature:d=example.net;v=1\r\n\r\n"), "example.net"},
    {"other tags do not count", MESSAGE("DKIM-Signature: bd=a; dd=b; D=c; b=d=e\r\n\r\n"), ""},
    {"an empty d= does not count", MESSAGE("DKIM-Signature: d= ; s=x\r\n\r\n"), ""},
    {"of two d= in a signature the first counts", MESSAGE("DKIM-Signature: d=a; d=b\r\n\r\n"), "a"},
    {"each signature has its domain", MESSAGE("DKIM-Signature: d=a\r\nDKIM-Signature: d=b\r\n\r\n"),
     "a b"},
};

static struct mail_header header;

/* Read a copy that ends where the bytes end, so that a sanitizer sees reads behind it. */
static void read_copy(const char *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	memcpy(copy + 1, bytes, len);
	memset(&header, 0xaa, sizeof header);
	mail_header_read(&header, copy + 1, len);
	free(copy);
}

static void join(char *to, const char *between, const void *bytes, size_t len)
{
	if (*to != '\0')
		strcat(to, between);
	strncat(to, bytes, len);
}

static void test_values(void)
{
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		char text[4096] = "";
		read_copy(values[i].input, values[i].len);
		for (int f = 0; f < MAIL_HEADER_FIELD_COUNT; f++) {
			const struct mail_header_value *v = &header.value[f];
			strcat(text, f > 0 ? "|" : "");
			strncat(text, v->present ? (const char *)v->bytes : "-",
				v->present ? v->len : 1);
		}
		is_str(text, values[i].expected, values[i].name);
	}
}

static void test_bodies(void)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		read_copy(bodies[i].input, bodies[i].len);
		is_int((int64_t)header.body_offset, (int64_t)bodies[i].expected, bodies[i].name);
	}
}

static void test_oddities(void)
{
	for (size_t i = 0; i < sizeof oddities / sizeof *oddities; i++) {
		char text[1024] = "";
		read_copy(oddities[i].input, oddities[i].len);
		for (unsigned o = 0; o < MAIL_ODDITY_COUNT; o++) {
			const char *name = mail_header_oddity_name((enum mail_header_oddity)o);
			if (header.oddities & 1u << o)
				join(text, " ", name, strlen(name));
		}
		is_str(text, oddities[i].expected, oddities[i].name);
	}
}

static void test_signatures(void)
{
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
		char text[4096] = "";
		read_copy(signatures[i].input, signatures[i].len);
		for (uint32_t d = 0; d < header.dkim_count; d++)
			join(text, " ", header.dkim_domain[d].bytes, header.dkim_domain[d].len);
		ok(header.has_dkim, "%s: the signature is seen", signatures[i].name);
		is_str(text, signatures[i].expected, signatures[i].name);
	}
	read_copy(MESSAGE(BASE "\r\nDKIM-Signature: d=a\r\n"));
	ok(!header.has_dkim && header.dkim_count == 0, "a signature in the body is none");
}

/* A message of count lines, then an empty line; returns its length. */
static size_t repeat_line(char *to, const char *line, size_t count)
{
	size_t len = strlen(line);

	for (size_t i = 0; i < count; i++)
		memcpy(to + i * len, line, len);
	memcpy(to + count * len, "\r\n", 2);
	return count * len + 2;
}

static void test_counts(void)
{
	char text[4096];

	read_copy(text, repeat_line(text, "Received: x\r\n", 30));
	is_int(header.received_count, 30, "Received fields are counted");
	read_copy(text, repeat_line(text, "DKIM-Signature: d=a\r\n", MAIL_HEADER_DKIM_MAX));
	is_int(header.dkim_count, MAIL_HEADER_DKIM_MAX, "16 domains are kept");
	read_copy(text, repeat_line(text, "DKIM-Signature: d=a\r\n", MAIL_HEADER_DKIM_MAX + 1));
	is_int(header.dkim_count, MAIL_HEADER_DKIM_MAX, "a 17th is not");
}

/* A field whose value has len bytes. */
static void read_long(const char *name, size_t len)
{
	char text[4096];
	int start = snprintf(text, sizeof text, "%s", name);

	memset(text + start, 'x', len);
	memcpy(text + start + len, "\r\n\r\n", 4);
	read_copy(text, (size_t)start + len + 4);
}

static void test_lengths(void)
{
	const struct mail_header_value *subject = &header.value[MAIL_HEADER_SUBJECT];

	read_long("Subject: ", MAIL_HEADER_VALUE_MAX);
	ok(subject->len == MAIL_HEADER_VALUE_MAX && !subject->cut, "998 bytes are kept whole");
	read_long("Subject: ", MAIL_HEADER_VALUE_MAX + 1);
	ok(subject->len == MAIL_HEADER_VALUE_MAX && subject->cut,
	   "999 bytes are cut, and it is said");
	read_long("A: ", 995);
	ok(!(header.oddities & 1u << MAIL_ODDITY_LONG_LINE), "a line of 998 bytes is not long");
	read_long("A: ", 996);
	ok(header.oddities & 1u << MAIL_ODDITY_LONG_LINE, "a line of 999 bytes is long");
	read_long("DKIM-Signature: d=", MAIL_HEADER_DOMAIN_MAX + 1);
	ok(header.dkim_count == 1 && header.dkim_domain[0].len == MAIL_HEADER_DOMAIN_MAX,
	   "a domain is cut at 255 bytes");
}

static const char *mailer_of(const char *message)
{
	read_copy(message, strlen(message));
	const struct mail_header_value *mailer = mail_header_mailer(&header);
	static char text[100];

	if (mailer == NULL)
		return "none";
	snprintf(text, sizeof text, "%.*s", (int)mailer->len, (const char *)mailer->bytes);
	return text;
}

static void test_mailer(void)
{
	is_str(mailer_of("User-Agent: y\r\nX-Mailer: x\r\n\r\n"), "x", "X-Mailer names the mailer");
	is_str(mailer_of("User-Agent: y\r\n\r\n"), "y", "without it User-Agent does");
	is_str(mailer_of("From: a\r\n\r\n"), "none", "without both nothing does");
}

/* A header that ends exactly at total bytes, then "body". */
static void read_large(size_t total)
{
	char *text = malloc(total + 4);

	memset(text, 'x', total);
	memcpy(text, "A: ", 3);
	memcpy(text + total - 4, "\r\n\r\nbody", 8);
	read_copy(text, total + 4);
	free(text);
}

static void test_scan(void)
{
	read_large(MAIL_HEADER_SCAN_MAX);
	ok(header.body_offset == MAIL_HEADER_SCAN_MAX &&
	       !(header.oddities & 1u << MAIL_ODDITY_TOO_LONG),
	   "a header of 256 KiB is read");
	read_large(MAIL_HEADER_SCAN_MAX + 1);
	ok(header.body_offset == MAIL_HEADER_SCAN_MAX + 5 &&
	       header.oddities & 1u << MAIL_ODDITY_TOO_LONG,
	   "a longer one is all header, and it is said");
}

int main(void)
{
	test_values();
	test_bodies();
	test_oddities();
	test_signatures();
	test_counts();
	test_lengths();
	test_mailer();
	test_scan();
	return tap_done();
}
