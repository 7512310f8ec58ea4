/*
 * Where the body of a message begins, in any chunking, and as mail_header_read() has it.
 */
#include "body_start.h"

#include <stdlib.h>

#include "../tap.h"
#include "mail_header.h"

/* In pieces of so many bytes; returns the bytes before the body, or -1 if none was found. */
static int64_t start_of(const uint8_t *data, size_t len, size_t piece)
{
	struct body_start b = {0};
	int64_t before = 0;

	for (size_t at = 0; at < len; at += piece)
		before +=
		    (int64_t)body_start_feed(&b, data + at, len - at < piece ? len - at : piece);
	return b.found && before == (int64_t)b.at ? before : -1;
}

static void test_cases(void)
{
	static const struct {
		const char *text, *title;
		int64_t start;
	} cases[] = {
	    {"A: b\r\n\r\nbody", "behind CRLF CRLF", 8},
	    {"A: b\n\nbody", "behind LF LF", 6},
	    {"A: b\r\n\nbody", "behind CRLF LF", 7},
	    {"\r\nbody", "an empty line at the start", 2},
	    {"\nbody", "an LF at the start", 1},
	    {"A: b\r\n \r\n\r\nbody", "a blank is not an empty line", 11},
	    {"A: b\r\n\r\r\n\r\nbody", "nor are two CR", 11},
	    {"A: b\r\n\rx\r\n\r\nbody", "nor a CR and text", 12},
	    {"A: b\r\n", "a header alone", -1},
	    {"A: b\r\n\r", "half an empty line", -1},
	    {"", "nothing", -1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const uint8_t *text = (const uint8_t *)cases[i].text;
		size_t len = strlen(cases[i].text);
		bool good = true;

		for (size_t piece = 1; piece <= len + 1; piece++)
			good = good && start_of(text, len, piece) == cases[i].start;
		ok(good, "%s, in any chunking", cases[i].title);
	}
}

/* The empty line ends just within what is looked at, or one byte behind. */
static void test_limit(void)
{
	static uint8_t text[MAIL_HEADER_SCAN_MAX + 100];
	static struct mail_header header;

	for (int past = 0; past < 2; past++) {
		size_t end = MAIL_HEADER_SCAN_MAX + (size_t)past; /* just behind the empty line */

		memset(text, 'a', sizeof text);
		text[end - 3] = text[end - 1] = '\n';
		text[end - 2] = '\r';
		mail_header_read(&header, text, sizeof text);
		bool same = header.body_offset == (past ? sizeof text : end);
		ok(same && start_of(text, sizeof text, 4096) == (past ? -1 : (int64_t)end) &&
		       start_of(text, sizeof text, MAIL_HEADER_SCAN_MAX - 1) ==
			   (past ? -1 : (int64_t)end),
		   "an empty line %s the limit is %s", past ? "past" : "at",
		   past ? "none" : "found");
	}
}

static void test_random(void)
{
	static const char letters[] = "\r\n\n\r a:";
	static struct mail_header header;
	uint8_t text[40];
	unsigned wrong = 0;

	srandom(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)random() % sizeof text;

		for (size_t j = 0; j < len; j++)
			text[j] = (uint8_t)letters[random() % (long)(sizeof letters - 1)];
		mail_header_read(&header, text, len);
		int64_t start = start_of(text, len, 1 + (size_t)random() % 9);
		wrong += (start < 0 ? (int64_t)len : start) != (int64_t)header.body_offset;
	}
	is_int(wrong, 0, "20,000 headers are cut where mail_header_read() cuts them");
}

int main(void)
{
	test_cases();
	test_limit();
	test_random();
	return tap_done();
}
