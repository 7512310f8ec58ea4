/*
 * html.c: unit tests of src/smtptrap/html: text of peers in HTML, cut text, numbers.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../../src/smtptrap/html.h"
#include "../tap.h"

#define TEXT_MAX 8192

enum how { HOW_TEXT, HOW_EXACT, HOW_CUT };
#define CUT_AT 3 /* characters */

static char text[TEXT_MAX];

static const char *shown(enum how how, const char *bytes, size_t len)
{
	FILE *to = fmemopen(text, sizeof text, "w");

	if (to == NULL)
		abort();
	if (how == HOW_TEXT)
		html_put(to, bytes, len);
	else if (how == HOW_EXACT)
		html_put_exact(to, bytes, len);
	else
		html_put_cut(to, bytes, len, CUT_AT);
	fclose(to);
	return text;
}

static void test_texts(void)
{
	static const struct {
		enum how how;
		const char *bytes, *text;
	} cases[] = {
	    {HOW_TEXT, "", ""},
	    {HOW_TEXT, "plain, \xc3\xa9", "plain, \xc3\xa9"},
	    {HOW_TEXT, "<b a=\"x\" c='y'>&amp;",
	     "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;"},
	    {HOW_TEXT, "\x01\x1b[31m\x7f\t", "\\x01\\x1b[31m\\x7f\\x09"},
	    {HOW_TEXT, "\xe2\x80\xae<\xff>", "\\u{202e}&lt;\\xff&gt;"},
	    {HOW_TEXT, "a\\x01", "a\\\\x01"},
	    {HOW_EXACT, "a\\'<\\", "a\\&#39;&lt;\\"},
	    {HOW_EXACT, "\n\xe2\x80\xae", "\\x0a\\u{202e}"},
	    {HOW_CUT, "abc", "abc"},
	    {HOW_CUT, "abcd", "abc\xe2\x80\xa6"},
	    {HOW_CUT, "<\xc3\xa9\xffz", "&lt;\xc3\xa9\\xff\xe2\x80\xa6"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ok(strcmp(shown(cases[i].how, cases[i].bytes, strlen(cases[i].bytes)),
			  cases[i].text) == 0,
		   "case %zu: %s", i, text);
	ok(strcmp(shown(HOW_TEXT, "a\0b", 3), "a\\x00b") == 0, "a NUL does not end it");
}

/* Text is escaped in pieces: a character that lies across two of them stays whole. */
static void test_long_text(void)
{
	char bytes[1024], want[2 * sizeof bytes];
	bool good = true;

	for (size_t before = 250; before < 260; before++) {
		memset(bytes, 'x', before);
		memcpy(bytes + before, "\xf0\x9f\x90\x9f<", 5);
		memcpy(want, bytes, before + 4);
		memcpy(want + before + 4, "&lt;", 5);
		good &= strcmp(shown(HOW_TEXT, bytes, before + 5), want) == 0;
	}
	ok(good, "characters at the end of a piece stay whole");
	memset(bytes, '\x01', sizeof bytes);
	ok(strlen(shown(HOW_TEXT, bytes, sizeof bytes)) == 4 * sizeof bytes,
	   "nothing is lost of what grows");
}

static void test_numbers(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
	    {0, "0"},
	    {999, "999"},
	    {1000, "1&#8239;000"},
	    {1020034, "1&#8239;020&#8239;034"},
	    {UINT64_MAX, "18&#8239;446&#8239;744&#8239;073&#8239;709&#8239;551&#8239;615"}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		FILE *to = fmemopen(text, sizeof text, "w");

		if (to == NULL)
			abort();
		html_put_number(to, cases[i].n);
		fclose(to);
		ok(strcmp(text, cases[i].text) == 0, "%" PRIu64, cases[i].n);
	}
}

int main(void)
{
	test_texts();
	test_long_text();
	test_numbers();
	return tap_done();
}
