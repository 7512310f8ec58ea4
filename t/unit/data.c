/*
 * data.c: test of lib/data: one table, each row in every chunking.
 */
#include "data.h"
#include "../tap.h"

/* expected NULL: the input does not end the message. */
static const struct {
	const char *name;
	const char *in;
	size_t in_len;
	const char *expected;
	size_t expected_len;
	const char *rest;
	int bare_cr, bare_lf;
} cases[] = {
#define ENDS(name, in, expected, rest, cr, lf)                                         \
	{                                                                              \
		name, in, sizeof(in) - 1, expected, sizeof(expected) - 1, rest, cr, lf \
	}
#define GOES_ON(name, in, expected, cr, lf)                                            \
	{                                                                              \
		name, in, sizeof(in) - 1, expected, sizeof(expected) - 1, NULL, cr, lf \
	}
    ENDS("a dot at once ends an empty message", ".\r\n", "", "", 0, 0),
    ENDS("a message", "a\r\nb\r\n.\r\n", "a\r\nb\r\n", "", 0, 0),
    ENDS("what follows is not touched", "a\r\n.\r\nQUIT\r\n", "a\r\n", "QUIT\r\n", 0, 0),
    ENDS("a dot is removed at the start of a line", "..\r\n..a\r\n.b\r\n.\r\n", ".\r\n.a\r\nb\r\n",
	 "", 0, 0),
    ENDS("a dot elsewhere stays", "a.\r\n .\r\nb..c\r\n.\r\n", "a.\r\n .\r\nb..c\r\n", "", 0, 0),
    ENDS("empty lines", "\r\n\r\n\r\n.\r\n", "\r\n\r\n\r\n", "", 0, 0),
    ENDS("NUL and 8-bit are kept", "a\0\xff\r\n.\r\n", "a\0\xff\r\n", "", 0, 0),
    ENDS("bare CR and LF are kept", "a\rb\nc\r\n.\r\n", "a\rb\nc\r\n", "", 1, 1),
    ENDS("CR CR LF dot CRLF ends", "a\r\r\n.\r\n", "a\r\r\n", "", 1, 0),
    ENDS("LF dot LF does not end", "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "", 0, 2),
    ENDS("LF dot CRLF does not end", "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "", 0, 1),
    ENDS("LF dot CR does not end", "a\n.\rb\r\n.\r\n", "a\n.\rb\r\n", "", 1, 1),
    ENDS("CRLF dot LF does not end", "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "", 0, 1),
    ENDS("CRLF dot CR does not end", "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", "", 1, 0),
    ENDS("CRLF dot CR CRLF does not end", "a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\r\nb\r\n", "", 1, 0),
    ENDS("CR dot CR does not end", "a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", "", 2, 0),
    ENDS("CR dot CRLF does not end", "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", "", 1, 0),
    ENDS("CR dot LF does not end", "a\r.\nb\r\n.\r\n", "a\r.\nb\r\n", "", 1, 1),
    ENDS("LF CR dot CRLF does not end", "a\n\r.\r\nb\r\n.\r\n", "a\n\r.\r\nb\r\n", "", 1, 1),
    ENDS("CRLF NUL dot CRLF does not end", "a\r\n\0.\r\nb\r\n.\r\n", "a\r\n\0.\r\nb\r\n", "", 0, 0),
    ENDS("CRLF dot NUL CRLF does not end", "a\r\n.\0\r\nb\r\n.\r\n", "a\r\n\0\r\nb\r\n", "", 0, 0),
    ENDS("CR NUL LF dot CRLF does not end", "a\r\0\n.\r\nb\r\n.\r\n", "a\r\0\n.\r\nb\r\n", "", 1,
	 1),
    ENDS("CRLF dot CR NUL LF does not end", "a\r\n.\r\0\nb\r\n.\r\n", "a\r\n\r\0\nb\r\n", "", 1, 1),
    ENDS("CRLF space dot CRLF does not end", "a\r\n .\r\n.\r\n", "a\r\n .\r\n", "", 0, 0),
    ENDS("CRLF dot space CRLF does not end", "a\r\n. \r\n.\r\n", "a\r\n \r\n", "", 0, 0),
    ENDS("two dots and CRLF are one", "\r\n..\r\n.\r\n", "\r\n.\r\n", "", 0, 0),
    GOES_ON("no end", "abc\r\ndef", "abc\r\ndef", 0, 0),
    GOES_ON("the end marker without its CRLF before", "a.\r\n", "a.\r\n", 0, 0),
    GOES_ON("the end marker without its dot", "a\r\n\r\n", "a\r\n\r\n", 0, 0),
#undef ENDS
#undef GOES_ON
};

struct result {
	uint8_t out[200];
	size_t len, consumed;
	bool ended;
	struct data_reader d;
};

static void feed(const uint8_t *in, size_t len, size_t chunk, struct result *r)
{
	size_t end = 0;

	while (end < len && !r->ended) {
		end = len - end < chunk ? len : end + chunk;
		for (;;) {
			struct span run;
			size_t used;
			enum data_event event =
			    data_next(&r->d, in + r->consumed, end - r->consumed, &run, &used);
			r->consumed += used;
			r->ended = event == DATA_END;
			if (event != DATA_RUN)
				break;
			memcpy(r->out + r->len, run.bytes, run.len);
			r->len += run.len;
		}
	}
}

static bool same(const struct result *a, const struct result *b)
{
	return a->len == b->len && memcmp(a->out, b->out, a->len) == 0 && a->ended == b->ended &&
	       a->consumed == b->consumed && a->d.size == b->d.size && a->d.raw == b->d.raw &&
	       a->d.bare_cr == b->d.bare_cr && a->d.bare_lf == b->d.bare_lf;
}

static void test_row(size_t i)
{
	const uint8_t *in = (const uint8_t *)cases[i].in;
	size_t len = cases[i].in_len, rest = cases[i].rest ? strlen(cases[i].rest) : 0;
	struct result whole = {0};
	bool all = true;

	feed(in, len, len, &whole);
	is_mem(whole.out, whole.len, cases[i].expected, cases[i].expected_len, cases[i].name);
	ok(whole.ended == (cases[i].rest != NULL) && whole.consumed == len - rest &&
	       whole.d.raw == whole.consumed && whole.d.size == whole.len,
	   "%s: %s", cases[i].name, cases[i].rest ? "the end is found" : "it goes on");
	ok((int)whole.d.bare_cr == cases[i].bare_cr && (int)whole.d.bare_lf == cases[i].bare_lf,
	   "%s: bare CR and LF are counted", cases[i].name);
	for (size_t chunk = 1; chunk < len; chunk++) {
		struct result r = {0};
		feed(in, len, chunk, &r);
		all = all && same(&r, &whole);
	}
	ok(all, "%s: the same in chunks of every size", cases[i].name);
}

static void test_held(void)
{
	static const struct {
		const char *name, *in, *held;
	} rows[] = {
	    {"nothing is held behind text", "a", ""},
	    {"nothing is held behind CRLF", "a\r\n", ""},
	    {"a dot is held", "a\r\n.", "."},
	    {"a dot and CR are held", "a\r\n.\r", ".\r"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct result r = {0};
		feed((const uint8_t *)rows[i].in, strlen(rows[i].in), 1, &r);
		struct span held = data_held(&r.d);
		is_mem(held.bytes, held.len, rows[i].held, strlen(rows[i].held), rows[i].name);
	}
}

static void test_count_bare(void)
{
	static const struct {
		const char *in;
		int bare_cr, bare_lf;
	} rows[] = {
	    {"", 0, 0},     {"\r\n", 0, 0},        {"a\r\n.\r\n..\r\n", 0, 0},
	    {"\n", 0, 1},   {"\r", 1, 0},          {"\r\r\n", 1, 0},
	    {"\n\r", 1, 1}, {"a\nb\rc\n\n", 1, 3}, {"a\r\n.\n\r\n\r", 1, 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t cr, lf;
		data_count_bare((const uint8_t *)rows[i].in, strlen(rows[i].in), &cr, &lf);
		ok((int)cr == rows[i].bare_cr && (int)lf == rows[i].bare_lf,
		   "bare CR and LF of a message by BDAT are counted, row %zu", i);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		test_row(i);
	test_held();
	test_count_bare();
	return tap_done();
}
