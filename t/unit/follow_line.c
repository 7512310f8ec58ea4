/*
 * Records as lines for a person, also of records that are not as they should be.
 */
#include "../../src/smtptrap/follow_line.h"

#include "../tap.h"
#include "err.h"

#define HEAD "{\"v\":1,\"type\":\"session\",\"ts\":\"2026-11-22T10:30:00.123456Z\","

static const struct {
	enum log_stream stream;
	const char *record, *line; /* NULL: it is no record */
} cases[] = {
    {LOG_SESSION,
     HEAD "\"client_ip\":\"192.0.2.1\",\"client_port\":25,\"duration_us\":1234567,\"helo\":\"mx\","
	  "\"end_reason\":\"quit\",\"messages_accepted\":2,\"messages_rejected\":0,"
	  "\"tls_outcome\":\"negotiated\",\"tls_version\":\"TLSv1.3\",\"tls_cipher\":\"X\"}",
     "2026-11-22 10:30:00 192.0.2.1:25 helo=mx TLSv1.3/X messages=2 quit 1.2s\n"},
    {LOG_SESSION,
     HEAD "\"client_ip\":\"2001:db8::1\",\"client_port\":25,\"duration_us\":999999,"
	  "\"end_reason\":\"timeout\",\"messages_accepted\":0,\"messages_rejected\":3,"
	  "\"rule\":\"r.conf:7\",\"tls_outcome\":\"failed\",\"tls_failure\":\"timeout\"}",
     "2026-11-22 10:30:00 [2001:db8::1]:25 helo=- failed:timeout messages=0-3 rule=r.conf:7 "
     "timeout 0.9s\n"},
    {LOG_SESSION,
     HEAD "\"client_ip\":\"192.0.2.1\",\"client_port\":25,\"duration_us\":5,"
	  "\"end_reason\":\"yakker\",\"yakker_sessions\":12,\"tls_outcome\":\"not_offered\"}",
     "2026-11-22 10:30:00 192.0.2.1:25 helo=- not_offered messages=0 sessions=12 yakker 0.0s\n"},
    {LOG_SESSION, HEAD "\"duration_us\":100000}",
     "2026-11-22 10:30:00 -:- helo=- - messages=0 - 0.1s\n"},
    {LOG_SESSION, "{}", "- -:- helo=- - messages=0 -\n"},
    {LOG_SESSION, "{\"ts\":\"x\",\"duration_us\":-1,\"helo\":[\"a\"],\"messages_accepted\":[]}",
     "x -:- helo= - messages= -\n"},
    {LOG_SESSION, "{\"ts\":\"\\u001b[2J-longer-than-a-time\",\"helo\":\"\\u001b]0;\\u0007\\n\"}",
     "\\x1b[2J-longer-than-a-time -:- helo=\\x1b]0;\\x07\\x0a - messages=0 -\n"},
    {LOG_SESSION, "{\"client_ip\":\"\\u0000:\",\"rule\":\"a\xe2\x80\xae\"}",
     "- [\\x00:]:- helo=- - messages=0 rule=a\\u{202e} -\n"},
    {LOG_SESSION, "{\"helo\":\"\\ud83d\"}", "- -:- helo=\xef\xbf\xbd - messages=0 -\n"},
    {LOG_SESSION, "{\"duration_us\":12x4567}", "- -:- helo=- - messages=0 -\n"},
    {LOG_SESSION, "no record", NULL},
    {LOG_SESSION, "", NULL},
    {LOG_MESSAGE,
     HEAD "\"client_ip\":\"192.0.2.1\",\"client_port\":25,\"tls_outcome\":\"offered_unused\","
	  "\"mail_from\":\"\",\"rcpt_to\":[\"a@b.test\",\"c@d.test\",\"e\"],\"size\":10,"
	  "\"verdict\":\"accepted\",\"subject\":\"hello there\"}",
     "2026-11-22 10:30:00 192.0.2.1:25 accepted offered_unused size=10 from=<> to=<a@b.test>+2 "
     "subject=hello there\n"},
    {LOG_MESSAGE, "{\"rcpt_to\":\"a\",\"mail_from\":[]}", "- -:- - - from=<> to=\n"},
    {LOG_MESSAGE, "{\"rcpt_to\":[]}", "- -:- - - from=<> to=\n"},
};

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t memory[1024];
		struct follow_line f;
		struct buf out;

		buf_init(&out, memory, sizeof memory);
		follow_line_init(&f, cases[i].stream);
		int rc = follow_line_put(&f, (const uint8_t *)cases[i].record,
					 strlen(cases[i].record), &out);
		is_int(rc, cases[i].line ? 0 : ERR_FORMAT, "a record is one or is none");
		if (cases[i].line)
			is_mem(out.data, out.len, cases[i].line, strlen(cases[i].line),
			       "and is this line");
		follow_line_fini(&f);
	}
}

/* A name of so many characters of two bytes each, and one byte before. */
static size_t shown(size_t characters, bool odd)
{
	char record[1024] = "{\"helo\":\"";
	uint8_t memory[1024];
	struct follow_line f;
	struct buf out;

	if (odd)
		strcat(record, "x");
	for (size_t i = 0; i < characters; i++)
		strcat(record, "\xc3\xa9");
	strcat(record, "\"}");
	buf_init(&out, memory, sizeof memory);
	follow_line_init(&f, LOG_SESSION);
	follow_line_put(&f, (const uint8_t *)record, strlen(record), &out);
	follow_line_fini(&f);
	const char *end = memmem(out.data, out.len, " - messages", 11);
	ok(end != NULL, "the rest of the line is there");
	return end ? (size_t)((const uint8_t *)end - out.data) - strlen("- -:- helo=") : 0;
}

int main(void)
{
	test_cases();
	is_int((int64_t)shown(40, false), 80, "a name of 80 bytes is shown");
	is_int((int64_t)shown(41, false), 80 + 3, "one that is longer is cut, with three points");
	is_int((int64_t)shown(40, true), 79 + 3, "not within a character");
	return tap_done();
}
